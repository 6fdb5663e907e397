"""Returns: matched with what was bought, then settled order by order (SEMANTICS 24 to 30)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rewards.intake import content, coupons, restoring, revisions, rows
from rewards.intake.content import CANCELLED
from rewards.intake.items import Outcome, ReturnIn, ReturnLineIn
from rewards.intake.state import Line, OrderRow, Person, Posted, State


@dataclass(frozen=True, slots=True)
class Match:
    """So many of a return's line were found on this line of this order."""

    asked: ReturnLineIn
    order: OrderRow | None
    line: Line | None
    quantity: int


def record_named(item: ReturnIn, order: OrderRow, state: State, posted: Posted) -> Outcome:
    """A return of a named order, by lines, by amount, or of everything that is left."""
    if order.state == CANCELLED:
        missed = [Match(asked, None, None, asked.quantity) for asked in item.lines]
        return _finish(item, [], missed, order, state, posted)
    was = revisions.before(order, state)
    matches: list[Match] = []
    refunded = sum(line.refunded_minor for line in order.lines)
    if item.lines:
        for asked in item.lines:
            matches += _apply(_match_in(asked, [order]))
    elif item.amount_minor is not None:
        refunded += item.amount_minor
    else:
        matches = _apply(_all_left(order))
    revisions.spread_refund(order.lines, refunded)
    return _finish(item, [(order, was)], matches, order, state, posted)


def record_unnamed(item: ReturnIn, person: Person | None, state: State, posted: Posted) -> Outcome:
    """A return that names no order: line by line to the member's latest earlier orders that hold the SKU (30)."""
    candidates: list[OrderRow] = []
    if person is not None:
        mine = state.orders_of.get(person.id, ())
        earlier = (o for o in mine if o.occurred_at <= item.occurred_at and o.state != CANCELLED)
        candidates = sorted(earlier, key=lambda order: (order.occurred_at, order.id), reverse=True)
    matches: list[Match] = []
    touched: dict[int, tuple[OrderRow, revisions.Before]] = {}
    for asked in item.lines:
        found = _match_in(asked, candidates)
        for order in {match.order.id: match.order for match in found if match.order is not None}.values():
            if order.id not in touched:
                touched[order.id] = (order, revisions.before(order, state))
        matches += _apply(found)
    for order, _was in touched.values():
        revisions.spread_refund(order.lines, sum(line.refunded_minor for line in order.lines))
    return _finish(item, list(touched.values()), matches, None, state, posted, person=person)


def cancel(order: OrderRow, state: State, posted: Posted) -> Outcome:
    """A cancellation is a return of all lines (22). Cancelling twice changes nothing."""
    person = state.people.get(order.member_id or 0)
    taken: dict[str, int] = {}
    back: list[dict[str, Any]] = []
    if order.state != CANCELLED:
        was = revisions.before(order, state)
        _apply(_all_left(order))
        order.state = CANCELLED
        taken, back = _settle(order, was, state, posted)
    outcome = content.answer("recorded", order, person, state, {})
    outcome.restored = back
    outcome.reversed = {key: value for key, value in taken.items() if value}
    return outcome


# --- matching -------------------------------------------------------------------------------------------------------


def _match_in(asked: ReturnLineIn, orders: list[OrderRow]) -> list[Match]:
    """Where the quantity asked for was bought and is not back yet, capped at what is left; the rest unmatched."""
    wanted, found = asked.quantity, []
    for order in orders:
        for line in order.lines:
            if wanted and line.left and _fits(asked, line):
                part = min(wanted, line.left)
                found.append(Match(asked, order, line, part))
                wanted -= part
    if wanted:
        found.append(Match(asked, None, None, wanted))
    return found


def _fits(asked: ReturnLineIn, line: Line) -> bool:
    return asked.position == line.position if asked.position is not None else asked.sku == line.sku


def _all_left(order: OrderRow) -> list[Match]:
    return [
        Match(ReturnLineIn(line.sku, line.left), order, line, line.left) for line in order.lines if line.left
    ]


def _apply(matches: list[Match]) -> list[Match]:
    for match in matches:
        if match.line is not None:
            match.line.returned_quantity = min(
                match.line.quantity, match.line.returned_quantity + match.quantity
            )
            match.line.is_changed = True
    return matches


# --- settling -------------------------------------------------------------------------------------------------------


def _finish(
    item: ReturnIn,
    touched: list[tuple[OrderRow, revisions.Before]],
    matches: list[Match],
    named: OrderRow | None,
    state: State,
    posted: Posted,
    *,
    person: Person | None = None,
) -> Outcome:
    taken: dict[str, int] = {}
    restored: list[dict[str, Any]] = []
    matched_minor = 0
    for order, was in touched:
        differences, back = _settle(order, was, state, posted)
        restored += back
        for key, value in differences.items():
            taken[key] = taken.get(key, 0) + value
        matched_minor += was.left_minor - (order.total_minor - order.returned_minor)
    if named is not None:
        person = state.people.get(named.member_id or 0)
    _store(item, matches, person, state, posted.fact_id, named=named, matched_minor=matched_minor)
    outcome = content.answer("recorded", named, person, state, {})
    outcome.reversed = {key: value for key, value in taken.items() if value}
    outcome.restored = restored
    outcome.unmatched = sum(match.quantity for match in matches if match.order is None)
    return outcome


def _settle(
    order: OrderRow, was: revisions.Before, state: State, posted: Posted
) -> tuple[dict[str, int], list[dict[str, Any]]]:
    """Post what the return of some of an order's lines takes back and gives back."""
    taken = revisions.settle(order, was, state, posted, gives_back="restore")
    back = restoring.give_back(order, state, posted) if order.spent else []
    coupons.free(order, state, posted)
    return taken, back


def _store(
    item: ReturnIn,
    matches: list[Match],
    person: Person | None,
    state: State,
    fact_id: int,
    *,
    named: OrderRow | None,
    matched_minor: int,
) -> None:
    number = state.take_id()
    asked_minor = sum(line.amount_minor for line in item.lines) or item.amount_minor or matched_minor
    row = {
        "id": number,
        "program_id": state.rulebook.program_id,
        "order_id": named.id if named else None,
        "member_id": person.id if person else None,
        "source": item.source,
        "external_id": item.external_id,
        "fact_id": fact_id,
        "occurred_at": item.occurred_at,
        "amount_minor": asked_minor,
        "matched_minor": matched_minor,
    }
    rows.add(state, "returns", row)
    rows.extend(state, "return_lines", (_line_row(number, index, m) for index, m in enumerate(matches, 1)))


def _line_row(number: int, index: int, match: Match) -> dict[str, Any]:
    asked = match.asked
    return {
        "of_id": number,
        "number": index,
        "order_id": match.order.id if match.order else None,
        "position": match.line.position if match.line else None,
        "sku": asked.sku,
        "quantity": match.quantity,
        "amount_minor": asked.amount_minor * match.quantity // asked.quantity,
    }
