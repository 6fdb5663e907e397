"""Whether a coupon is for this order: its window, store, limits, minimum and conditions, at the order's own moment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

import orjson

from loyaltysite.kit import conditions
from loyaltysite.kit.conditions import Condition
from loyaltysite.kit.errors import DomainError
from rewards.coupons import discounts, refusals
from rewards.coupons.discounts import Offer, Priced
from rewards.engine import fields
from rewards.engine.basis import PRODUCT
from rewards.engine.facts import Context, Occasion
from rewards.engine.situations import BASIS, QUANTITY, select


@dataclass(slots=True)
class Terms:
    """A coupon as it was read with the posting's snapshot."""

    id: int
    pool: int
    key: str
    state: str
    kind: str
    stacking: str
    value_minor: int | None
    percent: str | None
    most_minor: int | None
    sku: str
    conditions: Mapping[str, Any] | None
    lines: Mapping[str, Any] | None
    minimum_minor: int
    stores: list[str]
    members_only: bool
    most: int | None
    taken: int
    per_member: int | None
    starts_at: datetime | None
    ends_at: datetime | None

    @property
    def offer(self) -> Offer:
        return Offer(
            id=self.id,
            kind=self.kind,
            stacking=self.stacking,
            value_minor=self.value_minor or 0,
            percent=Decimal(self.percent or 0),
            most_minor=self.most_minor,
            sku=self.sku,
            admits=_filter(orjson.dumps(self.lines)) if self.lines else bool,
        )

    @property
    def is_for_members(self) -> bool:
        """Without a member nobody could count or know."""
        return self.members_only or self.per_member is not None


@dataclass(frozen=True, slots=True)
class Basket:
    """An order before its codes, as conditions see it; `member_id` is None where nobody is named, and for somebody who
    just joins 0."""

    occasion: Occasion
    context: Context
    priced: tuple[Priced, ...]
    currency: str
    member_id: int | None = None

    @property
    def local(self) -> datetime:
        return self.occasion.local

    @property
    def lines(self) -> Any:
        return self.occasion.lines

    @property
    def total(self) -> int:
        found: int = select(self.occasion.lines)[BASIS]
        return found

    @property
    def quantity(self) -> int:
        found: int = select(self.occasion.lines)[QUANTITY]
        return found

    @property
    def goods_minor(self) -> int:
        """What the goods cost before codes, for minimum orders."""
        return sum(line.amount_minor for line in self.priced if line.kind == PRODUCT and not line.is_reward)


def refusal(terms: Terms, basket: Basket, *, times: int) -> DomainError | None:
    """What stands in the way, what cannot be mended first; `times` is how often the member has used the coupon.

    Over, not begun and used up answer like a wrong code."""
    at = basket.occasion.occurred_at
    is_used_up = terms.most is not None and terms.taken >= terms.most
    found: DomainError | None = None
    if terms.state != "live" or is_used_up or not is_within(terms.starts_at, terms.ends_at, at):
        found = refusals.CodeInvalid()
    elif terms.is_for_members and basket.member_id is None:
        found = refusals.NeedsMember()
    elif terms.per_member is not None and times >= terms.per_member:
        found = refusals.LimitReached(limit=terms.per_member)
    else:
        found = _mismatch(terms, basket)
    if found is not None:
        found.field = "codes"
    return found


def _mismatch(terms: Terms, basket: Basket) -> DomainError | None:
    """What of the order would have to be otherwise."""
    if terms.stores and basket.occasion.store not in terms.stores:
        return refusals.WrongStore(stores=terms.stores)
    if basket.goods_minor < terms.minimum_minor:
        short = terms.minimum_minor - basket.goods_minor
        return refusals.BelowMinimum(minimum_minor=terms.minimum_minor, missing_minor=short)
    if terms.conditions:
        missing = _parsed(orjson.dumps(terms.conditions)).explain(basket, currency=basket.currency)
        if missing:
            return refusals.NotEligible(missing)
    if terms.kind != discounts.RULE and not any(
        discounts.is_for(terms.offer, line) for line in basket.priced
    ):
        return refusals.NothingToTakeOff(**({"sku": terms.sku} if terms.sku else {}))
    return None


def is_within(starts_at: datetime | None, ends_at: datetime | None, at: datetime) -> bool:
    return (starts_at is None or starts_at <= at) and (ends_at is None or at < ends_at)


@lru_cache(maxsize=1024)
def _parsed(text: bytes) -> Condition:
    return conditions.parse(orjson.loads(text), fields.OCCASION)


@lru_cache(maxsize=1024)
def _filter(text: bytes) -> Callable[[Priced], bool]:
    return conditions.parse(orjson.loads(text), fields.LINE).predicate()
