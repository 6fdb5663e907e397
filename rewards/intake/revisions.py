"""What happens to an order after it was recorded: payment, changes, and the settling of any difference.

An order's net award in a unit is awarded − max(0, awarded − the order re-priced without what came back), with the rule
versions and the context of its own moment (SEMANTICS 22, 24). Whatever moved, settle() posts the difference to what was
posted before, either sign; it does not matter in which order returns and changes arrive.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from django.utils.translation import gettext as _

from rewards.engine import basis
from rewards.engine.pricing import Pricing
from rewards.intake import content, earning, requests, restoring, rows
from rewards.intake.checks import Refusal
from rewards.intake.content import CANCELLED, PAID, PLACED
from rewards.intake.items import OrderIn, Outcome
from rewards.intake.state import Line, OrderRow, Person, Posted, Settled, State, share
from rewards.lots import Reversal
from rewards.plans import worth
from rewards.plans.worth import Worth
from rewards.rulebook import UnitInfo

NOTHING = Pricing((), (), {})
NO_REVERSAL = Reversal(0, 0, 0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Before:
    """An order as it stood before a change: what was left of it, priced and measured."""

    left: Pricing
    spend_minor: int
    is_counted: bool
    left_minor: int
    worth: Worth = field(default_factory=dict)


def before(order: OrderRow, state: State) -> Before:
    return Before(
        price(order, state, left=True),
        _spend(order),
        _is_counted(order),
        _left_minor(order),
        worth_of(order, state, left=True),
    )


def worth_of(order: OrderRow, state: State, *, left: bool) -> Worth:
    """What the plans of its member were worth on the order."""
    if order.context is None or not order.context.plans:
        return worth.NOTHING
    engine = state.rulebook.engine_of(order.versions)
    return worth.of_order(order, earning.occasion_of(order, state, left=left), engine, state, left=left)


def price(order: OrderRow, state: State, *, left: bool) -> Pricing:
    """The order under the rules and the context of its own moment (24)."""
    if order.context is None:
        return NOTHING
    engine = state.rulebook.engine_of(order.versions)
    return engine.program.price(earning.occasion_of(order, state, left=left), order.context)


def settle(order: OrderRow, was: Before, state: State, posted: Posted, *, gives_back: str) -> dict[str, int]:
    """Post the difference that a change of the order's lines makes; returns {unit key: taken back}, negative for
    what was given. `gives_back` is the kind of entry for a difference in the member's favour."""
    person = state.hold(order, posted.fact_id)
    order.returned_minor = order.total_minor - _left_minor(order)
    if person is None or order.context is None:
        return {}
    gross, left = price(order, state, left=False), price(order, state, left=True)
    taken = {}
    for key in sorted({*gross.totals, *order.awarded, *left.totals}):
        awarded = gross.totals.get(key, 0)
        target = Target(state.rulebook.units[key], awarded, max(0, awarded - left.totals.get(key, 0)), gross)
        difference = _post(order, target, person, state, posted, gives_back=gives_back)
        if difference:
            taken[key] = difference
    earning.recount(was.left, left, person, state, order.occurred_at)
    worth.record(was.worth, worth_of(order, state, left=True), state, posted, order_id=order.id)
    order.awarded = dict(gross.totals)
    remeasure(order, was, person, state, posted, points=-earning.points(taken, state))
    return taken


@dataclass(frozen=True, slots=True)
class Target:
    """What an order should have given in one unit, and what of it should be reversed."""

    unit: UnitInfo
    awarded: int
    reversal: int
    gross: Pricing


def _post(
    order: OrderRow, target: Target, person: Person, state: State, posted: Posted, *, gives_back: str
) -> int:
    """Bring one unit from what was posted to awarded − reversal; the sum taken back (negative: given)."""
    unit = target.unit
    old = order.settled.get(unit.id) or Settled(order.awarded.get(unit.key, 0))
    difference = (old.awarded - old.reversed) - (target.awarded - target.reversal)
    if difference == 0 and old.reversed == target.reversal:
        return 0
    book = state.book(person, unit)
    book.settle(posted.moment)
    done = NO_REVERSAL
    if difference > 0:
        own = [lot for lot in order.lots if lot.wallet_id == book.id]
        # What ended before its members were merged, did so in the other wallet.
        expired = [lot for lot in order.lots if lot.expired]
        wallets = state.wallets_of(unit.id) if expired else ()
        ended = sum(lot.expired for lot in expired if lot.wallet_id in wallets)
        done = book.reverse(
            difference,
            at=posted.at,
            moment=posted.moment,
            fact_id=posted.fact_id,
            order_id=order.id,
            own=own,
            ended=max(0, ended - old.absorbed),
            limit=unit.arrears_limit,
            mode=unit.shortfall,
        )
    elif difference < 0:
        _give(order, target, -difference, person, state, posted, kind=gives_back)
    order.settled[unit.id] = Settled(
        target.awarded, target.reversal, old.absorbed + done.from_ended, old.number + 1
    )
    rows.add_settlement(state, order, unit.id, posted.fact_id, difference, done)
    return difference


def _give(
    order: OrderRow, target: Target, amount: int, person: Person, state: State, posted: Posted, *, kind: str
) -> None:
    """Open a lot with the dates it would have had from the order's own moment."""
    unit = target.unit
    terms = next((grant.terms for grant in target.gross.grants if grant.unit == unit.key), "")
    course = state.course(person) if state.rulebook.has_tier_expiry else None
    if course is not None:
        terms = state.rulebook.lasting(terms, unit, course.level_at(order.occurred_at))
    active_at, awaits, expires_at = state.rulebook.terms(unit, terms, order.occurred_at)
    if order.state == PLACED:
        active_at, awaits, expires_at = None, PAID, None
    lot = state.book(person, unit).credit(
        kind,
        amount,
        at=posted.at,
        moment=posted.moment,
        active_at=active_at,
        expires_at=expires_at,
        earned_at=order.occurred_at,
        awaits=awaits,
        terms=terms,
        fact_id=posted.fact_id,
        order_id=order.id,
    )
    order.lots.append(lot)
    state.lots[lot.id] = lot


# --- what counts for tiers ------------------------------------------------------------------------------------------


def _spend(order: OrderRow) -> int:
    return sum(line.left_basis for line in order.lines)


def _left_minor(order: OrderRow) -> int:
    return sum(line.left_minor for line in order.lines)


def _is_counted(order: OrderRow) -> bool:
    return any(line.is_counted and line.left and line.left_basis > 0 for line in order.lines)


def visits(order: OrderRow, person: Person, state: State, change: int) -> int:
    """Add an order to its visit or take it away; by how much the number of visits changed."""
    scheme = state.rulebook.scheme
    if scheme is None or scheme.counted != "visits" or change == 0:
        return 0
    key = requests.visit_key(earning.occasion_of(order, state))
    old = person.counters[key].times if key in person.counters else 0
    person.count((key,), 0, change, order.occurred_at)
    return (old + change > 0) - (old > 0)


def measure(order: OrderRow, person: Person, state: State, posted: Posted, *, points: int) -> None:
    """Count a new order for the tiers (31)."""
    course = state.course(person)
    if course is None:
        return
    counted = _is_counted(order)
    course.add(
        order.occurred_at,
        now=posted.moment,
        spend_minor=_spend(order),
        orders=int(counted),
        visits=visits(order, person, state, int(counted)),
        points=points,
        fact_id=posted.fact_id,
    )


def remeasure(
    order: OrderRow, was: Before, person: Person, state: State, posted: Posted, *, points: int
) -> None:
    """A return also corrects the tier metric (29)."""
    course = state.course(person)
    if course is None:
        return
    orders = _is_counted(order) - was.is_counted
    course.add(
        order.occurred_at,
        now=posted.moment,
        happened_at=posted.at,
        spend_minor=_spend(order) - was.spend_minor,
        orders=orders,
        visits=visits(order, person, state, orders),
        points=points,
        fact_id=posted.fact_id,
    )


# --- payment and changes --------------------------------------------------------------------------------------


def pay(order: OrderRow, state: State, posted: Posted) -> Outcome:
    """The order was paid: what it earned becomes usable by its policy. Paying twice changes nothing."""
    person = state.hold(order, posted.fact_id)
    if order.state == PLACED:
        order.state = PAID
        if person is not None:
            wake(order, PAID, person, state, posted)
    return content.answer("recorded", order, person, state, {})


def wake(order: OrderRow, awaited: str, person: Person, state: State, posted: Posted) -> None:
    """What the order's lots awaited has come: its payment, or an event that a policy names (7)."""
    books = {book.id: book for book in person.books.values()}
    for lot in [lot for lot in order.lots if lot.awaits == awaited and not lot.is_active and lot.remaining]:
        book = books[lot.wallet_id]
        unit = state.rulebook.units_by_id[book.unit_id]
        active_at: datetime | None
        active_at, awaits = posted.at, ""
        if awaited == PAID:
            policy_at, awaits, _expires_at = state.rulebook.terms(unit, lot.terms, order.occurred_at)
            active_at = None if policy_at is None else max(policy_at, posted.at)
        book.settle(posted.moment)
        awake = book.wake(
            lot,
            at=posted.at,
            moment=posted.moment,
            active_at=active_at,
            expires_at=None if active_at is None else state.rulebook.expiry(unit, lot.terms, active_at),
            awaits=awaits,
            fact_id=posted.fact_id,
        )
        order.lots.append(awake)
        state.lots[awake.id] = awake


def is_newer(item: OrderIn, order: OrderRow) -> bool:
    """Whether the revision changes the order; late ones and those of a cancelled order do not."""
    return item.revision > order.revision and order.state != CANCELLED


def refill(item: OrderIn, order: OrderRow, person: Person | None, state: State, posted: Posted) -> None:
    """Put the content of a revision in the place of the old. Its moment stays, as does what was paid or came back."""
    old_lines = order.lines
    is_paid = item.is_paid or order.state == PAID
    kept = replace(item, is_paid=is_paid, occurred_at=order.occurred_at)
    paid_minor = 0
    if order.paid:
        due_minor = max(0, sum(content.costs_of(kept, state)) - kept.credit_minor)
        paid_minor = restoring.cut(order, due_minor, state, posted.fact_id)
    content.fill(order, kept, person, state, posted.fact_id, paid_minor=paid_minor)
    if order.context is not None and state.rulebook.has_coupons:
        order.context = replace(order.context, coupons=order.coupons)
    _carry_returns(old_lines, order.lines)


def unreturned(order: OrderRow, state: State) -> Before:
    """An order that was measured as it is and priced as if nothing had come back."""
    return replace(
        before(order, state),
        left=price(order, state, left=False),
        worth=worth_of(order, state, left=False),
    )


def revise(item: OrderIn, order: OrderRow, state: State, posted: Posted) -> Outcome:
    """A change: a new revision of the same order, re-priced as of its original moment (22)."""
    person = state.people.get(order.member_id or 0)
    if item.revision == order.revision:
        raise Refusal(
            "order_exists", _("This order was already recorded; send a change with a higher revision.")
        )
    if not is_newer(item, order):
        return content.answer("recorded", order, person, state, {})
    was, was_paid = before(order, state), order.state == PAID
    refill(item, order, person, state, posted)
    taken = settle(order, was, state, posted, gives_back="earn")
    back = restoring.give_back(order, state, posted) if order.spent else []
    if person is not None and order.context is not None:
        if not was_paid and order.state == PAID:
            wake(order, PAID, person, state, posted)
        rows.add_pricing(order, price(order, state, left=False), state, posted.fact_id)
    outcome = content.answer("recorded", order, person, state, {k: -v for k, v in taken.items() if v < 0})
    outcome.reversed = {key: value for key, value in taken.items() if value > 0}
    outcome.benefits = content.benefits_of(order)
    outcome.restored = back
    return outcome


def _carry_returns(old: list[Line], new: list[Line]) -> None:
    """What had come back stays back: by SKU, never more than the new line holds."""
    returned: dict[str, int] = {}
    refunded = sum(line.refunded_minor for line in old)
    for line in old:
        returned[line.sku] = returned.get(line.sku, 0) + line.returned_quantity
    for line in new:
        line.returned_quantity = min(line.quantity, returned.get(line.sku, 0))
        returned[line.sku] = returned.get(line.sku, 0) - line.returned_quantity
    spread_refund(new, refunded)


def spread_refund(lines: list[Line], amount: int) -> None:
    """Refunds of amounts shrink all unreturned lines in proportion (24), shares by largest remainder: a function of
    what came back, in whatever order. What is beyond their value stays with the first line, so that a later change of
    the order still knows of it (30)."""
    kept = [share(line.amount_minor, line.left, line.quantity) for line in lines]
    shares = basis.spread(amount, kept)
    shares[0] += amount - sum(shares)
    for line, part in zip(lines, shares, strict=True):
        line.is_changed |= line.refunded_minor != part
        line.refunded_minor = part
