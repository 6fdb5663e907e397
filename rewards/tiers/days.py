"""Days and months of a program's own calendar. Month arithmetic clamps to the last day (SEMANTICS 10)."""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo


def add_months(day: date, months: int) -> date:
    """The same day `months` later (or earlier), the last day of that month where there is none."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if not date.min.year <= year <= date.max.year:
        return date.min if months < 0 else date.max
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def start_of(day: date, zone: ZoneInfo) -> datetime:
    """The first moment of the day there, in UTC; where the clocks skip midnight, the moment they do."""
    return datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC)


def day_of(moment: datetime, zone: ZoneInfo) -> date:
    return moment.astimezone(zone).date()
