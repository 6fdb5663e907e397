"""Messages, and how they are sent."""

from __future__ import annotations

from django.contrib import admin

from campaigns.models import (
    Attention,
    Control,
    Decision,
    Manners,
    Message,
    Nearness,
    PrintList,
    Provider,
    PushDevice,
    Suppression,
    Template,
    TemplateVersion,
    Touch,
    Whereabouts,
)
from members.admin import ReadOnlyAdmin


@admin.register(Template)
class TemplateAdmin(ReadOnlyAdmin):
    list_display = ("name", "kind", "topic", "state", "program_id")
    list_filter = ("program", "state", "kind")


@admin.register(TemplateVersion)
class TemplateVersionAdmin(ReadOnlyAdmin):
    list_display = ("template_id", "number", "published_at", "program_id")
    list_filter = ("program",)


@admin.register(Message)
class MessageAdmin(ReadOnlyAdmin):
    list_display = ("id", "member_id", "channel", "kind", "state", "reason", "queued_at", "program_id")
    list_filter = ("program", "channel", "state")


@admin.register(Decision)
class DecisionAdmin(ReadOnlyAdmin):
    list_display = ("id", "member_id", "channel", "kind", "reason", "until", "at", "program_id")
    list_filter = ("program", "channel", "reason")


@admin.register(Nearness)
class NearnessAdmin(ReadOnlyAdmin):
    list_display = ("member_id", "store_id", "at", "program_id")
    list_filter = ("program",)


@admin.register(PrintList)
class PrintListAdmin(ReadOnlyAdmin):
    list_display = ("id", "made_at", "rows", "left_out", "finished_at", "program_id")
    list_filter = ("program",)


@admin.register(Touch)
class TouchAdmin(ReadOnlyAdmin):
    list_display = ("member_id", "day", "channel", "kind", "n", "program_id")
    list_filter = ("program", "channel")


@admin.register(Attention)
class AttentionAdmin(ReadOnlyAdmin):
    list_display = ("member_id", "program_id")
    list_filter = ("program",)


@admin.register(Manners)
class MannersAdmin(ReadOnlyAdmin):
    list_display = ("program_id", "quiet_from", "quiet_until", "late_hours")


@admin.register(Control)
class ControlAdmin(ReadOnlyAdmin):
    list_display = ("program_id", "percent", "since", "until")
    list_filter = ("program",)


@admin.register(Provider)
class ProviderAdmin(ReadOnlyAdmin):
    list_display = ("channel", "kind", "per_second", "is_active", "program_id")
    list_filter = ("program", "channel")
    exclude = ("sealed",)


@admin.register(Suppression)
class SuppressionAdmin(ReadOnlyAdmin):
    list_display = ("channel", "member_id", "reason", "at", "lifted_at", "program_id")
    list_filter = ("program", "channel", "reason")
    exclude = ("mark",)


@admin.register(PushDevice)
class PushDeviceAdmin(ReadOnlyAdmin):
    list_display = ("member_id", "created_at", "program_id")
    list_filter = ("program",)
    exclude = ("endpoint", "keys")


@admin.register(Whereabouts)
class WhereaboutsAdmin(ReadOnlyAdmin):
    list_display = ("member_id", "time_zone", "program_id")
    list_filter = ("program",)
