"""Which plans are nearly or wholly used up, told from what was spent when a worker last looked: a page need not count.

A line that is planned evenly over the three months of a quarter is judged by the quarter, any other by its month.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction

from analytics.budgets import planning, spending
from analytics.budgets.planning import Standing
from analytics.models import Budget
from members.models import Program

WORRYING = ("over", "near")


@dataclass(frozen=True, slots=True)
class Warned:
    """Of one line of the budget, over the first days of these months."""

    line: str
    months: Sequence[date]
    stands: Standing

    @property
    def by(self) -> str:
        """How the page of budgets shows it."""
        return "month" if len(self.months) == 1 else "quarter"


def quarter_of(today: date) -> list[date]:
    """The first days of its months."""
    first = today.month - (today.month - 1) % 3
    return [date(today.year, month, 1) for month in range(first, first + 3)]


@transaction.atomic
def measure(*, program: Program, today: date, now: datetime) -> int:
    """Note what was spent so far on what is planned for this quarter; how many plans there are. Within the program's
    scope."""
    months = quarter_of(today)
    rows = list(Budget.objects.filter(program=program, month__in=months).order_by("pk"))
    if rows:
        spent = spending.by_line(program=program, since=months[0], until=today)
        for row in rows:
            row.spent_minor, row.measured_at = spent.get((row.line, row.month), 0), now
        Budget.objects.bulk_update(rows, ["spent_minor", "measured_at"])
    return len(rows)


def found(*, program: Program, today: date) -> list[Warned]:
    """Those to tell, what is used up first. One statement; within the program's scope."""
    rows = list(Budget.objects.filter(program=program, month__in=quarter_of(today)))
    planned = {(row.line, row.month): row.planned_minor for row in rows}
    spent = {(row.line, row.month): row.spent_minor for row in rows if row.spent_minor is not None}
    told = []
    for line in Budget.Line.values:
        months = _judged(line, planned, today)
        if all((line, month) in spent for month in months):
            stands = planning.standing(lines=[line], months=months, planned=planned, spent=spent, today=today)
            told.append(Warned(line, months, stands))
    worrying = [one for one in told if one.stands.state in WORRYING]
    return sorted(worrying, key=lambda one: WORRYING.index(one.stands.state))


def _judged(line: str, planned: dict[tuple[str, date], int], today: date) -> list[date]:
    months = quarter_of(today)
    there = {month: planned[line, month] for month in months if (line, month) in planned}
    is_even = len(there) == len(months) and planning.spread(sum(there.values()), months) == there
    return months if is_even else [today.replace(day=1)]
