"""What a member sees: what is needed for the next tier, what is needed to keep this one, and by when (37)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from rewards.policies import add_months, day_start
from rewards.tiers.records import MANUAL, StandingRow
from rewards.tiers.schemes import DAY, KEEP, ROLLING, SINCE_REACHED, TICK, Level, day_of

if TYPE_CHECKING:
    from rewards.tiers.courses import Course


@dataclass(frozen=True, slots=True)
class Progress:
    """Figures are in the metric's whole unit. Moments are exclusive ends; None means without end.

    `total` counts towards `next_level`, of which `missing` is to come before `next_by` (for rolling windows: until
    then nothing that counts now drops out). `keep_missing` has to be counted from `keep_from` and before `keep_by`
    so that the tier goes on after `valid_until`; None where nothing is needed.
    """

    level: Level | None
    standing: StandingRow | None
    valid_until: datetime | None
    is_provisional: bool
    confirms_at: datetime | None
    is_manual: bool
    total: int
    next_level: Level | None
    missing: int | None
    next_by: datetime | None
    keep_missing: int | None
    keep_from: datetime | None
    keep_by: datetime | None

    @property
    def share(self) -> float:
        """How far the next level is reached, 0 to 1."""
        if self.next_level is None or not self.next_level.threshold:
            return 1.0
        return min(1.0, max(0.0, self.total / self.next_level.threshold))


def measure(course: Course, now: datetime) -> Progress:
    """The progress of a course that is settled to `now`."""
    scheme = course.scheme
    row, level = course.standing, course.level
    total = course.total(now)
    # What somebody is worth is known only where it was read.
    is_known = not scheme.is_valued or course.worth is not None
    above = scheme.next_above(level) if is_known else None
    missing, keep_from, keep_by = _keeping(course, row, level, now)
    return Progress(
        level=level,
        standing=row,
        valid_until=row.ends_at if row else None,
        is_provisional=bool(row and row.is_provisional(now)),
        confirms_at=row.confirms_at if row and row.is_provisional(now) else None,
        is_manual=bool(row and row.origin == MANUAL),
        total=total,
        next_level=above,
        missing=max(0, above.threshold - total) if above else None,
        next_by=_window_end(course, now) if above else None,
        keep_missing=missing,
        keep_from=keep_from,
        keep_by=keep_by,
    )


def _window_end(course: Course, now: datetime) -> datetime | None:
    scheme = course.scheme
    day = day_of(now, scheme.zone)
    if scheme.window == SINCE_REACHED:
        row = course.best_earned()
        return scheme.end_of(row.valid_until) if row and row.valid_until else None
    if scheme.window == ROLLING:
        return _first_loss(course, day)
    end = scheme.period_end(day, course.joined_on)
    return day_start(end, scheme.zone) if end else None


def _first_loss(course: Course, day: date) -> datetime | None:
    """When the oldest day that counts drops out of the rolling window."""
    scheme = course.scheme
    first = scheme.window_start(day, course.joined_on)
    days = [one for one in course.metrics if one >= first and course.tally.of(one)]
    return day_start(add_months(min(days), scheme.months) + DAY, scheme.zone) if days else None


def _keeping(
    course: Course, row: StandingRow | None, level: Level | None, now: datetime
) -> tuple[int | None, datetime | None, datetime | None]:
    """What is missing to keep the level, from when it counts, and by when."""
    scheme = course.scheme
    if row is None or level is None or row.valid_until is None or row.ends_at is None:
        return None, None, None
    if row.origin == MANUAL:
        return max(0, level.threshold - course.total(now)), None, row.valid_until
    if scheme.review == KEEP:
        return None, None, None
    end = scheme.end_of(row.valid_until)
    day = day_of(row.valid_until - TICK, scheme.zone)
    first = scheme.window_start(day, course.joined_on, day_of(row.since, scheme.zone) + DAY)
    total = course.tally.between(first, scheme.bucket(day_of(end - TICK, scheme.zone), course.joined_on))
    begins = day_start(first, scheme.zone)
    return max(0, level.threshold - total), begins if begins > now else None, end
