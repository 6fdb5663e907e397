"""The rows of a posting, gathered while items are worked in, and the document that wafa_post() writes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from rewards.books import Book
from rewards.engine import contexts
from rewards.engine.facts import Context
from rewards.engine.pricing import Pricing
from rewards.intake.state import OrderRow, Person, Posted, State
from rewards.lots import LotRow, Reversal


def add(state: State, table: str, row: dict[str, Any]) -> None:
    state.rows.setdefault(table, []).append(row)


def extend(state: State, table: str, rows: Iterable[Any]) -> None:
    state.rows.setdefault(table, []).extend(rows)


def add_event(
    state: State,
    kind: str,
    posted: Posted,
    data: dict[str, Any],
    *,
    holder_id: int | None,
    order_id: int | None = None,
) -> None:
    """One row of the event log: ids and figures, no personal data."""
    row = {
        "program_id": state.rulebook.program_id,
        "holder_id": holder_id,
        "kind": kind,
        "occurred_at": posted.at,
        "recorded_at": posted.moment,
        "fact_id": posted.fact_id,
        "order_id": order_id,
        "data": data,
    }
    add(state, "events", row)


def add_pricing(order: OrderRow, pricing: Pricing, state: State, fact_id: int) -> None:
    """The order's pricing in force: its context, so that a return can price it again."""
    assert order.context is not None  # noqa: S101 - only priced orders come here
    add_awards(pricing, order.context, order.versions, state, fact_id, awarded=order.awarded)


def add_awards(
    pricing: Pricing,
    context: Context,
    versions: Sequence[int],
    state: State,
    fact_id: int,
    *,
    awarded: dict[str, int] | None = None,
) -> None:
    """A pricing and its awards with their reasons."""
    program = state.rulebook.program_id
    add(
        state,
        "pricings",
        {
            "fact_id": fact_id,
            "program_id": program,
            "context": contexts.dump(context),
            "versions": list(versions),
            "awarded": pricing.totals if awarded is None else awarded,
        },
    )
    units = state.rulebook.units
    extend(
        state,
        "awards",
        (
            {
                "fact_id": fact_id,
                "version_id": award.version_id,
                "program_id": program,
                "unit_id": units[award.unit].id,
                "desired": award.desired,
                "awarded": award.awarded,
                "cut_by": award.cut_by,
                "trail": award.trail,
            }
            for award in pricing.awards
        ),
    )


def add_settlement(
    state: State, order: OrderRow, unit_id: int, fact_id: int, difference: int, done: Reversal
) -> None:
    """What one fact did to an order in one unit, and where a reversal was taken."""
    awarded, reversed_total, absorbed_total = order.settled[unit_id]
    add(
        state,
        "settlements",
        {
            "fact_id": fact_id,
            "order_id": order.id,
            "unit_id": unit_id,
            "program_id": state.rulebook.program_id,
            "awarded": awarded,
            "reversed_total": reversed_total,
            "absorbed_total": absorbed_total,
            "reversed": difference,
            "from_own": done.from_own,
            "from_ended": done.from_ended,
            "from_others": done.from_others,
            "to_arrears": done.to_arrears,
            "forgiven": done.forgiven,
        },
    )


def document(state: State) -> dict[str, Any]:
    """Everything that was moved, as wafa_post() takes it. Tables without rows are left out."""
    found: dict[str, list[Any]] = dict(state.rows)
    program = state.rulebook.program_id
    touched = [person for person in state.people.values() if person.is_touched]
    found["guards"] = [
        {"id": p.id, "seq": p.seq} for p in sorted(touched, key=lambda p: p.id) if not p.is_new
    ]
    _orders(state, found, program)
    books = [book for person in touched for book in person.books.values() if book.entries]
    found["new_wallets"] = [
        {**_wallet(book), "program_id": program, "holder_id": book.holder_id, "unit_id": book.unit_id}
        for book in books
        if book.is_new
    ]
    found["wallets"] = [_wallet(book) for book in books if not book.is_new]
    found["entries"] = [entry for book in books for entry in book.entries]
    found["allocations"] = [row for book in books for row in book.allocations]
    lots = {lot.id: lot for book in books for lot in book.lots.values()}
    found["lots"] = [_new_lot(lot, program) for lot in lots.values() if lot.is_new]
    found["lot_changes"] = [_lot(lot) for lot in lots.values() if lot.is_changed and not lot.is_new]
    for person in touched:
        _person(person, found, state)
    found["budgets"] = [
        {"id": rule, "amount": amount} for rule, amount in sorted(state.spent_budgets.items()) if amount
    ]
    return {table: rows for table, rows in found.items() if rows or table == "facts"}


def _orders(state: State, found: dict[str, list[Any]], program: int) -> None:
    for order in state.orders.values():
        if order.is_new:
            _append(
                found,
                "orders",
                {
                    **_order(order),
                    "program_id": program,
                    "source": order.source,
                    "external_id": order.external_id,
                },
            )
        elif order.is_changed:
            _append(found, "order_changes", _order(order))
            if order.guard_fact_id is not None:
                _append(found, "anchors", {"id": order.id, "fact_id": order.guard_fact_id})
        if order.has_new_lines:
            for line in order.lines:
                _append(
                    found,
                    "lines",
                    {
                        "order_id": order.id,
                        "revision": order.revision,
                        "position": line.position,
                        "kind": line.kind,
                        "sku": line.sku,
                        "name": line.name,
                        "category": line.category,
                        "quantity": line.quantity,
                        "amount_minor": line.amount_minor,
                        "discount_minor": line.discount_minor,
                        "tax_minor": line.tax_minor,
                        "cost_minor": line.cost_minor,
                        "basis_minor": line.basis_minor,
                        "is_counted": line.is_counted,
                        "returned_quantity": line.returned_quantity,
                        "refunded_minor": line.refunded_minor,
                    },
                )
        else:
            for line in order.lines:
                if line.is_changed:
                    _append(
                        found,
                        "line_changes",
                        {
                            "order_id": order.id,
                            "revision": order.revision,
                            "position": line.position,
                            "returned_quantity": line.returned_quantity,
                            "refunded_minor": line.refunded_minor,
                        },
                    )


def _append(found: dict[str, list[Any]], table: str, row: dict[str, Any]) -> None:
    found.setdefault(table, []).append(row)


def _order(order: OrderRow) -> dict[str, Any]:
    return {
        "id": order.id,
        "member_id": order.member_id,
        "store_id": order.store_id,
        "channel": order.channel,
        "state": order.state,
        "revision": order.revision,
        "fact_id": order.fact_id,
        "occurred_at": order.occurred_at,
        "currency": order.currency,
        "total_minor": order.total_minor,
        "basis_minor": order.basis_minor,
        "returned_minor": order.returned_minor,
    }


def _wallet(book: Book) -> dict[str, Any]:
    return {
        "id": book.id,
        "seq": book.seq,
        "pending": book.pending,
        "active": book.active,
        "reserved": book.reserved,
        "arrears": book.arrears,
        "digest": "\\x" + book.digest.hex(),
        "next_due_at": book.next_due_at,
    }


def _lot(lot: LotRow) -> dict[str, Any]:
    return {
        "id": lot.id,
        "remaining": lot.remaining,
        "reserved": lot.reserved,
        "expired": lot.expired,
        "is_active": lot.is_active,
    }


def _new_lot(lot: LotRow, program: int) -> dict[str, Any]:
    return {
        **_lot(lot),
        "wallet_id": lot.wallet_id,
        "program_id": program,
        "granted": lot.granted,
        "earned_at": lot.earned_at,
        "active_at": lot.active_at,
        "expires_at": lot.expires_at,
        "awaits": lot.awaits,
        "terms": lot.terms,
        "fact_id": lot.fact_id,
        "order_id": lot.order_id,
        "version_id": lot.version_id,
        "origin_id": lot.origin_id,
    }


def _person(person: Person, found: dict[str, list[Any]], state: State) -> None:
    program = state.rulebook.program_id
    for key in person.moved_counters:
        counter = person.counters[key]
        last = None if counter.last is None else datetime.fromtimestamp(counter.last, UTC)
        _append(
            found,
            "counters",
            {
                "holder_id": person.id,
                "key": key,
                "program_id": program,
                "amount": counter.amount,
                "times": counter.times,
                "last_at": last,
            },
        )
    course = person.course
    if course is None:
        return
    for bucket, totals in course.touched_metrics.items():
        _append(
            found,
            "metrics",
            {
                "holder_id": person.id,
                "bucket": bucket.isoformat(),
                "program_id": program,
                "spend_minor": totals.spend_minor,
                "orders": totals.orders,
                "visits": totals.visits,
                "points": totals.points,
                "last_on": totals.last_on,
            },
        )
    for row in course.changed:
        values = {"confirms_at": row.confirms_at, "valid_until": row.valid_until, "ended_at": row.ended_at}
        if row.id is None:
            _append(
                found,
                "standings",
                {
                    **values,
                    "program_id": program,
                    "member_id": person.id,
                    "tier_id": row.tier_id,
                    "origin": row.origin,
                    "since": row.since,
                    "fact_id": row.fact_id,
                },
            )
        else:
            _append(found, "standing_changes", {**values, "id": row.id})
    for move in course.moves:
        _append(
            found,
            "events",
            {
                "program_id": program,
                "holder_id": person.id,
                "kind": "tier.changed",
                "occurred_at": move.at,
                "recorded_at": state.now,
                "fact_id": move.fact_id,
                "order_id": None,
                "data": {"before": move.before, "after": move.after, "origin": move.origin},
            },
        )
