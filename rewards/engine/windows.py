"""When a rule is open: dates, days of the week and hours of the program's local time."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as _

from rewards.engine.definitions import Part, RuleError

DAY_MINUTES = 24 * 60
EVERY_DAY = frozenset(range(1, 8))
ALL_DAY = ((0, DAY_MINUTES),)
_TIME = re.compile(r"([01]?[0-9]|2[0-3]):[0-5][0-9]|24:00", re.ASCII)


@dataclass(frozen=True, slots=True)
class Window:
    """`opens` and `closes` are local and naive, the end exclusive; `hours` are minutes of the day.

    Hours that cross midnight belong to the day on which they began: Friday 22 to 2 holds on Saturday at 1.
    """

    opens: datetime | None = None
    closes: datetime | None = None
    weekdays: frozenset[int] = EVERY_DAY
    hours: tuple[tuple[int, int], ...] = ALL_DAY

    def refusal(self, local: datetime) -> str:
        """Why the rule is shut at this local moment: early, late, weekday, hour, or "" if open."""
        if self.opens is not None or self.closes is not None:
            wall = local.replace(tzinfo=None)
            if self.opens is not None and wall < self.opens:
                return "early"
            if self.closes is not None and wall >= self.closes:
                return "late"
        return self._refusal_by_week(local)

    def _refusal_by_week(self, local: datetime) -> str:
        minute = local.hour * 60 + local.minute
        today = local.isoweekday()
        is_in_hours = False
        for begin, end in self.hours:
            if begin < end:
                is_in, day = begin <= minute < end, today
            elif minute >= begin:
                is_in, day = True, today
            else:
                is_in, day = minute < end, (local - timedelta(days=1)).isoweekday()
            if is_in and day in self.weekdays:
                return ""
            is_in_hours = is_in_hours or is_in
        return "weekday" if is_in_hours else "hour"


def read(part: Part) -> Window:
    opens, closes = part.moment("from"), part.moment("until")
    if opens and closes and closes <= opens:
        part.refuse("until", _("The end must be after the beginning."))
    weekdays = _weekdays(part) if part.has("weekdays") else EVERY_DAY
    hours = _hours(part) if part.has("hours") else ALL_DAY
    part.close()
    return Window(opens=opens, closes=closes, weekdays=weekdays, hours=hours)


def _weekdays(part: Part) -> frozenset[int]:
    days = part.items("weekdays")
    for path, day in days:
        if isinstance(day, bool) or not isinstance(day, int) or not 1 <= day <= 7:
            raise RuleError(_("Give a day of the week from 1 (Monday) to 7 (Sunday)."), path=path)
    return frozenset(day for _path, day in days)


def _hours(part: Part) -> tuple[tuple[int, int], ...]:
    spans = []
    for path, span in part.items("hours"):
        if not isinstance(span, list) or len(span) != 2:
            raise RuleError(_("Give two times, the first and the last."), path=path)
        begin, end = (_minute(value, f"{path}[{index}]") for index, value in enumerate(span))
        if begin in {end, DAY_MINUTES}:
            raise RuleError(_("The end must differ from the beginning."), path=path)
        spans.append((begin, end))
    return tuple(spans)


def _minute(value: object, path: str) -> int:
    """An hour from 0 to 24, or a time such as "16:30", as minutes of the day."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 24:
        return value * 60
    if isinstance(value, str) and _TIME.fullmatch(value):
        hour, _colon, minute = value.partition(":")
        return int(hour) * 60 + int(minute)
    raise RuleError(_("Give an hour from 0 to 24 or a time such as 16:30."), path=path)
