"""The rows of a posting, gathered while items are worked in, and the document that wafa_post() writes.

The rows of the hot tables are lists in the order of columns that rewards/sql/post.sql names.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from rewards.books import Book
from rewards.engine import contexts
from rewards.engine.facts import Context
from rewards.engine.pricing import Pricing
from rewards.intake import copying
from rewards.intake.items import EventIn
from rewards.intake.state import OrderRow, Person, Posted, State
from rewards.lots import LotRow, Reversal

OF_ORDERS = frozenset({"orders", "lines", "pricings", "awards", "counters", "metrics"})
OF_MOST = OF_ORDERS | {"copied", "facts", "events", "wallets", "entries", "lots", "allocations", "has_orders"}


def add(state: State, table: str, row: Any) -> None:
    state.rows.setdefault(table, []).append(row)


def extend(state: State, table: str, rows: Iterable[Any]) -> None:
    state.rows.setdefault(table, []).extend(rows)


def add_fact(
    state: State,
    key: tuple[str, str, str, int],
    mark: bytes,
    posted: Posted,
    answer: dict[str, Any],
    *,
    holder_id: int | None,
    order_id: int | None,
) -> None:
    """The fact itself: what excludes its repeats, and what a repeat is answered."""
    source, kind, external_id, revision = key
    row = [
        posted.fact_id,
        source,
        kind,
        external_id,
        revision,
        "\\x" + mark.hex(),
        holder_id,
        order_id,
        answer,
        posted.moment,
    ]
    add(state, "facts", row)


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
    add(state, "events", [holder_id, kind, posted.at, posted.moment, posted.fact_id, order_id, data])


def add_activity(item: EventIn, member_id: int, state: State, posted: Posted) -> None:
    """What the event said, where it can be erased."""
    add(state, "activities", [posted.fact_id, member_id, item.kind, item.occurred_at, dict(item.data)])


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
    totals = pricing.totals if awarded is None else awarded
    add(state, "pricings", [fact_id, contexts.dump(context), versions, totals])
    units = state.rulebook.units
    extend(
        state,
        "awards",
        [
            [
                fact_id,
                award.version_id,
                units[award.unit].id,
                award.desired,
                award.awarded,
                award.cut_by,
                award.trail,
            ]
            for award in pricing.awards
        ],
    )


def add_saving(
    state: State, term_id: int, kind: str, amount_minor: int, posted: Posted, *, order_id: int | None
) -> None:
    """What a fact was worth because of a term of a plan. One row for each fact, term and kind."""
    # Those of one fact stand together, and the latest is at the end.
    for row in reversed(state.rows.get("savings", ())):
        if row["fact_id"] != posted.fact_id:
            break
        if (row["term_id"], row["kind"]) == (term_id, kind):
            row["amount_minor"] += amount_minor
            return
    row = {
        "fact_id": posted.fact_id,
        "term_id": term_id,
        "kind": kind,
        "order_id": order_id,
        "amount_minor": amount_minor,
        "at": posted.at,
    }
    add(state, "savings", row)


def add_settlement(
    state: State, order: OrderRow, unit_id: int, fact_id: int, difference: int, done: Reversal
) -> None:
    """What one fact did to an order in one unit, and where a reversal was taken."""
    settled = order.settled[unit_id]
    add(
        state,
        "settlements",
        {
            "fact_id": fact_id,
            "order_id": order.id,
            "unit_id": unit_id,
            "number": settled.number,
            "program_id": state.rulebook.program_id,
            "awarded": settled.awarded,
            "reversed_total": settled.reversed,
            "absorbed_total": settled.absorbed,
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
    found: dict[str, Any] = {"facts": [], **state.rows}
    touched = sorted((p for p in state.people.values() if p.is_touched), key=lambda person: person.id)
    _orders(state, found)
    _ledger([book for person in touched for book in person.books.values() if book.is_moved], found)
    for person in touched:
        _person(person, found, state)
    guarded = [person for person in touched if not person.is_new]
    found["budgets"] = [
        {"id": rule, "amount": amount} for rule, amount in sorted(state.spent_budgets.items()) if amount
    ]
    for shared in ("code_uses", "coupon_counts"):
        # Rows that orders share are locked in one order, whichever way the codes were typed.
        found[shared] = sorted(found.get(shared, ()), key=lambda row: row["id"])
    if "savings" in found:
        found["savings"] = [row for row in found["savings"] if row["amount_minor"]]
    found = {table: rows for table, rows in found.items() if rows or table == "facts"}
    if not found.keys().isdisjoint(OF_ORDERS):
        found["has_orders"] = True
    if not found.keys() <= OF_MOST:
        found["has_more"] = True
    found["program"] = state.rulebook.program_id
    if guarded:
        found["guards"] = {
            "ids": [person.id for person in guarded],
            "seqs": [person.seq for person in guarded],
        }
    return found


def _orders(state: State, found: dict[str, Any]) -> None:
    new = [order for order in state.orders.values() if order.is_new and order.has_new_lines]
    is_copied = sum(len(order.lines) for order in new) >= copying.MANY
    if is_copied:
        found["copied"] = copying.lines_of(new)
    for order in state.orders.values():
        if order.is_new or order.is_changed:
            found.setdefault("orders", []).append(_order(order))
            if order.guard_fact_id is not None:
                found.setdefault("anchors", []).append({"id": order.id, "fact_id": order.guard_fact_id})
        if not (is_copied and order.is_new):
            found.setdefault("lines", []).extend(_lines(order))


def _order(order: OrderRow) -> list[Any]:
    return [
        order.id,
        order.source,
        order.external_id,
        order.member_id,
        order.store_id,
        order.channel,
        order.state,
        order.revision,
        order.fact_id,
        order.occurred_at,
        order.currency,
        order.total_minor,
        order.basis_minor,
        order.returned_minor,
    ]


def _lines(order: OrderRow) -> Iterable[list[Any]]:
    for line in order.lines:
        if order.has_new_lines or line.is_changed:
            yield [
                order.id,
                order.revision,
                line.position,
                line.kind,
                line.sku,
                line.name,
                line.category,
                line.quantity,
                line.amount_minor,
                line.discount_minor,
                line.tax_minor,
                line.cost_minor,
                line.basis_minor,
                line.is_counted,
                line.returned_quantity,
                line.refunded_minor,
            ]


def _ledger(books: Sequence[Book], found: dict[str, Any]) -> None:
    found["wallets"] = [_wallet(book) for book in books]
    found["entries"] = [entry for book in books for entry in book.entries]
    found["allocations"] = [row for book in books for row in book.allocations]
    found["lots"] = [
        _lot(lot) for book in books for lot in book.lots.values() if lot.is_new or lot.is_changed
    ]


def _wallet(book: Book) -> list[Any]:
    return [
        book.id,
        book.holder_id,
        book.unit_id,
        book.seq,
        book.pending,
        book.active,
        book.reserved,
        book.arrears,
        "\\x" + book.digest.hex(),
        book.next_due_at,
        book.lapses_at,
    ]


def _lot(lot: LotRow) -> list[Any]:
    return [
        lot.id,
        lot.wallet_id,
        lot.granted,
        lot.remaining,
        lot.reserved,
        lot.expired,
        lot.is_active,
        lot.earned_at,
        lot.active_at,
        lot.expires_at,
        lot.awaits,
        lot.terms,
        lot.fact_id,
        lot.order_id,
        lot.version_id,
        lot.origin_id,
    ]


def _person(person: Person, found: dict[str, Any], state: State) -> None:
    for key in person.moved_counters:
        counter = person.counters[key]
        last = None if counter.last is None else datetime.fromtimestamp(counter.last, UTC)
        found.setdefault("counters", []).append([person.id, key, counter.amount, counter.times, last])
    course = person.course
    if course is None:
        return
    for bucket, totals in course.touched_metrics.items():
        found.setdefault("metrics", []).append(
            [
                person.id,
                bucket,
                totals.spend_minor,
                totals.orders,
                totals.visits,
                totals.points,
                totals.last_on,
            ]
        )
    program = state.rulebook.program_id
    for row in course.changed:
        values: dict[str, Any] = {
            "confirms_at": row.confirms_at,
            "valid_until": row.valid_until,
            "ended_at": row.ended_at,
        }
        if row.id is None:
            values |= {
                "program_id": program,
                "member_id": person.id,
                "tier_id": row.tier_id,
                "origin": row.origin,
                "since": row.since,
                "fact_id": row.fact_id,
            }
            found.setdefault("standings", []).append(values)
        else:
            found.setdefault("standing_changes", []).append({**values, "id": row.id})
    for move in course.moves:
        data = {"before": move.before, "after": move.after, "origin": move.origin}
        found.setdefault("events", []).append(
            [person.id, "tier.changed", move.at, state.now, move.fact_id, None, data]
        )
