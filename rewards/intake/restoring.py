"""What paid for an order goes back: with a return in proportion to the refunded net value (SEMANTICS 27, 28), and with a
change as far as the order now costs less than was paid."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from rewards.books import Book
from rewards.intake import tenders
from rewards.intake.state import OrderRow, Paid, Posted, State
from rewards.policies import day_start

GRACE_DAYS = 14


def cut(order: OrderRow, due_minor: int, state: State, fact_id: int) -> int:
    """An order now costs `due_minor`: whatever tenders paid above that is theirs again, the last named first, as far as
    a return has not refunded it before. What they pay of it after that."""
    excess = sum(paid.in_force_minor for paid in order.paid.values()) - due_minor
    for paid in reversed(order.paid.values()):
        money = min(excess, paid.in_force_minor - paid.refunded[1])
        if money <= 0:
            continue
        excess -= money
        # Rounded in the member's favour, from all that it ever paid: many small changes give no more than one.
        amount = -(-paid.amount * (paid.cut[1] + money) // paid.money_minor) - paid.cut[0]
        amount = max(0, min(amount, paid.amount - paid.cut[0] - paid.refunded[0]))
        paid.cut = [paid.cut[0] + amount, paid.cut[1] + money]
        paid.untold_minor += money
        tenders.add_row(order, paid, "cut", amount, money, state, fact_id)
    return min(max(0, due_minor), sum(paid.in_force_minor for paid in order.paid.values()))


def give_back(order: OrderRow, state: State, posted: Posted) -> list[dict[str, Any]]:
    """Points spent on the order go back, rounded in the member's favour, last taken first, and never more than was spent
    (27, 28). They go to who spent them, whoever bought, and to whom that member was merged into; what, by wallet."""
    parts_of: dict[int, list[tuple[int, int]]] = {}
    for wallet, _entry, lot, amount in order.spent:
        parts_of.setdefault(wallet, []).append((lot, amount))
    holders = {book.id: (book, person) for person in state.people.values() for book in person.books.values()}
    told = []
    for wallet, parts in parts_of.items():
        book, person = holders[wallet]
        if person.merged_into:
            person = state.people[person.merged_into]
            book = state.book(person, state.rulebook.units_by_id[book.unit_id])
        done = order.restored.get(wallet, 0)
        paid = order.paid.get(wallet)
        wanted = _wanted(order, sum(amount for _lot, amount in parts), paid.cut[0] if paid else 0)
        if wanted > done:
            person.is_touched = True
            order.restored[wallet] = wanted
            _walk(book, parts, range(done, wanted), order, state, posted)
        money = _note(order, paid, wanted, state, posted) + paid.untold_minor if paid else 0
        if wanted > done:
            unit = state.rulebook.units_by_id[book.unit_id].key
            card = paid.card if paid else ""
            told.append({"unit": unit, "card": card, "amount": wanted - done, "money_minor": money})
        if paid:
            paid.untold_minor = 0
    return told


def _wanted(order: OrderRow, spent: int, already: int) -> int:
    """How much of what was spent should be back: what a change gave back (`already`) and its share of the rest; of an
    order without value, all once nothing of it is left."""
    if not order.total_minor:
        return already if any(line.left for line in order.lines) else spent
    return already - (-(spent - already) * order.returned_minor // order.total_minor)


def _note(order: OrderRow, paid: Paid, wanted: int, state: State, posted: Posted) -> int:
    """The tender's rows follow: what was refunded of it in units and in money; the money of all that came back now."""
    share = -(-paid.in_force_minor * order.returned_minor // order.total_minor) if order.total_minor else 0
    money = max(0, min(share, paid.in_force_minor) - paid.refunded[1])
    amount = max(0, min(wanted, paid.amount) - paid.cut[0] - paid.refunded[0])
    if not amount and not money:
        return 0
    paid.refunded = [paid.refunded[0] + amount, paid.refunded[1] + money]
    tenders.add_row(order, paid, "refund", amount, money, state, posted.fact_id)
    return money


def _walk(
    book: Book,
    parts: Sequence[tuple[int, int]],
    span: range,
    order: OrderRow,
    state: State,
    posted: Posted,
) -> None:
    """Walk the lots from the last taken and give back the points of `span`: those before it are back already."""
    zone = state.rulebook.zone
    book.settle(posted.moment)
    grace = day_start(posted.moment.astimezone(zone).date() + timedelta(days=GRACE_DAYS + 1), zone)
    passed = 0
    for lot_id, amount in reversed(parts):
        start, end = max(span.start, passed), min(span.stop, passed + amount)
        if end > start:
            book.restore(
                state.lots[lot_id],
                end - start,
                at=posted.at,
                moment=posted.moment,
                fact_id=posted.fact_id,
                order_id=order.id,
                grace_until=grace,
            )
        passed += amount
