"""Whose points are whose after a merge, and what each side gets and bears when it is undone.

What is left of the gone member's lots, and of lots that its orders earned since, goes back as it is. What was used of
them otherwise, less what the kept member's own points paid for the gone one's returns, is borne as chosen. The kept
member's arrears that were repaid by the merge stand again, as do those of the gone one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from members.models import Merge
from rewards.books import Book
from rewards.intake.state import Posted, State
from rewards.lots import LotRow
from rewards.merging import portions
from rewards.merging.portions import KIND, Portion
from rewards.models import Allocation, Entry, Lot, Wallet
from rewards.rulebook import UnitInfo


class Bearing(models.TextChoices):
    """Who bears what was used of the other's points."""

    USER = "user", _("Whoever used them pays them back")
    SHARED = "shared", _("Both bear half")
    OWNER = "owner", _("Nobody pays anything back")
    SHOP = "shop", _("The shop gives them back")


@dataclass(frozen=True, slots=True)
class Trace:
    """What a wallet of the kept member tells. `mine` are its lots that stem from the gone member; `used` what was taken
    of them, last to end first; `crossed` what the kept one's own points paid for the gone one's returns. At the merge
    `repaid` were arrears of the kept, `arrears` those of the gone, of which `paid` was taken from lots."""

    mine: frozenset[int] = frozenset()
    used: tuple[Portion, ...] = ()
    crossed: int = 0
    repaid: int = 0
    arrears: int = 0
    paid: tuple[Portion, ...] = ()


@dataclass(frozen=True, slots=True)
class Separation:
    """What undoing does in one unit, in ledger units. `used` above zero: the kept side used the gone one's points;
    below: the other way round. `given` is what the shop gives, below zero what has ended in between."""

    unit: str
    returned: int
    used: int
    charged: int
    restored: int
    given: int
    kept: tuple[int, int, int]
    gone: tuple[int, int, int]


def trace(merge: Merge, unit: UnitInfo, orders: Collection[int]) -> Trace:
    """Follow the lots of one unit since the merge. `orders` are those that go back."""
    noted = merge.record["units"].get(unit.key, {})
    wallets = Wallet.objects.filter(holder_id__in=_related(merge), unit_id=unit.id)
    by_holder = dict(wallets.values_list("holder_id", "pk"))
    wallet = by_holder.get(merge.kept_id)
    if wallet is None:
        return Trace()
    every = {lot.pk: lot for lot in Lot.objects.filter(wallet_id__in=by_holder.values())}
    entries = Entry.objects.filter(wallet_id=wallet, seq__gt=noted.get("seq", 0))
    # Lots from before the merge are not its own, even if they have been with the other once.
    opened = {number for number in entries.values_list("lot_id", flat=True) if number is not None}
    mine = opened & _stem(every.values(), by_holder.get(merge.gone_id), orders)
    lots = {pk: lot for pk, lot in every.items() if lot.wallet_id == wallet}
    # What went on with the kept member into another merge, came back from there.
    away = Merge.objects.filter(gone_id=merge.kept_id).values_list("fact_id", flat=True)
    staying = entries.exclude(kind=KIND, fact_id__in=list(away))
    taken = list(Allocation.objects.filter(entry__in=staying).select_related("entry"))
    used = _used(taken, lots, mine, orders)
    restores = entries.filter(kind="restore").values_list("lot_id", flat=True)
    for lot in (lots[number] for number in restores if number in mine):
        used[lot.origin_id or 0] -= lot.granted
    shortfalls = entries.filter(kind__in=("reverse", "forgive"), order_id__in=orders)
    return Trace(
        mine=frozenset(mine),
        used=tuple(_by_end((row_of(lots[pk]), amount) for pk, amount in used.items() if pk in mine and amount > 0)),
        crossed=sum(row.amount for row in taken if row.lot_id not in mine and _is_own_return(row.entry, orders))
        + sum(shortfalls.values_list("arrears_change", flat=True)),
        repaid=noted.get("repaid", 0),
        arrears=noted.get("arrears", 0),
        paid=tuple(
            (row_of(lots[row.lot_id]), row.amount)
            for row in taken
            if row.entry.fact_id == merge.fact_id and row.entry.lot_id is None
        ),
    )  # fmt: skip


def separate(kept: Book, gone: Book, found: Trace, bearing: str, state: State, posted: Posted) -> Separation:
    """Part two books; the books hold the rows to write."""
    unit = state.rulebook.units_by_id[kept.unit_id]
    before = _sum(kept) + _sum(gone)
    live = [
        (lot, amount)
        for lot, amount in found.used
        if lot.expires_at is None or lot.expires_at > posted.moment
    ]
    there = sum(amount for _, amount in live)
    again = min(found.repaid, there)
    net = sum(amount for _, amount in found.used) - found.repaid - found.crossed
    amount = min(net, there - again) if net > 0 else -net
    charged, restored = _shares(amount, bearing)
    parts = [part for part in portions.all_of(kept) if part[0].id in found.mine]
    kept.move(KIND, parts, moment=posted.moment, fact_id=posted.fact_id)
    _part_arrears(kept, gone, found, state, posted)
    user, owed = (kept, again + charged) if net > 0 else (gone, charged)
    if net <= 0 and again:
        kept.pay(KIND, again, moment=posted.moment, fact_id=posted.fact_id, room=_room(unit, kept))
    portions.hand(_first(live, again + (restored if net > 0 else 0)), gone, posted)
    portions.hand(parts, gone, posted)
    user.pay(KIND, owed, moment=posted.moment, fact_id=posted.fact_id, room=_room(unit, user))
    if net <= 0:
        portions.grant(restored, kept, state, posted)
    return Separation(
        unit=unit.key,
        returned=sum(part for _, part in parts),
        used=net,
        charged=charged,
        restored=restored,
        given=_sum(kept) + _sum(gone) - before,
        kept=(kept.active, kept.pending, kept.arrears),
        gone=(gone.active, gone.pending, gone.arrears),
    )


def row_of(lot: Lot) -> LotRow:
    return LotRow(
        lot.pk, lot.wallet_id, lot.granted, lot.remaining, lot.is_active, lot.earned_at, lot.active_at, lot.expires_at,
        lot.reserved, lot.expired, lot.awaits, lot.terms, lot.fact_id, lot.order_id, lot.version_id, lot.origin_id,
    )  # fmt: skip


# --- parts ------------------------------------------------------------------------------------------------------------


def _related(merge: Merge) -> set[int]:
    """Everybody whose wallets lots of the two can have passed through."""
    found = {merge.kept_id, merge.gone_id}
    while True:
        met = Merge.objects.filter(Q(kept_id__in=found) | Q(gone_id__in=found)).values_list(
            "kept_id", "gone_id"
        )
        new = {number for pair in met for number in pair} - found
        if not new:
            return found
        found |= new


def _stem(lots: Iterable[Lot], wallet: int | None, orders: Collection[int]) -> set[int]:
    """The lots that come from the gone member's wallet, at any remove, or were earned by its orders."""
    every = list(lots)
    found = {lot.pk for lot in every if lot.wallet_id == wallet or lot.order_id in orders}
    while new := {lot.pk for lot in every if lot.origin_id in found} - found:
        found |= new
    return found


def _used(
    taken: Sequence[Allocation], lots: dict[int, Lot], mine: set[int], orders: Collection[int]
) -> Counter[int]:
    """How much of each lot was used otherwise than by ending, by waking up, or by a return of its own side."""
    used: Counter[int] = Counter()
    for row in taken:
        entry = row.entry
        wakes = entry.kind == "activate" and entry.lot_id != row.lot_id
        if row.lot_id in mine and entry.kind != "expire" and not wakes and not _is_own_return(entry, orders):
            used[row.lot_id] += row.amount
    return used


def _is_own_return(entry: Entry, orders: Collection[int]) -> bool:
    return entry.kind == "reverse" and entry.order_id in orders


def _by_end(parts: Iterable[Portion]) -> list[Portion]:
    return sorted(parts, key=lambda part: part[0].order_of_use(), reverse=True)


def _shares(amount: int, bearing: str) -> tuple[int, int]:
    """What who used it is charged, and what the other gets back."""
    if bearing == Bearing.USER:
        return amount, amount
    if bearing == Bearing.SHARED:
        return amount // 2, amount // 2
    return 0, amount if bearing == Bearing.SHOP else 0


def _part_arrears(kept: Book, gone: Book, found: Trace, state: State, posted: Posted) -> None:
    """The gone member owes again what it owed, and the kept one has back what it paid or still owes of that."""
    if not found.arrears:
        return
    alive = [
        (lot, part) for lot, part in found.paid if lot.expires_at is None or lot.expires_at > posted.moment
    ]
    portions.hand(alive, kept, posted)
    owed = found.arrears - sum(part for _, part in found.paid)
    lowered = min(owed, kept.arrears)
    kept.move(KIND, [], moment=posted.moment, fact_id=posted.fact_id, arrears=-lowered)
    portions.grant(owed - lowered, kept, state, posted)
    gone.move(KIND, [], moment=posted.moment, fact_id=posted.fact_id, arrears=found.arrears)


def _room(unit: UnitInfo, book: Book) -> int | None:
    """How much more may be owed; the rest is forgiven (26)."""
    if unit.shortfall != "arrears":
        return 0
    return None if unit.arrears_limit is None else max(0, unit.arrears_limit - book.arrears)


def _first(parts: Sequence[Portion], amount: int) -> list[Portion]:
    found = []
    for lot, part in parts:
        taken = min(part, amount)
        if taken:
            found.append((lot, taken))
            amount -= taken
    return found


def _sum(book: Book) -> int:
    return book.pending + book.active - book.arrears
