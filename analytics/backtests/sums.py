"""What a chunk of members came to, as plain numbers that add up. Values are whole 1/scale minor units."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

# A row of a breakdown: orders, basis in minor units, margin in minor units, value before and after.
type Row = list[int]
# A row of a day: orders, basis, what was given at once before and after, the same net of what came back.


@dataclass(slots=True)
class Sums:
    """Counts of two worlds, the one that was (before) and the one of the draft (after). Points are {unit: ledger units},
    net of what was taken back; `real` is what the ledger says. `unlike` counts orders for which the replay and the ledger
    differ, by why. Breakdowns are by day, store, category, tier at the order; `rules` is {id: [times, value, times, value]}.
    `sold` is by day what orders alone gave at once under the draft. `held`, `ended` and `paid` are pairs of values; `lacking` is how often, and by how much, points would not have sufficed
    for what was bought with them."""

    members: int = 0
    orders: int = 0
    events: int = 0
    basis: int = 0
    margin: int = 0
    unknown_margin: int = 0
    before: dict[str, int] = field(default_factory=dict)
    after: dict[str, int] = field(default_factory=dict)
    real: dict[str, int] = field(default_factory=dict)
    unlike: dict[str, int] = field(default_factory=dict)
    days: dict[str, Row] = field(default_factory=dict)
    sold: dict[str, int] = field(default_factory=dict)
    stores: dict[str, Row] = field(default_factory=dict)
    categories: dict[str, Row] = field(default_factory=dict)
    tiers: dict[str, Row] = field(default_factory=dict)
    rules: dict[str, Row] = field(default_factory=dict)
    budgets: dict[str, dict[str, list[int]]] = field(default_factory=dict)
    moves: dict[str, int] = field(default_factory=dict)
    held: Row = field(default_factory=lambda: [0, 0])
    ended: Row = field(default_factory=lambda: [0, 0])
    paid: Row = field(default_factory=lambda: [0, 0])
    lacking: Row = field(default_factory=lambda: [0, 0])
    versions: list[int] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return {one.name: getattr(self, one.name) for one in fields(self)}


def of_json(stored: Mapping[str, Any]) -> Sums:
    return Sums(**stored)


def add(rows: dict[str, Row], key: str, values: Iterable[int]) -> None:
    """Add to one row of a breakdown."""
    row = rows.get(key)
    if row is None:
        rows[key] = [*values]
    else:
        for place, value in enumerate(values):
            row[place] += value


def together(parts: Iterable[Mapping[str, Any]]) -> Sums:
    """The sum of all chunks."""
    total = Sums()
    for part in parts:
        for one in fields(Sums):
            setattr(total, one.name, _plus(one.name, getattr(total, one.name), part.get(one.name)))
    return total


def _plus(name: str, left: Any, right: Any) -> Any:
    if right is None:
        return left
    if name == "versions":
        return sorted({*left, *right})
    if isinstance(left, dict):
        return {
            key: _plus("", left.get(key), right.get(key)) if key in left else right[key]
            for key in {**left, **right}
        }
    if isinstance(left, list):
        return [a + b for a, b in zip(left, right, strict=True)]
    return left + right
