"""Points that go from one wallet to another in entries of kind `merge`: each lot opens one with the same dates."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from members.models import Program
from rewards import ledger
from rewards.books import Book
from rewards.intake.state import Person, Posted, State
from rewards.lots import LotRow

KIND = "merge"
SOURCE = "staff"

type Portion = tuple[LotRow, int]


def read(program: Program, member_ids: Iterable[int], *, fact: tuple[str, str], now: datetime) -> State:
    """Both members with whole wallets, settled up to now. `fact` is the kind and key of what is about to be done."""
    kind, key = fact
    request: dict[str, Any] = {
        "facts": [{"i": 0, "source": SOURCE, "kind": kind, "external_id": key, "revision": 0}],
        "holders": sorted(member_ids),
        "due": now.isoformat(),
    }
    state = ledger.read(program, request, now)
    for person in state.people.values():
        for book in person.books.values():
            book.settle(now)
    return state


def all_of(book: Book) -> list[Portion]:
    """Everything pending and usable, in order of use."""
    lots = sorted((lot for lot in book.lots.values() if lot.remaining), key=LotRow.order_of_use)
    return [(lot, lot.remaining) for lot in lots]


def hand(portions: Iterable[Portion], target: Book, posted: Posted) -> None:
    """Open a lot in the target for each portion: earned, active and ending when the old one was."""
    for lot, amount in portions:
        target.credit(
            KIND,
            amount,
            at=posted.moment,
            moment=posted.moment,
            active_at=lot.active_at,
            expires_at=lot.expires_at,
            earned_at=lot.earned_at,
            awaits=lot.awaits,
            terms=lot.terms,
            fact_id=posted.fact_id,
            version_id=lot.version_id,
            origin_id=lot.id,
            earner_id=lot.order_id,
        )


def grant(amount: int, target: Book, state: State, posted: Posted) -> None:
    """Open a lot of its own, ending as any given today."""
    if amount:
        unit = state.rulebook.units_by_id[target.unit_id]
        target.credit(
            KIND,
            amount,
            at=posted.moment,
            moment=posted.moment,
            active_at=posted.moment,
            expires_at=state.rulebook.expiry(unit, "", posted.moment),
            fact_id=posted.fact_id,
        )


def units_of(*people: Person) -> list[int]:
    """The units in which any of them has a wallet."""
    return sorted({unit for person in people for unit in person.books})


def open_book(person: Person, unit_id: int, state: State) -> Book:
    return state.book(person, state.rulebook.units_by_id[unit_id])
