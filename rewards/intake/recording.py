"""One item after the other is worked into the state: who is meant, what is stored, what is earned, what is answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from operator import attrgetter

from django.utils.translation import gettext as _

from loyaltysite.kit import prints
from loyaltysite.kit.errors import DomainError
from rewards import quotes
from rewards.engine.facts import Occasion
from rewards.engine.pricing import Pricing
from rewards.intake import (
    checks,
    content,
    coupons,
    earning,
    renewals,
    requests,
    restoring,
    returns,
    revisions,
    rows,
    tenders,
)
from rewards.intake.checks import Refusal
from rewards.intake.content import AWAITED, PAID
from rewards.intake.coupons import Claim
from rewards.intake.items import CancelIn, EventIn, Item, OrderIn, Outcome, PaidIn, ReturnIn, Who
from rewards.intake.state import OrderRow, Person, Posted, State
from rewards.plans import gifts, worth
from rewards.policies import local_time
from rewards.rulebook import Engine

NO_CLAIMS: Sequence[Claim] = ()
# What a repeat is told again, as far as there is anything.
ANSWER = tuple(name for name in Outcome.__dataclass_fields__ if name != "fact_id")
answer_of = attrgetter(*ANSWER)


def work(items: Sequence[Item], state: State, *, at_own_time: bool) -> list[Outcome]:
    """Work all items into the state, in order; each gets its answer."""
    done: dict[tuple[str, str, str, int], tuple[bytes, Outcome]] = {}
    outcomes = []
    for index, item in enumerate(items):
        moment = item.occurred_at if at_own_time else max(state.now, item.occurred_at)
        try:
            outcome = _work_one(index, item, state, moment, done)
        except DomainError as error:
            outcome = checks.answer(error)
        outcomes.append(outcome)
    return outcomes


def _work_one(
    index: int,
    item: Item,
    state: State,
    moment: datetime,
    done: dict[tuple[str, str, str, int], tuple[bytes, Outcome]],
) -> Outcome:
    sent = requests.canonical(item)
    mark = prints.of(sent)
    key = requests.key_of(item)
    if key in done:
        first, outcome = done[key]
        return _repeat(first == mark, outcome)
    if index in state.facts:
        number, first, answer = state.facts[index]
        return _repeat(prints.fits(first, sent), Outcome(**{**answer, "fact_id": number}))
    posted = Posted(item.occurred_at, moment, state.take_id())
    outcome = _dispatch(item, state, posted, is_quote_used=-1 - index in state.facts)
    outcome.fact_id = posted.fact_id
    done[key] = (mark, outcome)
    _store_fact(key, mark, outcome, state, posted)
    return outcome


def _repeat(is_same: bool, first: Outcome) -> Outcome:
    if not is_same:
        raise Refusal("fact_contradicts", _("This was already recorded with other content."))
    values = {name: getattr(first, name) for name in Outcome.__dataclass_fields__}
    return Outcome(**{**values, "status": "repeated" if first.status == "recorded" else first.status})


def _dispatch(item: Item, state: State, posted: Posted, *, is_quote_used: bool) -> Outcome:
    if isinstance(item, OrderIn):
        if is_quote_used:
            raise quotes.QuoteRefused(_("This quote was already used."), field="quote")
        return record_order(item, state, posted)
    if isinstance(item, EventIn):
        return record_event(item, state, posted)
    if isinstance(item, ReturnIn) and not item.order:
        person = _owner(item.member, state, item.source, posted)
        return returns.record_unnamed(item, person, state, posted)
    order = _anchor(item, state, posted)
    if order.state == AWAITED:
        return _wait(item, order, state, posted)
    return apply(item, order, state, posted)


def apply(item: PaidIn | CancelIn | ReturnIn, order: OrderRow, state: State, posted: Posted) -> Outcome:
    """Work a payment, cancellation or return into an order that is there."""
    if isinstance(item, PaidIn):
        return revisions.pay(order, state, posted)
    if isinstance(item, CancelIn):
        return returns.cancel(order, state, posted)
    return returns.record_named(item, order, state, posted)


# --- orders ---------------------------------------------------------------------------------------------------------


def record_order(item: OrderIn, state: State, posted: Posted) -> Outcome:
    """A new order, an awaited one that comes at last, or a new revision of one."""
    content.check_order(item, state)
    order = state.orders.get((item.source, item.external_id))
    owed, claims = item, NO_CLAIMS
    if order is None or order.state == AWAITED or revisions.is_newer(item, order):
        owed, claims = coupons.take(item, order, state)
    bill = tenders.settle(owed, state, posted.moment)
    promised = _promised(item, state, posted, bill) if item.quote else None
    if order is not None and order.state != AWAITED:
        return _change(owed, claims, order, state, posted)
    item = owed
    person = _owner(item.member, state, item.source, posted)
    if order is None:
        order = content.awaited(item.source, item.external_id, state, posted)
    content.fill(order, item, person, state, posted.fact_id, paid_minor=bill.paid_minor if bill else 0)
    content.note_route(item, order, state)
    if claims:
        coupons.claim(claims, order, person, state, posted)
    if bill is not None:
        # Before it earns: nobody pays with what the same order gives.
        tenders.pay(bill, order, state, posted)
    awarded = _earn(order, person, state, posted, promised) if person is not None else {}
    outcome = content.answer("recorded", order, person, state, awarded)
    outcome.benefits = content.benefits_of(order)
    outcome.codes = coupons.told(claims)
    outcome.payment = tenders.told(bill) if bill else {}
    if order.waiting:
        _apply_waiting(order, state, posted.moment, outcome)
    return outcome


def _change(item: OrderIn, claims: Sequence[Claim], order: OrderRow, state: State, posted: Posted) -> Outcome:
    """A new revision of an order, or one that is too late and changes nothing."""
    who = item.member if order.member_id is None else None
    is_newer = revisions.is_newer(item, order)
    person = state.people.get(order.member_id or 0)
    claims_member = who is not None and is_newer and not content.is_gone(who, state)
    if who is not None and claims_member:
        person = content.find(who, state, item.source, posted)
    if is_newer and (claims or state.codes.own.get(order.id)):
        coupons.claim(claims, order, person, state, posted)
    if person is not None and claims_member:
        outcome = _claim(item, person, order, state, posted)
    else:
        outcome = revisions.revise(item, order, state, posted)
    outcome.codes = coupons.told(claims)
    return outcome


def _owner(who: Who | None, state: State, source: str, posted: Posted) -> Person | None:
    """Whose it is; nobody's where nobody is named, or somebody who was erased."""
    if who is None or content.is_gone(who, state):
        return None
    return content.find(who, state, source, posted)


def _promised(item: OrderIn, state: State, posted: Posted, bill: tenders.Bill | None) -> tuple[int, ...]:
    """The rule versions that a preview promised for this very order (23); the promise is then used up."""
    quote = quotes.read(item.quote)
    member = content.known(item.member, state) if item.member else None
    quotes.check(
        quote,
        program_id=state.rulebook.program_id,
        member_id=member,
        item=item,
        moment=posted.moment,
        paid=bill.quoted if bill else (),
    )
    key = (checks.OWN_SOURCE, "quote", quote.id, 0)
    rows.add_fact(
        state, key, b"", posted._replace(fact_id=state.take_id()), {}, holder_id=member, order_id=None
    )
    return quote.versions


def _earn(
    order: OrderRow, person: Person, state: State, posted: Posted, promised: tuple[int, ...] | None = None
) -> dict[str, int]:
    person.is_touched = True
    if person.state != "active":
        return {}
    person.stir("order", order.occurred_at, posted.moment)
    rules = state.rulebook
    engine = rules.engine_at(order.occurred_at) if promised is None else rules.engine_of(promised)
    occasion = earning.occasion_of(order, state)
    context = earning.context_of(person, occasion, engine, state)
    if order.coupons:
        context = replace(context, coupons=order.coupons)
    pricing = engine.program.price(occasion, context)
    order.context, order.versions, order.awarded = context, engine.versions, dict(pricing.totals)
    awaits = "" if order.state == PAID else PAID
    order.lots = earning.grant(pricing, person, state, posted, order_id=order.id, awaits=awaits)
    earning.count(pricing.awards, person, state, order.occurred_at)
    rows.add_pricing(order, pricing, state, posted.fact_id)
    if context.plans:
        worth.record(
            worth.NOTHING,
            worth.of_order(order, occasion, engine, state, left=False),
            state,
            posted,
            order_id=order.id,
        )
    revisions.measure(order, person, state, posted, points=earning.points(order.awarded, state))
    return order.awarded


def _claim(item: OrderIn, person: Person, order: OrderRow, state: State, posted: Posted) -> Outcome:
    """A change says whose order it was: what is left of it earns as of its own moment."""
    revisions.refill(item, order, person, state, posted)
    content.note_route(item, order, state)
    posted_then = Posted(order.occurred_at, posted.moment, posted.fact_id)
    awarded = dict(_earn(order, person, state, posted_then))
    taken = revisions.settle(order, revisions.unreturned(order, state), state, posted, gives_back="earn")
    back = restoring.give_back(order, state, posted) if order.spent else []
    outcome = content.answer("recorded", order, person, state, awarded)
    outcome.reversed = {key: value for key, value in taken.items() if value > 0}
    outcome.restored = back
    return outcome


def _apply_waiting(order: OrderRow, state: State, moment: datetime, outcome: Outcome) -> None:
    """What came before its order takes effect now."""
    for number, stored in order.waiting:
        item = requests.as_item({**stored}, stored["kind"])
        posted = Posted(item.occurred_at, max(moment, item.occurred_at), number)
        later = apply(item, order, state, posted)
        for unit, amount in later.reversed.items():
            outcome.reversed[unit] = outcome.reversed.get(unit, 0) + amount
        outcome.restored += later.restored
        outcome.balance = later.balance or outcome.balance
    rows.extend(state, "arrived", [number for number, _ in order.waiting])
    order.waiting = []


# --- what waits -----------------------------------------------------------------------------------------------


def _anchor(item: PaidIn | CancelIn | ReturnIn, state: State, posted: Posted) -> OrderRow:
    """The order an item names; an unknown one gets an empty row on which the item waits."""
    key = requests.order_key(item)
    assert key is not None  # noqa: S101 - items that name no order do not come here
    return state.orders.get(key) or content.awaited(*key, state, posted)


def _wait(item: PaidIn | CancelIn | ReturnIn, order: OrderRow, state: State, posted: Posted) -> Outcome:
    stored = {**requests.payload(item), "kind": requests.kind_of(item)}
    order.waiting.append((posted.fact_id, stored))
    order.fact_id, order.is_changed = posted.fact_id, True
    row = {
        "fact_id": posted.fact_id,
        "order_id": order.id,
        "program_id": state.rulebook.program_id,
        "payload": stored,
    }
    rows.add(state, "waiting", row)
    return Outcome("waiting", order_id=order.id)


# --- events ---------------------------------------------------------------------------------------------------


def record_event(item: EventIn, state: State, posted: Posted) -> Outcome:
    """A custom event, which rules may reward."""
    person = content.find(item.member, state, item.source, posted)
    engine = state.rulebook.engine_at(item.occurred_at)
    person.is_touched = True
    person.stir(item.kind, item.occurred_at, posted.moment)
    _wake(item, state, posted)
    if item.kind == renewals.KIND:
        item = renewals.counted(item, person, state)
    rows.add_activity(item, person.id, state, posted)
    pricing = Pricing((), (), {})
    if person.state == "active" and item.kind in engine.kinds:
        pricing = price_event(item, person, engine, state, posted)
    if person.state == "active" and item.kind == gifts.BIRTHDAY:
        gifts.give(item, person, state, posted)
    earned = earning.points(pricing.totals, state)
    course = state.course(person)
    if course is not None and earned:
        course.add(item.occurred_at, now=posted.moment, points=earned, fact_id=posted.fact_id)
    return content.answer("recorded", None, person, state, dict(pricing.totals))


def _wake(item: EventIn, state: State, posted: Posted) -> None:
    """An event that names an order wakes what that order's lots awaited of it (7)."""
    key = requests.order_key(item)
    order = state.orders.get(key) if key else None
    if order is None or not order.lots:
        return
    owner = state.hold(order, posted.fact_id)
    if owner is not None:
        revisions.wake(order, item.kind, owner, state, posted)


def price_event(
    item: EventIn, person: Person, engine: Engine, state: State, posted: Posted, *, is_metered: bool = True
) -> Pricing:
    """What rules give for it; with `is_metered`, what they give because of a plan is noted as that plan's worth."""
    local = local_time(item.occurred_at, state.rulebook.zone)
    occasion = Occasion(item.kind, item.occurred_at, local, data=item.data)
    context = earning.context_of(person, occasion, engine, state)
    pricing = engine.program.price(occasion, context)
    earning.grant(pricing, person, state, posted, order_id=None)
    earning.count(pricing.awards, person, state, item.occurred_at)
    if pricing.awards:
        rows.add_awards(pricing, context, engine.versions, state, posted.fact_id)
        if is_metered and context.plans:
            gained = worth.of_event(occasion, context, engine, state)
            worth.record(worth.NOTHING, gained, state, posted, order_id=None)
    return pricing


# --- the fact -------------------------------------------------------------------------------------------------


def _store_fact(
    key: tuple[str, str, str, int], mark: bytes, outcome: Outcome, state: State, posted: Posted
) -> None:
    answer = {name: value for name, value in zip(ANSWER, answer_of(outcome), strict=True) if value}
    rows.add_fact(
        state,
        key,
        mark,
        posted,
        answer,
        holder_id=outcome.member_id,
        order_id=outcome.order_id,
    )
    data = {"awarded": outcome.awarded, "reversed": outcome.reversed}
    rows.add_event(state, key[1], posted, data, holder_id=outcome.member_id, order_id=outcome.order_id)
