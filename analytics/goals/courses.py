"""What is expected of a goal on a day, and how it stands: plain arithmetic, without a clock or a database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from analytics.models import Goal

State = Goal.State
# A goal is behind when so much of its whole way is missing from where it should be.
TOLERANCE = Decimal("0.1")


@dataclass(frozen=True, slots=True)
class Way:
    """`weights` are one for each day from the first to the day it is due: how much of the way belongs to the day. All
    alike walks straight; the orders of the year before walk with the seasons."""

    start: Decimal
    target: Decimal
    begins: date
    due: date
    weights: Sequence[int] = ()

    @property
    def length(self) -> int:
        return (self.due - self.begins).days + 1

    def expected(self, day: date) -> Decimal:
        """At the end of that day."""
        place = min(max((day - self.begins).days + 1, 0), self.length)
        total = sum(self.weights)
        share = Decimal(sum(self.weights[:place])) / total if total else Decimal(place) / self.length
        return self.start + (self.target - self.start) * share

    def is_reached(self, value: Decimal) -> bool:
        return value >= self.target if self.target > self.start else value <= self.target

    def missing(self, value: Decimal, day: date) -> Decimal:
        """What is missing to where it should be, as a share of the whole way; negative where it is ahead."""
        return (self.expected(day) - value) / (self.target - self.start)


def state_on(way: Way, *, value: Decimal | None, day: date) -> str:
    """How it stands at the end of a day. Nothing measured counts as not there yet."""
    if day < way.begins:
        return State.WAITING
    if value is not None and way.is_reached(value):
        return State.REACHED
    if day >= way.due:
        return State.MISSED
    if value is None or way.missing(value, day) > TOLERANCE:
        return State.BEHIND
    return State.ON_COURSE
