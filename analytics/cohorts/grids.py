"""Cohorts: of those who joined or first ordered in a month, how many ordered in each month after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from django.db import connection

from analytics.models import PairKind
from members.models import Program

type By = Literal["first", "joined"]
BY: Mapping[By, PairKind] = {"first": PairKind.BY_FIRST, "joined": PairKind.BY_JOINED}

# Months are told apart by their first day; who ordered before joining is in no month after it.
STATEMENT = """
SELECT since, (extract(year FROM age(day, since)) * 12 + extract(month FROM age(day, since)))::int AS months,
    times, orders, amount_minor
FROM analytics_pair
WHERE program_id = %(program)s AND kind = %(kind)s AND since >= %(first)s AND since <= %(last)s AND day >= since
""".strip()
SIZES = """
SELECT date_trunc('month', day)::date, sum(times)::bigint FROM analytics_pair
WHERE program_id = %(program)s AND kind = %(joined)s AND day >= %(first)s AND day < %(last)s::date + interval '1 month'
GROUP BY 1
""".strip()


@dataclass(frozen=True, slots=True)
class Cohort:
    """`active`, `orders` and `amounts` have a place for each month since, the month itself first, up to today's."""

    month: date
    size: int
    active: tuple[int, ...]
    orders: tuple[int, ...]
    amounts: tuple[int, ...]

    @property
    def shares(self) -> tuple[float, ...]:
        """Of the cohort's members, those active in each month."""
        return tuple(count / self.size if self.size else 0.0 for count in self.active)

    @property
    def worth(self) -> tuple[float, ...]:
        """What a member of the cohort has spent up to the end of each month, in minor units."""
        found, spent = [], 0
        for amount in self.amounts:
            spent += amount
            found.append(spent / self.size if self.size else 0.0)
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Grid:
    by: By
    cohorts: tuple[Cohort, ...]

    @property
    def average(self) -> list[float]:
        """The share active in each month since, over all cohorts that have lived through it to the end."""
        longest = max((len(one.active) for one in self.cohorts), default=0)
        found = []
        for month in range(longest):
            told = [one for one in self.cohorts if len(one.active) > month + 1]
            size = sum(one.size for one in told)
            if not size:
                break
            found.append(sum(one.active[month] for one in told) / size)
        return found


def grid_of(*, program: Program, by: By, first: date, last: date, until: date) -> Grid:
    """The cohorts from the month of `first` to that of `last`, each up to the month of `until`; two statements."""
    first, last, until = (day.replace(day=1) for day in (first, last, until))
    values: dict[str, Any] = {
        "program": program.pk, "kind": BY[by], "joined": PairKind.JOINED, "first": first, "last": last,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(STATEMENT, values)
        cells = {(since, months): row for since, months, *row in cursor.fetchall()}
        if by == "joined":
            cursor.execute(SIZES, values)
            sizes = dict(cursor.fetchall())
        else:
            sizes = {since: row[0] for (since, months), row in cells.items() if months == 0}
    return Grid(
        by, tuple(_cohort(month, size, cells, until) for month, size in sorted(sizes.items()) if size)
    )


def _cohort(month: date, size: int, cells: Mapping[tuple[date, int], list[int]], until: date) -> Cohort:
    months = (until.year - month.year) * 12 + until.month - month.month
    rows = [cells.get((month, since), [0, 0, 0]) for since in range(months + 1)]
    active, orders, amounts = zip(*rows, strict=True)
    return Cohort(month, size, active, orders, amounts)
