"""Rewards for tests: drafted and put up through the domain, told in few words."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from members.models import Program
from rewards import catalogue
from rewards.models import Reward
from tests.rewards.builders import moment

LONG_AGO = moment("2020-01-01")


def draft(program: Program, key: str = "mug", *, now: datetime = LONG_AGO, **values: Any) -> Reward:
    """A mug for 100 points, unless said otherwise."""
    given = {"kind": "product", "names": {"en": key.capitalize()}, "price": {"points": 100}} | values
    return catalogue.create(program=program, key=key, by=None, now=now, **given)


def put_up(program: Program, key: str = "mug", *, now: datetime = LONG_AGO, **values: Any) -> Reward:
    draft(program, key, now=now, **values)
    return catalogue.publish(program=program, key=key, by=None, now=now)
