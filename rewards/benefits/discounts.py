"""What member prices and free shipping come to, line by line, and how much of it the shop has already taken off. Pure.

A price is taken off the line's own price before any discount. Of several percentages the highest counts, of equal ones the
tier's. Wafa states it; the shop applies it and sends the line with its discount.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Protocol

from rewards.benefits import kinds
from rewards.engine.basis import PRODUCT
from rewards.engine.facts import Perk

SHIPPING_LINE = "shipping"


class PricedLine(Protocol):
    position: int
    kind: str
    category: str
    amount_minor: int
    discount_minor: int


@dataclass(frozen=True, slots=True)
class Discount:
    """`due_minor` is what the benefit comes to on a line, `given_minor` what of it the line's discount holds."""

    position: int
    perk: Perk
    due_minor: int
    given_minor: int

    def as_json(self) -> dict[str, Any]:
        return {
            "line": self.position,
            "kind": kinds.kind_of(self.perk.benefit),
            "source": self.perk.source,
            "key": self.perk.key,
            "due_minor": self.due_minor,
            "given_minor": self.given_minor,
        }


def of(lines: Sequence[PricedLine], perks: Iterable[Perk]) -> list[Discount]:
    """A discount for each line that has one."""
    priced = [perk for perk in perks if kinds.kind_of(perk.benefit) in {kinds.PERCENT, kinds.SHIPPING}]
    return list(_each(lines, priced)) if priced else []


def _each(lines: Sequence[PricedLine], perks: Sequence[Perk]) -> Iterator[Discount]:
    goods = sum(line.amount_minor for line in lines if line.kind == PRODUCT)
    free = next((perk for perk in perks if _ships_free(perk, goods)), None)
    for line in lines:
        list_minor = line.amount_minor + line.discount_minor
        perk, due = None, 0
        if line.kind == SHIPPING_LINE and free is not None:
            perk, due = free, list_minor
        elif line.kind == PRODUCT:
            perk = _best(line.category, perks)
            due = round(list_minor * _share(perk)) if perk is not None else 0
        if perk is not None and due > 0:
            yield Discount(line.position, perk, due, max(0, min(due, line.discount_minor)))


def _ships_free(perk: Perk, goods_minor: int) -> bool:
    benefit = perk.benefit
    return kinds.kind_of(benefit) == kinds.SHIPPING and goods_minor >= benefit.get("minimum_minor", 0)


def _best(category: str, perks: Sequence[Perk]) -> Perk | None:
    fitting = [
        perk
        for perk in perks
        if kinds.kind_of(perk.benefit) == kinds.PERCENT
        and (not perk.benefit.get("categories") or category in perk.benefit["categories"])
    ]
    return max(fitting, key=_share, default=None)


def _share(perk: Perk) -> Fraction:
    return Fraction(str(perk.benefit["percent"])) / 100
