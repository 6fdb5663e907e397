"""The scheme of a program: what is counted, in which window, what it earns and for how long. Pure, no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from rewards.engine.facts import Perk
from rewards.policies import add_months, day_start, local_time
from rewards.tiers.records import Totals

CALENDAR_YEAR, MEMBERSHIP_YEAR, LIFETIME = "calendar_year", "membership_year", "lifetime"
ROLLING, SINCE_REACHED = "rolling", "since_reached"
PERIODS = frozenset({CALENDAR_YEAR, MEMBERSHIP_YEAR, LIFETIME})
COLUMNS = {
    "spend": "spend_minor",
    "orders": "orders",
    "visits": "visits",
    "points": "points",
    "value": "worth",
}
# Of what is counted, that which is written as money.
MONEY = frozenset({"spend", "value"})

TO_EARNED, ONE_DOWN, KEEP = "to_earned", "one_down", "keep"

DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)
NEVER = 1 << 63


def day_of(moment: datetime, zone: ZoneInfo) -> date:
    return local_time(moment, zone).date()


@dataclass(frozen=True, slots=True)
class Level:
    """A tier. `threshold` is in the metric's own whole unit (minor units for spend); `perks` are its benefits that do
    something."""

    id: int
    key: str
    rank: int
    threshold: int
    multipliers: Mapping[str, Fraction] = field(default_factory=dict)
    is_never_lost: bool = False
    names: Mapping[str, str] = field(default_factory=dict)
    # {unit key: expiry policy} in place of the unit's.
    expiry: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    perks: tuple[Perk, ...] = ()


@dataclass(frozen=True, eq=False)
class Scheme:
    """`levels` in order of rank. Who has no standing is at the base, the highest level that needs nothing."""

    counted: str
    window: str
    months: int
    review: str
    grace_days: int
    return_days: int
    zone: ZoneInfo
    levels: tuple[Level, ...]
    unit_key: str = ""
    weights: Mapping[str, int] = field(default_factory=dict)
    column: str = field(init=False)
    is_periodic: bool = field(init=False)
    base: Level | None = field(init=False)
    has_expiry: bool = field(init=False)
    by_id: Mapping[int, Level] = field(init=False)
    _validities: dict[tuple[date, date], datetime | None] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        levels = tuple(sorted(self.levels, key=lambda level: level.rank))
        derived = {
            "levels": levels,
            "column": COLUMNS[self.counted],
            "is_periodic": self.window in PERIODS,
            "base": next((level for level in reversed(levels) if level.threshold <= 0), None),
            "has_expiry": any(level.expiry for level in levels),
            "by_id": {level.id: level for level in levels},
        }
        for name, value in derived.items():
            object.__setattr__(self, name, value)

    @property
    def is_valued(self) -> bool:
        """Whether members stand by what they are worth, which only a scoring changes."""
        return self.counted == "value"

    def bucket(self, day: date, joined_on: date) -> date:
        """The Metric bucket of a local day: the first day of its period, or the day itself."""
        if self.window == CALENDAR_YEAR:
            return date(day.year, 1, 1)
        if self.window == LIFETIME:
            return date.min
        if self.window == MEMBERSHIP_YEAR:
            return self._membership_year(day, joined_on)[0]
        return day

    def period_end(self, day: date, joined_on: date) -> date | None:
        """The first day after the period of a local day; None where there is no period that ends."""
        if self.window == CALENDAR_YEAR:
            return date(day.year + 1, 1, 1)
        if self.window == MEMBERSHIP_YEAR:
            return self._membership_year(day, joined_on)[1]
        return None

    def window_start(self, day: date, joined_on: date, counting_from: date = date.min) -> date:
        """The first bucket that counts on a local day. `counting_from` is for windows since the tier was reached."""
        if self.window == ROLLING:
            return add_months(day, -self.months) + DAY
        if self.window == SINCE_REACHED:
            return counting_from
        return self.bucket(day, joined_on)

    def total(
        self,
        metrics: Mapping[date, Totals],
        moment: datetime,
        joined_on: date,
        counting_from: date = date.min,
    ) -> int:
        """What counts at a moment: the sum of the buckets of its window, up to and with its own day."""
        day = day_of(moment, self.zone)
        first = self.window_start(day, joined_on, counting_from)
        return self.sum_of(metrics, first, first if self.is_periodic else day)

    def sum_of(self, metrics: Mapping[date, Totals], first: date, last: date) -> int:
        column = self.column
        return sum(getattr(totals, column) for bucket, totals in metrics.items() if first <= bucket <= last)

    def validity(self, moment: datetime, joined_on: date) -> datetime | None:
        """Until when a tier reached at this moment holds: the rest of the period and the whole next one (33)."""
        return self.validity_of(day_of(moment, self.zone), joined_on)

    def validity_of(self, day: date, joined_on: date) -> datetime | None:
        """As `validity`, by local day; remembered, since every order of a member with a tier asks."""
        if self.window != MEMBERSHIP_YEAR:
            joined_on = date.min
        key = (day if not self.is_periodic else self.bucket(day, joined_on), joined_on)
        if key not in self._validities:
            if len(self._validities) > 20_000:
                self._validities.clear()
            self._validities[key] = self._validity(day, joined_on)
        return self._validities[key]

    def _validity(self, day: date, joined_on: date) -> datetime | None:
        if self.window == LIFETIME or self.is_valued:
            return None
        end = self.period_end(day, joined_on)
        if end is None:
            return day_start(add_months(day, self.months) + DAY, self.zone)
        return day_start(self.period_end(end, joined_on) or end, self.zone)

    def end_of(self, valid_until: datetime) -> datetime:
        """When a tier ends that was valid until then: after the days of grace (34)."""
        if not self.grace_days:
            return valid_until
        return day_start(day_of(valid_until, self.zone) + self.grace_days * DAY, self.zone)

    def confirmation(self, ordered_on: date) -> datetime:
        """When the return window of an order of that local day has ended."""
        return day_start(ordered_on + (self.return_days + 1) * DAY, self.zone)

    def earned(self, total: int) -> Level | None:
        """The highest level that this total earns."""
        for level in reversed(self.levels):
            if level.threshold <= total:
                return level
        return self.base

    def threshold_above(self, total: int) -> int:
        """The next threshold of any level above a total."""
        return min((level.threshold for level in self.levels if level.threshold > total), default=NEVER)

    def next_above(self, level: Level | None) -> Level | None:
        rank = level.rank if level else -1
        return next((above for above in self.levels if above.rank > rank and above.threshold > 0), None)

    def after_review(self, level: Level, earned: Level | None) -> Level | None:
        """Where a review leads from a level whose validity has ended (34)."""
        candidates = [earned, self.base]
        if self.review == KEEP:
            candidates.append(level)
        elif self.review == ONE_DOWN:
            candidates.append(self._below(level))
        candidates += [kept for kept in self.levels if kept.is_never_lost and kept.rank <= level.rank]
        return max((one for one in candidates if one), key=lambda one: one.rank, default=None)

    def _below(self, level: Level) -> Level | None:
        return next((below for below in reversed(self.levels) if below.rank < level.rank), None)

    @staticmethod
    def _membership_year(day: date, joined_on: date) -> tuple[date, date]:
        """First day of the membership year and of the next; who joined on 29 February has the 28th in between."""
        years = day.year - joined_on.year
        if add_months(joined_on, 12 * years) > day:
            years -= 1
        return add_months(joined_on, 12 * years), add_months(joined_on, 12 * (years + 1))
