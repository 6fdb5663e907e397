"""Addresses of the pages of money, below the program's own."""

from django.urls import path

from analytics.views.money import acquisition, budgets, journal, liability, returns

urlpatterns = [
    path("liability/", liability.liability, name="liability"),
    path("liability.csv", liability.table, name="liability_table"),
    path("liability/journal/", journal.page, name="journal"),
    path("liability/journal/close/", journal.close, name="journal_close"),
    path("liability/journal/accounts/", journal.accounts, name="journal_accounts"),
    path("liability/journal.csv", journal.file, name="journal_file"),
    path("budgets/", budgets.budgets, name="budgets"),
    path("budgets.csv", budgets.table, name="budgets_table"),
    path("budgets/plan/", budgets.plan, name="budget_plan"),
    path("return/", returns.page, name="roi"),
    path("return.csv", returns.table, name="roi_table"),
    path("return/costs/", returns.add, name="roi_cost_add"),
    path("return/costs/<int:cost_id>/remove/", returns.remove, name="roi_cost_remove"),
    path("return/acquisition/", acquisition.page, name="acquisition"),
]
