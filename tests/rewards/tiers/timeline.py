"""A member's course written as days: what tests of tiers share."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from rewards.tiers.courses import Course
from rewards.tiers.schemes import Level, Scheme

BASIC, SILVER, GOLD = "basic", "silver", "gold"
THRESHOLDS = {BASIC: 0, SILVER: 200, GOLD: 500}


def scheme_of(window: str = "calendar_year", *, never_lost: str = "", zone: str = "UTC", **changes) -> Scheme:
    levels = tuple(
        Level(id=rank + 1, key=key, rank=rank, threshold=threshold, is_never_lost=key == never_lost)
        for rank, (key, threshold) in enumerate(changes.pop("thresholds", THRESHOLDS).items())
    )
    given = {"counted": "spend", "months": 12, "review": "to_earned", "grace_days": 0, "return_days": 14}
    return Scheme(window=window, zone=ZoneInfo(zone), levels=levels, **(given | changes))


def moment(text: str) -> datetime:
    """A day means its noon."""
    found = datetime.fromisoformat(text)
    return (found if len(text) > 10 else found + timedelta(hours=12)).replace(tzinfo=UTC)


def midnight(text: str) -> datetime:
    return datetime.combine(date.fromisoformat(text), time.min, tzinfo=UTC)


class Timeline:
    """A course and its scheme, told in days. Every fact is posted at its own moment unless `posted` says otherwise."""

    def __init__(self, scheme: Scheme | None = None, *, joined: str = "2025-06-01") -> None:
        self.scheme = scheme or scheme_of()
        self.course = Course(self.scheme, date.fromisoformat(joined), [], {})

    def buy(self, day: str, amount: int, *, posted: str = "", **figures: int) -> "Timeline":
        at = moment(day)
        self.course.add(at, spend_minor=amount, orders=1, now=moment(posted) if posted else at, **figures)
        return self

    def bring_back(self, day: str, amount: int, *, bought: str, posted: str = "") -> "Timeline":
        at = moment(day)
        now = moment(posted) if posted else at
        self.course.add(moment(bought), spend_minor=-amount, now=now, happened_at=at)
        return self

    def place(self, day: str, key: str, *, until: str) -> "Timeline":
        level = next(level for level in self.scheme.levels if level.key == key)
        self.course.place(
            level, until=midnight(until), reason="A guest of honour", author_id=1, now=moment(day)
        )
        return self

    def tier(self, day: str) -> str:
        level = self.course.level_at(moment(day))
        return level.key if level else ""

    def tiers(self, *days: str) -> list[str]:
        return [self.tier(day) for day in days]

    def progress(self, day: str):
        return self.course.progress(moment(day))

    @property
    def claims(self) -> list[str]:
        """The keys of all standings ever, in the order of their making."""
        return [self.scheme.by_id[row.tier_id].key for row in self.course.standings]
