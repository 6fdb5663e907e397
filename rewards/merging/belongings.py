"""What of a member is not in the ledger and changes hands: identities, orders with their returns, what orders count for."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from django.db.models import F, Q
from django.db.models.functions import Coalesce

from members import addresses, consent
from members.models import (
    Consent,
    Identity,
    Member,
    Merge,
    MergedOrder,
    Order,
    OrderLine,
    OrderRoute,
    OrderState,
    Return,
)
from rewards.intake.state import Line
from rewards.models import Pricing, Settlement, Unit
from rewards.tiers.schemes import Scheme

CHUNK = 2000


class Worth(NamedTuple):
    """What an order counts for in the tiers."""

    spend_minor: int = 0
    orders: int = 0
    points: int = 0


def group_of(gone: Member) -> set[int]:
    """The member and everybody merged into it, directly or not, by merges that stand."""
    found, new = {gone.pk}, {gone.pk}
    while new:
        rows = Merge.objects.filter(kept_id__in=new, undone_at=None)
        new = set(rows.values_list("gone_id", flat=True)) - found
        found |= new
    return found


def move_orders(merge: Merge, scheme: Scheme | None) -> int:
    """All orders and returns of the gone member go to the kept one, each noted with what it counts for."""
    ids = list(Order.objects.filter(member_id=merge.gone_id).values_list("pk", flat=True))
    worth = worth_of(ids, scheme)
    MergedOrder.objects.bulk_create(
        (
            MergedOrder(merge=merge, order_id=number, program_id=merge.program_id, **worth[number]._asdict())
            for number in ids
        ),
        batch_size=CHUNK,
    )
    _hand_orders(ids, merge.gone_id, merge.kept_id)
    return len(ids)


def orders_back(merge: Merge, group: Collection[int]) -> dict[int, Worth]:
    """The orders that go back when a merge is undone, with what they counted for when it was made: those that it
    moved, and those that came since through what had identified the gone member (nothing yet)."""
    moved = MergedOrder.objects.filter(merge=merge, order__member_id=merge.kept_id)
    known = {row.order_id: Worth(row.spend_minor, row.orders, row.points) for row in moved}
    routed = OrderRoute.objects.filter(member_id__in=group, order__member_id=merge.kept_id)
    for number in routed.values_list("order_id", flat=True):
        known.setdefault(number, Worth())
    return known


def return_orders(ids: Collection[int], merge: Merge) -> None:
    _hand_orders(list(ids), merge.kept_id, merge.gone_id)


def _hand_orders(ids: list[int], source: int, target: int) -> None:
    for start in range(0, len(ids), CHUNK):
        part = ids[start : start + CHUNK]
        Order.objects.filter(pk__in=part, member_id=source).update(member_id=target)
        # Also those that name no order, where one of these was found for them.
        mine = Q(order_id__in=part) | Q(order=None, lines__order_id__in=part)
        backs = Return.objects.filter(mine, member_id=source).values_list("pk", flat=True)
        Return.objects.filter(pk__in=set(backs)).update(member_id=target)


def move_identities(merge: Merge) -> int:
    mine = Identity.objects.filter(member_id=merge.gone_id)
    return mine.update(member_id=merge.kept_id, origin_id=Coalesce(F("origin_id"), merge.gone_id))


def return_identities(merge: Merge, group: Collection[int]) -> int:
    """What had identified the gone member, as far as it is still there."""
    mine = Identity.objects.filter(member_id=merge.kept_id, origin_id__in=group)
    moved = mine.update(member_id=merge.gone_id)
    Identity.objects.filter(member_id=merge.gone_id, origin_id=merge.gone_id).update(origin=None)
    return moved


def worth_of(ids: Collection[int], scheme: Scheme | None) -> dict[int, Worth]:
    """What these orders count for now: net of what came back. Three statements for each two thousand."""
    found = dict.fromkeys(ids, Worth())
    every = list(ids)
    for start in range(0, len(every), CHUNK):
        part = every[start : start + CHUNK]
        earned = Order.objects.filter(pk__in=part).exclude(state=OrderState.AWAITED)
        facts = {fact: number for fact, number in earned.values_list("fact_id", "pk") if fact is not None}
        priced = {pricing.pk: pricing.awarded for pricing in Pricing.objects.filter(pk__in=facts)}
        points = _points(part, facts, priced, scheme)
        # An order that no rule looked at, of a blocked member, counted for nothing.
        counted = {facts[fact] for fact in priced}
        for number, lines in _lines(counted).items():
            is_counted = any(one.is_counted and one.left and one.left_basis > 0 for one in lines)
            spend = sum(one.left_basis for one in lines)
            found[number] = Worth(spend, int(is_counted), points.get(number, 0))
    return found


def _lines(ids: Collection[int]) -> dict[int, list[Line]]:
    found: dict[int, list[Line]] = {}
    rows = OrderLine.objects.filter(order_id__in=ids, revision=F("order__revision"))
    columns = ("quantity", "amount_minor", "basis_minor", "is_counted", "returned_quantity", "refunded_minor")
    for number, quantity, amount, basis, is_counted, returned, refunded in rows.values_list(
        "order_id", *columns
    ):
        line = Line(0, "", "", "", "", quantity, amount, 0, 0, None, basis, is_counted, returned, refunded)
        found.setdefault(number, []).append(line)
    return found


def _points(
    ids: Collection[int],
    facts: Mapping[int, int],
    priced: Mapping[int, Mapping[str, int]],
    scheme: Scheme | None,
) -> dict[int, int]:
    if scheme is None or scheme.counted != "points":
        return {}
    keys = dict(Unit.objects.values_list("pk", "key"))
    net: dict[int, dict[str, int]] = {facts[fact]: dict(awarded) for fact, awarded in priced.items()}
    rows = Settlement.objects.filter(order_id__in=ids).order_by("number")
    for row in rows:
        net.setdefault(row.order_id, {})[keys[row.unit_id]] = row.awarded - row.reversed_total
    return {number: _that_count(amounts, scheme.unit_key) for number, amounts in net.items()}


def _that_count(amounts: Mapping[str, int], unit: str) -> int:
    return amounts.get(unit, 0) if unit else sum(amounts.values())


def keep_refusals(kept: Member, gone: Member, now: datetime) -> None:
    """What either member had refused is not allowed to the two of them; consents are never inherited."""
    refused = Consent.objects.filter(member=gone, is_given=False, is_wished=False).values_list(
        "channel", "topic"
    )
    consent.change(member=kept, wanted=dict.fromkeys(refused, False), source="merge", now=now)


def fill(kept: Member, gone: Member) -> dict[str, list[str]]:
    """Give the kept member what it lacks of the other's profile; which fields, tags and other rows those were."""
    fields = [
        name for name in ("name", "language", "birthday") if not getattr(kept, name) and getattr(gone, name)
    ]
    tags = [tag for tag in gone.tags if tag not in kept.tags]
    for name in fields:
        setattr(kept, name, getattr(gone, name))
    kept.tags = [*kept.tags, *tags]
    if fields or tags:
        kept.save(update_fields=[*fields, "tags"])
    rows = ["address"] if addresses.fill(kept=kept, gone=gone) else []
    return {"fields": fields, "tags": tags, "rows": rows}


def unfill(kept: Member, gone: Member, filled: Mapping[str, Iterable[str]]) -> None:
    """Take from the kept member what came from the other, unless it was changed since."""
    fields = [name for name in filled.get("fields", ()) if getattr(kept, name) == getattr(gone, name)]
    for name in fields:
        setattr(kept, name, None if name == "birthday" else "")
    if "address" in filled.get("rows", ()):
        addresses.unfill(kept=kept, gone=gone)
    came = set(filled.get("tags", ()))
    kept.tags = [tag for tag in kept.tags if tag not in came]
    kept.save(update_fields=[*fields, "tags"])
