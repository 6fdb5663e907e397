"""What happened to one member, as plain values, in the order in which it happened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from rewards.engine.facts import Line, Occasion
from rewards.intake.state import Line as RawLine
from rewards.intake.state import OrderRow
from rewards.plans.records import TermRow

# What comes first of things at one moment.
PLACING, ORDER, EVENT, RETURN, MOVEMENT = range(5)


@dataclass(slots=True)
class Bought:
    """An order as it was placed. `raw` are its lines as they were read, `lines` as the engine sees them; `margin` is
    in minor units, None where it is not known. `real` is what it gave in fact, net of what was taken back, and `tier` the
    one it was priced with."""

    id: int
    at: datetime
    store_id: int | None
    channel: str
    versions: tuple[int, ...]
    real: dict[str, int]
    tier: str
    coupons: frozenset[str] = frozenset()
    lines: list[Line] = field(default_factory=list)
    raw: list[tuple[Any, ...]] = field(default_factory=list)
    margin: int | None = 0
    basis: int = 0
    occasion: Occasion | None = None
    row: OrderRow | None = None

    def stored(self) -> OrderRow:
        """The order as returns work on it."""
        if self.row is None:
            self.row = OrderRow(
                self.id, "", "", None, self.store_id, self.channel, "paid", 0, 0, self.at, "", 0, 0, 0
            )
            self.row.lines = [RawLine(*raw[1:13]) for raw in sorted(self.raw)]
        return self.row


@dataclass(frozen=True, slots=True)
class Came:
    """An event that a member was the subject of."""

    id: int
    at: datetime
    kind: str
    data: Mapping[str, Any]
    versions: tuple[int, ...] | None
    real: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Back:
    """What came back of one order: quantities by position, or an amount, or all."""

    at: datetime
    order_id: int
    lines: tuple[tuple[int, int], ...] = ()
    amount_minor: int = 0
    is_all: bool = False


@dataclass(frozen=True, slots=True)
class Moved:
    """What the ledger moved for another reason than an order: above zero was given, below was taken, and what `is_back` was
    taken before; `earned_at` is that of the lot. `reward_id` names what a member took for it, and `price` what that cost then, {unit key: ledger units}."""

    at: datetime
    unit: str
    amount: int
    expires_at: datetime | None = None
    earned_at: datetime | None = None
    is_back: bool = False
    redemption_id: int | None = None
    reward_id: int | None = None
    price: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Placed:
    """A tier that staff gave, or took back before its time (`level` 0)."""

    at: datetime
    level: int
    until: datetime


type Act = tuple[datetime, int, int, Any]


@dataclass(slots=True)
class Story:
    """A member with all of this; `acts` are (moment, rank, number, what), `coming_back` the orders of which something does."""

    id: int
    joined_at: datetime
    facts: dict[str, Any]
    terms: list[TermRow] = field(default_factory=list)
    acts: list[Act] = field(default_factory=list)
    orders: dict[int, Bought] = field(default_factory=dict)
    coming_back: set[int] = field(default_factory=set)
