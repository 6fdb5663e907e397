"""What the engine prices: an order (or a custom event) and the context of its moment. Plain values, no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from fractions import Fraction
from typing import Any, NamedTuple


class Line(NamedTuple):
    """One line of an order. `basis_minor` is what earns (SEMANTICS 17); `is_counted` is False for lines of
    zero net or paid by a reward, which count for no stamp, visit or order metric. A named tuple, like Counter, because
    an import builds millions."""

    position: int
    sku: str
    name: str
    category: str
    quantity: int
    basis_minor: int
    is_counted: bool = True


@dataclass(frozen=True, slots=True)
class Occasion:
    """An order or a custom event. `kind` is "order" or the event's kind; `occurred_at` is aware UTC and
    `local` the same moment in the program's time zone; `data` holds an event's attributes."""

    kind: str
    occurred_at: datetime
    local: datetime
    store: str = ""
    channel: str = ""
    lines: tuple[Line, ...] = ()
    data: Mapping[str, object] = field(default_factory=dict)


class Counter(NamedTuple):
    """How much a rule has given in one period, how often, and when last (epoch seconds, UTC)."""

    amount: int = 0
    times: int = 0
    last: float | None = None


class Perk(NamedTuple):
    """A benefit in force that prices depend on (rewards/benefits/kinds.py): of the tier or plan `key`; `term` is the id of
    the plan's term."""

    source: str
    key: str
    term: int
    benefit: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Context:
    """What was known about the member at the moment. Stored with the award, so that a return re-prices exactly.

    `counters` is keyed "<rule id>:<period key>"; `multipliers` maps a unit's key to the standing's factor on
    per-amount awards; `member` holds facts such as joined_on, birthday, language, tags; `plans` are those held,
    {key: id of the term}, `perks` the benefits of tier and plans; `coupons` are the keys of those that the order's codes
    brought.
    """

    tier: str = ""
    rank: int = 0
    multipliers: Mapping[str, Fraction] = field(default_factory=dict)
    counters: Mapping[str, Counter] = field(default_factory=dict)
    segments: frozenset[str] = frozenset()
    member: Mapping[str, object] = field(default_factory=dict)
    plans: Mapping[str, int] = field(default_factory=dict)
    perks: tuple[Perk, ...] = ()
    coupons: frozenset[str] = frozenset()

    def without(self, term: int) -> Context:
        """The same without what one term of a plan gives."""
        plans = {key: number for key, number in self.plans.items() if number != term}
        return replace(self, plans=plans, perks=tuple(perk for perk in self.perks if perk.term != term))
