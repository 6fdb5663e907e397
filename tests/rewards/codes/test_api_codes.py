"""Codes over the API: in previews and orders, looked at, and not guessed (E4, 41)."""

import pytest
from django.core.cache import cache
from django_scopes import scope

from members.models import Scope
from rewards import redemptions
from rewards.coupons import coupons, guessing
from rewards.pools import words
from rewards.redemptions import tickets
from tests.members.api_shop import Shop
from tests.rewards import builders as b
from tests.rewards import catalogue as rewards
from tests.rewards import coupons as c

pytestmark = pytest.mark.django_db


@pytest.fixture
def program():
    cache.clear()
    return b.open_program(currency="GBP")


@pytest.fixture
def shop(program):
    return Shop(program)


def order(number="A", codes=("SUMMER",), amounts=(1000, 2000), **more):
    return {
        "external_id": number,
        "occurred_at": "2026-02-01T12:00:00Z",
        "currency": "GBP",
        "member": {"kind": "email", "value": "anna@example.com", "joins": True},
        "lines": [{"sku": f"s{amount}", "quantity": 1, "amount_minor": amount} for amount in amounts],
        "codes": list(codes),
    } | more


def test_a_preview_tells_each_code_and_the_order_takes_it_off(shop, program):
    c.put_up(program)
    c.put_up(program, "big", minimum_minor=5000)

    seen = shop.post("orders/preview", order(codes=("summer", "BIG", "NONE"))).json()
    sent = shop.post("orders", order())

    lines = [{"position": 1, "discount_minor": 100}, {"position": 2, "discount_minor": 200}]
    assert seen["codes"][0] == {
        "coupon": "summer", "reward": None, "discount_minor": 300, "lines": lines, "refusal": None,
    }  # fmt: skip
    assert seen["codes"][1]["refusal"]["code"] == "coupon_below_minimum"
    assert seen["codes"][1]["refusal"]["missing_minor"] == 2000
    assert seen["codes"][2]["refusal"]["code"] == "code_invalid"
    assert (sent.status_code, sent.json()["codes"]) == (201, seen["codes"][:1])
    assert sent.json()["points"][0]["awarded"] == 27
    stored = shop.get(f"orders/{sent.json()['order']}").json()
    assert [line["amount_minor"] for line in stored["lines"]] == [900, 1800]


def test_a_quote_and_points_pay_for_the_rest(shop, program):
    c.put_up(program, kind="amount", value_minor=500, percent=None)

    quote = shop.post("orders/preview", order()).json()["quote"]
    assert quote is None  # somebody who is not a member yet
    b.join(program, "anna")
    quote = shop.post("orders/preview", order()).json()["quote"]

    assert shop.post("orders", order(quote=quote)).status_code == 201
    assert shop.post("orders", order("B", codes=(), quote=quote)).json()["code"] == "quote_refused"


def test_a_code_that_does_not_work_refuses_the_order_and_says_what_is_missing(shop, program):
    c.put_up(program, minimum_minor=5000)

    answer = shop.post("orders", order())

    assert answer.status_code == 422
    told = answer.json()
    assert (told["code"], told["field"], told["params"]["missing_minor"]) == (
        "coupon_below_minimum",
        "codes",
        2000,
    )
    assert c.uses(program) == []


def test_a_batch_takes_codes_too(shop, program):
    c.put_up(program, most=1)

    told = shop.post("orders/batch", {"orders": [order("A"), order("B")]}).json()["results"]

    assert [one["status"] for one in told] == ["recorded", "refused"]
    assert (told[0]["codes"][0]["discount_minor"], told[1]["code"]) == (300, "code_invalid")


def test_a_coupon_is_looked_at_and_used_by_an_order_only(shop, program):
    c.put_up(program, minimum_minor=2000)

    seen = shop.post("codes/check", {"code": "sum-mer"})
    used = shop.post("codes/use", {"code": "SUMMER"})

    assert seen.status_code == 200
    assert (seen.json()["coupon"], seen.json()["percent"], seen.json()["minimum_minor"]) == (
        "summer",
        "10.00",
        2000,
    )
    assert (used.status_code, used.json()["code"]) == (409, "coupon_needs_order")


def test_wrong_over_and_used_look_alike(shop, program):
    pool = c.open_pool(program)
    c.put_up(program, "single", pool="partner")
    code = c.draw(pool, 1)[0]
    b.record(program, b.order("U", "2026-02-01", 1000, codes=(code,)))
    c.put_up(program, "over", ends_at=b.moment("2026-01-01"))
    c.put_up(program, "spent", most=1)
    b.record(program, b.order("S", "2026-02-01", 1000, codes=("SPENT",)))
    with scope(program=program):
        words.add(pool=c.open_pool(program, "empty"), word="NOTHING", by=None, now=c.LONG_AGO)

    answers = [
        shop.post("codes/check", {"code": one}) for one in ("NONE", code, "OVER", "SPENT", "NOTHING", "?")
    ]

    told = {(one.status_code, one.json()["code"], one.json()["detail"]) for one in answers}
    assert len(told) == 1
    assert told.pop()[1] == "code_invalid"


def test_guessing_is_stopped_by_key_and_by_member(shop, program, monkeypatch):
    monkeypatch.setattr(guessing, "MOST", {"key": 6, "member": 3, "cashier": 3})
    c.put_up(program)
    for number in range(3):
        assert shop.post("orders/preview", order(codes=(f"WRONG{number}",))).status_code == 200

    blocked = shop.post("orders/preview", order())
    others = shop.post("orders/preview", order(member={"kind": "email", "value": "ben@example.com"}))
    assert (blocked.status_code, blocked.json()["code"]) == (429, "codes_blocked")
    assert others.status_code == 422  # ben is no member; his word was looked at
    assert shop.post("orders", order(codes=())).status_code == 201

    for number in range(3):
        shop.post("codes/check", {"code": f"GUESS{number}"})
    assert shop.post("codes/check", {"code": "SUMMER"}).status_code == 429
    assert shop.post("codes/use", {"code": "SUMMER"}).status_code == 429


def test_good_codes_count_for_nothing(shop, program, monkeypatch):
    monkeypatch.setattr(guessing, "MOST", {"key": 2, "member": 2, "cashier": 2})
    c.put_up(program)

    assert {shop.post("codes/check", {"code": "SUMMER"}).status_code for _each in range(4)} == {200}


def test_looking_at_codes_needs_its_scope(program):
    reader = Shop(program, scopes=[Scope.ORDERS_READ])

    assert reader.post("codes/check", {"code": "SUMMER"}).status_code == 403


def test_a_member_is_given_a_coupon_of_their_own_once_for_a_key(shop, program):
    c.put_up(program)
    anna = b.join(program, "anna")

    first = shop.post(f"members/{anna.pk}/coupons", {"coupon": "summer"}, key="k")
    again = shop.post(f"members/{anna.pk}/coupons", {"coupon": "summer"}, key="k")
    (one,) = shop.get(f"members/{anna.pk}/coupons").json()["items"]
    others = shop.post(
        "orders",
        order(codes=[one["code"]], member={"kind": "email", "value": "b@example.com", "joins": True}),
    )
    used = [shop.post("orders", order(number, codes=[one["code"]])) for number in ("B", "C")]

    assert (first.status_code, again.content) == (201, first.content)
    assert one["code"].replace("-", "").encode() not in first.content
    assert others.json()["code"] == "code_invalid"
    assert [answer.status_code for answer in used] == [201, 422]
    assert shop.get(f"members/{anna.pk}/coupons").json()["items"] == []


def test_no_coupon_is_given_that_there_is_not_or_to_somebody_of_elsewhere(shop, program):
    c.put_up(program)
    stranger = b.join(b.open_program(), "zoe")
    anna = b.join(program, "anna")
    coupons.end(program=program, key="summer", by=None, now=c.LONG_AGO)

    answers = [
        shop.post(f"members/{anna.pk}/coupons", {"coupon": "none"}),
        shop.post(f"members/{stranger.pk}/coupons", {"coupon": "summer"}),
        shop.get(f"members/{stranger.pk}/coupons"),
        shop.post(f"members/{anna.pk}/coupons", {"coupon": "summer"}),
    ]

    assert [(one.status_code, one.json()["code"]) for one in answers] == [
        (404, "not_found"), (404, "not_found"), (404, "not_found"), (409, "coupon_over"),
    ]  # fmt: skip


def test_the_code_of_a_reward_comes_off_an_order_and_is_used_by_it(shop, program):
    b.record(program, b.order("O", "2026-01-01", 1000_00))
    rewards.put_up(program, "off", kind="amount", value_minor=500, price={"points": 400}, handover="code")
    one = redemptions.reserve(
        program=program, member=b.find(program, "anna"), reward="off", key="k", now=b.moment("2026-01-02")
    )
    code = tickets.shown(tickets.unseal(program_id=program.pk, sealed=bytes(one.code_sealed)))

    seen = shop.post("orders/preview", order(codes=[code])).json()
    sent = shop.post("orders", order(codes=[code]))
    again = shop.post("orders", order("B", codes=[code]))

    lines = [{"position": 1, "discount_minor": 167}, {"position": 2, "discount_minor": 333}]
    told = {"coupon": None, "reward": "off", "discount_minor": 500, "lines": lines, "refusal": None}
    assert seen["codes"] == [told]
    assert (sent.status_code, sent.json()["codes"]) == (201, [told])
    assert (again.status_code, again.json()["code"]) == (422, "code_invalid")
