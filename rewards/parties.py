"""Households and causes take part in a posting like members do: guarded by their seq, read in the same snapshot."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db import connection

from members.models import Program
from rewards import ids, posting, rulebook
from rewards.intake.state import State, lot_of, unpack

SHARED = ("members", "wallets", "lots")


def join(document: dict[str, Any], more: dict[str, Any]) -> None:
    """Put what wafa_read_holders told beside what wafa_read told of members."""
    for name in SHARED:
        document[name] = [*(document[name] or ()), *(more[name] or ())]


def read(
    program: Program,
    request: dict[str, Any],
    *,
    others: Collection[int],
    now: datetime,
    whole: bool = False,
    lots: Collection[int] = (),
) -> State:
    """As ledger.read(), with these holders among `State.people` (their number is empty). With `whole` their open lots
    too, without it they can only be credited; `lots` are wanted by id, whosever they are. One statement."""
    wanted: dict[str, Any] = {"program": program.pk, "facts": [], **request}
    question: dict[str, Any] = {
        "program": program.pk,
        "others": list(others),
        "whole": whole,
        "lots": list(lots),
    }
    document, more = posting.read_with(wanted, "wafa_read_holders", question)
    join(document, more)
    state = State(_rulebook(program, document["catalogue"]), now, ids.pool(16))
    unpack(document, state)
    for holder in more["kept"] or ():
        for book in state.people[holder].books.values():
            # No silence of anybody ends what a cause was given.
            book.lapse = None
    lapse_together(state, more)
    for row in more["named"] or ():
        state.lots.setdefault(row[0], lot_of(row))
    return state


def lapse_together(state: State, more: dict[str, Any]) -> None:
    """What a household shares lapses with the silence of all its members (9)."""
    for holder in more["shared"] or ():
        for book in state.people[holder].books.values():
            book.lapse = state.rulebook.units_by_id[book.unit_id].lapse


def _rulebook(program: Program, catalogue: int) -> rulebook.Rulebook:
    return rulebook.of(program.pk, database=str(connection.settings_dict["NAME"]), catalogue=catalogue)
