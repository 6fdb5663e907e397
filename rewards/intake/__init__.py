"""From facts to points: one path for the till, the API, the import and the back-test.

`record()` takes any mix of orders, payments, cancellations, returns and events, one or ten thousand alike, in one
transaction, and answers each of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import connection
from django_scopes import scope

from loyaltysite.kit import collection
from members import erasure, followers
from members.models import Program
from rewards import ids, posting, quotes, rulebook
from rewards.engine import explanation
from rewards.engine.explanation import Reason
from rewards.engine.pricing import Award
from rewards.intake import checks, content, coupons, earning, recording, requests, rows
from rewards.intake.items import Item, OrderIn, Outcome
from rewards.intake.state import OrderRow, Person, State, unpack

__all__ = ["Preview", "preview", "record"]

# From so many items on, looking for cycles among their objects costs a tenth of the work and finds nothing.
MANY = 100
type Authorize = Callable[[Person, Mapping[str, int]], None]


def record(
    *,
    program: Program,
    items: Sequence[Item],
    now: datetime,
    at_own_time: bool = False,
    keep: Callable[[list[Outcome]], posting.Kept] | None = None,
    authorize: Authorize | None = None,
) -> list[Outcome]:
    """Record facts and give the points they earn; one Outcome per item, in their order.

    A fact has effect once for ever: a repeat gets the first answer with status "repeated". Items that cannot be taken
    are refused one by one, and the others are taken. With `at_own_time` each item is posted as of its own moment, as an
    import of history needs it. `keep` makes a row of the answers that is written in the same transaction, unless no item
    could be a fact at all. `authorize` is asked before a member's points pay for an order, and raises what it has against
    it. Raises that as tenders.Denied, and rewards.posting.Busy when other writers do not let it through.
    """
    refused = checks.refuse(items, now)
    taken = [item for index, item in enumerate(items) if index not in refused] if refused else items
    if not taken:
        return [refused[index] for index in range(len(items))]
    with scope(program=program), collection.paused(when=len(taken) >= MANY):
        told = posting.attempt(
            lambda: _read_and_work(program, taken, now, at_own_time=at_own_time, authorize=authorize),
            keep=keep and (lambda told: keep(_together(told, refused))),
        )
    if rulebook.of(program.pk, database=str(connection.settings_dict["NAME"])).is_followed:
        followers.wake()
    return _together(told, refused)


def _together(told: Sequence[Outcome], refused: dict[int, Outcome]) -> list[Outcome]:
    """All answers in the order of the items."""
    answers = iter(told)
    return [
        refused[index] if index in refused else next(answers) for index in range(len(told) + len(refused))
    ]


@dataclass(frozen=True, slots=True)
class Preview:
    """What an order would earn now. `quote` keeps that promise for half an hour for a known member; `awards` tell the
    arithmetic and `reasons` what every rule did or missed."""

    outcome: Outcome
    awards: tuple[Award, ...] = ()
    reasons: tuple[Reason, ...] = ()
    quote: str = ""


def preview(*, program: Program, item: OrderIn, now: datetime) -> Preview:
    """The same code as record(), and nothing is written (23)."""
    refused = checks.refuse([item], now)
    if refused:
        return Preview(refused[0])
    with scope(program=program):
        state = read(program, [item], now, at_own_time=False)
    state.codes.is_lenient = True
    # Nothing is spent by looking.
    state.authorize = lambda owner, costs: None
    was_known = item.member is not None and content.known(item.member, state) is not None
    outcome = recording.work([item], state, at_own_time=False)[0]
    order = state.orders.get((item.source, item.external_id))
    if outcome.status != "recorded" or order is None or order.context is None:
        return Preview(outcome)
    occasion, engine = earning.occasion_of(order, state), state.rulebook.engine_of(order.versions)
    reasons = explanation.explain(occasion, order.context, engine.program, currency=program.currency)
    quote = ""
    if was_known and outcome.member_id is not None:
        quote = quotes.sign(
            program_id=program.pk,
            member_id=outcome.member_id,
            item=item,
            versions=engine.versions,
            now=now,
            paid=_quoted(order),
        )
    awards = engine.program.price(occasion, order.context).awards
    return Preview(replace(outcome, fact_id=None, order_id=None), awards, tuple(reasons), quote)


def _quoted(order: OrderRow) -> tuple[tuple[int, int, int], ...]:
    """What tenders would pay, as a quote holds it."""
    return tuple((paid.wallet_id, paid.amount, paid.money_minor) for paid in order.paid.values())


def _read_and_work(
    program: Program,
    items: Sequence[Item],
    now: datetime,
    *,
    at_own_time: bool,
    authorize: Authorize | None,
) -> tuple[dict[str, Any], list[Outcome]]:
    state = read(program, items, now, at_own_time=at_own_time)
    state.authorize = authorize
    outcomes = recording.work(items, state, at_own_time=at_own_time)
    return rows.document(state), outcomes


def read(program: Program, items: Sequence[Item], now: datetime, *, at_own_time: bool) -> State:
    """The state of everything these items concern, with rules that are not older than it."""
    database = str(connection.settings_dict["NAME"])
    book = rulebook.of(program.pk, database=database)
    latest = max(item.occurred_at for item in items)
    due = latest if at_own_time else max(now, latest)
    document, codes = _snapshot(items, book, due)
    if document["catalogue"] != book.catalogue:
        book = rulebook.of(program.pk, database=database, catalogue=document["catalogue"])
        document, codes = _snapshot(items, book, due)
    state = State(book, now, ids.pool(len(items) * 6 + 8), codes=coupons.unpack(codes))
    unpack(document, state)
    if book.has_marks:
        state.gone = erasure.marked(program=program, known=requests.newcomers(items, state.who))
    return state


def _snapshot(
    items: Sequence[Item], book: rulebook.Rulebook, due: datetime
) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """What these items concern, and of the codes that orders bring what there is to know: one statement."""
    asked, document = coupons.question(items, book), requests.document(items, book, due=due)
    if asked is None:
        return posting.read(document), None
    return posting.read_with(document, "wafa_read_codes", asked)
