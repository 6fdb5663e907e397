"""Journeys as operators see them: nothing is changed here."""

from __future__ import annotations

from django.contrib import admin

from campaigns.models import (
    Arrival,
    Enrolment,
    Journey,
    JourneyStep,
    JourneyVersion,
    Listener,
    PublishRequest,
    StaffTask,
    WorkChunk,
)
from members.admin import ReadOnlyAdmin


@admin.register(Journey)
class JourneyAdmin(ReadOnlyAdmin):
    list_display = ("name", "key", "state", "current_id", "changed_at", "program_id")
    list_filter = ("program", "state")


@admin.register(JourneyVersion)
class JourneyVersionAdmin(ReadOnlyAdmin):
    list_display = ("journey_id", "number", "published_at", "program_id")
    list_filter = ("program",)


@admin.register(JourneyStep)
class JourneyStepAdmin(ReadOnlyAdmin):
    list_display = ("version_id", "key", "kind", "spent", "program_id")
    list_filter = ("program", "kind")


@admin.register(Enrolment)
class EnrolmentAdmin(ReadOnlyAdmin):
    list_display = ("journey_id", "member_id", "status", "step_id", "due_at", "hop", "reason", "program_id")
    list_filter = ("program", "status")


@admin.register(WorkChunk)
class WorkChunkAdmin(ReadOnlyAdmin):
    list_display = ("step_id", "lo", "hi", "made_at", "lease_until", "fence", "tries", "error", "program_id")
    list_filter = ("program",)


@admin.register(Arrival)
class ArrivalAdmin(ReadOnlyAdmin):
    list_display = ("version_id", "member_id", "event_id", "at", "program_id")
    list_filter = ("program",)


@admin.register(Listener)
class ListenerAdmin(ReadOnlyAdmin):
    list_display = ("version_id", "kind", "purpose", "program_id")
    list_filter = ("program", "purpose")


@admin.register(StaffTask)
class StaffTaskAdmin(ReadOnlyAdmin):
    list_display = ("title", "member_id", "due_at", "done_at", "program_id")
    list_filter = ("program",)


@admin.register(PublishRequest)
class PublishRequestAdmin(ReadOnlyAdmin):
    list_display = ("journey_id", "state", "asked_by", "asked_at", "decided_by", "decided_at", "program_id")
    list_filter = ("program", "state")
