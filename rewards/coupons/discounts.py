"""What coupons take off an order's lines: a pure function in whole minor units, the same whatever the order of typing.

Free products and free shipping come first, then percents, then amounts; within one kind by the coupon's id. Each takes
from what the ones before it left, spread by largest remainder and never below zero (SEMANTICS 41).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from rewards.engine.basis import PRODUCT, spread

AMOUNT, PERCENT, FREE, SHIPPING, RULE = "amount", "percent", "product", "shipping", "rule"
# In this order they are taken off.
TURNS = {FREE: 0, SHIPPING: 1, PERCENT: 2, AMOUNT: 3, RULE: 4}
COMMON, EXCLUSIVE, ALWAYS = "common", "exclusive", "always"


class Priced(NamedTuple):
    """A line as far as discounts look at it: `amount_minor` is what it costs before codes."""

    position: int
    kind: str
    sku: str
    name: str
    category: str
    quantity: int
    amount_minor: int
    is_reward: bool = False

    @property
    def basis_minor(self) -> int:
        """For the trees over a line, which know its amount by this name."""
        return self.amount_minor


@dataclass(frozen=True, slots=True)
class Offer:
    """A coupon as far as arithmetic looks at it. `admits` is its filter of lines."""

    id: int
    kind: str
    stacking: str = COMMON
    value_minor: int = 0
    percent: Decimal = Decimal(0)
    most_minor: int | None = None
    sku: str = ""
    admits: Callable[[Priced], bool] = bool


@dataclass(slots=True)
class Result:
    """`shares` is {coupon id: [minor units for each line, in their order]}; `left_out` are coupons that do not go
    together with those that were taken."""

    shares: dict[int, list[int]] = field(default_factory=dict)
    left_out: list[int] = field(default_factory=list)

    @property
    def total_minor(self) -> int:
        return sum(map(sum, self.shares.values()))

    def per_line(self, count: int) -> list[int]:
        return [sum(each[at] for each in self.shares.values()) for at in range(count)]


def price(offers: Sequence[Offer], lines: Sequence[Priced]) -> Result:
    """The discounts of these coupons together. Of exclusive ones the best stands against all common ones; the side that
    saves more is taken, the common ones where both save the same, then the lower id."""
    by_id = {offer.id: offer for offer in sorted(offers, key=lambda offer: offer.id)}
    always = [offer for offer in by_id.values() if offer.stacking == ALWAYS]
    common = [offer for offer in by_id.values() if offer.stacking == COMMON]
    sides = [common, *([offer] for offer in by_id.values() if offer.stacking == EXCLUSIVE)]
    if not common and len(sides) > 1:
        sides = sides[1:]
    results = [_together([*side, *always], lines) for side in sides]
    best = max(results, key=lambda result: result.total_minor)
    best.left_out = [number for number in by_id if number not in best.shares]
    return best


def _together(offers: Sequence[Offer], lines: Sequence[Priced]) -> Result:
    left = [line.amount_minor for line in lines]
    result = Result()
    for offer in sorted(offers, key=lambda offer: (TURNS[offer.kind], offer.id)):
        shares = _taken(offer, lines, left)
        left = [rest - share for rest, share in zip(left, shares, strict=True)]
        result.shares[offer.id] = shares
    return result


def _taken(offer: Offer, lines: Sequence[Priced], left: Sequence[int]) -> list[int]:
    """What one coupon takes of each line, given what is left of them."""
    if offer.kind == RULE:
        return [0] * len(lines)
    if offer.kind == FREE:
        return _one_piece(offer, lines, left)
    weights = [rest if is_for(offer, line) else 0 for line, rest in zip(lines, left, strict=True)]
    amount = sum(weights)
    if offer.kind == PERCENT:
        amount = round(Fraction(offer.percent) * amount / 100)
    elif offer.kind == AMOUNT:
        amount = min(amount, offer.value_minor)
    if offer.most_minor is not None:
        amount = min(amount, offer.most_minor)
    return spread(amount, weights)


def _one_piece(offer: Offer, lines: Sequence[Priced], left: Sequence[int]) -> list[int]:
    """The price of one piece, of the line on which it costs most: the customer may choose."""
    prices = [
        round(Fraction(rest, line.quantity)) if is_for(offer, line) else 0
        for line, rest in zip(lines, left, strict=True)
    ]
    dearest = max(prices, default=0)
    at = prices.index(dearest) if dearest else -1
    most = dearest if offer.most_minor is None else min(dearest, offer.most_minor)
    return [most if number == at else 0 for number in range(len(lines))]


def is_for(offer: Offer, line: Priced) -> bool:
    """Whether a line may be discounted: what a reward paid, gift cards, tips and fees never are."""
    if line.is_reward:
        return False
    if offer.kind == SHIPPING:
        return line.kind == "shipping"
    if line.kind != PRODUCT or (offer.kind == FREE and line.sku != offer.sku):
        return False
    return offer.admits(line)
