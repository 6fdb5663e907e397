"""Plans over the API: read, paid, left, paid back; and orders that state what members pay less."""

from __future__ import annotations

import pytest

from loyaltysite.kit import clock
from members.models import Scope
from tests.members.api_shop import Shop
from tests.rewards import builders as b
from tests.rewards import plans_shop as p

pytestmark = pytest.mark.django_db
AT = "2026-03-05T10:00:00Z"


@pytest.fixture
def shop(time_machine):
    time_machine.move_to(b.moment("2026-03-05T10:00"), tick=False)
    program = b.open_program()
    b.join(program, "anna")
    p.put_up(program, "club", benefits=[p.TEN_OFF, p.FREE_SHIPPING])
    return Shop(program)


@pytest.fixture
def anna(shop):
    return b.find(shop.program, "anna")


def pay(shop, anna, reference="pay-1", *, plan="club", key=None, **more):
    return shop.post(f"plans/{plan}/terms", {"member": anna.pk, "payment": reference, **more}, key=key)


def test_it_works(shop, anna):
    answer = pay(shop, anna)

    assert answer.status_code == 201
    told = answer.json()
    assert (told["plan"], told["state"], told["is_running"], told["price_minor"]) == (
        "club",
        "active",
        True,
        2_500,
    )
    assert (told["starts_at"], told["ends_at"]) == (AT, "2027-03-06T00:00:00Z")
    assert (told["can_refund"], told["refund_until"]) == (True, "2026-03-20T00:00:00Z")
    assert shop.get(f"members/{anna.pk}/plans").json()["items"] == [told]


def test_the_plans_that_can_be_bought(shop):
    p.draft(shop.program, "secret")

    (plan,) = shop.get("plans").json()["items"]

    assert (plan["key"], plan["price_minor"], plan["months"]) == ("club", 2_500, 12)


def test_the_same_key_gives_the_same_answer_and_a_second_payment_is_refused(shop, anna):
    first, again = pay(shop, anna, key="K"), pay(shop, anna, key="K")
    assert (again.json(), again["Idempotent-Replayed"]) == (first.json(), "true")

    assert pay(shop, anna).json()["id"] == first.json()["id"]  # the same payment under another key
    other = pay(shop, anna, "pay-2")
    assert (other.status_code, other.json()["code"]) == (409, "plan_held")


def test_it_needs_a_key(shop, anna):
    assert pay(shop, anna, key="").status_code == 400


def test_unknown_plans_and_members_are_not_found(shop, anna):
    assert pay(shop, anna, plan="other").status_code == 404
    stranger = b.join(b.open_program(), "bea")
    assert pay(shop, stranger).status_code == 404


def test_a_key_that_only_reads_cannot_pay(shop, anna):
    reader = Shop(shop.program, scopes=[Scope.PROGRAM_READ, Scope.MEMBERS_READ])

    assert pay(reader, anna).status_code == 403
    assert reader.get("plans").status_code == 200


def test_leaving_and_staying(shop, anna):
    pay(shop, anna)

    left = shop.post(f"members/{anna.pk}/plans/leave", {"plan": "club"})
    stayed = shop.post(f"members/{anna.pk}/plans/stay", {"plan": "club"})

    assert [each.json()["items"][0]["state"] for each in (left, stayed)] == ["leaving", "active"]


def test_the_price_comes_back_once(shop, anna):
    number = pay(shop, anna).json()["id"]

    first = shop.post(f"terms/{number}/refund", {})
    again = shop.post(f"terms/{number}/refund", {})

    assert first.json() == again.json() == {"term": number, "amount_minor": 2_500}
    (term,) = shop.get(f"members/{anna.pk}/plans").json()["items"]
    assert (term["state"], term["is_running"], term["can_refund"]) == ("refunded", False, False)


def test_an_exception_needs_its_scope_and_a_reason(shop, anna, time_machine):
    number = pay(shop, anna).json()["id"]
    time_machine.move_to(b.moment("2026-06-01"), tick=False)
    path, wish = f"terms/{number}/refund", {"is_exception": True}
    weak = Shop(shop.program, scopes=[Scope.ORDERS_WRITE])

    assert shop.post(path, {}).json()["code"] == "refund_refused"
    assert weak.post(path, wish | {"reason": "Kind"}).status_code == 403
    assert shop.post(path, wish).status_code == 422
    assert shop.post(path, wish | {"reason": "Kind"}).status_code == 200


def test_another_programs_term_is_not_found(shop, anna):
    number = pay(shop, anna).json()["id"]

    assert Shop(b.open_program()).post(f"terms/{number}/refund", {}).status_code == 404


def test_preview_and_order_state_what_the_member_pays_less(shop, anna):
    pay(shop, anna)
    order = {
        "source": "shop",
        "external_id": "N-1",
        "occurred_at": clock.now().isoformat(),
        "currency": "EUR",
        "member": {"kind": "email", "value": "anna@example.com"},
        "lines": [
            {"sku": "mug", "quantity": 1, "amount_minor": 1_000},
            {"sku": "ship", "quantity": 1, "amount_minor": 490, "kind": "shipping"},
        ],
    }
    asked = shop.post("orders/preview", order).json()["benefits"]
    assert [(each["line"], each["key"], each["due_minor"], each["given_minor"]) for each in asked] == [
        (1, "club", 100, 0),
        (2, "club", 490, 0),
    ]

    for line, benefit in zip(order["lines"], asked, strict=True):
        line["amount_minor"] -= benefit["due_minor"]
        line["discount_minor"] = benefit["due_minor"]
    sent = shop.post("orders", order).json()["benefits"]

    assert [each["given_minor"] for each in sent] == [100, 490]
    (term,) = shop.get(f"members/{anna.pk}/plans").json()["items"]
    assert (term["saved_minor"], term["saved"]) == (590, {"percent_off": 100, "free_shipping": 490})
