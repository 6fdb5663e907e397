"""Rewards over the API: the catalogue, a reservation that the member or staff allowed, and the use of its code."""

from __future__ import annotations

import pytest
from django_scopes import scope

from loyaltysite.kit import clock
from rewards import passcodes
from rewards.models import Redemption, Warrant
from rewards.redemptions import tickets
from tests.members.api_shop import Shop
from tests.rewards import builders as b
from tests.rewards.catalogue import draft, put_up

pytestmark = pytest.mark.django_db
STAFF = {"kind": "override", "reason": "Phone broken"}


@pytest.fixture
def shop():
    program = b.open_program(stores=["quay"])
    b.record(program, b.order("A", "2026-01-10", 150_00))
    put_up(program, "mug", stock=3)
    return Shop(program)


@pytest.fixture
def anna(shop):
    return b.find(shop.program, "anna")


def reserve(shop, anna, *, key=None, authorization=None, **more):
    body = {"reward": "mug", "authorization": authorization or STAFF} | more
    return shop.post(f"members/{anna.pk}/redemptions", body, key=key)


def code_of(shop, number):
    return shop.get(f"redemptions/{number}").json()["code"]


def test_the_catalogue_shows_what_is_live(shop):
    draft(shop.program, "secret")

    items = shop.get("rewards").json()["items"]

    assert [item["key"] for item in items] == ["mug"]
    assert (items[0]["price"], items[0]["left"]) == ({"points": 100}, 3)


def test_offers_say_what_is_missing(shop, anna):
    put_up(shop.program, "boat", price={"points": 900})

    items = shop.get(f"members/{anna.pk}/rewards").json()["items"]

    assert [(item["reward"]["key"], item["can_have"]) for item in items] == [("mug", True), ("boat", False)]
    assert items[1]["refusals"][0]["code"] == "insufficient_points"
    assert items[1]["refusals"][0]["missing"] == {"points": 750}


def test_reserve_confirm_and_use_by_code(shop, anna):
    held = reserve(shop, anna)
    number = held.json()["id"]
    code = code_of(shop, number)
    checked = shop.post("codes/check", {"code": code})
    confirmed = shop.post(f"redemptions/{number}/confirm", {})
    used = shop.post("codes/use", {"code": code, "store": "quay"})
    again = shop.post("codes/use", {"code": code, "store": "quay"})

    assert (held.status_code, held.json()["state"]) == (201, "reserved")
    assert checked.json()["id"] == number
    assert confirmed.json()["state"] == "issued"
    assert (used.json()["state"], used.json()["store"]) == ("fulfilled", "quay")
    assert (again.status_code, again.json()["code"]) == (422, "code_invalid")
    assert code_of(shop, number) is None
    assert b.balance(shop.program) == b.Balance(active=50)


def test_a_repeat_with_the_same_key_is_the_same_bytes_and_holds_no_code(shop, anna):
    first = reserve(shop, anna, key="one")
    again = reserve(shop, anna, key="one")

    assert again.content == first.content
    assert again["Idempotent-Replayed"] == "true"
    with scope(program=shop.program):
        one = Redemption.objects.get()
    code = tickets.unseal(program_id=one.program_id, sealed=bytes(one.code_sealed))
    assert code.encode() not in first.content.replace(b"-", b"")


def test_the_members_own_code_allows_one_reservation(shop, anna):
    shown = passcodes.show(member=anna, now=clock.now()).code
    mine = {"kind": "code", "code": shown}

    put_up(shop.program, "cup", price={"points": 1})

    first = reserve(shop, anna, reward="cup", authorization=mine)
    second = reserve(shop, anna, reward="cup", authorization=mine)

    assert first.status_code == 201
    assert second.json()["code"] == "passcode_wrong"
    with scope(program=shop.program):
        assert Warrant.objects.count() == Redemption.objects.count() == 1


def test_neither_a_number_nor_a_wrong_code_allows_it(shop, anna):
    none = shop.post(f"members/{anna.pk}/redemptions", {"reward": "mug"})
    wrong = reserve(shop, anna, authorization={"kind": "code", "code": anna.number})

    assert (none.status_code, none.json()["field"]) == (422, "authorization")
    assert wrong.json()["code"] == "passcode_wrong"
    assert b.balance(shop.program).reserved == 0


def test_the_word_of_staff_needs_its_scope(shop, anna):
    key = Shop(shop.program, scopes=["points:spend"])

    answer = reserve(key, anna)

    assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")


@pytest.mark.parametrize(
    ("steps", "active"),
    [(["release"], 150), (["confirm", "cancel"], 150), (["confirm"], 50), (["confirm", "fail"], 150)],
)
def test_each_deed_leads_where_it_says(shop, anna, steps, active):
    number = reserve(shop, anna).json()["id"]
    for step in steps:
        more = {"reason": "why"} if step in ("cancel", "fail") else {}
        answer = shop.post(f"redemptions/{number}/{step}", more)
        assert answer.status_code == 200, answer.content

    late = shop.post(f"redemptions/{number}/release", {})

    assert b.balance(shop.program).active == active
    assert late.status_code == (200 if steps == ["release"] else 409)


@pytest.mark.parametrize("code", ["", "HV7K", "HV7K-92QF-3XTM-84WP", "0" * 16])
def test_a_guess_learns_nothing(shop, code):
    answers = [shop.post(f"codes/{deed}", {"code": code or "x"}) for deed in ("check", "use")]

    assert {answer.json()["code"] for answer in answers} == {"code_invalid"}


def test_history_goes_on_after_a_cursor(shop, anna):
    put_up(shop.program, "cup", price={"points": 1})
    for _time in range(3):
        reserve(shop, anna, reward="cup")

    first = shop.get(f"members/{anna.pk}/redemptions", limit=2).json()
    rest = shop.get(f"members/{anna.pk}/redemptions", limit=2, cursor=first["next"]).json()

    assert (len(first["items"]), len(rest["items"]), rest["next"]) == (2, 1, None)
