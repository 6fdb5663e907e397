"""The points ledger: spend and adjust. Every function takes an idempotency key.

Same key and same content give the same answer; same key with other content is refused (SEMANTICS 15).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import orjson
from django.db import connection
from django.db.models import Sum
from django.utils.translation import gettext_lazy as _
from django_scopes import scope

from loyaltysite.kit import prints
from loyaltysite.kit.errors import Conflict, DomainError, NotFound
from members import audit
from members.models import Member, Program, User
from rewards import ids, posting, rulebook
from rewards.books import Book
from rewards.intake import content, rows
from rewards.intake.state import Person, Posted, State, unpack
from rewards.lots import LotRow
from rewards.models import Lot
from rewards.rulebook import Rulebook, UnitInfo

# A spend takes so many lots at most but for rare ones, which read again.
FEW_LOTS = 4


class InsufficientPoints(DomainError):
    code = "insufficient_points"
    message = _("%(missing)s more are needed.")


class KeyReused(DomainError):
    code = "idempotency_key_reused"
    message = _("This key was used for something else.")


class MemberNotActive(Conflict):
    code = "member_not_active"
    message = _("This member is blocked or closed.")


class ReasonMissing(DomainError):
    code = "reason_missing"
    message = _("Give a reason.")


class AmountInvalid(DomainError):
    code = "amount_invalid"
    message = _("Enter a whole amount other than zero.")


@dataclass(frozen=True, slots=True)
class Movement:
    """The answer to a spend or an adjustment; `active` is the member's usable balance after it, in ledger units."""

    fact_id: int
    active: int
    repeated: bool = False


def spend(
    *,
    program: Program,
    member: Member,
    unit: str,
    amount: int,
    key: str,
    now: datetime,
    order: tuple[str, str] | None = None,
    source: str = "wafa",
    word: Word | None = None,
    keep: Callable[[Movement], posting.Kept] | None = None,
) -> Movement:
    """Spend `amount` ledger units from the lots in order of use; a repeat with the same key returns the first answer.

    `order` = (source, external id) says on which order they were spent, so that its return gives them back (27). `word` is
    asked before it, unless it is a repeat, and kept with it; `keep` makes of the answer a row that is written with it.
    Raises InsufficientPoints, MemberNotActive, KeyReused, AmountInvalid, NotFound, and what `word` raises.
    """
    if amount <= 0:
        raise AmountInvalid(field="amount")

    def move(book: Book, rules: Rulebook, fact_id: int, order_id: int | None) -> None:
        if book.active < amount:
            raise InsufficientPoints(missing=amount - book.active)
        book.debit("spend", amount, at=now, moment=now, fact_id=fact_id, order_id=order_id)

    content = {"member": member.pk, "unit": unit, "amount": amount, "order": order}
    wish = Wish(program, member.pk, unit, "spend", key, source, content, now, move, order=order, word=word)
    return carry_out(wish, keep)


def adjust(
    *,
    program: Program,
    member: Member,
    unit: str,
    amount: int,
    reason: str,
    by: User,
    key: str,
    now: datetime,
) -> Movement:
    """Give (positive) or take (negative) points by hand, with a reason and an author, audited in the same transaction.

    Raises InsufficientPoints when more is taken than there is, KeyReused, MemberNotActive, AmountInvalid,
    ReasonMissing.
    """
    _check_adjustment(amount, reason)
    wish = _adjustment(
        program=program, member=member, unit=unit, amount=amount, reason=reason, by=by, key=key, now=now
    )
    return carry_out(wish)


def adjust_each(
    *,
    program: Program,
    members: Sequence[Member],
    unit: str,
    amount: int,
    reason: str,
    by: User,
    key: str,
    now: datetime,
) -> dict[int, str]:
    """The same adjustment for many members in one posting; who was refused, by id, with the code of the refusal.

    The key of each is `<key>-<member id>`, so that a repeat acts only on those whom it has not reached.
    Raises AmountInvalid, ReasonMissing, KeyReused.
    """
    _check_adjustment(amount, reason)
    wishes = [
        _adjustment(
            program=program, member=member, unit=unit, amount=amount, reason=reason, by=by,
            key=f"{key}-{member.pk}", now=now,
        )
        for member in members
    ]  # fmt: skip
    return carry_out_each(program=program, wishes=wishes, now=now)


def _check_adjustment(amount: int, reason: str) -> None:
    if not amount:
        raise AmountInvalid(field="amount")
    if not reason.strip():
        raise ReasonMissing(field="reason")


def _adjustment(
    *,
    program: Program,
    member: Member,
    unit: str,
    amount: int,
    reason: str,
    by: User,
    key: str,
    now: datetime,
) -> Wish:
    def move(book: Book, rules: Rulebook, fact_id: int, order_id: int | None) -> None:
        if amount > 0:
            expires_at = rules.expiry(rules.units[unit], "", now)
            book.credit(
                "adjust", amount, at=now, moment=now, active_at=now, expires_at=expires_at, fact_id=fact_id
            )
            return
        if book.active < -amount:
            raise InsufficientPoints(missing=-amount - book.active)
        book.debit("adjust", -amount, at=now, moment=now, fact_id=fact_id)

    content = {"member": member.pk, "unit": unit, "amount": amount, "reason": reason}
    entry = audit.row(
        program=program,
        actor=by,
        action="points.adjust",
        subject="member",
        subject_id=member.number,
        after={"unit": unit, "amount": amount},
        reason=reason,
        now=now,
    )
    return Wish(program, member.pk, unit, "adjust", key, "staff", content, now, move, audit=entry)


def owe(*, program: Program, member: Member, unit: str, amount: int, key: str, now: datetime) -> Movement:
    """Take up arrears of `amount` ledger units that a person owed before (see rewards/erasure.py): usable points pay
    first. A repeat with the same key returns the first answer."""
    if amount <= 0:
        raise AmountInvalid(field="amount")

    def move(book: Book, rules: Rulebook, fact_id: int, order_id: int | None) -> None:
        book.reverse(
            amount,
            at=now,
            moment=now,
            fact_id=fact_id,
            order_id=None,
            own=(),
            ended=0,
            limit=None,
            mode="arrears",
        )

    content = {"member": member.pk, "unit": unit, "amount": amount}
    return carry_out(Wish(program, member.pk, unit, "owe", key, "wafa", content, now, move))


class Word(Protocol):
    """What allows a movement: `table` holds it, and a violation there is the caller's to understand."""

    table: str

    def check(self, costs: Mapping[str, int]) -> None:
        """Raises what stands against it; it is asked again when somebody else was faster. `costs` is {unit key: ledger units}."""

    def add(self, state: State, person: Person, posted: Posted, told: Mapping[str, Any]) -> None:
        """Its rows, beside the fact; `told` is what was done."""


@dataclass(frozen=True, slots=True)
class Wish:
    """One movement in one wallet: whose, of what, under which key, and how."""

    program: Program
    member_id: int
    unit: str
    kind: str
    key: str
    source: str
    content: dict[str, Any]
    now: datetime
    move: Callable[[Book, Rulebook, int, int | None], None]
    order: tuple[str, str] | None = None
    audit: dict[str, Any] | None = None
    needs_active: bool = True
    word: Word | None = None

    @property
    def canonical(self) -> bytes:
        return orjson.dumps(self.content, option=orjson.OPT_SORT_KEYS)


def carry_out(wish: Wish, keep: Callable[[Movement], posting.Kept] | None = None) -> Movement:
    """Read, move and post; a repeat of the same wish gives the first answer. Raises KeyReused, MemberNotActive."""
    final = wish.word.table if wish.word else ""
    with scope(program=wish.program):
        return posting.attempt(lambda: _read_and_work(wish), keep=keep, final=final)


def carry_out_each(*, program: Program, wishes: Sequence[Wish], now: datetime) -> dict[int, str]:
    """Many wishes in one posting; who was refused, by id, with the code of the refusal. Raises KeyReused."""
    with scope(program=program):
        return posting.attempt(lambda: _read_and_work_each(program, wishes, now))


def given_by(fact_id: int, book: Book, unit_id: int) -> tuple[list[LotRow], int]:
    """What this fact gave: its lots in the book, and how much of all its lots has ended unused. Ask once it is settled:
    what has only ended now is not in the database."""
    own = [lot for lot in book.lots.values() if lot.fact_id == fact_id]
    others = Lot.objects.filter(fact_id=fact_id, wallet__unit=unit_id).exclude(pk__in=[lot.id for lot in own])
    gone = others.aggregate(sum=Sum("expired"))["sum"] or 0
    return own, sum(lot.expired for lot in own) + gone


def _read_and_work(wish: Wish) -> tuple[dict[str, Any], Movement]:
    request: dict[str, Any] = {
        "facts": [{"i": 0, "source": wish.source, "kind": wish.kind, "external_id": wish.key, "revision": 0}],
        "holders": [wish.member_id],
        "due": wish.now.isoformat(),
    }
    if wish.order:
        request["orders"] = [{"i": 0, "source": wish.order[0], "external_id": wish.order[1]}]
    lean = {} if wish.order or wish.kind != "spend" else {"few": FEW_LOTS}
    state = read(wish.program, request | lean, wish.now)
    if lean and not _suffices(wish, state):
        state = read(wish.program, request, wish.now)
    if 0 in state.facts:
        return {}, _repeated(state.facts[0], wish)
    movement = _work(wish, state, *_whom(wish, state))
    return rows.document(state), movement


def _read_and_work_each(
    program: Program, wishes: Sequence[Wish], now: datetime
) -> tuple[dict[str, Any], dict[int, str]]:
    """As above for wishes of different members: one reading, one posting."""
    facts = [
        {"i": i, "source": wish.source, "kind": wish.kind, "external_id": wish.key, "revision": 0}
        for i, wish in enumerate(wishes)
    ]
    holders = [wish.member_id for wish in wishes]
    state = read(program, {"facts": facts, "holders": holders, "due": now.isoformat()}, now)
    refused: dict[int, str] = {}
    for i, wish in enumerate(wishes):
        if i in state.facts:
            _repeated(state.facts[i], wish)
            continue
        try:
            person, unit = _whom(wish, state)
            _work(wish, state, person, unit)
        except (NotFound, MemberNotActive, InsufficientPoints) as error:
            refused[wish.member_id] = error.code
    for person in state.people.values():
        # Whoever was refused may still have had something due.
        person.is_touched |= any(book.is_moved for book in person.books.values())
    return rows.document(state), refused


def _whom(wish: Wish, state: State) -> tuple[Person, UnitInfo]:
    person, unit = state.people.get(wish.member_id), state.rulebook.units.get(wish.unit)
    if person is None:
        raise NotFound
    if unit is None:
        raise NotFound(field="unit")
    if wish.word is not None:
        wish.word.check({wish.unit: wish.content["amount"]})
    if wish.needs_active and person.state != "active":
        raise MemberNotActive
    return person, unit


def _suffices(wish: Wish, state: State) -> bool:
    """Whether the lots used next, which were all that was read, cover the spend and nothing falls due before."""
    person, unit = state.people.get(wish.member_id), state.rulebook.units.get(wish.unit)
    book = person.books.get(unit.id) if person and unit else None
    if book is None or 0 in state.facts:
        return True
    is_due = book.next_due_at is not None and book.next_due_at <= wish.now
    wanted = min(wish.content["amount"], book.active)
    return not is_due and sum(lot.usable for lot in book.lots.values()) >= wanted


def _work(wish: Wish, state: State, person: Person, unit: UnitInfo) -> Movement:
    posted = Posted(wish.now, wish.now, state.take_id())
    book = state.book(person, unit)
    book.settle(wish.now)
    order_id = None
    if wish.order:
        order = state.orders.get(wish.order) or content.awaited(*wish.order, state, posted)
        state.hold(order, posted.fact_id)
        order_id = order.id
    wish.move(book, state.rulebook, posted.fact_id, order_id)
    person.is_touched = True
    answer = {"active": book.active}
    key = (wish.source, wish.kind, wish.key, 0)
    rows.add_fact(
        state, key, prints.of(wish.canonical), posted, answer, holder_id=person.id, order_id=order_id
    )
    rows.add_event(
        state,
        f"points.{wish.kind}",
        posted,
        {"unit": unit.key, **answer},
        holder_id=person.id,
        order_id=order_id,
    )
    if wish.audit:
        rows.add(state, "audit", {**wish.audit, "after": {**wish.audit["after"], **answer}})
    if wish.word is not None:
        told = {"unit": unit.key, "amount": wish.content["amount"], **answer}
        wish.word.add(state, person, posted, told)
    return Movement(posted.fact_id, book.active)


def _repeated(fact: tuple[int, bytes, dict[str, Any]], wish: Wish) -> Movement:
    number, first, answer = fact
    if not prints.fits(first, wish.canonical):
        raise KeyReused
    return Movement(number, answer["active"], repeated=True)


def read(program: Program, request: dict[str, Any], now: datetime) -> State:
    """A view of the program in memory for what the request asks (see rewards/sql/read.sql)."""
    book = rulebook.of(program.pk, database=_database())
    document = posting.read({"program": program.pk, "facts": [], **request})
    if document["catalogue"] != book.catalogue:
        book = rulebook.of(program.pk, database=_database(), catalogue=document["catalogue"])
    state = State(book, now, ids.pool(16))
    unpack(document, state)
    return state


def _database() -> str:
    return str(connection.settings_dict["NAME"])
