"""Back-tests and their parts; what they came to for members stands on their own page."""

from __future__ import annotations

from django.contrib import admin

from analytics.models import Backtest, BacktestChunk
from members.admin import ReadOnlyAdmin


@admin.register(Backtest)
class BacktestAdmin(ReadOnlyAdmin):
    list_display = ("name", "first", "last", "state", "watch", "created_at", "program_id")
    list_filter = ("program", "state", "watch")


@admin.register(BacktestChunk)
class BacktestChunkAdmin(ReadOnlyAdmin):
    list_display = ("backtest_id", "lo", "hi", "members", "is_done", "lease_until", "fence")
    list_filter = ("program", "is_done")
