"""Coupons at the till: what was scanned may be one, and a cashier does not guess them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from members.models import Program, User
from rewards.coupons import guessing, lookups
from rewards.coupons.refusals import CodeInvalid
from rewards.intake.items import Outcome
from rewards.models import Coupon


def find(*, program: Program, typed: str, cashier: User, now: datetime) -> Coupon:
    """The coupon of what was scanned. Raises CodeInvalid, CodesBlocked."""
    guessers = [("cashier", cashier.pk)]
    guessing.check(program=program, guessers=guessers)
    try:
        return lookups.find(program=program, typed=typed, now=now)
    except CodeInvalid:
        guessing.note(program=program, guessers=guessers, wrong=1)
        raise


def watch(*, program: Program, cashier: User, codes: tuple[str, ...], work: Callable[[], Outcome]) -> Outcome:
    """Do what looks at these codes, and count those that are none. Raises CodesBlocked before."""
    if not codes:
        return work()
    guessers = [("cashier", cashier.pk)]
    guessing.check(program=program, guessers=guessers)
    outcome = work()
    wrong = [outcome.code, *(one.get("code", "") for one in outcome.codes)].count(CodeInvalid.code)
    guessing.note(program=program, guessers=guessers, wrong=wrong)
    return outcome
