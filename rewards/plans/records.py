"""A term of a plan as plain values that mirror its row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

ACTIVE: Final = "active"
LEAVING: Final = "leaving"
ENDED: Final = "ended"
REFUNDED: Final = "refunded"
RUNNING: Final = frozenset({ACTIVE, LEAVING})


@dataclass(frozen=True, slots=True)
class TermRow:
    """From `starts_at` (inclusive) to `ends_at` (exclusive, None = without end), or to `stopped_at` where it was paid back.
    `benefits` are those that were bought."""

    id: int
    plan_id: int
    number: int
    streak: int
    anchor_on: date
    starts_at: datetime
    ends_at: datetime | None
    stopped_at: datetime | None
    state: str
    benefits: Sequence[Mapping[str, Any]]

    @classmethod
    def of(cls, row: Sequence[Any]) -> TermRow:
        """As wafa_read() tells it."""
        number, plan, place, streak, anchor, starts, ends, stopped, state, benefits = row
        begin, end, stop = (
            None if text is None else datetime.fromisoformat(text) for text in (starts, ends, stopped)
        )
        assert begin is not None  # noqa: S101 - the column is never empty
        return cls(number, plan, place, streak, date.fromisoformat(anchor), begin, end, stop, state, benefits)

    def covers(self, moment: datetime) -> bool:
        end = self.ends_at if self.stopped_at is None else self.stopped_at
        return self.starts_at <= moment and (end is None or moment < end)


def in_force(terms: Sequence[TermRow], moment: datetime) -> list[TermRow]:
    """The terms that run at a moment, the earliest first; never two of one plan."""
    found: dict[int, TermRow] = {}
    for term in terms:
        if term.covers(moment):
            found.setdefault(term.plan_id, term)
    return list(found.values())
