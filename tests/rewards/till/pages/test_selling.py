"""Selling at the till: what the answer holds, what is refused, and that nobody serves themselves."""

import uuid

import pytest
from allauth.account.models import EmailAddress
from django_scopes import scope

from members import identities
from members.models import Identity, Member, Role
from tests.members.teams import hire, signed_in
from tests.rewards import builders
from tests.rewards.till.pages.books import audited, orders_of
from tests.rewards.till.shop import JSON, ago, amelia, find, open_shop, sell, tap, till_of, undo

pytestmark = pytest.mark.django_db


def test_the_answer_to_a_sale_holds_points_balance_tier_and_what_was_not_given(
    client, program, cashier, member
):
    body = sell(client, program, cashier, member, 4260).json()

    assert body["short"] == "£42.60 · +42\u00a0Stars"
    assert body["who"]["balance"] == "42\u00a0Stars"
    for text in (
        "+42",
        "Stars for Amelia Hart",
        "New balance: 42\u00a0Stars.",
        "Gold",
        "Candles count double",
        "Undo",
    ):
        assert text in body["html"]
    row = audited(program, "till.sale")[0]
    assert (row.actor_id, row.after["total_minor"], row.after["awarded"]) == (
        cashier.pk,
        4260,
        {"points": 42},
    )


def test_an_amount_typed_is_gross_and_its_tax_does_not_earn(client, member, program, cashier):
    program.tax_rate = 20
    program.save()

    sell(client, program, cashier, member, 1200)

    order = orders_of(program)[0]
    assert (order.total_minor, order.basis_minor) == (1000, 1000)  # the shop's prices exclude tax


def test_the_tax_is_contained_where_prices_include_it(cashier):
    program = open_shop(prices_include_tax=True, tax_rate=20)
    user = hire(program, Role.CASHIER)

    sell(signed_in(user), program, user, amelia(program), 1200)

    order = orders_of(program)[0]
    assert (order.total_minor, order.basis_minor) == (1200, 1000)


def test_items_bring_their_category_so_that_rules_know_them(client, program, cashier, member):
    candles = builders.line(1460, "candle-2", category="Candles", name="Candle pair")
    builders.record(program, builders.order("web-1", ago(days=1), candles, member="amelia"))
    items = '[{"sku": "candle-2", "quantity": 2, "amount_minor": 2920}]'

    sell(client, program, cashier, member, 500, items=items)

    with scope(program=program):
        lines = list(orders_of(program)[-1].lines.order_by("position"))
    assert [(line.sku, line.category, line.amount_minor) for line in lines] == [
        ("candle-2", "Candles", 2920),
        ("", "", 500),
    ]


def test_most_sold_articles_are_buttons(client, program, member):
    builders.record(
        program,
        builders.order("web-1", ago(days=1), builders.line(1460, "c2", name="Candle pair"), member="amelia"),
    )

    assert "Candle pair" in client.get(till_of(program)).text


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"amount_minor": 0}, "amount"),
        ({"amount_minor": -5}, "amount_minor"),
        ({"amount_minor": "", "amount": "abc"}, "amount"),
        ({"amount_minor": "", "amount": "1.234"}, "amount"),
        ({"items": "{"}, "items"),
        ({"items": '[{"sku": "x", "quantity": 0, "amount_minor": 1}]'}, "items"),
        ({"store": "nowhere"}, "store"),
        ({"store": ""}, "store"),
        ({"number": ""}, "number"),
        ({"key": "no-key"}, "key"),
        ({"at": "yesterday"}, "at"),
    ],
)
def test_what_is_no_sale_is_refused_with_its_field(client, program, cashier, member, fields, field):
    response = client.post(
        till_of(program, "actions/sale/"),
        tap(cashier) | {"number": member.number, "amount_minor": 100, "store": "quay"} | fields,
        headers=JSON,
    )

    assert (response.status_code, response.json()["field"]) == (422, field)
    assert orders_of(program) == []


def test_a_receipt_counts_once_and_again_after_its_undoing(client, program, cashier, member):
    first = str(uuid.uuid4())
    sell(client, program, cashier, member, 1000, receipt="A-17", key=first)

    again = sell(client, program, cashier, member, 1000, receipt="A-17")
    undo(client, program, cashier, first)
    right = sell(client, program, cashier, amelia(program, "berta"), 1000, receipt="A-17")

    assert (again.status_code, again.json()["code"]) == (409, "receipt_used")
    assert right.status_code == 200
    assert [order.external_id for order in orders_of(program)] == ["quay:A-17", "quay:A-17/2"]


def test_a_blocked_member_is_told_and_gets_nothing(client, program, cashier, member):
    with scope(program=program):
        Member.objects.filter(pk=member.pk).update(state="blocked")

    body = sell(client, program, cashier, member).json()

    assert body["who"]["balance"] == "0\u00a0Stars"
    assert "Blocked" in body["html"]


def test_nobody_gives_points_to_themselves(client, program, cashier, member):
    with scope(program=program):
        Identity.objects.create(program=program, member=member, kind="email", value=cashier.email)

    response = sell(client, program, cashier, member)

    assert (response.status_code, response.json()["code"]) == (403, "till_self_service")
    assert orders_of(program) == []


@pytest.mark.parametrize("typed", ["+447700900123", "CARD-77", "own@example.com", "second@example.com"])
def test_one_s_own_account_is_known_however_it_was_found(client, program, cashier, member, typed):
    own = take_own(program, cashier, member)

    found = find(client, program, typed).json()["who"]["number"]
    response = sell(client, program, cashier, found)

    assert found == own.number
    assert (response.status_code, response.json()["code"]) == (403, "till_self_service")


def take_own(program, cashier, member):
    """The cashier's own account, known by a second address, a phone and a card besides."""
    EmailAddress.objects.create(user=cashier, email="Second@example.com", verified=True)
    known = {"phone": "+447700900123", "card": "CARD-77", "email": "second@example.com"}
    with scope(program=program):
        for kind, value in known.items():
            identities.add(member=member, kind=kind, value=value)
        Identity.objects.create(program=program, member=member, kind="email", value="own@example.com")
    return member


def test_the_preview_writes_nothing(client, program, member):
    response = client.post(
        till_of(program, "preview/"),
        {"number": member.number, "amount_minor": 4260, "store": "quay"},
        headers=JSON,
    )

    assert response.json()["give"] == "Give 42\u00a0Stars"
    assert "One Star for every pound" in response.json()["html"]
    assert orders_of(program) == []
