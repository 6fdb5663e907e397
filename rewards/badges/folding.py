"""From the shares of one member in one goal to how it stands: a pure function, whatever the order in which they came.

Time alone never takes a level away: what was reached within a window was reached, though the window has passed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import groupby

from rewards.badges.deeds import Share
from rewards.badges.goals import Goal
from rewards.policies import add_months, day_start

MONTHS = {"month": 1, "quarter": 3, "year": 12}
DAY = timedelta(days=1)
NOTHING = Decimal(0)

type Reached = dict[tuple[str, str], datetime]


@dataclass(slots=True)
class Tally:
    """`value` is what counts now, in `period` ("" unless it begins anew with the calendar), until it changes by itself at
    `until`; `at` is when it came to that. `reached` says when each (level key, period) was; `best` is the most ever."""

    period: str = ""
    value: Decimal = NOTHING
    at: datetime | None = None
    best: Decimal = NOTHING
    until: datetime | None = None
    reached: Reached = field(default_factory=dict)

    def pass_by(self, goal: Goal, value: Decimal, at: datetime, period: str) -> None:
        """So much was there at this moment."""
        self.best = max(self.best, value)
        for level in goal.levels:
            if value < level.target:
                break
            known = self.reached.get((level.key, period))
            if known is None or at < known:
                self.reached[level.key, period] = at


class Meter:
    """Adds up shares, or how many different keys they have; shares can be taken off again."""

    __slots__ = ("_is_distinct", "_keys", "_sum")

    def __init__(self, goal: Goal) -> None:
        self._is_distinct = goal.is_distinct
        self._keys: Counter[str] = Counter()
        self._sum = NOTHING

    def add(self, share: Share) -> Decimal:
        self._keys[share.key] += 1
        self._sum += share.value
        return self.value

    def take(self, share: Share) -> None:
        self._keys[share.key] -= 1
        self._sum -= share.value
        if not self._keys[share.key]:
            del self._keys[share.key]

    @property
    def value(self) -> Decimal:
        return Decimal(len(self._keys)) if self._is_distinct else self._sum


def fold(goal: Goal, shares: Iterable[Share], *, joined_at: datetime, now: datetime) -> Tally:
    """How a member stands who joined then and did this."""
    ordered = sorted(shares, key=lambda share: (share.at, share.anchor, share.key))
    if goal.streak is not None:
        return _streak(goal, ordered, now)
    if goal.window.kind == "days":
        return _rolling(goal, ordered, now)
    if goal.window.kind == "calendar":
        return _calendar(goal, ordered, now)
    return _plain(goal, ordered, joined_at, now)


def fold_together(
    goal: Goal, shares: Iterable[Share], reached: Mapping[str, Mapping[str, datetime]]
) -> Tally:
    """How a member stands in what teams do together: the member's own part, and the levels that teams reached of which
    enough is the member's, from the moment at which both were so. `reached` is {team: {level: moment}}."""
    group = goal.group
    assert group is not None  # noqa: S101 - called for teams only
    tally, own, since = Tally(), dict[str, Decimal](), dict[str, datetime]()
    for share in sorted(shares, key=lambda share: (share.at, share.anchor, share.key)):
        own[share.team] = own.get(share.team, NOTHING) + share.value
        tally.value += share.value
        tally.at = share.at
        if own[share.team] >= group.least:
            since.setdefault(share.team, share.at)
    tally.best = tally.value
    for team, enough_at in since.items():
        for level, at in reached.get(team, {}).items():
            moment = max(at, enough_at)
            tally.reached[level, ""] = min(moment, tally.reached.get((level, ""), moment))
    return tally


def _plain(goal: Goal, shares: Sequence[Share], joined_at: datetime, now: datetime) -> Tally:
    """Ever, or within some days of joining."""
    tally, meter = Tally(), Meter(goal)
    closes_at = None
    if goal.window.kind == "joining":
        closes_at = day_start(_day(joined_at, goal) + goal.window.days * DAY, goal.zone)
    for share in shares:
        if closes_at is None or share.at < closes_at:
            _count(goal, tally, meter, share, "")
    tally.value = meter.value
    return tally


def _count(goal: Goal, tally: Tally, meter: Meter, share: Share, period: str) -> None:
    before = meter.value
    value = meter.add(share)
    if value > before:
        tally.at = share.at
        tally.pass_by(goal, value, share.at, period)


def _calendar(goal: Goal, shares: Sequence[Share], now: datetime) -> Tally:
    tally, unit = Tally(), goal.window.unit
    begin = first_day(_day(now, goal), unit)
    for start, group in groupby(shares, key=lambda share: first_day(_day(share.at, goal), unit)):
        meter, period = Meter(goal), start.isoformat() if goal.window.repeats else ""
        tally.at = None
        for share in group:
            _count(goal, tally, meter, share, period)
        if start == begin:
            tally.value = meter.value
    if not tally.value:
        tally.at = None
    tally.period = begin.isoformat()
    tally.until = day_start(next_first(begin, unit), goal.zone)
    return tally


def _rolling(goal: Goal, shares: Sequence[Share], now: datetime) -> Tally:
    """The last days, that of each share among them."""
    tally, meter, span = Tally(), Meter(goal), goal.window.days * DAY
    first = 0
    for share in shares:
        first = _drop(goal, meter, shares, first, _day(share.at, goal) - span)
        _count(goal, tally, meter, share, "")
    first = _drop(goal, meter, shares, first, _day(now, goal) - span)
    tally.value = meter.value
    if first < len(shares):
        tally.until = day_start(_day(shares[first].at, goal) + span, goal.zone)
    else:
        tally.at = None
    return tally


def _drop(goal: Goal, meter: Meter, shares: Sequence[Share], first: int, last: date) -> int:
    """Take off what lies on `last` or before; which share is the first that is left."""
    while first < len(shares) and _day(shares[first].at, goal) <= last:
        meter.take(shares[first])
        first += 1
    return first


# --- rows of periods --------------------------------------------------------------------------------------------------


def _streak(goal: Goal, shares: Sequence[Share], now: datetime) -> Tally:
    """The longest row of periods with enough, and the one that goes on now: a row waits for its present period."""
    tally, length = Tally(), 0
    assert goal.streak is not None  # noqa: S101 - called for streaks only
    unit, last = goal.streak.unit, None
    for start, at in _full_periods(goal, shares):
        length = length + 1 if last is not None and next_first(last, unit) == start else 1
        last = start
        tally.at = at
        tally.pass_by(goal, Decimal(length), at, "")
    today = first_day(_day(now, goal), unit)
    if last is None or next_first(last, unit) < today:
        tally.at = None
        return tally
    end = next_first(next_first(last, unit), unit)
    tally.value, tally.until = Decimal(length), day_start(end, goal.zone)
    return tally


def _full_periods(goal: Goal, shares: Sequence[Share]) -> Iterator[tuple[date, datetime]]:
    """The first day of each period with enough, and the moment at which it was enough."""
    streak = goal.streak
    assert streak is not None  # noqa: S101 - called for streaks only
    for start, group in groupby(shares, key=lambda share: first_day(_day(share.at, goal), streak.unit)):
        meter = Meter(goal)
        for share in group:
            if meter.add(share) >= streak.each:
                yield start, share.at
                break


# --- days -------------------------------------------------------------------------------------------------------------


def _day(moment: datetime, goal: Goal) -> date:
    return moment.astimezone(goal.zone).date()


def first_day(day: date, unit: str) -> date:
    """The first day of the period of a day; weeks begin on Monday."""
    if unit == "day":
        return day
    if unit == "week":
        return day - day.weekday() * DAY
    months = MONTHS[unit]
    return date(day.year, (day.month - 1) // months * months + 1, 1)


def next_first(day: date, unit: str) -> date:
    """The first day of the next period after the one that begins on `day`."""
    if unit in MONTHS:
        return add_months(day, MONTHS[unit])
    return day + (DAY if unit == "day" else 7 * DAY)
