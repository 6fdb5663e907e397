"""Coupons at the till: foreseen, taken off, given back by undo, and not guessed (E4, 41)."""

import pytest
from django.core.cache import cache

from members.models import Role
from rewards.coupons import guessing
from rewards.till.orders import Sale
from tests.members.teams import hire, signed_in
from tests.rewards import coupons as c
from tests.rewards.till.shop import JSON, amelia, find, open_shop, sell, tap, till_of, undo

pytestmark = pytest.mark.django_db
KEY = "0b7fd0ab-0000-4000-8000-000000000041"


@pytest.fixture(autouse=True)
def fresh():
    cache.clear()


@pytest.fixture
def program():
    return open_shop(prices_include_tax=True)


@pytest.fixture
def cashier(program):
    return hire(program, Role.CASHIER)


@pytest.fixture
def client(cashier):
    return signed_in(cashier)


@pytest.fixture
def member(program):
    return amelia(program)


def foresee(client, program, member, **fields):
    sent = {"number": member.number, "amount": "20", "store": "quay"} | fields
    return client.post(till_of(program, "preview/"), sent, headers=JSON)


def test_a_coupon_is_foreseen_taken_off_and_given_back_by_undo(client, program, cashier, member):
    c.put_up(program, names={"en": "Summer"}, most=1)

    seen = foresee(client, program, member, code="summer").json()
    sold = sell(client, program, cashier, member, 2000, code="summer", key=KEY)
    again = sell(client, program, cashier, member, 2000, code="summer")

    assert "Summer" in seen["html"]
    assert "2.00" in seen["html"]
    assert sold.status_code == 200
    assert "18.00" in sold.json()["html"]
    assert (again.status_code, again.json()["field"]) == (422, "code")
    (use,) = c.uses(program)
    assert use.discount_minor == 200

    assert undo(client, program, cashier, KEY).status_code == 200
    assert c.uses(program) == []
    assert sell(client, program, cashier, member, 2000, code="summer").status_code == 200


def test_why_a_coupon_does_not_work_is_foreseen(client, program, member):
    c.put_up(program, minimum_minor=5000)

    assert "too small" in foresee(client, program, member, code="SUMMER").json()["html"]
    assert "not valid" in foresee(client, program, member, code="NONE").json()["html"]


def test_a_coupon_scanned_first_is_named_and_waits_for_the_member(client, program):
    c.put_up(program, names={"en": "Summer"}, word="SUMMERSUMMER2026")

    by_script = find(client, program, "summersummer2026")
    plain = client.post(till_of(program, "find/"), {"q": "summersummer2026"})

    assert by_script.json() == {"coupon": "Summer", "code": "summersummer2026"}
    assert plain.status_code == 422
    assert "Say first who is served" in plain.text


def test_a_cashier_who_guesses_is_stopped(client, program, cashier, member, monkeypatch):
    monkeypatch.setattr(guessing, "MOST", {"cashier": 3})
    c.put_up(program)
    for number in range(2):
        foresee(client, program, member, code=f"GUESS{number}")
    sell(client, program, cashier, member, 2000, code="GUESS9")

    blocked = foresee(client, program, member, code="SUMMER")
    sale = sell(client, program, cashier, member, 2000, code="SUMMER")

    assert (blocked.status_code, sale.status_code) == (429, 429)
    assert sell(client, program, cashier, member, 2000).status_code == 200


def test_a_tap_keeps_its_print_where_there_is_no_code(program, cashier, member):
    assert "codes" not in Sale(2000).content
    assert Sale(2000, codes=("SUMMER",)).content["codes"] == ("SUMMER",)
    assert tap(cashier)
