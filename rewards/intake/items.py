"""What a shop, a till or an import may tell us. Plain values; every moment is an aware datetime, money is minor units.

Each item names its fact by (source, kind, external id, revision), which has effect once for ever: a repeat with the
same content gets the first answer, with other content it is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

# The event of a renewal (rewards/intake/renewals.py).
SUBSCRIPTION = "subscription.renewed"


@dataclass(frozen=True, slots=True)
class Who:
    """A member by one identity: kind is one of Identity.Kind ("email", "phone", "card", "shop", "social") or "number"
    for the member number. With `joins`, an unknown one becomes a member (not for "number")."""

    kind: str
    value: str
    joins: bool = False
    name: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class LineIn:
    """`amount_minor` is what the line costs net of `discount_minor`; `tax_minor` is the part of tax (contained in
    the amount, or on top of it where the program's prices exclude tax). kind: product, shipping, tip, gift_card, fee."""

    sku: str
    quantity: int
    amount_minor: int
    name: str = ""
    category: str = ""
    kind: str = "product"
    discount_minor: int = 0
    tax_minor: int = 0
    cost_minor: int | None = None
    is_reward: bool = False


@dataclass(frozen=True, slots=True)
class TenderIn:
    """Part of an order paid with points or credit: out of the member's wallet of `unit`, or of the gift card whose code
    is `card`. So many ledger units (`amount`), or so much of the price (`money_minor`); with neither as much as is there
    and the order costs."""

    unit: str = ""
    card: str = ""
    amount: int | None = None
    money_minor: int | None = None


@dataclass(frozen=True, slots=True)
class OrderIn:
    """An order, or with a higher `revision` the same order changed. `is_paid` False earns pending until it is paid.
    `credit_minor` is a part that was paid with points or credit of others than us; `tenders` are what we take; `quote` is
    the promise of an earlier preview; `codes` are coupons, which take their discount off the lines as they are sent."""

    source: str
    external_id: str
    occurred_at: datetime
    lines: tuple[LineIn, ...]
    member: Who | None = None
    store: str = ""
    channel: str = ""
    currency: str = ""
    is_paid: bool = True
    revision: int = 0
    credit_minor: int = 0
    quote: str = ""
    codes: tuple[str, ...] = ()
    tenders: tuple[TenderIn, ...] = ()


@dataclass(frozen=True, slots=True)
class PaidIn:
    """The order was paid."""

    source: str
    external_id: str
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class CancelIn:
    """The order was cancelled: a return of all its lines."""

    source: str
    external_id: str
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class ReturnLineIn:
    """`position` names a line of the order; without it the SKU does."""

    sku: str
    quantity: int
    amount_minor: int = 0
    position: int | None = None


@dataclass(frozen=True, slots=True)
class ReturnIn:
    """A return. `order` is the external id of the order it belongs to (same source), or empty where the shop names
    none: then each line is matched with the member's latest earlier orders. `amount_minor` without lines shrinks
    all unreturned lines in proportion."""

    source: str
    external_id: str
    occurred_at: datetime
    order: str = ""
    member: Who | None = None
    lines: tuple[ReturnLineIn, ...] = ()
    amount_minor: int | None = None


@dataclass(frozen=True, slots=True)
class EventIn:
    """A custom event of a member, such as a review written."""

    source: str
    external_id: str
    kind: str
    occurred_at: datetime
    member: Who
    data: Mapping[str, object] = field(default_factory=dict)


Item = OrderIn | PaidIn | CancelIn | ReturnIn | EventIn


@dataclass(slots=True)
class Outcome:
    """The answer to one item. `status`: recorded, repeated, waiting (for its order) or refused (then `code`, `message`
    and `field` say why and nothing was written for it). `awarded` and `balance` are {unit key: ledger units} of this
    item and of the member's usable points after it; `unmatched` counts what a return could not be matched with; `codes`
    tell of each code of an order what it takes off, `params` of a refusal what is missing. `payment` tells how an order with tenders is paid (see
    intake.tenders.told); `restored` what a return gave back of them: [{"unit", "amount", "money_minor", "card"}]."""

    status: str
    code: str = ""
    message: str = ""
    fact_id: int | None = None
    order_id: int | None = None
    member_id: int | None = None
    awarded: dict[str, int] = field(default_factory=dict)
    reversed: dict[str, int] = field(default_factory=dict)
    balance: dict[str, int] = field(default_factory=dict)
    tier: str = ""
    # Member prices and free shipping by line (rewards/benefits/discounts.py).
    benefits: list[dict[str, Any]] = field(default_factory=list)
    unmatched: int = 0
    codes: list[dict[str, Any]] = field(default_factory=list)
    params: dict[str, Any] = field(default_factory=dict)
    payment: dict[str, Any] = field(default_factory=dict)
    restored: list[dict[str, Any]] = field(default_factory=list)
    field: str = ""
