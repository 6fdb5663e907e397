"""A program with points and a mug for 100 of them."""

from __future__ import annotations

import pytest

from tests.rewards import builders as b
from tests.rewards.redemptions.shelf import UNITS


@pytest.fixture
def program():
    program = b.open_program(units=UNITS, stores=["WHITBY", "YORK"])
    b.record(program, b.order("A", "2026-01-10", 60_00), b.order("B", "2026-02-10", 90_00))
    return program
