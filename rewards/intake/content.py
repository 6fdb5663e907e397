"""What an item says: who is meant and what the order holds, checked before anything is worked in."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from members import numbers
from rewards.benefits import discounts
from rewards.engine import basis
from rewards.intake import earning, requests, rows
from rewards.intake.checks import Refusal
from rewards.intake.items import OrderIn, Outcome, Who
from rewards.intake.state import Line, OrderRow, Person, Posted, State
from rewards.policies import local_time

AWAITED, PLACED, PAID, CANCELLED = "awaited", "placed", "paid", "cancelled"


def check_order(item: OrderIn, state: State) -> None:
    """Refuse what cannot be an order of this program, naming the field."""
    if item.currency and item.currency != state.rulebook.currency:
        message = _("Send the amount in %(currency)s, with the rate in your own records.")
        raise Refusal("currency_foreign", message % {"currency": state.rulebook.currency}, "currency")
    if item.store and item.store not in state.rulebook.stores:
        raise Refusal("store_unknown", _("There is no store %(code)s.") % {"code": item.store}, "store")
    if state.rulebook.basis.prices_include_tax and any(
        line.tax_minor > line.amount_minor for line in item.lines
    ):
        raise Refusal("tax_invalid", _("The tax contained is not more than the amount."), "lines.tax")


def awaited(source: str, external_id: str, state: State, posted: Posted) -> OrderRow:
    """An empty order row, the anchor for what names an order before it has come."""
    order = OrderRow(
        id=state.take_id(),
        source=source,
        external_id=external_id,
        member_id=None,
        store_id=None,
        channel="",
        state=AWAITED,
        revision=0,
        fact_id=posted.fact_id,
        occurred_at=posted.at,
        currency=state.rulebook.currency,
        total_minor=0,
        basis_minor=0,
        returned_minor=0,
        is_new=True,
    )
    state.add_order(order)
    return order


def fill(
    order: OrderRow, item: OrderIn, person: Person | None, state: State, fact_id: int, *, paid_minor: int = 0
) -> None:
    """Write the content of an order, or of a new revision of it, into its row; tenders paid `paid_minor` of it."""
    order.member_id = person.id if person else None
    if person is not None:
        own = state.orders_of.setdefault(person.id, [])
        if not any(each is order for each in own):
            own.append(order)
    order.store_id = state.rulebook.stores[item.store] if item.store else None
    order.channel, order.revision, order.fact_id = item.channel, item.revision, fact_id
    order.state = PAID if item.is_paid else PLACED
    order.occurred_at = item.occurred_at
    order.lines = lines_of(item, state, paid_minor=paid_minor)
    order.total_minor = sum(line.amount_minor for line in order.lines)
    order.basis_minor = sum(line.basis_minor for line in order.lines)
    order.is_changed = order.has_new_lines = True


def costs_of(item: OrderIn, state: State) -> list[int]:
    """What the customer owes for each line, tax included."""
    if state.rulebook.basis.prices_include_tax:
        return [line.amount_minor for line in item.lines]
    return [line.amount_minor + line.tax_minor for line in item.lines]


def lines_of(item: OrderIn, state: State, *, paid_minor: int = 0) -> list[Line]:
    """The lines with what each of them earns on (17); the part paid with points or credit does not."""
    policy = state.rulebook.basis
    costs = costs_of(item, state)
    shares = basis.shares_of(item.credit_minor + paid_minor, costs, policy)
    return [
        Line(
            number,
            raw.kind,
            raw.sku,
            raw.name,
            raw.category,
            raw.quantity,
            raw.amount_minor,
            raw.discount_minor,
            raw.tax_minor,
            raw.cost_minor,
            *basis.basis_of(policy, raw.kind, cost, raw.tax_minor, share=share, is_reward=raw.is_reward),
        )
        for number, (raw, cost, share) in enumerate(zip(item.lines, costs, shares, strict=True), 1)
    ]


def known(who: Who, state: State) -> int | None:
    """The member meant, None when there is none yet."""
    value = requests.normal(who.kind, who.value)
    return state.who.get((who.kind, value))


def is_gone(who: Who, state: State) -> bool:
    """Whether this was somebody who was erased: no shop and no import brings them back."""
    return bool(state.gone) and (who.kind, requests.normal(who.kind, who.value)) in state.gone


def find(who: Who, state: State, source: str, posted: Posted) -> Person:
    """The member meant; an unknown one joins where the item says so. Raises Refusal."""
    value = requests.normal(who.kind, who.value)
    holder = state.who.get((who.kind, value))
    if holder is not None:
        return state.people[holder]
    if not who.joins or who.kind == "number" or is_gone(who, state):
        raise Refusal("member_unknown", _("There is no such member."), "member")
    person = Person(
        state.take_id(),
        0,
        numbers.draw(),
        "active",
        posted.at,
        {
            "joined_on": local_time(posted.at, state.rulebook.zone).date(),
            "birthday": None,
            "language": who.language or None,
            "tags": frozenset(),
        },
        is_new=True,
        is_touched=True,
    )
    state.people[person.id] = person
    state.who[who.kind, value] = state.who["number", person.number] = person.id
    row: dict[str, Any] = {
        "id": person.id,
        "program_id": state.rulebook.program_id,
        "number": person.number,
        "name": who.name,
        "language": who.language,
        "source": source,
        "joined_at": posted.at,
        "kind": who.kind,
        "value": value,
    }
    rows.add(state, "members", row)
    rows.add_event(state, "member.joined", posted, {}, holder_id=person.id)
    return person


def note_route(item: OrderIn, order: OrderRow, state: State) -> None:
    """Remember that an order came through what had identified a member who was merged away."""
    if state.routes and item.member is not None:
        who = item.member
        gone = state.routes.get((who.kind, requests.normal(who.kind, who.value)))
        if gone is not None:
            rows.add(state, "routes", {"order_id": order.id, "member_id": gone})


def benefits_of(order: OrderRow) -> list[dict[str, Any]]:
    """What the lines should cost less for this member, and how much of it they do already."""
    if order.context is None or not order.context.perks:
        return []
    return [found.as_json() for found in discounts.of(order.lines, order.context.perks)]


def answer(
    status: str, order: OrderRow | None, person: Person | None, state: State, awarded: dict[str, int]
) -> Outcome:
    """What the caller is told at once (E12): what was earned, the balance and the tier after it."""
    outcome = Outcome(status, order_id=order.id if order else None, awarded=awarded)
    if person is None:
        return outcome
    outcome.member_id = person.id
    outcome.balance = earning.balances(person, state)
    if person.state != "active":
        outcome.code = f"member_{person.state}"
    if person.course is not None:
        level = person.course.level
        outcome.tier = level.key if level else ""
    return outcome
