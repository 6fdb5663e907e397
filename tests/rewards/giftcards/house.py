"""A shop with money credit and gift cards: credit is in cents, a point is worth one."""

from __future__ import annotations

import itertools
from typing import Any

from django_scopes import scopes_disabled

from members.models import Program, Role, TeamMembership
from rewards import checking
from rewards.giftcards import issuing, moves
from rewards.models import GiftCard
from tests.members.teams import hire
from tests.rewards import builders as b

UNITS = {
    "points": {"worth_numerator": 1, "worth_denominator": 1},
    "credit": {
        "is_money": True,
        "precision": 2,
        "worth_numerator": 100,
        "worth_denominator": 1,
        "names": {"en": {"one": "euro", "other": "euros"}},
    },
}
NOTHING = {"base": {"amount": {**b.ONE_PER_MAJOR, "per_minor": 10**12}}}
_keys = itertools.count(1)


def open_house(**settings: Any) -> Program:
    program = b.open_program(**({"rules": NOTHING, "units": UNITS} | settings))
    b.join(program, "anna")
    return program


def boss(program: Program) -> TeamMembership:
    with scopes_disabled():
        return TeamMembership.objects.get(program=program, user=hire(program, Role.OWNER))


def issue(program: Program, value_minor: int = 5000, at: str = "2026-01-01", **more: Any) -> GiftCard:
    key = more.pop("key", f"card-{next(_keys)}")
    return issuing.issue(program=program, value_minor=value_minor, key=key, now=b.moment(at), **more)


def code(card: GiftCard) -> str:
    return issuing.code_of(card)


def left(card: GiftCard, at: str = "2026-01-05") -> int:
    with scopes_disabled():
        return moves.left_on([card], now=b.moment(at))[card.pk]


def sound(program: Program) -> bool:
    report = checking.run(program=program, verify=True)
    assert not report.faults, report.faults
    return True
