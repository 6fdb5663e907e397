"""A program with referrals, and friends who come by a code, told in few words."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django_scopes import scope

from members import followers, people
from members.arrivals import Introduction
from members.models import Member, Program
from rewards import referrals
from rewards.models import Referral
from rewards.referrals import links, schemes
from tests.rewards import builders as b

JOINED = "2026-03-01"
# Bought on 2 March, and 14 days to return: paid from the start of the 17th.
BOUGHT, BEFORE, PAID = "2026-03-02", "2026-03-16", "2026-03-17"
PRIZES: dict[str, Any] = {
    "referrer_prize": {"unit": "points", "amount": 500},
    "friend_prize": {"unit": "points", "amount": 200},
}


def open_program(*, rules: Any = b.NONE, **values: Any) -> Program:
    """Anna is a member since long ago; 500 points for who brings a friend and 200 for the friend."""
    settings = {name: values.pop(name) for name in list(values) if name not in schemes.SETTINGS}
    program = b.open_program(rules=rules, **settings)
    b.join(program, "anna")
    change(program, **{"is_on": True, "minimum_minor": 1000, **PRIZES, **values})
    return program


def change(program: Program, **values: Any) -> None:
    schemes.change(program=program, by=b.staff(), now=b.moment("2026-01-01"), **values)


def code_of(program: Program, name: str = "anna") -> str:
    with scope(program=program):
        return links.of(member=b.find(program, name), now=b.moment("2026-01-01")).code


def bring(
    program: Program,
    name: str = "ben",
    *,
    by: str = "anna",
    at: str | datetime = JOINED,
    email: str = "",
    **more: Any,
) -> Referral:
    """`name` joins by the code of `by`."""
    member = people.join(
        program=program,
        name=name.title(),
        contacts=[("email", email or f"{name}@example.com")],
        source="portal",
        now=b.moment(at),
        introduction=Introduction(code_of(program, by), "link", is_strict=True, **more),
    )
    return of(program, member)


def of(program: Program, friend: Member) -> Referral:
    with scope(program=program):
        return Referral.objects.get(friend=friend)


def again(referral: Referral) -> Referral:
    return of(referral.program, referral.friend)


def buy(
    program: Program, name: str = "ben", amount: int = 5000, *, at: str = BOUGHT, number: str = ""
) -> str:
    number = number or f"{name}-{at}"
    b.record(program, b.order(number, at, amount, member=name))
    return number


def advance(program: Program, at: str) -> int:
    return referrals.advance(program=program, now=b.moment(at))


def look_again(program: Program, *names: str, at: str) -> int:
    friends = [b.find(program, name).pk for name in names]
    return referrals.look_again(program=program, friends=friends, now=b.moment(at))


def points(program: Program, *names: str) -> list[int]:
    return [b.balance(program, name).active for name in names]


def deliver(at: str) -> int:
    """Tell the followers what happened."""
    return followers.deliver(clock=lambda: b.moment(at), seconds=20)
