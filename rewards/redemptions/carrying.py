"""One move of a redemption, carried out: what is read, checked, moved and written, for the posting."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from loyaltysite.kit.errors import NotFound
from members import audit
from members.models import Member, Program, Store, User
from rewards import ledger
from rewards.books import Book
from rewards.giftcards import rewarding
from rewards.households import sharing
from rewards.intake import rows
from rewards.intake.state import Person, Posted, State
from rewards.lots import LotRow
from rewards.models import GiftCard, Household, Redemption
from rewards.plans import treats
from rewards.policies import day_start
from rewards.redemptions import exchanges, reading
from rewards.redemptions.reading import Held, Seen
from rewards.redemptions.refusals import RedemptionOver, WrongState, WrongStore
from rewards.redemptions.reserving import SOURCE
from rewards.redemptions.wishes import usable_until

GRACE_DAYS = 30
# The day of an event for which a seat is held.
MOVED = "event.moved"
Where = Redemption.State


@dataclass(frozen=True, slots=True)
class Move:
    """Where from and where to. `fact` names it, so that it happens once; `needs_time` refuses what is over, what is
    `forfeit` gives nothing back, and `until` is how long it is good from now on."""

    program: Program
    redemption: Redemption
    verb: str
    sources: frozenset[str]
    target: str
    now: datetime
    by: User | None = None
    reason: str = ""
    store: Store | None = None
    stage: str = ""
    tracking: str = ""
    needs_time: bool = False
    needs_active: bool = False
    forfeit: bool = False
    until: datetime | None = None
    again: str = field(default="")

    @property
    def fact(self) -> tuple[str, str, str]:
        return SOURCE, f"reward.{self.verb}", f"{self.redemption.pk}{self.again}"


def read_and_work(move: Move) -> tuple[dict[str, Any], None]:
    one = move.redemption
    member: Member = one.member
    card = rewarding.of(one)
    holders = [number for number in (member.pk, member.merged_into_id, card and card.pk) if number]
    home = _home(one)
    seen = reading.read(
        program=move.program,
        holders=holders,
        fact=move.fact,
        question={"redemption": one.pk},
        now=move.now,
        with_course=move.target == Where.FULFILLED and reading.is_kept(move.program, one.reward),
        since=one.reserved_at,
        others=(home.pk,) if home else (),
        whole=home is not None,
    )
    if 0 in seen.state.facts:
        return {}, None
    person, held = reading.person_of(seen.state, member.pk), seen.held
    if person is None or held is None:
        raise NotFound
    _check(move, person, held)
    if home is not None and Household.objects.filter(pk=home.pk, ended_at__isnull=False).exists():
        # Dissolved since it was looked at; what comes back comes to the member.
        move.redemption.household = None
        return read_and_work(move)
    if _is_done(move, held, seen.state):
        move = replace(move, target=Where.FULFILLED)
    whose = [person] if home is None else [person, seen.state.people[home.pk]]
    for book in (book for each in whose for book in each.books.values()):
        book.settle(move.now)
    posted = Posted(move.now, move.now, seen.state.take_id())
    is_back = _value(move, whose, held, seen, posted)
    _share(move, whose, held, seen, posted, is_back=is_back)
    if move.verb == "fulfil":
        treats.record(one, person, seen.state, posted)
    elif move.target == Where.FAILED and held.state == Where.FULFILLED:
        treats.take_back(one, "reward.fulfil", seen.state, posted)
    if is_back and exchanges.is_one(one.reward):
        exchanges.take_back(one.benefit, person, seen.state, posted)
    _move_card(move, card, person, held, seen, posted, is_back=is_back)
    _write(move, person, held, seen.state, posted, is_back=is_back)
    return rows.document(seen.state), None


def _home(one: Redemption) -> Household | None:
    """Whose wallet gave part of it and takes it back; none where it is dissolved."""
    if one.household_id is None:
        return None
    return Household.objects.filter(pk=one.household_id, ended_at=None).first()


def _share(
    move: Move, whose: Sequence[Person], held: Held, seen: Seen, posted: Posted, *, is_back: bool
) -> None:
    """The household's wallets moved with the member's; what came back to them counts no more as taken."""
    if len(whose) == 1:
        return
    person, home = whose
    home.is_touched = True
    if is_back:
        taken = {
            seen.state.rulebook.units_by_id[book.unit_id].key: sum(part for _lot, part in parts)
            for book, parts in _by_book(whose, held, seen)
            if book.holder_id == home.id
        }
        sharing.give_back(seen.state, person, home.id, taken, move.redemption.reserved_at, posted)


def _is_done(move: Move, held: Held, state: State) -> bool:
    """A reward that is a gift card is handed over as soon as its card is open."""
    is_issued_now = move.target == Where.ISSUED and held.issued_at is None
    return is_issued_now and rewarding.opens(move.redemption.reward, state.rulebook.units) is not None


def _move_card(
    move: Move,
    card: GiftCard | None,
    person: Person,
    held: Held,
    seen: Seen,
    posted: Posted,
    *,
    is_back: bool,
) -> None:
    """The gift card that the reward gives opens when it is issued, and is taken back with it."""
    if is_back and card is not None:
        rewarding.take_back(card, seen.state, posted)
    if held.issued_at is None and move.target in (Where.ISSUED, Where.FULFILLED):
        one = move.redemption
        ends_at = usable_until(one.reward, move.now, move.program)
        rewarding.open_for(
            one.reward, seen.state, posted, member_id=person.id, redemption_id=one.pk, ends_at=ends_at
        )


def _check(move: Move, person: Person, held: Held) -> None:
    if held.state not in move.sources:
        raise WrongState(state=held.state)
    is_over = held.due_at is not None and held.due_at <= move.now
    if move.needs_time and is_over:
        raise RedemptionOver(ended_at=held.due_at)
    if move.verb == "end" and not is_over:
        raise WrongState(state=held.state)
    if move.needs_active and person.state != "active":
        raise ledger.MemberNotActive
    stores = move.redemption.reward.stores
    if move.store is not None and stores and move.store.code not in stores:
        raise WrongStore(field="store", stores=stores)


def _value(move: Move, whose: Sequence[Person], held: Held, seen: Seen, posted: Posted) -> bool:
    """Move the points; whether they and the stock went back."""
    was_reserved = held.state == Where.RESERVED
    if move.target in (Where.ISSUED, Where.FULFILLED):
        if was_reserved:
            for book, parts in _by_book(whose, held, seen):
                book.confirm(parts, moment=move.now, fact_id=posted.fact_id)
        return False
    if move.target == Where.EXPIRED and (move.forfeit or not move.redemption.reward.gives_back):
        return False
    grace = _grace(move)
    for book, parts in _by_book(whose, held, seen):
        if was_reserved:
            ours = grace if move.target == Where.FAILED else None
            book.release(parts, moment=move.now, fact_id=posted.fact_id, grace_until=ours)
            continue
        # Last taken first (27).
        for lot, part in reversed(parts):
            book.restore(
                lot,
                part,
                at=move.now,
                moment=move.now,
                fact_id=posted.fact_id,
                order_id=None,
                grace_until=grace,
            )
        book.settle(move.now)
    if seen.reward[1] is not None:
        rows.add(seen.state, "stocks", {"id": held.reward_id, "amount": -1})
    return True


def _by_book(whose: Sequence[Person], held: Held, seen: Seen) -> list[tuple[Book, list[tuple[LotRow, int]]]]:
    """The lots by the wallet that gave them; those of a wallet that is no more are the member's, who comes first."""
    units = seen.state.rulebook.units_by_id
    home = {book.id for each in whose[1:] for book in each.books.values()}
    found: dict[tuple[int, int], list[tuple[LotRow, int]]] = {}
    for unit, lot, part in held.parts:
        side = int(seen.lots[lot].wallet_id in home)
        found.setdefault((unit, side), []).append((seen.lots[lot], part))
    return [(seen.state.book(whose[side], units[unit]), parts) for (unit, side), parts in found.items()]


def _grace(move: Move) -> datetime:
    zone = move.program.zone
    return day_start(move.now.astimezone(zone).date() + timedelta(days=GRACE_DAYS + 1), zone)


def _write(move: Move, person: Person, held: Held, state: State, posted: Posted, *, is_back: bool) -> None:
    now, one = move.now, move.redemption
    is_open = move.target == Where.ISSUED
    is_new = held.issued_at is None and move.target in (Where.ISSUED, Where.FULFILLED)
    due_at = usable_until(one.reward, now, move.program) if is_new else move.until or held.due_at
    rows.add(
        state,
        "redemption_moves",
        {
            "id": one.pk,
            "was": held.state,
            "state": move.target,
            "is_given_back": is_back,
            "store_id": move.store.pk if move.store else held.store_id,
            "stage": move.stage or held.stage,
            "tracking": move.tracking or held.tracking,
            "issued_at": now if is_new else held.issued_at,
            "closed_at": None if is_open else now,
            "due_at": due_at if is_open else None,
        },
    )
    person.is_touched = True
    data = {"redemption": one.pk, "reward": one.reward.key}
    kinds = [f"reward.{move.stage}" if move.verb == "send" else f"reward.{move.target}"]
    if move.verb == "extend":
        kinds = [MOVED]
    if move.verb == "confirm" and not is_open:
        kinds.insert(0, "reward.issued")
    source, kind, external_id = move.fact
    mark = hashlib.sha256(external_id.encode()).digest()
    rows.add_fact(
        state, (source, kind, external_id, 0), mark, posted, data, holder_id=person.id, order_id=None
    )
    for told in kinds:
        rows.add_event(state, told, posted, data, holder_id=person.id)
    if move.by is not None:
        entry = audit.row(
            program=move.program,
            actor=move.by,
            action=f"redemption.{move.verb}",
            subject="member",
            subject_id=person.number,
            before={"state": held.state},
            after={**data, "state": move.target},
            reason=move.reason,
            now=now,
        )
        rows.add(state, "audit", entry)
