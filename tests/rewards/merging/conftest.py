"""A program with two members that turn out to be one person."""

import pytest

from tests.rewards import builders as b
from tests.rewards.merging.twins import TIERS


@pytest.fixture
def program():
    return b.open_program(tiers=TIERS)


@pytest.fixture
def pair(program):
    """anna with 100 points and hanna with 40."""
    anna, hanna = b.join(program, "anna"), b.join(program, "hanna")
    b.record(program, b.order("A1", "2026-01-10", 10_000), b.order("H1", "2026-01-11", 4000, member="hanna"))
    return anna, hanna
