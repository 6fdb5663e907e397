"""Orders with tenders over HTTP: the owner's word, what it is paid with, one answer for ever."""

from __future__ import annotations

import pytest
import time_machine
from django.core.cache import cache
from django.utils import timezone
from django_scopes import scope

from members.models import AuditEntry, Order, Scope
from rewards import passcodes
from rewards.models import Warrant
from tests.members.api_shop import Shop, order
from tests.rewards import builders
from tests.rewards.builders import open_program

pytestmark = pytest.mark.django_db

NOW = builders.moment("2026-03-05T10:00:30")
DAY = "2026-03-05T10:00:00Z"


@pytest.fixture(autouse=True)
def _fresh():
    cache.clear()
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def shop():
    """anna has 1,000 points, of which each is worth 0.01; a mug of 24.00 earns 24 more."""
    shop = Shop(open_program())
    builders.join(shop.program, "anna")
    builders.adjust(shop.program, 1000, "2026-03-01")
    return shop


def points(shop) -> int:
    return builders.balance(shop.program).active


def code(shop) -> dict:
    shown = passcodes.show(member=builders.find(shop.program, "anna"), now=timezone.now())
    return {"kind": "code", "code": shown.code}


def wish(shop, number="1001", *, by=None, **tender):
    tenders = [tender or {"unit": "points", "amount": 400}]
    return order(number, occurred_at=DAY, tenders=tenders, authorization=by or code(shop))


def test_points_pay_with_the_members_code(shop):
    told = shop.post("orders", wish(shop))

    assert told.status_code == 201
    assert told.json()["payment"] == {
        "total_minor": 2400,
        "paid_minor": 400,
        "left_minor": 2000,
        "tenders": [{"unit": "points", "card": "", "amount": 400, "money_minor": 400, "balance": 620}],
        "lines": [{"position": 1, "paid_minor": 400, "left_minor": 2000}],
    }
    assert points(shop) == 600 + 20
    with scope(program=shop.program):
        (warrant,) = Warrant.objects.all()
        (entry,) = AuditEntry.objects.filter(action="order.pay")
    assert (warrant.kind, warrant.fact_id) == ("code", told.json()["fact"])
    assert entry.after["spent"] == {"points": 400}


def test_an_order_without_tenders_says_nothing_of_payment(shop):
    told = shop.post("orders", order(occurred_at=DAY)).json()

    assert "payment" not in told
    assert "restored" not in told


def test_a_repeat_is_the_same_bytes_and_needs_no_new_code(shop):
    first = shop.post("orders", wish(shop), key="one")
    again = shop.post("orders", wish(shop), key="one")
    later = shop.post("orders", wish(shop, by={"kind": "code", "code": "11111111"}))

    assert again.content == first.content
    assert (later.status_code, later.json()["status"]) == (200, "repeated")
    assert later.json()["payment"] == first.json()["payment"]
    assert points(shop) == 620


def test_one_code_pays_for_one_order(shop):
    shop.post("orders", wish(shop))

    again = shop.post("orders", wish(shop, "1002"))

    assert (again.status_code, again.json()["code"]) == (422, "passcode_wrong")
    assert points(shop) == 620
    with scope(program=shop.program):
        assert not Order.objects.filter(external_id="1002").exists()


def test_a_wrong_code_may_be_tried_again_under_the_same_key(shop):
    wrong = shop.post("orders", wish(shop, by={"kind": "code", "code": "00000000"}), key="one")

    right = shop.post("orders", wish(shop), key="one")

    assert wrong.json()["code"] == "passcode_wrong"
    assert right.status_code == 201
    assert points(shop) == 620


def test_without_a_word_nothing_is_paid(shop):
    content = wish(shop)
    del content["authorization"]

    told = shop.post("orders", content)

    assert (told.status_code, told.json()["code"]) == (422, "authorization_missing")
    assert points(shop) == 1000


def test_staff_may_answer_for_it_with_a_reason(shop):
    by = {"kind": "override", "reason": "Phone broken"}

    told = shop.post("orders", wish(shop, by=by))

    assert told.status_code == 201
    with scope(program=shop.program):
        (entry,) = AuditEntry.objects.filter(action="order.pay")
    assert entry.reason == "Phone broken"


@pytest.mark.parametrize(
    ("missing", "by"),
    [(Scope.POINTS_SPEND, None), (Scope.POINTS_WRITE, {"kind": "override", "reason": "Phone broken"})],
)
def test_a_key_that_may_not_spend_pays_with_nothing(shop, missing, by):
    poor = Shop(shop.program, scopes=set(Scope.values) - {missing})

    told = poor.post("orders", wish(shop, by=by))

    assert told.status_code == 403
    assert points(shop) == 1000


def test_a_refused_tender_is_the_answer_of_the_order(shop):
    told = shop.post("orders", wish(shop, unit="points", amount=2000))

    assert told.status_code == 422
    assert (told.json()["code"], told.json()["field"]) == ("insufficient_points", "tenders")


def test_a_batch_takes_no_tenders_and_leaves_the_others_alone(shop):
    told = shop.post("orders/batch", {"orders": [wish(shop), order("1002", occurred_at=DAY)]}).json()

    assert [result["status"] for result in told["results"]] == ["refused", "recorded"]
    assert told["results"][0]["code"] == "tenders_alone"
    assert points(shop) == 1024


def test_a_preview_tells_what_is_left_and_its_quote_binds(shop):
    content = order(occurred_at=DAY, tenders=[{"unit": "points", "money_minor": 400}])

    shown = shop.post("orders/preview", content).json()
    sent = shop.post("orders", content | {"quote": shown["quote"], "authorization": code(shop)})

    assert shown["payment"]["left_minor"] == 2000
    assert shown["points"][0]["awarded"] == 20
    assert sent.json()["payment"] == shown["payment"]


def test_a_preview_with_tenders_needs_the_right_to_spend(shop):
    poor = Shop(shop.program, scopes={Scope.ORDERS_READ})

    assert poor.post("orders/preview", order(tenders=[{"unit": "points"}])).status_code == 403


def test_a_return_tells_what_went_back(shop):
    shop.post("orders", wish(shop))

    told = shop.post(
        "returns",
        {
            "source": "shop",
            "external_id": "R1",
            "order": "1001",
            "occurred_at": DAY,
            "lines": [{"sku": "MUG-1", "quantity": 1}],
        },
    ).json()

    assert told["restored"] == [{"unit": "points", "card": "", "amount": 200, "money_minor": 200}]
    assert points(shop) == 600 + 10 + 200
