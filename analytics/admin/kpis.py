"""What key figures are read from: each member's row (tables of days have no key of their own to be shown by)."""

from __future__ import annotations

from django.contrib import admin

from analytics.models import MemberFigure
from members.admin import ReadOnlyAdmin


@admin.register(MemberFigure)
class MemberFigureAdmin(ReadOnlyAdmin):
    list_display = ("member_id", "joined_on", "orders", "revenue_minor", "program_id")
    list_filter = ("program",)
