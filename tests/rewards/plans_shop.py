"""Plans for tests: drafted, put up and paid for through the domain, told in few words. Money is in minor units."""

from __future__ import annotations

import itertools
from datetime import datetime
from typing import Any

from django_scopes import scope

from loyaltysite.kit import clock
from members.models import Event, Member, Program
from rewards.models import Plan, Saving, Term
from rewards.plans import editing, payments
from rewards.plans.payments import Payment
from tests.rewards import builders as b

LONG_AGO = b.moment("2020-01-01")
TEN_OFF = {"kind": "percent_off", "percent": "10"}
DOUBLE = {"kind": "rate", "unit": "points", "factor": "2"}
FREE_SHIPPING = {"kind": "free_shipping"}

_numbers = itertools.count(1)


def draft(program: Program, key: str = "club", **values: Any) -> Plan:
    """25.00 a year for ten percent off, unless said otherwise."""
    given: dict[str, Any] = {
        "names": {"en": key.capitalize()},
        "price_minor": 2_500,
        "months": 12,
        "benefits": [TEN_OFF],
    }
    return editing.create(program=program, key=key, by=None, now=LONG_AGO, **(given | values))


def put_up(program: Program, key: str = "club", **values: Any) -> Plan:
    draft(program, key, **values)
    return editing.publish(program=program, key=key, by=None, now=LONG_AGO)


def pay(
    program: Program,
    at: str | datetime,
    *,
    plan: str = "club",
    member: str = "anna",
    reference: str = "",
    price_minor: int = 2_500,
    now: str | datetime = "",
) -> Term:
    """The term that the payment brings."""
    payment = Payment(reference or f"pay-{next(_numbers)}", b.moment(at), price_minor, "shop")
    done = payments.pay(
        program=program,
        member=b.find(program, member),
        plan=plan,
        payment=payment,
        now=b.moment(now or at),
    )
    return term(program, done.term_id)


def buy(program: Program, member: Member, plan: str) -> Term:
    """The member pays for it now."""
    payment = Payment(f"pay-{next(_numbers)}", clock.now(), 2_500, "shop")
    done = payments.pay(program=program, member=member, plan=plan, payment=payment, now=clock.now())
    return term(program, done.term_id)


def term(program: Program, term_id: int) -> Term:
    with scope(program=program):
        return Term.objects.get(pk=term_id)


def savings(program: Program, one: Term) -> dict[str, int]:
    """Minor units by kind, without what is nothing."""
    found: dict[str, int] = {}
    with scope(program=program):
        for row in Saving.objects.filter(term=one):
            found[row.kind] = found.get(row.kind, 0) + row.amount_minor
    return {kind: amount for kind, amount in found.items() if amount}


def events(program: Program, *kinds: str) -> list[str]:
    """The kinds of the plans' events in their order."""
    with scope(program=program):
        found = Event.objects.filter(program=program, kind__startswith="plan.").order_by("pk")
        return [event.kind for event in found if not kinds or event.kind in kinds]
