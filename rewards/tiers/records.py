"""What a member's course through the tiers is made of, as plain values that mirror the tables."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

EARNED, REVIEW, MANUAL = "earned", "review", "manual"
# The end of a tier that staff gave for good: far, and still a day in every time zone.
WITHOUT_END = date(9998, 12, 31)


@dataclass(slots=True, eq=False)
class StandingRow:
    """One row of Standing: a claim to a tier from `since` (inclusive) to `ended_at` (exclusive). Rows may stand
    side by side; the highest open one is in force. `id` is None until it is written."""

    tier_id: int
    origin: str
    since: datetime
    confirms_at: datetime | None = None
    valid_until: datetime | None = None
    ended_at: datetime | None = None
    fact_id: int | None = None
    reason: str = ""
    author_id: int | None = None
    id: int | None = None

    def covers(self, moment: datetime) -> bool:
        return self.since <= moment and (self.ended_at is None or moment < self.ended_at)

    @property
    def ends_at(self) -> datetime | None:
        """The end of its validity that a person should see: none for one given for good."""
        is_endless = self.valid_until is None or self.valid_until.year >= WITHOUT_END.year
        return None if is_endless else self.valid_until

    def is_provisional(self, moment: datetime) -> bool:
        return self.confirms_at is not None and moment < self.confirms_at


@dataclass(slots=True)
class Totals:
    """One row of Metric: what counts in one bucket. `last_on` is the day of the latest order counted, None when
    unknown."""

    spend_minor: int = 0
    orders: int = 0
    visits: int = 0
    points: int = 0
    last_on: date | None = None

    @property
    def worth(self) -> int:
        """Customer value is no sum of what happened: it is read from the scores (valuing.py)."""
        return 0


@dataclass(frozen=True, slots=True)
class Move:
    """The tier in force changed at a moment; None stands for no tier at all."""

    at: datetime
    before: int | None
    after: int | None
    origin: str
    fact_id: int | None = None
