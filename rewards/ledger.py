"""The points ledger: spend, adjust, and settle what is due. Every function takes an idempotency key.

Same key and same content give the same answer; same key with other content is refused (SEMANTICS 15).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from django.db import connection
from django.utils.translation import gettext_lazy as _
from django_scopes import scope

from loyaltysite.kit.errors import Conflict, DomainError, NotFound
from members import audit
from members.models import Member, Program, User
from rewards import ids, posting, rulebook
from rewards.books import Book
from rewards.intake import content, rows
from rewards.intake.state import Person, State, unpack
from rewards.models import Wallet
from rewards.rulebook import UnitInfo

CHUNK = 500


class InsufficientPoints(DomainError):
    code = "insufficient_points"
    message = _("%(missing)s more are needed.")


class KeyReused(DomainError):
    code = "idempotency_key_reused"
    message = _("This key was used for something else.")


class MemberNotActive(Conflict):
    code = "member_not_active"
    message = _("This member is blocked or closed.")


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
    *, program: Program, member: Member, unit: str, amount: int, key: str, now: datetime, order: tuple[str, str] | None = None,
    source: str = "wafa",
) -> Movement:  # fmt: skip
    """Spend `amount` ledger units from the lots in order of use; a repeat with the same key returns the first answer.

    `order` = (source, external id) says on which order they were spent, so that its return gives them back (27).
    Raises InsufficientPoints, MemberNotActive, KeyReused, AmountInvalid.
    """
    if amount <= 0:
        raise AmountInvalid(field="amount")

    def move(book: Book, fact_id: int, order_id: int | None) -> None:
        if book.active < amount:
            raise InsufficientPoints(missing=amount - book.active)
        book.debit("spend", amount, at=now, moment=now, fact_id=fact_id, order_id=order_id)

    content = {"member": member.pk, "unit": unit, "amount": amount, "order": order}
    return _move(program, member, unit, "spend", key, source, content, now, move, order=order)


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

    Raises InsufficientPoints when more is taken than there is, KeyReused, MemberNotActive, AmountInvalid.
    """
    if not amount or not reason.strip():
        raise AmountInvalid(None if amount else AmountInvalid.message, field="reason" if amount else "amount")

    def move(book: Book, fact_id: int, order_id: int | None) -> None:
        info = rulebook.of(program.pk, database=_database()).units[unit]
        if amount > 0:
            rules = rulebook.of(program.pk, database=_database())
            book.credit("adjust", amount, at=now, moment=now, active_at=now, expires_at=rules.expiry(info, "", now),
                        fact_id=fact_id)  # fmt: skip
        else:
            if book.active < -amount:
                raise InsufficientPoints(missing=-amount - book.active)
            book.debit("adjust", -amount, at=now, moment=now, fact_id=fact_id)

    content = {"member": member.pk, "unit": unit, "amount": amount, "reason": reason}
    entry = audit.row(program=program, actor=by, action="points.adjust", subject="member", subject_id=member.number,
                      after={"unit": unit, "amount": amount}, reason=reason, now=now)  # fmt: skip
    return _move(program, member, unit, "adjust", key, "staff", content, now, move, audit_row=entry)


def settle_due(*, program: Program, now: datetime, limit: int | None = None) -> int:
    """Activate and expire everything due in the program up to `now`; how many wallets moved. Safe to run twice, late,
    or on several workers: each wallet is guarded by its holder."""
    done, after = 0, 0
    with scope(program=program):
        while limit is None or done < limit:
            holders = list(
                Wallet.objects.filter(next_due_at__lte=now, holder_id__gt=after)
                .order_by("holder_id")
                .values_list("holder_id", flat=True)
                .distinct()[:CHUNK]
            )
            if not holders:
                break
            after = holders[-1]
            done += posting.attempt(lambda holders=holders: _settle_holders(program, holders, now))  # type: ignore[misc]
    return done


def _settle_holders(program: Program, holders: list[int], now: datetime) -> tuple[dict[str, Any], int]:
    state = _read(program, {"holders": holders, "due": now.isoformat(), "needs": True}, now)
    moved = 0
    for person in state.people.values():
        for book in person.books.values():
            book.settle(now)
            if book.entries:
                moved += 1
                person.is_touched = True
    return rows.document(state), moved


def _move(
    program: Program, member: Member, unit: str, kind: str, key: str, source: str, content: dict[str, Any],
    now: datetime, move: Callable[[Book, int, int | None], None], *, order: tuple[str, str] | None = None,
    audit_row: dict[str, Any] | None = None,
) -> Movement:  # fmt: skip
    mark = hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).digest()

    def read_and_work() -> tuple[dict[str, Any], Movement]:
        request: dict[str, Any] = {
            "facts": [{"i": 0, "source": source, "kind": kind, "external_id": key, "revision": 0}],
            "holders": [member.pk], "due": now.isoformat(), "needs": True,
        }  # fmt: skip
        if order:
            request["orders"] = [{"source": order[0], "external_id": order[1]}]
        state = _read(program, request, now)
        if 0 in state.facts:
            return {"facts": []}, _repeated(state.facts[0], mark)
        person = state.people.get(member.pk)
        info = state.rulebook.units.get(unit)
        if person is None or info is None:
            raise NotFound
        if person.state != "active":
            raise MemberNotActive
        return _work(state, person, info, kind, key, source, mark, now, move, order, audit_row)

    with scope(program=program):
        return posting.attempt(read_and_work)


def _work(
    state: State, person: Person, unit: UnitInfo, kind: str, key: str, source: str, mark: bytes, now: datetime,
    move: Callable[[Book, int, int | None], None], order: tuple[str, str] | None, audit_row: dict[str, Any] | None,
) -> tuple[dict[str, Any], Movement]:  # fmt: skip
    fact_id = state.take_id()
    book = state.book(person, unit)
    book.settle(now)
    order_row = (state.orders.get(order) or content.awaited(*order, now, state, fact_id)) if order else None
    move(book, fact_id, order_row.id if order_row else None)
    person.is_touched = True
    answer = {"active": book.active}
    rows.add(state, "facts", {
        "id": fact_id, "program_id": state.rulebook.program_id, "source": source, "kind": kind, "external_id": key,
        "revision": 0, "fingerprint": "\\x" + mark.hex(), "holder_id": person.id,
        "order_id": order_row.id if order_row else None, "answer": answer, "recorded_at": now,
    })  # fmt: skip
    rows.add_event(state, f"points.{kind}", person.id, now, fact_id, None, {"unit": unit.key, **answer})
    if audit_row:
        rows.add(state, "audit", {**audit_row, "after": {**audit_row["after"], **answer}})
    return rows.document(state), Movement(fact_id, book.active)


def _repeated(fact: tuple[int, bytes, dict[str, Any]], mark: bytes) -> Movement:
    number, first, answer = fact
    if first != mark:
        raise KeyReused
    return Movement(number, answer["active"], repeated=True)


def _read(program: Program, request: dict[str, Any], now: datetime) -> State:
    book = rulebook.of(program.pk, database=_database())
    document = posting.read({"program": program.pk, "facts": [], **request})
    if document["catalogue"] != book.catalogue:
        book = rulebook.of(program.pk, database=_database(), catalogue=document["catalogue"])
    state = State(book, now, ids.pool(16))
    unpack(document, state)
    return state


def _database() -> str:
    return str(connection.settings_dict["NAME"])
