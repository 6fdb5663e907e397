"""The days that a page of figures tells of, cut into steps, and as many days before them to compare with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from rewards.policies import add_months

KEYS = ("7", "30", "90", "year")
CHOSEN = "days"
# Longer than so many days a step is a week, and longer still a month.
MOST_DAYS = 45
MOST_WEEKS = 190
# Nobody compares more than that by the month.
LONGEST = 3_660


@dataclass(frozen=True, slots=True)
class Period:
    """`edges` are the first days of the steps and the day after the last. `earlier` are those of the steps just before;
    the last of them is the first day. Where steps are months, those before are months too."""

    key: str
    edges: tuple[date, ...]
    earlier: tuple[date, ...]
    unit: str

    @property
    def first(self) -> date:
        return self.edges[0]

    @property
    def end(self) -> date:
        """The day after the last."""
        return self.edges[-1]

    @property
    def last(self) -> date:
        return self.end - timedelta(days=1)

    @property
    def before(self) -> date:
        return self.earlier[0]

    @property
    def steps(self) -> tuple[date, ...]:
        return self.edges[:-1]

    def is_over(self, today: date) -> bool:
        """Whether the last step will not change by itself any more."""
        return self.end <= today


def period_of(key: str, *, today: date) -> Period:
    """7 or 30 days by the day, 90 days by the week (13 of them), a year by the month; each ends with today."""
    end = today + timedelta(days=1)
    if key == "year":
        return _of_edges(key, tuple(add_months(end, months) for months in range(-12, 1)), "month")
    if key == "90":
        return _of_edges(key, tuple(end + timedelta(days=7 * weeks) for weeks in range(-13, 1)), "week")
    days = 7 if key == "7" else 30
    return _of_edges(str(days), tuple(end + timedelta(days=count) for count in range(-days, 1)), "day")


def between(first: date, last: date) -> Period:
    """The days from `first` to `last`, both included, in steps of a day, a week or a month by their number. Steps are
    counted back from the end, so that the first one may be shorter."""
    end, length = last + timedelta(days=1), (last - first).days + 1
    unit = "day" if length <= MOST_DAYS else "week" if length <= MOST_WEEKS else "month"
    edges = [end]
    while edges[-1] > first:
        edges.append(max(first, _step_back(end, len(edges), unit)))
    return _of_edges(CHOSEN, tuple(reversed(edges)), unit)


def _step_back(end: date, steps: int, unit: str) -> date:
    if unit == "month":
        return add_months(end, -steps)
    return end - timedelta(days=steps * (7 if unit == "week" else 1))


def _of_edges(key: str, edges: tuple[date, ...], unit: str) -> Period:
    """With as many steps before, as long as these."""
    first = edges[0]
    if unit == "month" and key == "year":
        months = len(edges) - 1
        return Period(
            key, edges, tuple(add_months(edges[-1], place - 2 * months) for place in range(months + 1)), unit
        )
    lengths = [later - earlier for earlier, later in pairwise(edges)]
    earlier = [first]
    for length in reversed(lengths):
        earlier.append(earlier[-1] - length)
    return Period(key, edges, tuple(reversed(earlier)), unit)
