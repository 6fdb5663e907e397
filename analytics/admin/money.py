"""What points cost: the closed months of the journal, budgets, and what the program costs besides."""

from __future__ import annotations

from django.contrib import admin

from analytics.models import AccountNumber, Budget, JournalLine, JournalMonth, ProgramCost
from members.admin import ReadOnlyAdmin


@admin.register(JournalMonth)
class JournalMonthAdmin(ReadOnlyAdmin):
    list_display = ("month", "closed_at", "closed_by_id", "program_id")
    list_filter = ("program",)


@admin.register(JournalLine)
class JournalLineAdmin(ReadOnlyAdmin):
    list_display = ("month_id", "cohort", "account", "of_month", "amount_minor", "program_id")
    list_filter = ("program", "account")


@admin.register(AccountNumber)
class AccountNumberAdmin(ReadOnlyAdmin):
    list_display = ("account", "number", "program_id")
    list_filter = ("program",)


@admin.register(Budget)
class BudgetAdmin(ReadOnlyAdmin):
    list_display = ("line", "month", "planned_minor", "program_id")
    list_filter = ("program", "line")


@admin.register(ProgramCost)
class ProgramCostAdmin(ReadOnlyAdmin):
    list_display = ("name", "kind", "first", "last", "amount_minor", "program_id")
    list_filter = ("program", "kind")
