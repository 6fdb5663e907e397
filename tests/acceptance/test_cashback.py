"""Cashback (E2): a member earns credit by percent, pays with it in the shop and at the till, and brings things back."""

import pytest
import time_machine
from django.core.cache import cache
from django.utils import timezone
from django_scopes import scope

from members.models import Role, Store
from members.portal import people
from rewards import checking, passcodes
from tests.members.api_shop import Shop
from tests.members.teams import hire, signed_in
from tests.rewards import builders as b
from tests.rewards.giftcards import house
from tests.rewards.giftcards.test_pages import enter
from tests.rewards.till import shop as tills

pytestmark = pytest.mark.django_db

FIVE_PERCENT = {"cashback": {"unit": "credit", "amount": {"kind": "percent", "percent": "5"}}}
CREDIT = {"credit": house.UNITS["credit"] | {"expiry": {"kind": "months", "count": 12}}}


@pytest.fixture
def year():
    cache.clear()
    with time_machine.travel("2026-03-01T10:00:30Z", tick=False) as traveller:
        program = b.open_program(rules=FIVE_PERCENT, units=CREDIT, prices_include_tax=True)
        with scope(program=program):
            Store.objects.create(program=program, code="quay", name="Quay")
        yield program, traveller


def order(number: str, amount: int, **more):
    return {
        "source": "shop",
        "external_id": number,
        "occurred_at": timezone.now().isoformat(),
        "currency": "EUR",
        "member": {"kind": "email", "value": "anna@example.com", "joins": True},
        "lines": [{"sku": f"sku-{amount}", "quantity": 1, "amount_minor": amount}],
    } | more


def code(program) -> str:
    return passcodes.show(member=b.find(program, "anna"), now=timezone.now()).code


def credit(program) -> int:
    return b.balance(program, unit="credit").active


def test_a_member_with_cashback(year, client):
    program, traveller = year
    shop = Shop(program)

    # 100.00 give 5.00 back as credit.
    first = shop.post("orders", order("1", 10_000)).json()
    assert first["points"] == [
        {"unit": "credit", "precision": 2, "awarded": 500, "reversed": 0, "balance": 500}
    ]

    # The portal shows it as money.
    page = enter(client, program, "anna@example.com").get(f"/p/{program.slug}/")
    assert "€5.00" in page.content.decode()

    # In the shop 3.00 of it pay for 40.00; only the 37.00 give cashback: 1.85.
    traveller.move_to("2026-03-08T10:00:30Z")
    word = {"kind": "code", "code": code(program)}
    paid = shop.post(
        "orders", order("2", 4000, tenders=[{"unit": "credit", "money_minor": 300}], authorization=word)
    ).json()
    assert paid["payment"]["left_minor"] == 3700
    assert paid["points"][0]["awarded"] == 185
    assert credit(program) == 500 - 300 + 185

    # At the till all that is there pays for a sale of 20.00.
    traveller.move_to("2026-03-15T10:00:30Z")
    cashier = hire(program, Role.CASHIER)
    till = signed_in(cashier)
    anna = b.find(program, "anna")
    key = tills.tap(cashier)["key"]
    sold = tills.sell(till, program, cashier, anna, 2000, pay_unit="credit", passcode=code(program), key=key)
    assert sold.status_code == 200, sold.content
    assert credit(program) == 80  # 5 % of the 16.15 that were left to pay, to the cent

    # The order that was partly paid by credit comes back: 3.00 of credit return, its 1.85 of cashback go.
    traveller.move_to("2026-03-16T10:00:30Z")
    back = shop.post(
        "returns",
        {"source": "shop", "external_id": "R1", "order": "2", "occurred_at": timezone.now().isoformat()},
    ).json()
    assert back["restored"] == [{"unit": "credit", "card": "", "amount": 300, "money_minor": 300}]
    assert back["points"][0]["reversed"] == 185
    assert credit(program) == 80 + 300 - 185

    # What is not used within the year ends (9): here the page of dates says so before.
    with scope(program=program):
        report = checking.run(program=program, verify=True)
    assert report.faults == []
    assert people.find(program=program, emails={"anna@example.com"}, verified=True) is not None
