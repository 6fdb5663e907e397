"""A program whose members give points to a charity: one point is worth a cent, and ends after 60 days."""

from __future__ import annotations

import itertools
from typing import Any

from members.models import Member, Program
from rewards import checking
from rewards.causes import editing, giving, paying, reading
from rewards.models import Cause, Donation, Payout
from tests.rewards import builders as b

UNIT = {"expiry": {"kind": "days", "count": 60}, "worth_numerator": 1, "worth_denominator": 1}
NOW = "2026-02-01"
LONG_AGO = b.moment("2020-01-01")

_keys = itertools.count(1)


def open_house(**settings: Any) -> Program:
    """Anna has 100 to 11 March and 50 to 1 April; the lighthouse takes points from 10 on."""
    program = b.open_program(**({"units": {"points": UNIT}} | settings))
    b.record(program, b.order("A", "2026-01-10", 10_000), now="2026-01-10")
    b.record(program, b.order("B", "2026-01-31", 5000))
    put_up(program)
    return program


def put_up(program: Program, key: str = "lighthouse", *, is_live: bool = True, **values: Any) -> Cause:
    given = {"names": {"en": key.capitalize()}, "accepts": {"points": 10}} | values
    cause = editing.create(program=program, key=key, by=b.staff(), now=LONG_AGO, **given)
    return editing.publish(program=program, key=key, by=b.staff(), now=LONG_AGO) if is_live else cause


def give(
    program: Program,
    amount: int,
    *,
    at: str = NOW,
    key: str = "",
    member: str | Member = "anna",
    **others: Any,
) -> Donation:
    given = {"cause": "lighthouse", "unit": "points"} | others
    found = b.find(program, member) if isinstance(member, str) else member
    name = key or f"gift-{next(_keys)}"
    return giving.give(program=program, member=found, amount=amount, key=name, now=b.moment(at), **given)


def pay(
    program: Program, amount_minor: int, *, at: str = "2026-03-01", key: str = "", **others: Any
) -> Payout:
    now = b.moment(at)
    given = {"cause": "lighthouse", "paid_on": now.date(), "reference": "SEPA 1", "by": b.staff()} | others
    name = key or f"pay-{next(_keys)}"
    return paying.pay_out(program=program, amount_minor=amount_minor, key=name, now=now, **given)


def total(program: Program, key: str = "lighthouse") -> tuple[int, int, int]:
    """Gifts, what they were worth, and what of it is open."""
    found = reading.find(program=program, key=key).total
    return found.gifts, found.worth_minor, found.open_minor


def is_right(program: Program) -> bool:
    return checking.run(program=program, verify=True).faults == []
