"""Codes of rewards in orders: what was redeemed takes its discount off the order's lines, and is used by its posting.

Only what is issued works, for the member who redeemed it; what is reserved is spent at the till, and what costs money
besides is handed over there (SEMANTICS 38, 39, 41).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rewards.coupons import discounts
from rewards.coupons.eligibility import Basket, Terms
from rewards.intake import rows
from rewards.intake.state import OrderRow, Posted, State
from rewards.redemptions import tickets
from rewards.refunds import DISCOUNTS

ISSUED, USED = "issued", "fulfilled"


@dataclass(slots=True)
class Ticket:
    """A redemption as read with the posting's snapshot; `order_id` is the order that used it."""

    id: int
    state: str
    member_id: int
    benefit: Mapping[str, Any]
    reward: str
    stores: list[str]
    store_id: int | None
    stage: str
    tracking: str
    issued_at: str
    due_at: datetime | None
    order_id: int | None

    @property
    def terms(self) -> Terms:
        """As a coupon, with an id that none has."""
        return Terms(
            id=-self.id, pool=0, key=self.reward, state="live", kind=self.benefit["kind"], stacking=discounts.COMMON,
            value_minor=self.benefit.get("value_minor"), percent=self.benefit.get("percent"), most_minor=None,
            sku=self.benefit.get("sku", ""), conditions=None, lines=None, minimum_minor=0, stores=self.stores,
            members_only=True, most=None, taken=0, per_member=None, starts_at=None, ends_at=None,
        )  # fmt: skip

    def is_usable(self, basket: Basket, order: int) -> bool:
        """Somebody else's, over and used are one to a stranger. What this order used already stays good for it."""
        if self.benefit.get("kind") not in DISCOUNTS or self.member_id != basket.member_id:
            return False
        if self.state == USED:
            return self.order_id is not None and self.order_id == order
        return self.due_at is None or basket.occasion.occurred_at < self.due_at


def digests(program_id: int, typed: str) -> list[str]:
    """Under which a code may be kept, in hexadecimal; none for what cannot be one."""
    code = tickets.clean(typed)
    return [each.hex() for each in tickets.digests(program_id=program_id, code=code)] if code else []


def use(used: Iterable[Ticket], order: OrderRow, state: State, posted: Posted) -> None:
    """Each is used by this order, unless it was before."""
    for ticket in used:
        if ticket.state == USED:
            continue
        ticket.state, ticket.order_id = USED, order.id
        row = {
            "id": ticket.id,
            "was": ISSUED,
            "state": USED,
            "is_given_back": False,
            "store_id": ticket.store_id,
            "stage": ticket.stage,
            "tracking": ticket.tracking,
            "issued_at": ticket.issued_at,
            "closed_at": posted.moment,
            "due_at": None,
            "order_id": order.id,
        }
        rows.add(state, "redemption_moves", row)
        data = {"redemption": ticket.id, "reward": ticket.reward}
        rows.add_event(state, "reward.fulfilled", posted, data, holder_id=ticket.member_id, order_id=order.id)
