"""Runs of scores, the models behind them, and what a program wants of them."""

from __future__ import annotations

from django.contrib import admin

from analytics.models import Chosen, ModelFit, ScoreRun, SelfTest, ValuePolicy
from members.admin import ReadOnlyAdmin


@admin.register(ScoreRun)
class ScoreRunAdmin(ReadOnlyAdmin):
    list_display = ("pk", "state", "as_of", "model", "customers", "seconds", "program_id")
    list_filter = ("program", "state", "model")


@admin.register(ModelFit)
class ModelFitAdmin(ReadOnlyAdmin):
    list_display = ("run_id", "model", "use", "converged", "log_likelihood", "customers", "program_id")
    list_filter = ("program", "model", "converged")


@admin.register(ValuePolicy)
class ValuePolicyAdmin(ReadOnlyAdmin):
    list_display = ("program_id", "horizon_days", "budget_minor", "offer_share", "holdout")


@admin.register(Chosen)
class ChosenAdmin(ReadOnlyAdmin):
    list_display = ("member_id", "action", "is_held_out", "since", "program_id")
    list_filter = ("program", "action", "is_held_out")


@admin.register(SelfTest)
class SelfTestAdmin(ReadOnlyAdmin):
    list_display = ("at", "is_good", "seconds")
