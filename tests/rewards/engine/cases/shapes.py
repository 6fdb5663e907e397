"""How a case is written down."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

ORDER = {"on": "order"}
ONE_PER_MAJOR = {"kind": "per_amount", "points": "1", "per_minor": 100}
MUGS = {"field": "category", "op": "=", "value": "mugs"}


@dataclass(frozen=True)
class Item:
    amount_minor: int
    category: str = "mugs"
    quantity: int = 1
    sku: str = "sku-1"
    is_paid_by_reward: bool = False


@dataclass(frozen=True)
class Order:
    at: str
    items: tuple[Item, ...]
    given: Mapping[str, int]
    returned: tuple[int, ...] = (1,)
    left: Mapping[str, int] = field(default_factory=dict)
    cut: Mapping[str, str] = field(default_factory=dict)
    store: str = "north"
    channel: str = "till"
    kind: str = "order"
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """`rules` maps keys to definitions, whose trigger (order) and unit (points) may be left out; their ids follow
    the order of the mapping. `units` maps keys to precision and cap per order in ledger units."""

    name: str
    semantics: int
    rules: Mapping[str, Mapping[str, Any]]
    orders: tuple[Order, ...]
    units: Mapping[str, tuple[int, int | None]] = field(default_factory=lambda: {"points": (0, None)})
    tier: str = ""
    multipliers: Mapping[str, str] = field(default_factory=dict)
    member: Mapping[str, Any] = field(default_factory=dict)
    segments: frozenset[str] = frozenset()
    # How much each terms text gets of the first order, where lots of their own are what the case is about.
    lots: Mapping[str, int] | None = None


def fixed(points: str, **others: Any) -> dict[str, Any]:
    return {"amount": {"kind": "fixed", "points": points}, **others}


def base(**others: Any) -> dict[str, Any]:
    return {"amount": ONE_PER_MAJOR, **others}


NOON = "2026-02-02T12:00"  # a Monday
TWO = (Item(6000), Item(4000, category="tea"))
