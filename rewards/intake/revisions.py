"""What happens to an order after it was recorded: payment, changes, and the settling of any difference.

An order's net award in a unit is awarded − max(0, awarded − the order re-priced without what came back), with the rule
versions and the context of its own moment (SEMANTICS 22, 24). Whatever moved, settle() posts the difference to what was
posted before, either sign; it does not matter in which order returns and changes arrive.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from django.utils.translation import gettext as _

from rewards.engine.pricing import Pricing
from rewards.intake import content, earning, rows
from rewards.intake.content import CANCELLED, PAID, PLACED, Refusal
from rewards.intake.items import OrderIn, Outcome, PaidIn
from rewards.intake.state import Line, OrderRow, Person, State
from rewards.rulebook import UnitInfo

NOTHING = Pricing((), (), {})


@dataclass(frozen=True, slots=True)
class Before:
    """An order as it stood before a change: what was left of it, priced and measured."""

    left: Pricing
    spend_minor: int
    is_counted: bool
    left_minor: int


def before(order: OrderRow, state: State) -> Before:
    return Before(price(order, state, left=True), _spend(order), _is_counted(order), _left_minor(order))


def price(order: OrderRow, state: State, *, left: bool) -> Pricing:
    """The order under the rules and the context of its own moment (24)."""
    if order.context is None:
        return NOTHING
    engine = state.rulebook.engine_of(order.versions)
    return engine.program.price(earning.occasion_of(order, state, left=left), order.context)


def settle(
    order: OrderRow, was: Before, person: Person | None, state: State, *, at: datetime, moment: datetime, fact_id: int,
    gives_back: str,
) -> dict[str, int]:  # fmt: skip
    """Post the difference that a change of the order's lines makes; returns {unit key: taken back}, negative for what
    was given. `gives_back` is the kind of entry for a difference in the member's favour."""
    order.is_changed = True
    order.returned_minor = order.total_minor - _left_minor(order)
    if person is None or order.context is None:
        return {}
    person.is_touched = True
    gross, left = price(order, state, left=False), price(order, state, left=True)
    taken = {}
    for key in {*gross.totals, *order.awarded, *left.totals}:
        unit = state.rulebook.units[key]
        awarded = gross.totals.get(key, 0)
        reversal = max(0, awarded - left.totals.get(key, 0))
        difference = _post(
            order, unit, person, state, awarded, reversal, gross, at, moment, fact_id, gives_back
        )
        if difference:
            taken[key] = difference
    earning.recount(was.left, left, person, state, order.occurred_at)
    order.awarded = dict(gross.totals)
    _remeasure(order, was, person, state, at, moment, fact_id, taken)
    return taken


def _post(
    order: OrderRow, unit: UnitInfo, person: Person, state: State, awarded: int, reversal: int, gross: Pricing,
    at: datetime, moment: datetime, fact_id: int, gives_back: str,
) -> int:  # fmt: skip
    """Bring one unit from what was posted to awarded − reversal; the sum taken back (negative: given)."""
    old_awarded, old_reversal, absorbed = order.settled.get(unit.id, (order.awarded.get(unit.key, 0), 0, 0))
    difference = (old_awarded - old_reversal) - (awarded - reversal)
    if difference == 0 and reversal == old_reversal:
        return 0
    book = state.book(person, unit)
    book.settle(moment)
    parts = (0, 0, 0, 0, 0)
    if difference > 0:
        own = [lot for lot in order.lots if lot.wallet_id == book.id]
        ended = max(0, sum(lot.expired for lot in own) - absorbed)
        done = book.reverse(difference, at=at, moment=moment, fact_id=fact_id, order_id=order.id, own=own, ended=ended,
                            limit=unit.arrears_limit, mode=unit.shortfall)  # fmt: skip
        parts = (done.from_own, done.from_ended, done.from_others, done.to_arrears, done.forgiven)
    elif difference < 0:
        _give(order, unit, person, state, -difference, gross, at, moment, fact_id, gives_back)
    order.settled[unit.id] = (awarded, reversal, absorbed + parts[1])
    rows.add(state, "settlements", {
        "fact_id": fact_id, "order_id": order.id, "unit_id": unit.id, "program_id": state.rulebook.program_id,
        "awarded": awarded, "reversed_total": reversal, "absorbed_total": absorbed + parts[1], "reversed": difference,
        "from_own": parts[0], "from_ended": parts[1], "from_others": parts[2], "to_arrears": parts[3],
        "forgiven": parts[4],
    })  # fmt: skip
    return difference


def _give(
    order: OrderRow, unit: UnitInfo, person: Person, state: State, amount: int, gross: Pricing, at: datetime,
    moment: datetime, fact_id: int, kind: str,
) -> None:  # fmt: skip
    """Open a lot with the dates it would have had from the order's own moment."""
    terms = next((grant.terms for grant in gross.grants if grant.unit == unit.key), "")
    active_at, awaits, expires_at = state.rulebook.terms(unit, terms, order.occurred_at)
    if order.state == PLACED:
        active_at, awaits, expires_at = None, PAID, None
    lot = state.book(person, unit).credit(
        kind, amount, at=at, moment=moment, active_at=active_at, expires_at=expires_at, earned_at=order.occurred_at,
        awaits=awaits, terms=terms, fact_id=fact_id, order_id=order.id,
    )  # fmt: skip
    order.lots.append(lot)
    state.lots[lot.id] = lot


# --- what counts for tiers ------------------------------------------------------------------------------------------


def _spend(order: OrderRow) -> int:
    return sum(line.left_basis for line in order.lines)


def _left_minor(order: OrderRow) -> int:
    return sum(line.left_minor for line in order.lines)


def _is_counted(order: OrderRow) -> bool:
    return any(line.is_counted and line.left and line.left_basis > 0 for line in order.lines)


def visit_key(order: OrderRow, state: State) -> str:
    """The counter of a member's orders in one store on one local day: together they are one visit."""
    day = order.occurred_at.astimezone(state.rulebook.zone).date()
    return f"0:v{day.isoformat()}:{state.rulebook.store_codes.get(order.store_id or 0, '')}"


def _visits(order: OrderRow, person: Person, state: State, change: int) -> int:
    """Add an order to its visit or take it away; by how much the number of visits changed."""
    scheme = state.rulebook.scheme
    if scheme is None or scheme.counted != "visits" or change == 0:
        return 0
    key = visit_key(order, state)
    old = person.counters[key].times if key in person.counters else 0
    person.count((key,), 0, change, order.occurred_at)
    return (old + change > 0) - (old > 0)


def measure(
    order: OrderRow, person: Person, state: State, moment: datetime, fact_id: int, *, points: int
) -> None:
    """Count a new order for the tiers (31)."""
    course = state.course(person)
    if course is None:
        return
    counted = _is_counted(order)
    course.add(
        order.occurred_at, now=moment, spend_minor=_spend(order), orders=int(counted),
        visits=_visits(order, person, state, int(counted)), points=points, fact_id=fact_id,
    )  # fmt: skip


def _remeasure(
    order: OrderRow, was: Before, person: Person, state: State, at: datetime, moment: datetime, fact_id: int,
    taken: dict[str, int],
) -> None:  # fmt: skip
    """A return also corrects the tier metric (29)."""
    course = state.course(person)
    if course is None:
        return
    orders = _is_counted(order) - was.is_counted
    course.add(
        order.occurred_at, now=moment, happened_at=at, spend_minor=_spend(order) - was.spend_minor, orders=orders,
        visits=_visits(order, person, state, orders), points=-earning.points(taken, state), fact_id=fact_id,
    )  # fmt: skip


# --- payment and changes --------------------------------------------------------------------------------------------


def pay(item: PaidIn, order: OrderRow, state: State, moment: datetime, fact_id: int) -> Outcome:
    """The order was paid: what it earned becomes usable by its policy. Paying twice changes nothing."""
    person = state.people.get(order.member_id or 0)
    if order.state == PLACED:
        order.state, order.is_changed = PAID, True
        if person is not None:
            _wake(order, person, state, item.occurred_at, moment, fact_id)
    return content.answer("recorded", order, person, state, {})


def _wake(
    order: OrderRow, person: Person, state: State, at: datetime, moment: datetime, fact_id: int
) -> None:
    person.is_touched = True
    for lot in [lot for lot in order.lots if lot.awaits == PAID and lot.remaining]:
        book = next(book for book in person.books.values() if book.id == lot.wallet_id)
        unit = state.rulebook.units_by_id[book.unit_id]
        policy_at, awaits, _ended = state.rulebook.terms(unit, lot.terms, order.occurred_at)
        active_at = None if policy_at is None else max(policy_at, at)
        expires_at = None if active_at is None else state.rulebook.expiry(unit, lot.terms, active_at)
        book.settle(moment)
        awake = book.wake(lot, at=at, moment=moment, active_at=active_at, expires_at=expires_at, awaits=awaits,
                          fact_id=fact_id)  # fmt: skip
        order.lots.append(awake)
        state.lots[awake.id] = awake


def revise(item: OrderIn, order: OrderRow, state: State, moment: datetime, fact_id: int) -> Outcome:
    """A change: a new revision of the same order, re-priced as of its original moment (22)."""
    person = state.people.get(order.member_id or 0)
    if item.revision == order.revision:
        raise Refusal(
            "order_exists", _("This order was already recorded; send a change with a higher revision.")
        )
    if item.revision < order.revision or order.state == CANCELLED:
        return content.answer("recorded", order, person, state, {})
    was, old_lines, was_paid = before(order, state), order.lines, order.state == PAID
    occurred_at = order.occurred_at
    content.fill(order, replace(item, is_paid=item.is_paid or was_paid), person, state, fact_id)
    order.occurred_at = occurred_at
    _carry_returns(old_lines, order.lines)
    taken = settle(
        order, was, person, state, at=item.occurred_at, moment=moment, fact_id=fact_id, gives_back="earn"
    )
    if person is not None and order.context is not None:
        if not was_paid and order.state == PAID:
            _wake(order, person, state, item.occurred_at, moment, fact_id)
        rows.add_pricing(order, price(order, state, left=False), state, fact_id)
    outcome = content.answer("recorded", order, person, state, {k: -v for k, v in taken.items() if v < 0})
    outcome.reversed = {key: value for key, value in taken.items() if value > 0}
    return outcome


def _carry_returns(old: list[Line], new: list[Line]) -> None:
    """What had come back stays back: by SKU, never more than the new line holds."""
    returned: dict[str, int] = {}
    refunded = sum(line.refunded_minor for line in old)
    for line in old:
        returned[line.sku] = returned.get(line.sku, 0) + line.returned_quantity
    for line in new:
        part = min(line.quantity, returned.get(line.sku, 0))
        line.returned_quantity = part
        returned[line.sku] = returned.get(line.sku, 0) - part
        line.refunded_minor = min(refunded, line.left_minor)
        refunded -= line.refunded_minor
