"""Returns: matched with what was bought, then settled order by order (SEMANTICS 24 to 30)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from rewards.intake import content, revisions, rows
from rewards.intake.content import CANCELLED, Refusal
from rewards.intake.items import CancelIn, Outcome, ReturnIn, ReturnLineIn
from rewards.intake.state import Line, OrderRow, Person, State
from rewards.policies import day_start

GRACE_DAYS = 14


@dataclass(frozen=True, slots=True)
class Match:
    """So many of a return's line were found on this line of this order."""

    asked: ReturnLineIn
    order: OrderRow | None
    line: Line | None
    quantity: int


def record_named(item: ReturnIn, order: OrderRow, state: State, moment: datetime, fact_id: int) -> Outcome:
    """A return of a named order, by lines, by amount, or of everything that is left."""
    if order.state == CANCELLED:
        matches: list[Match] = [Match(asked, None, None, asked.quantity) for asked in item.lines]
        return _finish(
            item, [], matches, state.people.get(order.member_id or 0), state, moment, fact_id, order
        )
    if item.lines:
        matches = [match for asked in item.lines for match in _match_in(asked, [order])]
        touched, apply = [order], lambda: _apply(matches)
    elif item.amount_minor is not None:
        matches, touched = [], [order]
        apply = lambda: _shrink(order, item.amount_minor or 0)  # noqa: E731
    else:
        matches = [
            Match(ReturnLineIn(line.sku, line.left), order, line, line.left)
            for line in order.lines
            if line.left
        ]
        touched, apply = [order], lambda: _apply(matches)
    person = state.people.get(order.member_id or 0)
    was = {id(each): revisions.before(each, state) for each in touched}
    apply()
    return _finish(
        item, [(each, was[id(each)]) for each in touched], matches, person, state, moment, fact_id, order
    )


def record_unnamed(
    item: ReturnIn, person: Person | None, state: State, moment: datetime, fact_id: int
) -> Outcome:
    """A return that names no order: line by line to the member's latest earlier orders that hold the SKU (30)."""
    if not item.lines:
        raise Refusal("return_without_lines", _("A return that names no order needs its lines."), "lines")
    candidates: list[OrderRow] = []
    if person is not None:
        earlier = (o for o in state.orders_of.get(person.id, ()) if o.occurred_at <= item.occurred_at)
        candidates = sorted(
            (o for o in earlier if o.state != CANCELLED), key=lambda o: (o.occurred_at, o.id), reverse=True
        )
    matches: list[Match] = []
    touched: dict[int, tuple[OrderRow, revisions.Before]] = {}
    for asked in item.lines:
        found = list(_match_in(asked, candidates))
        for match in found:
            if match.order is not None and match.order.id not in touched:
                touched[match.order.id] = (match.order, revisions.before(match.order, state))
        _apply(found)
        matches += found
    return _finish(item, list(touched.values()), matches, person, state, moment, fact_id, None)


def cancel(item: CancelIn, order: OrderRow, state: State, moment: datetime, fact_id: int) -> Outcome:
    """A cancellation is a return of all lines (22). Cancelling twice changes nothing."""
    person = state.people.get(order.member_id or 0)
    if order.state == CANCELLED:
        return content.answer("recorded", order, person, state, {})
    was = revisions.before(order, state)
    _apply(
        [
            Match(ReturnLineIn(line.sku, line.left), order, line, line.left)
            for line in order.lines
            if line.left
        ]
    )
    order.state = CANCELLED
    taken = revisions.settle(order, was, person, state, at=item.occurred_at, moment=moment, fact_id=fact_id,
                             gives_back="restore")  # fmt: skip
    _restore_spent(order, was, person, state, item.occurred_at, moment, fact_id)
    outcome = content.answer("recorded", order, person, state, {})
    outcome.reversed = {key: value for key, value in taken.items() if value}
    return outcome


# --- matching -------------------------------------------------------------------------------------------------------


def _match_in(asked: ReturnLineIn, orders: list[OrderRow]) -> list[Match]:
    """Where the quantity asked for was bought and is not back yet, capped at what is left; the rest unmatched."""
    if asked.quantity < 1:
        raise Refusal("quantity_invalid", _("A quantity is a whole number of at least 1."), "lines.quantity")
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


def _apply(matches: list[Match]) -> None:
    for match in matches:
        if match.line is not None:
            match.line.returned_quantity = min(
                match.line.quantity, match.line.returned_quantity + match.quantity
            )
            match.line.is_changed = True


def _shrink(order: OrderRow, amount: int) -> None:
    """An amount refund: all unreturned lines shrink in proportion, shares by largest remainder."""
    lefts = [(line, line.left_minor) for line in order.lines if line.left_minor > 0]
    total = sum(left for _line, left in lefts)
    amount = min(amount, total)
    if not total:
        return
    shares = [(left * amount // total, left * amount % total, line) for line, left in lefts]
    missing = amount - sum(share for share, _rest, _line in shares)
    shares.sort(key=lambda row: (-row[1], row[2].position))
    for index, (share, _rest, line) in enumerate(shares):
        line.refunded_minor += share + (index < missing)
        line.is_changed = True


# --- settling -------------------------------------------------------------------------------------------------------


def _finish(
    item: ReturnIn, touched: list[tuple[OrderRow, revisions.Before]], matches: list[Match], person: Person | None,
    state: State, moment: datetime, fact_id: int, named: OrderRow | None,
) -> Outcome:  # fmt: skip
    taken: dict[str, int] = {}
    matched_minor = 0
    for order, was in touched:
        owner = state.people.get(order.member_id or 0)
        for key, value in revisions.settle(order, was, owner, state, at=item.occurred_at, moment=moment,
                                           fact_id=fact_id, gives_back="restore").items():  # fmt: skip
            taken[key] = taken.get(key, 0) + value
        matched_minor += was.left_minor - revisions.before(order, state).left_minor
        _restore_spent(order, was, owner, state, item.occurred_at, moment, fact_id)
        if order.member_id is None:
            order.fact_id = fact_id
    _store(item, matches, person, state, fact_id, named, matched_minor)
    outcome = content.answer("recorded", named, person, state, {})
    outcome.reversed = {key: value for key, value in taken.items() if value}
    outcome.unmatched = sum(1 for match in matches if match.order is None)
    return outcome


def _store(
    item: ReturnIn, matches: list[Match], person: Person | None, state: State, fact_id: int, named: OrderRow | None,
    matched_minor: int,
) -> None:  # fmt: skip
    number = state.take_id()
    asked_minor = sum(line.amount_minor for line in item.lines) or item.amount_minor or matched_minor
    rows.add(state, "returns", {
        "id": number, "program_id": state.rulebook.program_id, "order_id": named.id if named else None,
        "member_id": person.id if person else None, "source": item.source, "external_id": item.external_id,
        "fact_id": fact_id, "occurred_at": item.occurred_at, "amount_minor": asked_minor,
        "matched_minor": matched_minor,
    })  # fmt: skip
    rows.extend(
        state, "return_lines", (_line_row(number, index, match) for index, match in enumerate(matches, 1))
    )


def _line_row(number: int, index: int, match: Match) -> dict[str, Any]:
    asked = match.asked
    return {
        "of_id": number, "number": index, "order_id": match.order.id if match.order else None,
        "position": match.line.position if match.line else None, "sku": asked.sku, "quantity": match.quantity,
        "amount_minor": asked.amount_minor * match.quantity // asked.quantity,
    }  # fmt: skip


def _restore_spent(
    order: OrderRow, was: revisions.Before, person: Person | None, state: State, at: datetime, moment: datetime,
    fact_id: int,
) -> None:  # fmt: skip
    """Points spent on the order go back in proportion to the refunded net value, rounded in the member's favour, last
    taken first, and never more than was spent (27, 28)."""
    if person is None or not order.spent or not order.total_minor:
        return
    by_wallet: dict[int, list[tuple[int, int]]] = {}
    for wallet, entry, lot, amount in sorted(order.spent, key=lambda row: row[1]):
        by_wallet.setdefault(wallet, []).append((lot, amount))
    left = order.total_minor - order.returned_minor
    for wallet, parts in by_wallet.items():
        book = next(book for book in person.books.values() if book.id == wallet)
        spent = sum(amount for _lot, amount in parts)
        done = -(-spent * (order.total_minor - was.left_minor) // order.total_minor)
        wanted = -(-spent * (order.total_minor - left) // order.total_minor)
        _give_back(book, parts, done, wanted, state, at, moment, fact_id, order)


def _give_back(
    book: Any, parts: list[tuple[int, int]], done: int, wanted: int, state: State, at: datetime, moment: datetime,
    fact_id: int, order: OrderRow,
) -> None:  # fmt: skip
    """Walk the lots from the last taken, skip the `done` points that are back already, give up to `wanted`."""
    book.settle(moment)
    grace = day_start(
        (at.astimezone(state.rulebook.zone) + timedelta(days=GRACE_DAYS + 1)).date(), state.rulebook.zone
    )
    passed = 0
    for lot_id, amount in reversed(parts):
        start, end = max(done, passed), min(wanted, passed + amount)
        if end > start:
            book.restore(state.lots[lot_id], end - start, at=at, moment=moment, fact_id=fact_id, order_id=order.id,
                         grace_until=grace)  # fmt: skip
        passed += amount
