"""An order that comes back whole gives back the rewards whose codes it used: their points and stock return (27).

Followed, so that it works wherever the order comes back: shop, till or API. A part of an order gives back nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.models import F, Q

from members import followers
from members.followers import Follower
from members.models import Event, Order, OrderLine, OrderState, Program
from rewards.models import Redemption, Reward

NAME = "rewards.refunds"
KINDS = ("order.cancelled", "return")
# Rewards whose code takes something off an order.
DISCOUNTS = frozenset({Reward.Kind.AMOUNT, Reward.Kind.PERCENT, Reward.Kind.PRODUCT, Reward.Kind.SHIPPING})


def follow(program: Program) -> None:
    """From the first time that a reward is put up whose code an order can use."""
    followers.follow(program=program, follower=NAME, kinds=KINDS)


def handle(program: Program, events: Sequence[Event], now: datetime) -> None:
    """Give back what these orders used, where nothing is left of them; a repeat finds nothing."""
    from rewards.redemptions import moves

    orders = {event.order_id for event in events if event.order_id is not None}
    used = Redemption.objects.filter(
        program=program, order__in=orders, state=Redemption.State.FULFILLED
    ).select_related("order")
    for one in used.order_by("pk"):
        if one.order is not None and is_over(one.order):
            moves.fail(program=program, redemption_id=one.pk, reason="returned", now=now)


def is_over(order: Order) -> bool:
    """Whether it was cancelled, or all of it came back; what cost nothing is left until its pieces are back."""
    if order.state == OrderState.CANCELLED:
        return True
    lines = OrderLine.objects.filter(order=order, revision=order.revision)
    left = Q(amount_minor=0) | Q(amount_minor__gt=F("refunded_minor"))
    return not lines.filter(left, returned_quantity__lt=F("quantity")).exists()


FOLLOWER = Follower(NAME, handle, batch=1)
