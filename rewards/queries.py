"""What pages read across members, wallets and tiers: lists in pages, each in a fixed number of statements."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from heapq import nlargest

from django.db import models
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan
from django.utils.translation import get_language

from members.models import Member, Order, OrderState, Program, Return
from rewards.lots import EPOCH
from rewards.models import Allocation, EarningRule, Lot, Standing, Tier, Unit, Wallet

HAPPENED = (OrderState.PLACED, OrderState.PAID)


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a list of members, newest first: after which moment and whom the page goes on."""

    joined_at: datetime
    member_id: int

    @classmethod
    def parse(cls, text: str) -> Mark | None:
        """From an address; None for anything that is not a mark."""
        micros, _dot, member_id = text.partition(".")
        if not (micros.isascii() and micros.isdigit() and member_id.isascii() and member_id.isdigit()):
            return None
        try:
            moment = EPOCH + timedelta(microseconds=int(micros[:18]))
        except OverflowError:
            return None
        return cls(moment, min(int(member_id[:19]), 2**63 - 1))

    def __str__(self) -> str:
        return f"{(self.joined_at.astimezone(UTC) - EPOCH) // timedelta(microseconds=1)}.{self.member_id}"


@dataclass(frozen=True, slots=True)
class MemberRow:
    """A line of the list: `balance` in the program's first unit; the tier in force with the bars it is drawn with."""

    member: Member
    tier: Tier | None
    bars: int
    balance: Decimal
    last_order_at: datetime | None

    @property
    def tier_name(self) -> str:
        return name_of(self.tier) if self.tier else ""


@dataclass(frozen=True, slots=True)
class MemberPage:
    rows: list[MemberRow]
    newer: Mark | None
    older: Mark | None


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


def in_tier(members: QuerySet[Member], tier: Tier, tiers: Sequence[Tier]) -> QuerySet[Member]:
    """Those whose highest standing that has not ended is this tier."""
    standing = Standing.objects.filter(member_id=OuterRef("pk"), ended_at=None)
    higher = [other.pk for other in tiers if other.rank > tier.rank]
    found = members.filter(~Exists(standing.filter(tier_id__in=higher))) if higher else members
    if tier == base_of(tiers):
        return found
    return found.filter(Exists(standing.filter(tier=tier)))


def count_up_to(ways: Sequence[QuerySet[Member]], *, most: int) -> int:
    """How many members there are, or `most` + 1 when there are more: nobody waits for an exact large number."""
    if not ways:
        return 0
    parts = [way.order_by().values_list("pk")[: most + 1] for way in ways]
    found = parts[0].union(*parts[1:]) if len(parts) > 1 else parts[0]
    return min(found.count(), most + 1)


def looked_up_first(ways: Sequence[QuerySet[Member]], *, most: int) -> list[QuerySet[Member]]:
    """The same members, when each way finds no more than `most`: found by its own index and then sorted.

    Left alone, PostgreSQL takes a rare word for a common one and walks through everybody by age: seconds, not
    milliseconds, with a million members."""
    return [Member.objects.filter(pk__in=way.order_by().values("pk")[: most + 1]) for way in ways]


def page_of(
    ways: Sequence[QuerySet[Member]],
    *,
    unit: Unit | None,
    tiers: Sequence[Tier],
    size: int,
    after: Mark | None = None,
    before: Mark | None = None,
) -> MemberPage:
    """One page of those whom any of the ways finds, newest member first, going on after or before a mark.

    Four statements at most, whatever the size."""
    backwards = before is not None
    found = _keys(ways, mark=before or after, backwards=backwards, limit=size + 1)
    more = len(found) > size
    found = found[:size]
    if backwards:
        found.reverse()
    rows = _rows([pk for pk, _joined_at in found], unit=unit, tiers=tiers)
    marks = [Mark(row.member.joined_at, row.member.pk) for row in rows]
    first, last = (marks[0], marks[-1]) if marks else (None, None)
    return MemberPage(
        rows,
        newer=first if (backwards and more) or after else None,
        older=last if (not backwards and more) or backwards else None,
    )


def _keys(
    ways: Sequence[QuerySet[Member]], *, mark: Mark | None, backwards: bool, limit: int
) -> list[tuple[int, datetime]]:
    """Id and moment of joining of the next ones. Each way is limited by itself, so that each reads few rows."""
    order = ("joined_at", "holder_id") if backwards else ("-joined_at", "-holder_id")
    parts = []
    for way in ways:
        if mark is not None:
            place = Tuple("joined_at", "holder_id")
            goes_on = TupleGreaterThan if backwards else TupleLessThan
            way = way.filter(goes_on(place, (mark.joined_at, mark.member_id)))  # noqa: PLW2901
        parts.append(way.order_by(*order).values_list("holder_id", "joined_at")[:limit])
    if not parts:
        return []
    found = parts[0].union(*parts[1:]).order_by(*order)[:limit] if len(parts) > 1 else parts[0]
    return list(found)


def _rows(ids: Sequence[int], *, unit: Unit | None, tiers: Sequence[Tier]) -> list[MemberRow]:
    last = Order.objects.filter(member_id=OuterRef("pk"), state__in=HAPPENED).order_by("-occurred_at")
    members = Member.objects.annotate(last_order_at=Subquery(last.values("occurred_at")[:1])).in_bulk(
        list(ids)
    )
    balances = balances_of(ids, unit=unit)
    standing = present_tiers(ids, tiers=tiers)
    digits = unit.precision if unit else 0
    return [
        MemberRow(
            member=members[pk],
            tier=standing[pk],
            bars=bars_of(standing[pk], tiers),
            balance=Decimal(balances.get(pk, 0)).scaleb(-digits),
            last_order_at=members[pk].last_order_at,
        )
        for pk in ids
        if pk in members
    ]


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
