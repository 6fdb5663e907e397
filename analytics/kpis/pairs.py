"""Different members within any days, by adding up pairs of days (analytics.models.kpis.Pair).

Whoever ordered within a window has exactly one order there whose predecessor lies before it, and, after a second one,
exactly one more whose last but one predecessor does. So sums of pairs count people, and sums follow every change.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate
from typing import Any, Literal

from django.db import connection

from analytics.models import PairKind
from analytics.models.kpis import WINDOWS

type Rule = Literal["any", "first", "again", "earlier"]

# Sums by `day` and by `since`: of all pairs, of those closer than a window is long ("near"), and of those that are
# further apart, but closer than two ("far"). A pair counts for the windows that end from one day to before another, and both
# days follow from these sums, so that no pair meets a window by itself.
STATEMENT = """
SELECT kind, day, since, sum(times)::bigint, sum(times) FILTER (WHERE near)::bigint, sum(times) FILTER (WHERE far)::bigint,
    sum(amount_minor)::bigint
FROM (
    SELECT kind, day, since, times, amount_minor, since > day - %(days)s AS near,
        since <= day - %(days)s AND since > day - 2 * %(days)s AS far
    FROM analytics_pair
    WHERE program_id = %(program)s AND kind IN ({kinds}) AND day > %(after)s AND day <= %(last)s
) AS pairs
GROUP BY GROUPING SETS ((kind, day), (kind, since))
HAVING since IS NULL OR bool_or(near OR far)
""".strip()

# The same sums, kept by day for the usual windows. Of all days: whatever ended before the first window adds up to nothing.
KEPT = """
SELECT kind, CASE WHEN NOT is_since THEN day END AS day, CASE WHEN is_since THEN day END AS since, times, near, far,
    amount_minor
FROM analytics_pairday
WHERE program_id = %(program)s AND kind IN ({kinds}) AND days = %(days)s AND day <= %(last)s
""".strip()


@dataclass(frozen=True, slots=True)
class Count:
    """A quantity from pairs of one kind: their number, or their amount, less that of another count.

    "any": the day lies in the window; "first": and its counterpart before it; "again": the counterpart in the window just
    before; "earlier": as "first", for that window."""

    kind: PairKind
    rule: Rule
    is_amount: bool = False
    less: Count | None = None

    @property
    def kinds(self) -> set[PairKind]:
        return {self.kind} | (self.less.kinds if self.less else set())


BUYERS = Count(PairKind.ORDER, "first")
COUNTS: dict[str, Count] = {
    "orders_known": Count(PairKind.ORDER, "any"),
    "spent_by_known": Count(PairKind.ORDER, "any", is_amount=True),
    "buyers": BUYERS,
    "repeaters": Count(PairKind.THIRD, "first", less=BUYERS),
    "retained": Count(PairKind.ORDER, "again"),
    "buyers_before": Count(PairKind.ORDER, "earlier"),
    "users": Count(PairKind.USE, "first"),
    "engaged": Count(PairKind.DEED, "first"),
}


@dataclass(frozen=True, slots=True)
class Sums:
    """Of the pairs of one kind that share a day (`is_since`: that share its counterpart)."""

    on: date
    is_since: bool
    all: int
    near: int
    far: int
    amount: int


def statement(names: Iterable[str], days: int) -> str:
    """What is asked for these quantities in windows of so many days; its values are program, days, after and last."""
    kinds = sorted({int(kind) for name in names for kind in COUNTS[name].kinds})
    return (KEPT if days in WINDOWS else STATEMENT).format(kinds=", ".join(map(str, kinds)))


def values_of(*, program: int, ends: Sequence[date], days: int) -> dict[str, Any]:
    """`ends` are the last days of the windows, each `days` long."""
    return {"program": program, "days": days, "after": ends[0] - timedelta(days=2 * days), "last": ends[-1]}


def read(names: Iterable[str], *, program: int, ends: Sequence[date], days: int) -> dict[str, list[int]]:
    """Each quantity in each window."""
    wanted = list(names)
    with connection.cursor() as cursor:
        cursor.execute(statement(wanted, days), values_of(program=program, ends=ends, days=days))
        found: dict[int, list[Sums]] = {}
        for kind, day, since, *sums in cursor.fetchall():
            row = Sums(day or since, day is None, *(value or 0 for value in sums))
            found.setdefault(kind, []).append(row)
    return {name: course_of(COUNTS[name], found, ends, days) for name in wanted}


def course_of(
    count: Count, found: Mapping[int, Iterable[Sums]], ends: Sequence[date], days: int
) -> list[int]:
    """What is there at each end: the sum of all that began up to it, less what ended."""
    steps = [0] * (len(ends) + 1)
    for sums in found.get(count.kind, ()):
        for later, change in _changes(sums, count, days):
            steps[bisect_left(ends, sums.on + timedelta(days=later))] += change
    course = list(accumulate(steps[:-1]))
    if count.less is None:
        return course
    less = course_of(count.less, found, ends, days)
    return [value - other for value, other in zip(course, less, strict=True)]


def _changes(sums: Sums, count: Count, days: int) -> Iterator[tuple[int, int]]:
    """So many days later so many more count. A near pair counts from when the window has left its counterpart behind, a
    farther one from its day on, and either until the window has left the day itself."""
    if count.rule == "any":
        if not sums.is_since:
            value = sums.amount if count.is_amount else sums.all
            yield from ((0, value), (days, -value))
    elif count.rule == "again":
        if sums.is_since:
            yield from ((days, sums.near), (2 * days, -sums.far))
        else:
            yield from ((0, sums.far), (days, -sums.near))
    else:
        shift = days if count.rule == "earlier" else 0
        if sums.is_since:
            yield shift + days, sums.near
        else:
            yield from ((shift, sums.all - sums.near), (shift + days, -sums.all))
