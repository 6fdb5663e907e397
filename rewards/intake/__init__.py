"""From facts to points: one path for the till, the API, the import and the back-test.

`record()` takes any mix of orders, payments, cancellations, returns and events, one or ten thousand alike, in one
transaction, and answers each of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection
from django_scopes import scope

from members.models import Program
from rewards import ids, posting, rulebook
from rewards.intake import checks, recording, requests, rows
from rewards.intake.items import Item, Outcome
from rewards.intake.state import State, unpack

__all__ = ["record"]


def record(
    *, program: Program, items: Sequence[Item], now: datetime, at_own_time: bool = False
) -> list[Outcome]:
    """Record facts and give the points they earn; one Outcome per item, in their order.

    A fact has effect once for ever: a repeat gets the first answer with status "repeated". Items that cannot be taken
    are refused one by one, and the others are taken. With `at_own_time` each item is posted as of its own moment, as an
    import of history needs it. Raises rewards.posting.Busy when other writers do not let it through.
    """
    refused = checks.refuse(items, now)
    taken = [item for index, item in enumerate(items) if index not in refused] if refused else items
    if not taken:
        return [refused[index] for index in range(len(items))]
    with scope(program=program):
        told = posting.attempt(lambda: _read_and_work(program, taken, now, at_own_time=at_own_time))
    answers = iter(told)
    return [refused[index] if index in refused else next(answers) for index in range(len(items))]


def _read_and_work(
    program: Program, items: Sequence[Item], now: datetime, *, at_own_time: bool
) -> tuple[dict[str, Any], list[Outcome]]:
    state = read(program, items, now, at_own_time=at_own_time)
    outcomes = recording.work(items, state, at_own_time=at_own_time)
    return rows.document(state), outcomes


def read(program: Program, items: Sequence[Item], now: datetime, *, at_own_time: bool) -> State:
    """The state of everything these items concern, with rules that are not older than it."""
    database = str(connection.settings_dict["NAME"])
    book = rulebook.of(program.pk, database=database)
    latest = max(item.occurred_at for item in items)
    due = latest if at_own_time else max(now, latest)
    document = posting.read(requests.document(items, book, due=due))
    if document["catalogue"] != book.catalogue:
        book = rulebook.of(program.pk, database=database, catalogue=document["catalogue"])
        document = posting.read(requests.document(items, book, due=due))
    state = State(book, now, ids.pool(len(items) * 6 + 8))
    unpack(document, state)
    return state
