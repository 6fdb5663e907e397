"""Experiments as operators see them: nothing is changed here."""

from __future__ import annotations

from django.contrib import admin

from campaigns.models import Experiment
from members.admin import ReadOnlyAdmin


@admin.register(Experiment)
class ExperimentAdmin(ReadOnlyAdmin):
    list_display = ("name", "kind", "journey_id", "number", "state", "began_at", "measured_at", "program_id")
    list_filter = ("program", "kind", "state")
