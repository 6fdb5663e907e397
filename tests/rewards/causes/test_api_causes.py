"""Causes over the API: what there is, a gift that the member or staff allowed, receipts, and taking one back."""

from __future__ import annotations

import pytest
from django_scopes import scope

from loyaltysite.kit import clock
from rewards import passcodes
from rewards.models import Warrant
from tests.members.api_shop import Shop
from tests.rewards import builders as b
from tests.rewards.causes.house import is_right, open_house, put_up

pytestmark = pytest.mark.django_db
STAFF = {"kind": "override", "reason": "Phone broken"}


@pytest.fixture
def shop(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: b.moment("2026-02-01"))
    program = open_house(stores=["quay"])
    put_up(program, "secret", is_live=False)
    return Shop(program)


def donate(shop, amount=120, *, key=None, authorization=None, **more):
    anna = b.find(shop.program, "anna")
    body = {
        "cause": "lighthouse",
        "unit": "points",
        "amount": amount,
        "authorization": authorization or STAFF,
    }
    return shop.post(f"members/{anna.pk}/donations", body | more, key=key)


def test_the_causes_show_what_they_were_given(shop):
    donate(shop)

    (item,) = shop.get("causes").json()["items"]

    assert (item["key"], item["gifts"], item["given"]) == ("lighthouse", 1, {"points": 120})
    assert (item["given_minor"], item["paid_minor"], item["open_minor"]) == (120, 0, 120)


def test_a_gift_by_the_members_code_once(shop):
    anna = b.find(shop.program, "anna")
    code = passcodes.show(member=anna, now=clock.now()).code

    first = donate(shop, key="k", authorization={"kind": "code", "code": code}, store="quay")
    again = donate(shop, key="k", authorization={"kind": "code", "code": code}, store="quay")
    used = donate(shop, 10, authorization={"kind": "code", "code": code})

    assert (first.status_code, first.json()["receipt"], first.json()["store"]) == (201, 1, "quay")
    assert again.content == first.content
    assert used.json()["code"] == "passcode_wrong"
    assert b.balance(shop.program).active == 30
    with scope(program=shop.program):
        assert Warrant.objects.get().kind == Warrant.Kind.CODE
    assert is_right(shop.program)


def test_staff_need_the_right_to_answer_for_it(shop):
    narrow = Shop(shop.program, ["points:spend"])

    assert donate(narrow).status_code == 403
    assert donate(shop).status_code == 201


def test_receipts_are_listed_and_one_is_taken_back(shop):
    anna = b.find(shop.program, "anna")
    number = donate(shop, 20).json()["id"]
    donate(shop, 30)

    back = shop.post(f"donations/{number}/withdraw", {"reason": "Typed twice"})
    items = shop.get(f"members/{anna.pk}/donations").json()["items"]

    assert back.json()["withdrawn_at"] is not None
    assert [(item["receipt"], item["withdrawn_at"] is None) for item in items] == [(2, True), (1, False)]
    assert b.balance(shop.program).active == 120


@pytest.mark.parametrize(
    ("given", "status", "code"),
    [
        ({"amount": 9}, 422, "donation_too_little"),
        ({"amount": 999}, 422, "insufficient_points"),
        ({"cause": "secret"}, 409, "cause_not_live"),
        ({"cause": "nobody"}, 404, "not_found"),
        ({"unit": "pears"}, 404, "not_found"),
        ({"authorization": {"kind": "code", "code": "0000 0000"}}, 422, "passcode_wrong"),
    ],
)
def test_refusals_have_codes(shop, given, status, code):
    answer = donate(shop, **given)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert b.balance(shop.program).active == 150


def test_another_programs_gifts_do_not_exist(shop):
    number = donate(shop).json()["id"]
    other = Shop(open_house())

    assert other.post(f"donations/{number}/withdraw", {"reason": "x"}).status_code == 404
