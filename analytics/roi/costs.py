"""What the program costs in some days: points at what of them will be used, gifts at their cost, and what staff entered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from analytics.budgets import spending
from analytics.liability import position
from analytics.liability.position import worth_of
from analytics.liability.triangles import number_of
from analytics.models import ProgramCost
from loyaltysite.kit.errors import DomainError, NotFound
from members import audit
from members.models import Program, User
from rewards.queries import units_of

POINTS, GIFTS = "points", "gifts"
MOST_MINOR = 10**14


class CostInvalid(DomainError):
    code = "cost_invalid"
    message = _("Type an amount above zero.")


class DaysInvalid(DomainError):
    code = "cost_days_invalid"
    message = _("This is before the first day.")


@dataclass(frozen=True, slots=True)
class Costs:
    """By kind, in minor units: POINTS, GIFTS, and the kinds of ProgramCost."""

    by_kind: Mapping[str, int]

    @property
    def total(self) -> int:
        return sum(self.by_kind.values())


def read(*, program: Program, first: date, last: date) -> Costs:
    """Of whole months from `first` to `last`."""
    found = {POINTS: _points(program, first, last), GIFTS: _gifts(program, first, last)}
    for cost in ProgramCost.objects.filter(program=program, first__lte=last, last__gte=first):
        found[cost.kind] = found.get(cost.kind, 0) + part_of(cost, first, last)
    return Costs(found)


def part_of(cost: ProgramCost, first: date, last: date) -> int:
    """What falls on these days: it is spread evenly over its own."""
    days = (cost.last - cost.first).days + 1
    shared = (min(cost.last, last) - max(cost.first, first)).days + 1
    return round(Fraction(cost.amount_minor * max(0, shared), days))


def _points(program: Program, first: date, last: date) -> int:
    """Of what was earned in these months, what was used and will be, at its worth."""
    months = range(number_of(first), number_of(last) + 1)
    total = Fraction(0)
    for unit in units_of(program):
        found = position.read(program=program, unit=unit, until=last)
        total += sum(one.expected for one in found.breakage.cohorts if one.month in months) * worth_of(unit)
    return round(total)


def _gifts(program: Program, first: date, last: date) -> int:
    """Rewards given free and coupons."""
    with timezone.override(program.zone):
        return sum(minor for _line, _month, minor in spending.besides(program, first, last))


@transaction.atomic
def add(
    *,
    program: Program,
    kind: str,
    name: str,
    first: date,
    last: date,
    amount_minor: int,
    by: User,
    now: datetime,
) -> ProgramCost:
    """Enter a cost. Raises CostInvalid, DaysInvalid with the field."""
    if not 0 < amount_minor <= MOST_MINOR:
        raise CostInvalid(field="amount_minor")
    if last < first:
        raise DaysInvalid(field="last")
    row = ProgramCost.objects.create(
        program=program,
        kind=kind,
        name=name,
        first=first,
        last=last,
        amount_minor=amount_minor,
        entered_at=now,
    )
    _record(row, "cost.add", by, now)
    return row


@transaction.atomic
def remove(*, program: Program, cost_id: int, by: User, now: datetime) -> None:
    """Raises NotFound."""
    row = ProgramCost.objects.filter(program=program, pk=cost_id).first()
    if row is None:
        raise NotFound
    _record(row, "cost.remove", by, now)
    row.delete()


def _record(row: ProgramCost, action: str, by: User, now: datetime) -> None:
    told = {
        "kind": row.kind,
        "amount_minor": row.amount_minor,
        "first": str(row.first),
        "last": str(row.last),
    }
    is_new = action == "cost.add"
    audit.record(
        program=row.program, actor=by, action=action, subject="cost", subject_id=row.pk,
        before={} if is_new else told, after=told if is_new else {}, now=now,
    )  # fmt: skip
