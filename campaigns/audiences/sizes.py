"""How many members a condition holds for: counted where that takes two seconds at most, else estimated from a sample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import sqrt

from django.conf import settings
from django.db import OperationalError, connection, transaction
from django.db.models import QuerySet
from django_scopes import scope

from campaigns.audiences.membership import POPULATION
from loyaltysite.kit.conditions import Condition
from members.models import Member, Program

# Members looked at for an estimate, and those that are shown.
SAMPLE, SHOWN = 4_000, 10
# 95 % of a normal distribution lie within so many standard deviations.
Z = 1.959964


@dataclass(frozen=True, slots=True)
class Size:
    """`number` of `total` members; an estimate lies between `low` and `high` with 95 % confidence."""

    number: int
    total: int
    is_estimate: bool = False
    low: int = 0
    high: int = 0
    members: Sequence[Member] = ()

    @property
    def share(self) -> float:
        return self.number / self.total if self.total else 0.0


def measure(*, program: Program, condition: Condition, now: datetime) -> Size:
    """The size of an audience by this condition and ten of its members."""
    with scope(program=program):
        local = now.astimezone(program.zone)
        who = Member.objects.filter(POPULATION, condition.q(local, whole=True))
        everybody = Member.objects.filter(POPULATION)
        try:
            with transaction.atomic():
                _hurry(settings.SEGMENT_COUNTED_WITHIN)
                number = who.count()
                members = _some(who)
                _hurry("DEFAULT")
        except OperationalError:
            return _estimate(everybody.filter(condition.q(local)), everybody)
        return Size(number, everybody.count(), members=members)


def _hurry(patience: str) -> None:
    value = patience if patience == "DEFAULT" else f"'{patience}'"
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL statement_timeout = {value}")


def _some(who: QuerySet[Member]) -> list[Member]:
    return list(who.order_by("-joined_at", "-holder")[:SHOWN])


def _estimate(who: QuerySet[Member], everybody: QuerySet[Member]) -> Size:
    """From members of pages drawn at random. The interval is Wilson's (1927), which holds for few hits too."""
    total = everybody.count()
    ids = _draw(total)
    drawn = everybody.filter(pk__in=ids).count()
    among = who.filter(pk__in=ids)
    hits = among.count()
    if not drawn:
        return Size(0, total, is_estimate=True, low=0, high=total)
    low, high = wilson(hits, drawn)
    return Size(
        round(total * hits / drawn), total, True, round(total * low), round(total * high), _some(among)
    )


def _draw(total: int) -> list[int]:
    percent = min(100.0, 100 * 2 * SAMPLE / max(1, total))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT array_agg(holder_id) FROM (SELECT holder_id FROM members_member TABLESAMPLE SYSTEM (%s) LIMIT %s) AS m",
            [percent, SAMPLE],
        )
        return list(cursor.fetchone()[0] or [])


def wilson(hits: int, drawn: int) -> tuple[float, float]:
    """The interval of a share with 95 % confidence (E. B. Wilson, JASA 22, 1927)."""
    share, square = hits / drawn, Z * Z
    middle = share + square / (2 * drawn)
    half = Z * sqrt(share * (1 - share) / drawn + square / (4 * drawn * drawn))
    scale = 1 + square / drawn
    return max(0.0, (middle - half) / scale), min(1.0, (middle + half) / scale)
