"""What becomes of a redemption: confirmed, used, given back, cancelled or failed; each once, each in one posting."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django_scopes import scope

from loyaltysite.kit.errors import NotFound
from members import audit
from members.models import Member, Program, Store, User
from rewards import ledger, posting
from rewards.intake import rows
from rewards.intake.state import Person, Posted, State
from rewards.lots import LotRow
from rewards.models import Redemption
from rewards.policies import day_start
from rewards.redemptions import reading, tickets
from rewards.redemptions.reading import Held, Seen
from rewards.redemptions.refusals import CodeInvalid, RedemptionOver, WrongState, WrongStore
from rewards.redemptions.reserving import SOURCE, usable_until

GRACE_DAYS = 30
Where = Redemption.State
OPEN = {Where.RESERVED, Where.ISSUED}


@dataclass(frozen=True, slots=True)
class Move:
    """Where from and where to. `fact` names it, so that it happens once; `needs_time` refuses what is over."""

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
    again: str = field(default="")

    @property
    def fact(self) -> tuple[str, str, str]:
        return SOURCE, f"reward.{self.verb}", f"{self.redemption.pk}{self.again}"


def confirm(*, program: Program, redemption_id: int, now: datetime, by: User | None = None) -> Redemption:
    """Spend what is reserved. A repeat changes nothing. Raises NotFound, WrongState, RedemptionOver, MemberNotActive."""
    return _go(
        program, redemption_id, "confirm", {Where.RESERVED}, Where.ISSUED, now, by=by, needs_time=True,
        needs_active=True,
    )  # fmt: skip


def fulfil(
    *, program: Program, redemption_id: int, now: datetime, by: User | None = None, store: str = ""
) -> Redemption:
    """It was used or handed over; what was only reserved is spent with it. A repeat changes nothing.

    Raises NotFound, WrongState, RedemptionOver, WrongStore, MemberNotActive."""
    return _go(
        program, redemption_id, "fulfil", OPEN, Where.FULFILLED, now, by=by, store=store, needs_time=True,
        needs_active=True,
    )  # fmt: skip


def use(*, program: Program, code: str, now: datetime, by: User | None = None, store: str = "") -> Redemption:
    """Hand over what this code stands for, once. Wrong, over and used answer alike. Raises CodeInvalid, WrongStore."""
    found = find(program=program, code=code)
    if found is None or found.state not in OPEN:
        raise CodeInvalid
    try:
        return fulfil(program=program, redemption_id=found.pk, now=now, by=by, store=store)
    except (WrongState, RedemptionOver, ledger.MemberNotActive) as error:
        raise CodeInvalid from error


def find(*, program: Program, code: str) -> Redemption | None:
    """The redemption of a code, whatever its state."""
    typed = tickets.clean(code)
    if not typed:
        return None
    with scope(program=program):
        kept = Redemption.objects.filter(
            program=program, code_digest__in=tickets.digests(program_id=program.pk, code=typed)
        )
        return kept.select_related("reward", "member", "store").first()


def release(*, program: Program, redemption_id: int, now: datetime, by: User | None = None) -> Redemption:
    """Give back what is reserved: points to their lots, stock and code. A repeat changes nothing. Raises WrongState."""
    return _go(program, redemption_id, "release", {Where.RESERVED}, Where.RELEASED, now, by=by)


def cancel(
    *, program: Program, redemption_id: int, reason: str, now: datetime, by: User | None = None
) -> Redemption:
    """Take back what was issued and not used: points go to their lots, stock comes back. Raises WrongState,
    ReasonMissing."""
    return _go(
        program, redemption_id, "cancel", {Where.ISSUED}, Where.CANCELLED, now, by=by, reason=_said(reason)
    )


def fail(
    *, program: Program, redemption_id: int, reason: str, now: datetime, by: User | None = None
) -> Redemption:
    """It was our fault: everything comes back, and what has ended meanwhile with a time of grace. Raises WrongState,
    ReasonMissing."""
    sources = {*OPEN, Where.FULFILLED}
    return _go(program, redemption_id, "fail", sources, Where.FAILED, now, by=by, reason=_said(reason))


def send(
    *,
    program: Program,
    redemption_id: int,
    stage: str,
    now: datetime,
    by: User | None = None,
    tracking: str = "",
) -> Redemption:
    """How far the goods are: packed, then sent, with a number to follow them. Raises WrongState."""
    return _go(
        program, redemption_id, "send", {Where.ISSUED}, Where.ISSUED, now, by=by, stage=stage,
        tracking=tracking.strip()[:80], again=f":{stage}",
    )  # fmt: skip


def end(*, program: Program, redemption_id: int, now: datetime) -> Redemption:
    """Its time is over: a reservation is released, the right to use it ends. Raises WrongState."""
    with scope(program=program):
        found = _find(program, redemption_id)
    is_reserved = found.state == Where.RESERVED
    target = Where.RELEASED if is_reserved else Where.EXPIRED
    return _go(program, redemption_id, "end", OPEN, target, now)


# --- parts -----------------------------------------------------------------------------------------------------------


def _said(reason: str) -> str:
    if not reason.strip():
        raise ledger.ReasonMissing(field="reason")
    return reason.strip()[:300]


def _find(program: Program, redemption_id: int) -> Redemption:
    found = (
        Redemption.objects.filter(program=program, pk=redemption_id)
        .select_related("reward", "member", "store")
        .first()
    )
    if found is None:
        raise NotFound
    return found


def _go(
    program: Program,
    redemption_id: int,
    verb: str,
    sources: Collection[str],
    target: str,
    now: datetime,
    *,
    store: str = "",
    **more: Any,
) -> Redemption:
    with scope(program=program):
        found = _find(program, redemption_id)
        place = Store.objects.filter(program=program, code=store, is_active=True).first() if store else None
        if store and place is None:
            raise NotFound(field="store")
        move = Move(program, found, verb, frozenset(sources), target, now, store=place, **more)
        posting.attempt(lambda: _read_and_work(move))
        return _find(program, redemption_id)


def _read_and_work(move: Move) -> tuple[dict[str, Any], None]:
    one = move.redemption
    member: Member = one.member
    holders = [number for number in (member.pk, member.merged_into_id) if number]
    seen = reading.read(
        program=move.program, holders=holders, fact=move.fact, question={"redemption": one.pk}, now=move.now
    )
    if 0 in seen.state.facts:
        return {}, None
    person, held = reading.person_of(seen.state, member.pk), seen.held
    if person is None or held is None:
        raise NotFound
    _check(move, person, held)
    for book in person.books.values():
        book.settle(move.now)
    posted = Posted(move.now, move.now, seen.state.take_id())
    is_back = _value(move, person, held, seen, posted)
    _write(move, person, held, seen.state, posted, is_back=is_back)
    return rows.document(seen.state), None


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


def _value(move: Move, person: Person, held: Held, seen: Seen, posted: Posted) -> bool:
    """Move the points; whether they and the stock went back."""
    was_reserved = held.state == Where.RESERVED
    if move.target in (Where.ISSUED, Where.FULFILLED):
        if was_reserved:
            for book, parts in _by_book(person, held, seen):
                book.confirm(parts, moment=move.now, fact_id=posted.fact_id)
        return False
    if move.target == Where.EXPIRED and not move.redemption.reward.gives_back:
        return False
    grace = _grace(move)
    for book, parts in _by_book(person, held, seen):
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


def _by_book(person: Person, held: Held, seen: Seen) -> list[tuple[Any, list[tuple[LotRow, int]]]]:
    units = seen.state.rulebook.units_by_id
    found: dict[int, list[tuple[LotRow, int]]] = {}
    for unit, lot, part in held.parts:
        found.setdefault(unit, []).append((seen.lots[lot], part))
    return [(seen.state.book(person, units[unit]), parts) for unit, parts in found.items()]


def _grace(move: Move) -> datetime:
    zone = move.program.zone
    return day_start(move.now.astimezone(zone).date() + timedelta(days=GRACE_DAYS + 1), zone)


def _write(move: Move, person: Person, held: Held, state: State, posted: Posted, *, is_back: bool) -> None:
    now, one = move.now, move.redemption
    is_open = move.target == Where.ISSUED
    is_new = held.issued_at is None and move.target in (Where.ISSUED, Where.FULFILLED)
    due_at = usable_until(one.reward, now, move.program) if is_new else held.due_at
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
    kinds = {"send": f"reward.{move.stage}"}.get(move.verb, f"reward.{move.target}")
    source, kind, external_id = move.fact
    mark = hashlib.sha256(external_id.encode()).digest()
    rows.add_fact(
        state, (source, kind, external_id, 0), mark, posted, data, holder_id=person.id, order_id=None
    )
    rows.add_event(state, kinds, posted, data, holder_id=person.id)
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
