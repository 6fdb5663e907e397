"""The till says what a paying member gets at the counter."""

from __future__ import annotations

import pytest

from members.models import Role
from tests.members.teams import hire, signed_in
from tests.rewards import builders as b
from tests.rewards import plans_shop as p
from tests.rewards.till import shop as tills

pytestmark = pytest.mark.django_db


@pytest.fixture
def program():
    found = b.open_program()
    b.join(found, "anna")
    p.put_up(found, names={"en": "Tom & Co"}, benefits=[p.TEN_OFF, p.FREE_SHIPPING, p.DOUBLE])
    return found


def note(program):
    client = signed_in(hire(program, Role.CASHIER))
    return tills.find(client, program, b.find(program, "anna").number).json()["who"]["note"]


def test_who_holds_a_plan(program):
    p.pay(program, "2026-11-01")

    assert note(program) == "Tom & Co: 10% off · Free shipping"


def test_who_holds_none(program):
    p.pay(program, "2024-11-01")

    assert note(program) == ""


def test_blocked_goes_before(program):
    p.pay(program, "2026-11-01")
    member = b.find(program, "anna")
    member.state = "blocked"
    member.save()

    assert note(program).startswith("Blocked")
