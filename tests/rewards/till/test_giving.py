"""A gift at the till: on request, with the member's changing code, once, and undone within ten minutes."""

from __future__ import annotations

import uuid

import pytest
import time_machine
from django.core.cache import cache

from loyaltysite.kit import clock
from members.models import Role, TeamMembership, User
from rewards import passcodes
from tests.members.teams import hire, signed_in
from tests.rewards import builders as b
from tests.rewards.causes.house import is_right, open_house, put_up, total
from tests.rewards.test_portal_rewards import text_of
from tests.rewards.till import shop as tills

pytestmark = pytest.mark.django_db
KEY = "0b7fd0ab-0000-4000-8000-00000000000a"


@pytest.fixture(autouse=True)
def clock_stands():
    cache.clear()
    with time_machine.travel(b.moment("2026-02-03T09:00"), tick=False) as traveller:
        yield traveller


@pytest.fixture
def program():
    return open_house()


@pytest.fixture
def cashier(program):
    return hire(program, Role.CASHIER)


@pytest.fixture
def till(cashier):
    return signed_in(cashier)


def give(till, program, cashier, amount="60", *, code=None, key=None, **more):
    anna = b.find(program, "anna")
    shown = passcodes.show(member=anna, now=clock.now()).code if code is None else code
    typed = {"number": anna.number, "what": "lighthouse:points", "amount": amount, "code": shown}
    return till.post(tills.till_of(program, "give/"), tills.tap(cashier, key=key or "") | typed | more)


def test_the_page_asks_which_how_much_and_the_code(till, program, cashier):
    put_up(program, "forest")

    page = till.post(
        tills.till_of(program, "give/"), {"number": b.find(program, "anna").number, "amount": "42.60"}
    )

    assert [value for value, _label in page.context["choices"]] == ["forest:points", "lighthouse:points"]
    assert "42.60" not in page.content.decode()


def test_a_gift_needs_the_members_code_and_happens_once(till, program, cashier):
    code = passcodes.show(member=b.find(program, "anna"), now=clock.now()).code

    wrong = give(till, program, cashier, code="0000 0000")
    first = give(till, program, cashier, code=code, key=KEY)
    again = give(till, program, cashier, code=code, key=KEY)
    used = give(till, program, cashier, "20", code=code)

    assert (wrong.status_code, first.status_code, again.status_code, used.status_code) == (422, 200, 200, 422)
    assert "Receipt 1" in text_of(first)
    assert total(program) == (1, 60, 60)
    assert b.balance(program).active == 90
    assert is_right(program)


def test_a_wrong_tap_is_undone_within_ten_minutes(till, program, cashier, clock_stands):
    give(till, program, cashier, key=KEY)
    clock_stands.move_to(b.moment("2026-02-03T09:09"))

    undone = tills.undo(till, program, cashier, KEY)

    assert undone.status_code == 200
    assert "receipt is void" in undone.json()["html"]
    assert b.balance(program).active == 150
    assert total(program) == (0, 0, 0)
    assert is_right(program)


@pytest.mark.parametrize("amount", ["", "0", "1.5", "9", "151", "many"])
def test_what_cannot_be_given_is_said_and_moves_nothing(till, program, cashier, amount):
    answer = give(till, program, cashier, amount)

    assert answer.status_code == 422
    assert 'role="alert"' in answer.content.decode()
    assert b.balance(program).active == 150


def test_nobody_gives_for_themselves(program):
    cashier = User.objects.create_user("anna@example.com")
    TeamMembership.objects.create(user=cashier, program=program, role=Role.CASHIER)

    answer = give(signed_in(cashier), program, cashier)

    assert answer.status_code == 403
    assert b.balance(program).active == 150


def test_an_unknown_number_leads_back(till, program, cashier):
    answer = give(till, program, cashier, number=str(uuid.uuid4().int)[:12])

    assert answer.status_code == 302
