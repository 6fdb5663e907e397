"""How far members get who joined in a period, and how long a second order takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import connection

from analytics.models import PairKind
from analytics.periods import Period
from members.models import Program

STATEMENT = """
SELECT kind, sum(times)::bigint FROM analytics_pair
WHERE program_id = %(program)s AND kind = ANY(%(kinds)s) AND since >= %(first)s AND since < %(end)s
GROUP BY 1
""".strip()
STAGES = (PairKind.JOINED, PairKind.FIRST, PairKind.SECOND_JOINED, PairKind.FIRST_USE)
WAITED = """
SELECT day - since, sum(times)::bigint FROM analytics_pair
WHERE program_id = %(program)s AND kind = %(kind)s AND day >= %(first)s AND day < %(end)s
GROUP BY 1 ORDER BY 1
""".strip()
# The last days of the steps in which waiting is shown; the last step has no end.
STEPS = (7, 14, 30, 60, 90, 180)


@dataclass(frozen=True, slots=True)
class Funnel:
    """Of `joined` members, those who have done each until today. Using points does not need a second order."""

    joined: int
    first: int
    second: int
    used: int


@dataclass(frozen=True, slots=True)
class Waits:
    """Members by the days between their first and second order: at most each of STEPS, and more. `median` in days."""

    counts: tuple[int, ...]
    median: int | None

    @property
    def total(self) -> int:
        return sum(self.counts)


def funnel_of(*, program: Program, period: Period) -> Funnel:
    """Those who joined in the period and have not closed their account. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(STATEMENT, _values(program, period) | {"kinds": [int(kind) for kind in STAGES]})
        found = dict(cursor.fetchall())
    return Funnel(*(found.get(kind, 0) for kind in STAGES))


def waits_of(*, program: Program, period: Period) -> Waits:
    """Of the second orders in the period."""
    with connection.cursor() as cursor:
        cursor.execute(WAITED, _values(program, period) | {"kind": PairKind.SECOND})
        rows = cursor.fetchall()
    counts = [0] * (len(STEPS) + 1)
    for days, times in rows:
        counts[sum(days > step for step in STEPS)] += times
    return Waits(tuple(counts), _median(rows, sum(counts)))


def _median(rows: list[tuple[int, int]], total: int) -> int | None:
    """The lower of the two in the middle."""
    seen = 0
    for days, times in rows:
        seen += times
        if 2 * seen >= total > 0:
            return days
    return None


def _values(program: Program, period: Period) -> dict[str, Any]:
    return {"program": program.pk, "first": period.first, "end": period.end}
