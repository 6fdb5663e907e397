"""Part payment: points, credit and gift cards pay for an order in the posting that records it (SEMANTICS 17, 38, 42).

What each tender pays is settled before anything is written; the spend, the order and its points then stand or fall
together, under the guard of every wallet that pays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from math import ceil, floor
from typing import Any

from django.utils.translation import gettext as _

from loyaltysite.kit import formats
from loyaltysite.kit.errors import DomainError
from rewards import ledger
from rewards.books import Book
from rewards.engine import basis
from rewards.giftcards import codes
from rewards.intake import content, rows
from rewards.intake.checks import Refusal
from rewards.intake.content import AWAITED
from rewards.intake.items import OrderIn, TenderIn
from rewards.intake.state import OrderRow, Paid, Person, Posted, State
from rewards.rulebook import UnitInfo


class Denied(Exception):
    """The owner's word was missing or wrong. Nothing at all is done, and the same request may be sent again with another."""

    def __init__(self, error: DomainError) -> None:
        super().__init__(str(error))
        self.error = error


@dataclass(frozen=True, slots=True)
class Part:
    """What one tender pays: `amount` ledger units of this wallet for `money_minor` of the order."""

    person: Person
    book: Book
    unit: UnitInfo
    amount: int
    money_minor: int
    card: str = ""


@dataclass(frozen=True, slots=True)
class Bill:
    """How an order is paid. `costs` is what its lines cost, `credit_minor` what others took, `parts` what we take."""

    costs: tuple[int, ...]
    credit_minor: int
    parts: tuple[Part, ...]

    @property
    def paid_minor(self) -> int:
        return sum(part.money_minor for part in self.parts)

    @property
    def quoted(self) -> tuple[tuple[int, int, int], ...]:
        return tuple((part.book.id, part.amount, part.money_minor) for part in self.parts)


def settle(item: OrderIn, state: State, moment: datetime) -> Bill | None:
    """What each of the order's tenders pays, in the order in which they are named; None for an order without any.

    Raises Refusal, InsufficientPoints, MemberNotActive, and Denied where the owner has not agreed."""
    if not item.tenders:
        return None
    order = state.orders.get((item.source, item.external_id))
    if order is not None and order.state != AWAITED:
        raise Refusal(
            "tenders_fixed", _("What paid for an order stays. A change of it names no tenders."), "tenders"
        )
    costs = content.costs_of(item, state)
    left = max(0, sum(costs) - item.credit_minor)
    parts: list[Part] = []
    for tender in item.tenders:
        part = _part(tender, item, left, parts, state, moment)
        left -= part.money_minor
        parts.append(part)
    _ask(parts, state)
    return Bill(tuple(costs), item.credit_minor, tuple(parts))


def pay(bill: Bill, order: OrderRow, state: State, posted: Posted) -> None:
    """Spend what the bill says on the order."""
    for part in bill.parts:
        book = part.book
        taken = book.debit(
            "spend",
            part.amount,
            at=posted.at,
            moment=posted.moment,
            fact_id=posted.fact_id,
            order_id=order.id,
        )
        entry = book.entries[-1][0]
        order.spent += [(book.id, entry, lot.id, amount) for lot, amount in taken]
        order.paid[book.id] = Paid(book.id, part.unit.id, part.amount, part.money_minor, part.card)
        part.person.is_touched = True
        add_row(order, order.paid[book.id], "pay", part.amount, part.money_minor, state, posted.fact_id)
        data = {"unit": part.unit.key, "active": book.active}
        rows.add_event(state, "points.spend", posted, data, holder_id=part.person.id, order_id=order.id)


def add_row(
    order: OrderRow, paid: Paid, kind: str, amount: int, money_minor: int, state: State, fact_id: int
) -> None:
    row = {
        "id": state.take_id(),
        "order_id": order.id,
        "fact_id": fact_id,
        "wallet_id": paid.wallet_id,
        "unit_id": paid.unit_id,
        "kind": kind,
        "amount": amount,
        "money_minor": money_minor,
    }
    rows.add(state, "tenders", row)


def told(bill: Bill) -> dict[str, Any]:
    """How the order is paid, for whoever sent it: what each tender pays, what that takes off each line, what is left."""
    total = sum(bill.costs)
    taken = bill.credit_minor + bill.paid_minor
    shares = basis.spread(taken, [max(0, cost) for cost in bill.costs])
    return {
        "total_minor": total,
        "paid_minor": min(taken, total),
        "left_minor": max(0, total - taken),
        "tenders": [
            {
                "unit": part.unit.key,
                "card": part.card,
                "amount": part.amount,
                "money_minor": part.money_minor,
                "balance": part.book.active,
            }
            for part in bill.parts
        ],
        "lines": [
            {"position": number, "paid_minor": share, "left_minor": cost - share}
            for number, (cost, share) in enumerate(zip(bill.costs, shares, strict=True), 1)
        ],
    }


# --- one tender ---------------------------------------------------------------------------------------------------


def _part(
    tender: TenderIn, item: OrderIn, left: int, parts: Sequence[Part], state: State, moment: datetime
) -> Part:
    person, book, unit, ending = _wallet(tender, item, state)
    if any(part.book is book for part in parts):
        # A code of a card can be written in many ways.
        raise Refusal("tender_twice", _("Name each way of paying once."), "tenders")
    book.settle(moment)
    if person.state != "active":
        raise ledger.MemberNotActive(field="tenders")
    if not unit.worth:
        raise Refusal("tender_without_worth", _("This is worth no money and pays for nothing."), "tenders")
    amount, money = _how_much(tender, unit.worth_each, book.active, left)
    if money > left:
        most = formats.format_money(left, state.rulebook.currency)
        message = _("This is more than there is to pay. At most %(most)s.") % {"most": most}
        raise Refusal("tender_too_large", message, "tenders")
    if amount > book.active:
        raise ledger.InsufficientPoints(missing=amount - book.active, field="tenders")
    if not money:
        raise Refusal("tender_empty", _("There is nothing to pay with, or nothing to pay."), "tenders")
    return Part(person, book, unit, amount, money, ending)


def _how_much(tender: TenderIn, worth: Fraction, active: int, left: int) -> tuple[int, int]:
    """Ledger units and the money they pay, which is rounded down; for money as few units as pay it."""
    if tender.amount is not None:
        return tender.amount, floor(tender.amount * worth)
    money = tender.money_minor
    if money is None:
        money = min(floor(active * worth), left)
    return ceil(money / worth), money


def _wallet(tender: TenderIn, item: OrderIn, state: State) -> tuple[Person, Book, UnitInfo, str]:
    return _card(tender.card, state) if tender.card else _purse(tender.unit, item, state)


def _purse(key: str, item: OrderIn, state: State) -> tuple[Person, Book, UnitInfo, str]:
    unit = state.rulebook.units.get(key)
    if unit is None:
        raise Refusal("unit_unknown", _("There is no such unit."), "tenders.unit")
    number = content.known(item.member, state) if item.member else None
    if number is None or item.member is None or content.is_gone(item.member, state):
        raise Refusal("member_unknown", _("There is no such member."), "member")
    person = state.people[number]
    return person, state.book(person, unit), unit, ""


def _card(code: str, state: State) -> tuple[Person, Book, UnitInfo, str]:
    """The wallet of a gift card. A wrong and a blocked code are never told apart (41)."""
    typed = codes.clean(code)
    digests = codes.digests(program_id=state.rulebook.program_id, code=typed)
    found = next((state.cards[each.hex()] for each in digests if each.hex() in state.cards), None)
    if not typed or found is None or found.state != "active":
        raise Refusal("gift_card_invalid", _("This gift card is not valid."), "tenders.card")
    person = state.people[found.holder_id]
    (book,) = person.books.values()
    return person, book, state.rulebook.units_by_id[book.unit_id], found.ending


def _ask(parts: Sequence[Part], state: State) -> None:
    """A gift card belongs to whoever has its code; a member's points ask for the member, or for staff (38)."""
    costs: dict[str, int] = {}
    owner = None
    for part in parts:
        if not part.card:
            owner = part.person
            costs[part.unit.key] = part.amount
    if owner is None:
        return
    if state.authorize is None:
        raise Refusal(
            "authorization_missing", _("The member’s code is needed to pay with points."), "authorization"
        )
    try:
        state.authorize(owner, costs)
    except DomainError as error:
        raise Denied(error) from error
