"""What causes were given and what became of it: totals, receipts and the course over time. Nothing is written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.functions import TruncMonth
from django_scopes import scope

from loyaltysite.kit.errors import NotFound
from members.models import Member, Program
from rewards.models import Cause, CauseTotal, Donation, Payout, Unit


@dataclass(frozen=True, slots=True)
class Total:
    """A cause's figures: `units` are (unit, ledger units) as given; money in minor units."""

    gifts: int = 0
    worth_minor: int = 0
    paid_minor: int = 0
    units: tuple[tuple[Unit, int], ...] = ()

    @property
    def open_minor(self) -> int:
        return self.worth_minor - self.paid_minor


@dataclass(frozen=True, slots=True)
class Shown:
    """A cause with what it has been given."""

    cause: Cause
    total: Total

    @property
    def share(self) -> float:
        """How much of the goal is reached, 0 to 1."""
        goal = self.cause.goal_minor
        return min(1.0, self.total.worth_minor / goal) if goal else 0.0


def find(*, program: Program, key: str) -> Shown:
    """Raises NotFound."""
    with scope(program=program):
        cause = Cause.objects.filter(program=program, key=key).first()
        if cause is None:
            raise NotFound
        return Shown(cause, totals_of([cause]).get(cause.pk, Total()))


def shown(*, program: Program, states: Iterable[str] = (Cause.State.LIVE,)) -> list[Shown]:
    """The causes of a program in these states with their totals, those given to last created first. Two statements."""
    with scope(program=program):
        causes = list(
            Cause.objects.filter(program=program, state__in=list(states)).order_by("-created_at", "-pk")
        )
        totals = totals_of(causes)
    return [Shown(cause, totals.get(cause.pk, Total())) for cause in causes]


def totals_of(causes: Iterable[Cause]) -> dict[int, Total]:
    """By cause; none for one that was given nothing. At most one statement, whatever the number of gifts."""
    wanted = [cause.pk for cause in causes]
    rows = CauseTotal.objects.filter(cause_id__in=wanted).select_related("unit") if wanted else ()
    found: dict[int, list[CauseTotal]] = {}
    for row in sorted(rows, key=lambda each: each.unit_id):
        found.setdefault(row.cause_id, []).append(row)
    return {
        cause: Total(
            sum(row.gifts for row in each),
            sum(row.worth_minor for row in each),
            sum(row.paid_minor for row in each),
            tuple((row.unit, row.amount) for row in each if row.amount),
        )
        for cause, each in found.items()
    }


def gifts_of(*, program: Program, member: Member) -> QuerySet[Donation]:
    """The member's gifts, also those made under a card that was merged into this one; latest first."""
    whose = Q(member=member) | Q(member__merged_into=member)
    rows = Donation.objects.filter(whose, program=program).select_related("cause", "unit", "store")
    return rows.order_by("-given_at", "-number")


def receipt_of(*, program: Program, member: Member, number: int) -> Donation:
    """The member's own receipt of this number. Raises NotFound."""
    found = gifts_of(program=program, member=member).filter(number=number).first() if number < 2**63 else None
    if found is None:
        raise NotFound
    return found


def latest(*, cause: Cause, limit: int) -> list[Donation]:
    rows = Donation.objects.filter(cause=cause).select_related("member", "unit")
    return list(rows.order_by("-given_at", "-number")[:limit])


def payouts_of(cause: Cause) -> list[Payout]:
    return list(Payout.objects.filter(cause=cause).select_related("author").order_by("-paid_on", "-pk"))


def course(*, cause: Cause, since: datetime) -> list[tuple[date, int, int]]:
    """(first of the month, gifts, worth in minor units), the oldest first, in the program's time zone; months without
    a gift are left out."""
    rows = Donation.objects.filter(cause=cause, given_at__gte=since, withdrawn_at=None)
    by_month = rows.annotate(month=TruncMonth("given_at", tzinfo=cause.program.zone)).values("month")
    found = by_month.annotate(gifts=Count("pk"), worth=Sum(F("worth_minor"))).order_by("month")
    return [(row["month"].date(), row["gifts"], row["worth"]) for row in found]
