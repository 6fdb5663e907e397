"""Plans by line and month, and how what was spent stands against them."""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from analytics.budgets.spending import Line
from analytics.models import Budget
from loyaltysite.kit.errors import DomainError
from members import audit
from members.models import Program, User

# From these shares of a plan on there is a warning.
NEAR, OVER = 0.8, 1.0
MOST_MINOR = 10**14
# Before so much of a period is over nobody says where it will end.
EARLY = 0.1

type State = Literal["none", "fine", "near", "over"]


class PlanInvalid(DomainError):
    code = "plan_invalid"
    message = _("Type an amount of zero or more.")


@dataclass(frozen=True, slots=True)
class Standing:
    """Of one line, or several, over some months, in minor units. `expected` is where it will end if it goes on in a straight
    line; None too early, or when it is over. `planned` is None without a plan."""

    planned: int | None
    spent: int
    expected: int | None

    @property
    def share(self) -> float | None:
        return self.spent / self.planned if self.planned else None

    @property
    def state(self) -> State:
        if self.planned is None:
            return "none"
        if self.spent >= OVER * self.planned and self.spent:
            return "over"
        return "near" if self.spent and self.spent >= NEAR * self.planned else "fine"


def plans(*, program: Program, months: Sequence[date]) -> dict[Line, int]:
    rows = Budget.objects.filter(program=program, month__in=months)
    return {(row.line, row.month): row.planned_minor for row in rows}


def standing(
    *,
    lines: Iterable[str],
    months: Sequence[date],
    planned: Mapping[Line, int],
    spent: Mapping[Line, int],
    today: date,
) -> Standing:
    keys = [(line, month) for line in lines for month in months]
    there = [planned[key] for key in keys if key in planned]
    sum_spent = sum(spent.get(key, 0) for key in keys)
    return Standing(sum(there) if there else None, sum_spent, _expected(sum_spent, months, today))


def _expected(spent: int, months: Sequence[date], today: date) -> int | None:
    first, last = months[0], months[-1]
    end = last.replace(day=calendar.monthrange(last.year, last.month)[1])
    passed = ((min(today, end) - first).days + 1) / ((end - first).days + 1)
    return round(spent / passed) if EARLY <= passed < 1 else None


@transaction.atomic
def plan(*, program: Program, wanted: Mapping[Line, int | None], by: User, now: datetime) -> int:
    """Plan these amounts, None for no plan; how many lines were changed. The others stay.

    Raises PlanInvalid."""
    there = plans(program=program, months=sorted({month for _line, month in wanted}))
    changed = {key: amount for key, amount in wanted.items() if there.get(key) != amount}
    for (line, month), amount in changed.items():
        if amount is None:
            Budget.objects.filter(program=program, line=line, month=month).delete()
            continue
        if not 0 <= amount <= MOST_MINOR:
            raise PlanInvalid(field=f"{line}-{month:%Y-%m}")
        Budget.objects.update_or_create(
            program=program, line=line, month=month, defaults={"planned_minor": amount}
        )
    if changed:
        told = {f"{line} {month:%Y-%m}": amount for (line, month), amount in changed.items()}
        before = {f"{line} {month:%Y-%m}": there.get((line, month)) for line, month in changed}
        audit.record(
            program=program, actor=by, action="budget.plan", subject="program", subject_id=program.slug,
            before=before, after=told, now=now,
        )  # fmt: skip
    return len(changed)


def spread(amount: int, months: Sequence[date]) -> dict[date, int]:
    """Evenly over the months; what cannot be divided goes to the first."""
    each, rest = divmod(amount, len(months))
    return {month: each + (rest if place == 0 else 0) for place, month in enumerate(months)}
