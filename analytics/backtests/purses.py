"""What one member holds of one unit in a replay: lots, used soonest expiry first, as the ledger does (5, 25, 26)."""

from __future__ import annotations

from copy import copy
from datetime import UTC, datetime
from typing import Any

from rewards.policies import Lapse

NEVER = datetime.max.replace(tzinfo=UTC)
# A lot is [expires at, earned at, number, active at, remaining, order]; lists compare in the order of use.
EXPIRES, EARNED, NUMBER, ACTIVE, REMAINING, ORDER = range(6)
type LotList = list[list[Any]]


class Purse:
    """Amounts are whole ledger units. `expired` is what ended unused until a moment it was asked for."""

    __slots__ = ("arrears", "count", "expired", "lapse", "lapses_at", "lots")

    def __init__(self, lapse: Lapse | None = None) -> None:
        self.lots: LotList = []
        self.count = 0
        self.arrears = 0
        self.expired = 0
        self.lapse = lapse
        self.lapses_at = NEVER

    def clone(self) -> Purse:
        found = copy(self)
        found.lots = [[*lot] for lot in self.lots]
        return found

    def stir(self, activity: str, at: datetime) -> None:
        """The member did something that may keep points from lapsing (9)."""
        if self.lapse is not None and activity in self.lapse.by:
            self._end(at)
            self.lapses_at = self.lapse.after(at)

    def credit(
        self,
        amount: int,
        *,
        at: datetime,
        active_at: datetime | None,
        expires_at: datetime | None,
        order: int = 0,
    ) -> None:
        """Open a lot; what is missing is repaid first. Without `active_at` it waits for an event, which is taken to come at
        once."""
        self.stir("earn", at)
        if self.arrears:
            repaid = min(self.arrears, amount)
            self.arrears -= repaid
            amount -= repaid
        if amount:
            self.count += 1
            self.lots.append([expires_at or NEVER, at, self.count, active_at or at, amount, order])

    def spend(self, amount: int, *, at: datetime) -> int:
        """Take from usable lots in order of use; what was not there."""
        self._end(at)
        taken = self._take(amount, at)
        self.stir("spend", at)
        return amount - taken

    def reverse(self, amount: int, *, order: int, at: datetime, limit: int | None, mode: str) -> None:
        """Take back what an order gave: from its own lots, then from others. What had ended is not taken again."""
        self._end(at)
        for lot in [lot for lot in self.lots if lot[ORDER] == order]:
            taken = min(amount, lot[REMAINING])
            lot[REMAINING] -= taken
            amount -= taken
            if lot[EXPIRES] <= at:
                self.expired += taken
        amount -= self._take(amount, at)
        if amount and mode == "arrears":
            self.arrears += amount if limit is None else max(0, min(amount, limit - self.arrears))

    def held(self, at: datetime) -> int:
        """What is left at a moment, pending or usable, less what is missing."""
        self._end(at)
        left: int = sum(lot[REMAINING] for lot in self.lots if lot[EXPIRES] > at)
        return left - self.arrears

    def ended(self, at: datetime) -> int:
        """What ended unused by a moment."""
        left: int = sum(lot[REMAINING] for lot in self.lots if lot[EXPIRES] <= at)
        return self.expired + left

    def _take(self, amount: int, at: datetime) -> int:
        taken = 0
        for lot in sorted(lot for lot in self.lots if lot[REMAINING] and lot[ACTIVE] <= at < lot[EXPIRES]):
            part = min(amount - taken, lot[REMAINING])
            lot[REMAINING] -= part
            taken += part
            if taken == amount:
                break
        return taken

    def _end(self, at: datetime) -> None:
        """Inactivity ends everything usable together."""
        if at < self.lapses_at:
            return
        for lot in self.lots:
            if lot[ACTIVE] <= self.lapses_at < lot[EXPIRES]:
                self.expired += lot[REMAINING]
                lot[REMAINING] = 0
        self.lapses_at = NEVER
