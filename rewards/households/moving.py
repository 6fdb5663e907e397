"""Points move between a member and the household: transfers that keep the lots' dates, guarded by both (14, 16)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import orjson
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django_scopes import scope

from loyaltysite.kit.errors import DomainError, NotFound
from members.models import Member, Program
from rewards import ledger, parties, posting, transfers
from rewards.books import Book
from rewards.books.chains import pick
from rewards.households import owners, places, sharing
from rewards.intake import rows
from rewards.intake.state import Person, Posted, State
from rewards.ledger import Movement
from rewards.lots import LotRow
from rewards.models import HouseholdPlace, Lot, Unit
from rewards.rulebook import UnitInfo

SOURCE = "wafa"
CHUNK = 500
type Way = Literal["in", "out"]
type Parts = Sequence[tuple[LotRow, int]]


@dataclass(frozen=True, slots=True)
class Wish:
    """Whose points, which way, of what and how many; None: what moves in by itself."""

    program: Program
    place: HouseholdPlace
    way: Way
    unit: str
    amount: int | None
    key: str
    now: datetime

    @property
    def fact(self) -> tuple[str, str, str, int]:
        return SOURCE, f"household.{self.way}", self.key, 0

    @property
    def fingerprint(self) -> bytes:
        told = [self.place.household_id, self.place.member_id, self.way, self.unit, self.amount]
        return hashlib.sha256(orjson.dumps(told)).digest()


def move(
    *, program: Program, member: Member, way: Way, unit: str, amount: int | None, key: str, now: datetime
) -> Movement:
    """Put `amount` ledger units in, which must be out of the days to return (None: what moves in by itself), or take them
    out within the member's limit of the month; what the member can use after it. A repeat with the same key gives the
    first answer.

    What somebody takes out that another has put in counts as sent by that one, where the unit has a limit of sending.

    Raises NotFound, InsufficientPoints, AmountInvalid, sharing.LimitReached, transfers.LimitReached, MemberNotActive,
    KeyReused."""
    if amount is not None and amount <= 0:
        raise ledger.AmountInvalid(field="amount")
    with scope(program=program):
        place = places.place_of(member)
        if place is None:
            raise NotFound
        wish = Wish(program, place, way, unit, amount, key, now)
        return posting.attempt(lambda: _read_and_work(wish))


def pool_due(*, program: Program, now: datetime) -> int:
    """Move in what members of pooling households have earned in them and can no more return; how many movements. Safe to
    run twice, late, or on several workers."""
    done = 0
    with scope(program=program):
        for unit in places.shared_units(program):
            full, after = _with_something_to_pool(program, unit, now), 0
            while chunk := list(full.filter(pk__gt=after)[:CHUNK]):
                after = chunk[-1].pk
                done += sum(_pool(program, place, unit, now) for place in chunk)
    return done


# --- parts -----------------------------------------------------------------------------------------------------------


def _read_and_work(wish: Wish) -> tuple[dict[str, Any], Movement]:
    source, kind, name, revision = wish.fact
    fact = {"i": 0, "source": source, "kind": kind, "external_id": name, "revision": revision}
    member_id, household_id = wish.place.member_id, wish.place.household_id
    request = {"facts": [fact], "holders": [member_id], "due": wish.now.isoformat()}
    state, theirs = _read(wish, request)
    if 0 in state.facts:
        number, first, answer = state.facts[0]
        if first != wish.fingerprint:
            raise ledger.KeyReused
        return {}, Movement(number, answer["active"], repeated=True)
    # After the guards were read: whoever changes the place moves the household's.
    place = HouseholdPlace.objects.filter(pk=wish.place.pk, left_at=None).first()
    unit = state.rulebook.units.get(wish.unit)
    if place is None or unit is None or not Unit.objects.filter(pk=unit.id, is_shared=True).exists():
        raise NotFound(field="unit" if place else None)
    person, household = transfers.whom(state, member_id), state.people[household_id]
    own, shared = state.book(person, unit), state.book(household, unit)
    source_book, target = (own, shared) if wish.way == "in" else (shared, own)
    for book in (own, shared):
        book.settle(wish.now)
    parts = _choose(wish, place, source_book, theirs)
    amount = sum(part for _lot, part in parts)
    if wish.way == "out":
        sharing.count(state, person, place, wish.unit, amount, wish.now)
        _count_as_sent(state, person, unit, parts, theirs, wish.now)
    posted = Posted(wish.now, wish.now, state.take_id())
    source_book.move("transfer_out", parts, moment=wish.now, fact_id=posted.fact_id)
    hand(parts, source_book, target, posted, follows=wish.way == "in")
    person.is_touched = household.is_touched = True
    answer = {"active": own.active}
    rows.add_fact(state, wish.fact, wish.fingerprint, posted, answer, holder_id=person.id, order_id=None)
    told = {"unit": unit.key, "amount": amount, "household": household_id}
    rows.add_event(state, f"household.{wish.way}", posted, told, holder_id=person.id)
    return rows.document(state), Movement(posted.fact_id, own.active)


def _read(wish: Wish, request: dict[str, Any]) -> tuple[State, dict[int, int]]:
    """The state, and for what is taken out who put it in, asked after the guards were read. Where they are counted, who
    put in is read too."""
    household_id = wish.place.household_id
    while True:
        state = parties.read(wish.program, request, others=[household_id], now=wish.now, whole=True)
        theirs = owners.of(household_id) if wish.way == "out" else {}
        unit = state.rulebook.units.get(wish.unit)
        unread = set(theirs.values()) - state.people.keys()
        if not unread or unit is None or not unit.transfer_limit:
            return state, theirs
        request = request | {"holders": sorted({*request["holders"], *unread})}


def _choose(wish: Wish, place: HouseholdPlace, source: Book, theirs: Mapping[int, int]) -> Parts:
    """Of which lots, in order of use; out goes first what one has put in oneself. Nothing goes in that can still be returned; by itself moves only what was earned in
    the household, and never what was taken out of it."""
    lots = sorted((lot for lot in source.lots.values() if lot.usable), key=LotRow.order_of_use)
    if wish.way == "out":
        lots.sort(key=lambda lot: theirs.get(lot.id) != place.member_id)
    if wish.way == "in":
        until = _returnable_after(wish.program, wish.now)
        lots = [lot for lot in lots if lot.order_id is None or lot.earned_at <= until]
    if wish.amount is None:
        lots = [lot for lot in lots if lot.earned_at >= place.joined_at]
        origins = [lot.origin_id for lot in lots if lot.origin_id]
        taken_out = set(
            Lot.objects.filter(pk__in=origins, wallet__holder_id=place.household_id).values_list(
                "pk", flat=True
            )
        )
        lots = [lot for lot in lots if lot.origin_id not in taken_out]
    free = sum(lot.usable for lot in lots)
    wanted = free if wish.amount is None else wish.amount
    if free < wanted or not wanted:
        raise ledger.InsufficientPoints(missing=wanted - free)
    return pick(lots, wanted)


def _count_as_sent(
    state: State, taker: Person, unit: UnitInfo, parts: Parts, theirs: Mapping[int, int], now: datetime
) -> None:
    """A household is no way round the limit of sending (14). Without one the head's limits alone hold."""
    if not unit.transfer_limit:
        return
    sent: dict[int, int] = {}
    for lot, part in parts:
        owner = theirs.get(lot.id, taker.id)
        sent[owner] = sent.get(owner, 0) + part
    for number, amount in sent.items():
        owner_row = state.people.get(number)
        if owner_row is not None and number != taker.id:
            transfers.count(state, owner_row, unit, amount, now)
            owner_row.is_touched = True


def _returnable_after(program: Program, now: datetime) -> datetime:
    """What was earned by orders after this may still be returned, and then it must be there."""
    return now - timedelta(days=program.return_days)


def _with_something_to_pool(program: Program, unit: Unit, now: datetime) -> QuerySet[HouseholdPlace]:
    """The places for which _choose() finds something, where there are others to share with."""
    taken_out = Lot.objects.filter(
        pk=OuterRef("origin_id"), wallet__holder_id=OuterRef(OuterRef("household_id"))
    )
    lots = Lot.objects.filter(
        Q(order_id=None) | Q(earned_at__lte=_returnable_after(program, now)),
        ~Exists(taken_out),
        wallet__holder_id=OuterRef("member_id"),
        wallet__unit=unit,
        is_open=True,
        is_active=True,
        remaining__gt=F("reserved"),
        earned_at__gte=OuterRef("joined_at"),
    )
    others = HouseholdPlace.objects.filter(household=OuterRef("household_id"), left_at=None).exclude(
        pk=OuterRef("pk")
    )
    open_ones = HouseholdPlace.objects.filter(
        Exists(others), Exists(lots), program=program, left_at=None, household__pools=True,
        household__ended_at=None, member__state="active",
    )  # fmt: skip
    return open_ones.select_related("member", "household").order_by("pk")


def hand(parts: Parts, source: Book, target: Book, posted: Posted, *, follows: bool = False) -> None:
    """Lot by lot with the dates they had: they stay in the family, so that nothing is shortened. What would lapse goes on
    to: where no clock runs it takes the one it had, and a household `follows` whoever was active last (9)."""
    before = target.lapses_at
    for lot, part in parts:
        target.credit(
            "transfer_in",
            part,
            at=posted.moment,
            moment=posted.moment,
            active_at=posted.moment,
            expires_at=lot.expires_at,
            earned_at=lot.earned_at,
            fact_id=posted.fact_id,
            origin_id=lot.id,
        )
    until = source.lapses_at
    if target.lapse is None or until is None:
        return
    if before is None or before <= posted.moment or (follows and before < until):
        target.lapse_at(until)


def _pool(program: Program, place: HouseholdPlace, unit: Unit, now: datetime) -> int:
    wallet = place.member.holder.wallets.filter(unit=unit).first()
    if wallet is None or not wallet.active:
        return 0
    key = f"pool:{wallet.pk}:{wallet.seq}"
    try:
        move(
            program=program,
            member=place.member,
            way="in",
            unit=unit.key,
            amount=None,
            key=key,
            now=now,
        )
    except DomainError:
        # Moved meanwhile, or something was due: the next run looks again.
        return 0
    return 1
