"""What pages read across members, wallets and tiers: lists in pages, each in a fixed number of statements."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from heapq import nlargest

from django.db import models
from django.db.models import Q, QuerySet
from django.utils.translation import get_language

from members.models import Member, Order, OrderState, Program, Return
from rewards.models import Allocation, EarningRule, Lot, Standing, Tier, Unit, Wallet


def name_of(tier: Tier) -> str:
    """The tier's name in the active language, else in the first one it has, else its key."""
    names: Mapping[str, str] = tier.names
    return names.get(get_language() or "en") or next(iter(names.values()), tier.key)


def tiers_of(program: Program) -> list[Tier]:
    return list(Tier.objects.filter(program=program).order_by("rank"))


def units_of(program: Program) -> list[Unit]:
    """The program's units, the one that it began with first."""
    return list(Unit.objects.filter(program=program).order_by("pk"))


def base_of(tiers: Sequence[Tier]) -> Tier | None:
    """Where a member without a standing is: the highest level that needs nothing."""
    return next((tier for tier in reversed(tiers) if tier.threshold <= 0), None)


def bars_of(tier: Tier | None, tiers: Sequence[Tier]) -> int:
    """How many of three bars stand for a tier: the highest has all, as far down as they go."""
    return bars(tiers.index(tier), len(tiers)) if tier in tiers else 1


def bars(place: int, count: int) -> int:
    return max(1, place + 1 - max(0, count - 3))


def count_up_to(ways: Sequence[QuerySet[Member]], *, most: int) -> int:
    """How many members there are, or `most` + 1 when there are more: nobody waits for an exact large number."""
    if not ways:
        return 0
    parts = [way.order_by().values_list("pk")[: most + 1] for way in ways]
    found = parts[0].union(*parts[1:]) if len(parts) > 1 else parts[0]
    return min(found.count(), most + 1)


def balances_of(ids: Collection[int], *, unit: Unit | None) -> dict[int, int]:
    """What each of these members can use, in ledger units."""
    if unit is None or not ids:
        return {}
    wallets = Wallet.objects.filter(holder_id__in=ids, unit=unit)
    return dict(wallets.values_list("holder_id", "active"))


def present_tiers(ids: Collection[int], *, tiers: Sequence[Tier]) -> dict[int, Tier | None]:
    """The tier of each of these members: the highest of the standings that have not ended, else the base."""
    base = base_of(tiers)
    found: dict[int, Tier | None] = dict.fromkeys(ids, base)
    by_id = {tier.pk: tier for tier in tiers}
    if not tiers or not ids:
        return found
    open_now = Standing.objects.filter(member_id__in=ids, ended_at=None)
    for member_id, tier_id in open_now.values_list("member_id", "tier_id"):
        tier, known = by_id[tier_id], found[member_id]
        if known is None or tier.rank > known.rank:
            found[member_id] = tier
    return found


def allocations_of(entry_ids: Collection[int]) -> dict[int, list[Allocation]]:
    """Which lots these entries used, oldest lot first."""
    found: dict[int, list[Allocation]] = {}
    rows = Allocation.objects.filter(entry_id__in=entry_ids).select_related("lot")
    for row in sorted(rows, key=lambda row: (row.lot.earned_at, row.lot_id)):
        found.setdefault(row.entry_id, []).append(row)
    return found


def lots_of(ids: Collection[int]) -> dict[int, Lot]:
    return Lot.objects.in_bulk(list(ids))


def rules_of(program: Program) -> dict[int, str]:
    """The names of the program's earning rules."""
    return dict(EarningRule.objects.filter(program=program).values_list("pk", "name"))


def order_of_fact(*, program: Program, member: Member, fact_id: int) -> Order | None:
    """The member's order whose revision in force this fact recorded."""
    return Order.objects.filter(program=program, member=member, fact_id=fact_id).first()


@dataclass(frozen=True, slots=True)
class Deal:
    """An order or a return, as a member's page lists them."""

    at: datetime
    order: Order | None = None
    back: Return | None = None

    @property
    def refund_minor(self) -> int:
        return -self.back.amount_minor if self.back else 0


def deals_of(
    *, program: Program, member: Member, size: int, before: datetime | None = None
) -> tuple[list[Deal], datetime | None]:
    """Orders and returns of a member, newest first, and from where the next page goes on. Two statements."""
    orders = Order.objects.filter(program=program, member=member).exclude(state=OrderState.AWAITED)
    returns = Return.objects.filter(program=program, member=member).select_related("order")
    limit = Q() if before is None else Q(occurred_at__lt=before)
    deals = [Deal(one.occurred_at, order=one) for one in _newest(orders.select_related("store"), limit, size)]
    deals += [Deal(one.occurred_at, back=one) for one in _newest(returns, limit, size)]
    found = nlargest(size + 1, deals, key=lambda deal: deal.at)
    return found[:size], found[size - 1].at if len(found) > size else None


def _newest[M: models.Model](rows: QuerySet[M], limit: Q, size: int) -> QuerySet[M]:
    return rows.filter(limit).order_by("-occurred_at")[: size + 1]
