"""Segments, who moved, and the figures they ask for."""

from __future__ import annotations

from django.contrib import admin

from campaigns.models import Dirty, Figures, Segment, SegmentMove, Watch
from members.admin import ReadOnlyAdmin


@admin.register(Segment)
class SegmentAdmin(ReadOnlyAdmin):
    list_display = ("name", "key", "kind", "state", "size", "proven_at", "mended", "program_id")
    list_filter = ("program", "state", "kind")


@admin.register(SegmentMove)
class SegmentMoveAdmin(ReadOnlyAdmin):
    list_display = ("pk", "segment_id", "member_id", "is_in", "at", "program_id")
    list_filter = ("program", "is_in")


@admin.register(Figures)
class FiguresAdmin(ReadOnlyAdmin):
    list_display = ("member_id", "orders", "spend_minor", "last_at", "rfm_class", "program_id")
    list_filter = ("program", "rfm_class")


@admin.register(Watch)
class WatchAdmin(ReadOnlyAdmin):
    list_display = ("program_id", "counted_at", "scored_on", "proven_on")


@admin.register(Dirty)
class DirtyAdmin(ReadOnlyAdmin):
    list_display = ("pk", "member_id", "program_id")
    list_filter = ("program",)
