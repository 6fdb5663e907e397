"""What the points of each month became, month by month of their life, as of the end of any day.

Months are numbers (year × 12 + month − 1); amounts are ledger units of one unit. Only people's points are in it: gift cards
are paid for and what causes hold is given away, and neither is ever left unused by estimate.
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
from django.db import connection

from analytics import rollups, tables
from members.models import Program

NEVER = date(9999, 12, 1)
NEVER_MONTH = NEVER.year * 12 + NEVER.month - 1

type Cells = dict[tuple[int, int], int]


def number_of(day: date) -> int:
    return day.year * 12 + day.month - 1


def first_of(number: int) -> date:
    return date(number // 12, number % 12 + 1, 1)


def last_of(number: int) -> date:
    return first_of(number + 1) - timedelta(days=1)


def passed(day: date) -> float:
    """Which share of its month is over at the end of the day."""
    return day.day / calendar.monthrange(day.year, day.month)[1]


@dataclass(slots=True)
class Triangle:
    """By cohort (row) and month of its life (column, 0 is the month of earning): what was `gained` (given, adjusted and
    moved), `used`, `lapsed` before its end, `ended` at it, and `taken` back. `cells` is what is held at the end of
    `until`, by cohort and the last month of use."""

    until: date
    first: int
    gained: np.ndarray
    used: np.ndarray
    lapsed: np.ndarray
    ended: np.ndarray
    taken: np.ndarray
    cells: Cells = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        return not self.gained.any()

    @property
    def cohorts(self) -> range:
        return range(self.first, self.first + len(self.gained))

    @property
    def granted(self) -> np.ndarray:
        """Of each cohort, less what was taken back."""
        return np.asarray(self.gained.sum(axis=1) - self.taken.sum(axis=1))

    @property
    def held(self) -> np.ndarray:
        """Of each cohort at the end of `until`."""
        found = np.zeros(len(self.gained))
        for (cohort, _ends), amount in self.cells.items():
            found[cohort - self.first] += amount
        return found

    def at_risk(self) -> np.ndarray:
        """What each cohort held when a month of its life began, and what came to it within that month."""
        gone = self.used + self.lapsed + self.ended + self.taken
        before = np.cumsum(self.gained - gone, axis=1) - (self.gained - gone)
        return np.asarray(before + self.gained)

    def whole_months(self) -> np.ndarray:
        """Which months of life are over: the others say too little."""
        last = number_of(self.until + timedelta(days=1)) - 1
        rows, columns = np.indices(self.gained.shape)
        return np.asarray(rows + columns + self.first <= last)


def load(*, program: Program, unit_id: int, until: date) -> Triangle:
    """From the roll-up of lots, with the notes that are not counted yet unless there are too many. One statement and one
    look at the notes."""
    is_live = rollups.waiting(program=program) <= rollups.MOST_LIVE
    rows = tables.LOT_DAY.with_live() if is_live else tables.LOT_DAY.stored()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT cohort, ends, date_trunc('month', day)::date, sum(issued + adjusted + moved)::bigint, sum(spent)::bigint,"  # noqa: S608
            f" sum(expired)::bigint, sum(reversed)::bigint, sum(held)::bigint FROM ({rows}) AS r"
            " WHERE unit_id = %(unit)s AND holders = 'people' AND day <= %(until)s GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
            {"program": program.pk, "unit": unit_id, "until": until},
        )
        return build(cursor.fetchall(), until=until)


def build(rows: list[tuple[date, date, date, int, int, int, int, int]], *, until: date) -> Triangle:
    """Rows of (cohort, last month of use, month of the flow, gained, spent, expired, taken back, change of what is held)."""
    last = number_of(until)
    first = min((number_of(row[0]) for row in rows), default=last)
    size = max(1, last - first + 1)
    gained, used, lapsed, ended, back = (np.zeros((size, size)) for _ in range(5))
    triangle = Triangle(until, first, gained, used, lapsed, ended, back)
    cells: Cells = {}
    for cohort_on, ends_on, month_on, gain, spent, expired, reversed_, change in rows:
        # What is dated before it was earned or in months to come is put on the border.
        cohort = min(number_of(cohort_on), last)
        place = cohort - first, max(0, number_of(month_on) - cohort)
        triangle.gained[place] += gain
        triangle.used[place] += spent
        triangle.taken[place] += reversed_
        is_early = number_of(month_on) < number_of(ends_on)
        (triangle.lapsed if is_early else triangle.ended)[place] += expired
        key = cohort, number_of(ends_on)
        cells[key] = cells.get(key, 0) + change
    triangle.cells = {key: amount for key, amount in cells.items() if amount}
    return triangle
