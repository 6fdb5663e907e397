"""Wallets and lots of the model: what is used first, what ends, what is owed (3 to 10, 25, 26)."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.rewards.model.ledger import Order

DAY = timedelta(days=1)
NEVER = datetime.max.replace(tzinfo=UTC)
GRACE = 14
# Days in which what ended may be asked back.
ASKED = 10
UNITS = ("points", "stamps", "credit")
# Limit of arrears; None is no limit, and what is beyond is forgiven.
LIMITS = {"points": None, "stamps": 0, "credit": 50}


def midnight_after(day: datetime, days: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + (days + 1) * DAY


def dates(unit: str, earned_at: datetime) -> tuple[datetime, datetime | None]:
    """When a lot becomes active and when it ends (7 to 10)."""
    if unit == "points":
        return earned_at, midnight_after(earned_at, 20)
    if unit == "stamps":
        return earned_at + 5 * DAY, None
    return earned_at, midnight_after(earned_at.replace(day=monthrange(earned_at.year, earned_at.month)[1]))


@dataclass(eq=False)
class Lot:
    number: int
    granted: int
    earned_at: datetime
    active_at: datetime | None
    expires_at: datetime | None
    order: Order | None
    remaining: int = 0
    reserved: int = 0
    expired: int = 0
    was_given_back: bool = False
    is_active: bool = False
    awaits_payment: bool = False

    def rank(self) -> tuple[datetime, datetime, int]:
        return self.expires_at or NEVER, self.earned_at, self.number

    @property
    def due_at(self) -> datetime | None:
        return self.expires_at if self.is_active else self.active_at

    @property
    def free(self) -> int:
        return self.remaining - self.reserved


@dataclass(eq=False)
class Wallet:
    unit: str
    lots: list[Lot] = field(default_factory=list)
    # Of wallets that were merged into this one.
    former: list[Lot] = field(default_factory=list)
    arrears: int = 0

    @property
    def active(self) -> int:
        return sum(lot.free for lot in self.lots if lot.is_active)

    @property
    def pending(self) -> int:
        return sum(lot.remaining for lot in self.lots if not lot.is_active)

    def repay(self, lot: Lot) -> None:
        part = min(self.arrears, lot.remaining)  # 26
        self.arrears -= part
        lot.remaining -= part

    def open(self, amount: int, now: datetime, **given: object) -> Lot:
        lot = Lot(len(self.lots), amount, remaining=amount, **given)  # type: ignore[arg-type]
        self.lots.append(lot)
        if lot.active_at is not None and lot.active_at <= now:
            lot.is_active = True
            self.repay(lot)
        self.settle(now)
        return lot

    def settle(self, now: datetime) -> None:
        while due := [lot for lot in self.lots if lot.free and lot.due_at and lot.due_at <= now]:
            lot = min(due, key=lambda each: (each.due_at, each.rank()))
            if lot.is_active:
                lot.expired += lot.free
                lot.remaining = lot.reserved
            else:
                lot.is_active = True
                self.repay(lot)

    def take(self, amount: int, lots: list[Lot] | None = None) -> list[tuple[Lot, int]]:
        """From active lots in order of use (5), or from those given; as much as there is."""
        chosen = sorted((lot for lot in self.lots if lot.is_active), key=Lot.rank) if lots is None else lots
        taken = []
        for lot in chosen:
            part = min(lot.free, amount)
            if part:
                lot.remaining -= part
                amount -= part
                taken.append((lot, part))
        return taken

    def reverse(self, amount: int, order: Order) -> None:
        own = sorted((lot for lot in self.lots if lot.order is order), key=Lot.rank)
        for lots in ([lot for lot in own if not lot.is_active], [lot for lot in own if lot.is_active]):  # 25
            amount -= sum(part for _lot, part in self.take(amount, lots))
        over = sum(lot.expired for lot in (*own, *self.former) if lot.order is order)
        ended = min(amount, over - order.absorbed.get(self.unit, 0))
        order.absorbed[self.unit] = order.absorbed.get(self.unit, 0) + ended
        amount -= ended
        amount -= sum(part for _lot, part in self.take(amount))
        limit = LIMITS[self.unit]
        self.arrears += amount if limit is None else max(0, min(amount, limit - self.arrears))  # 26
