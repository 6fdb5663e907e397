"""Stamps with one tap: which are offered, what a tap is recorded as, how its undoing and its setting work."""

from __future__ import annotations

import json
import uuid

import pytest
from django.core.cache import cache
from django.db import IntegrityError, transaction
from django_scopes import scope

from members.models import AuditEntry, Order, Role
from rewards.models import TillStamp
from rewards.till import stamps
from tests.members import portal_shop
from tests.members.teams import as_staff, hire, signed_in
from tests.rewards import builders as b
from tests.rewards.till.shop import amelia, sell, tap, till_of, undo

pytestmark = pytest.mark.django_db
NOW = b.moment("2026-11-20")
STAMPS = {"names": {"en": {"one": "stamp", "other": "stamps"}}, "worth_numerator": 0}
PER_DRINK = {
    "unit": "stamps",
    "amount": {"kind": "per_item", "points": "1"},
    "lines": {"field": "category", "op": "=", "value": "Drinks"},
}


@pytest.fixture(autouse=True)
def fresh():
    cache.clear()


def open_shop(**rules):
    return b.open_program(
        units={"stamps": STAMPS, "points": {}}, rules=rules or {"drink": PER_DRINK}, currency="GBP"
    )


@pytest.fixture
def program():
    return open_shop()


@pytest.fixture
def cashier(program):
    return hire(program, Role.CASHIER)


@pytest.fixture
def client(cashier):
    return signed_in(cashier)


def put_up(program, **values):
    given = {"sku": "COLA", "name": "Cola", "category": "Drinks", "price_minor": 350} | values
    return stamps.change(program=program, unit="stamps", by=None, now=NOW, **given)


def offered(program):
    with scope(program=program):
        return [
            (one.article.sku, [(choice.times, choice.amount, choice.price_minor) for choice in one.choices])
            for one in stamps.offered(program=program, now=NOW)
        ]


def balance(program, unit="stamps"):
    return b.balance(program, "amelia", unit).active


# Which are offered


def test_one_two_and_three_of_what_was_set(program):
    put_up(program)

    assert offered(program) == [("COLA", [(1, 1, 350), (2, 2, 700), (3, 3, 1050)])]


def test_without_a_setting_it_is_what_the_rule_takes_and_the_shop_sells_most(program):
    for number, (sku, category) in enumerate([("BUN", "Food"), ("BUN", "Food"), ("TEA", "Drinks"), ("COLA", "Drinks"), ("TEA", "Drinks")]):  # fmt: skip
        b.record(program, b.order(f"A{number}", "2026-11-01", b.line(200, sku, category=category, name=sku)))

    assert [sku for sku, _choices in offered(program)] == ["TEA"]


def test_without_a_setting_and_without_sales_there_is_nothing_to_tap(program):
    assert offered(program) == []


def test_a_rule_that_gives_for_the_purchase_has_one_tap_only():
    program = open_shop(visit={"unit": "stamps", "amount": {"kind": "per_visit", "points": "1"}})
    put_up(program)

    assert offered(program) == [("COLA", [(1, 1, 350)])]


@pytest.mark.parametrize(
    "rule",
    [
        {"unit": "stamps", "amount": {"kind": "per_amount", "points": "1", "per_minor": 100}},
        {"unit": "points", "amount": {"kind": "per_item", "points": "1"}},
        {"unit": "stamps", "amount": {"kind": "fixed", "points": "1"}, "trigger": {"on": "event", "kind": "hi"}},
    ],
    ids=["by amount", "no stamps", "by event"],
)  # fmt: skip
def test_other_rules_make_no_taps(rule):
    program = open_shop(other=rule)
    b.record(program, b.order("A", "2026-11-01", b.line(200, "TEA", category="Drinks")))

    assert offered(program) == []


def test_what_was_taken_off_the_till_is_not_offered(program):
    put_up(program, is_shown=False)

    assert offered(program) == []


# A tap


def test_a_tap_is_a_sale_that_rules_and_undoing_know(client, program, cashier):
    put_up(program)
    member = amelia(program)
    key = str(uuid.uuid4())

    answer = sell(client, program, cashier, member, 0, stamp="stamps:2", store="", key=key)

    assert "+2" in answer.json()["html"]
    assert balance(program) == 2
    with scope(program=program):
        order = Order.objects.get(source="till")
        lines = list(order.lines.values_list("sku", "name", "category", "quantity"))
    assert (order.total_minor, lines) == (700, [("COLA", "Cola", "Drinks", 2)])
    again = sell(client, program, cashier, member, 0, stamp="stamps:2", store="", key=key)
    assert (again.status_code in {200, 422}, balance(program)) == (True, 2)

    undo(client, program, cashier, key)
    assert balance(program) == 0


def test_what_a_script_sends_is_known_by_its_number(client, program, cashier):
    put_up(program)
    items = json.dumps([{"sku": "COLA", "quantity": 3, "amount_minor": 1050}])

    sell(client, program, cashier, amelia(program), 0, items=items, store="")

    assert balance(program) == 3


def test_without_script_the_buttons_send_the_same(client, program, cashier):
    put_up(program)
    member = amelia(program)
    page = client.post(till_of(program, "find/"), {"q": member.number}).text

    answer = client.post(
        till_of(program, "actions/sale/"), tap(cashier) | {"number": member.number, "stamp": "stamps:1"}
    )

    assert 'form="stamp-form" name="stamp" value="stamps:3"' in page
    assert answer.status_code == 200
    assert "+1" in answer.text
    assert balance(program) == 1


@pytest.mark.parametrize("text", ["stamps:4", "stamps:0", "stamps", "points:1", "stamps:1:1", "x" * 70])
def test_only_what_is_offered_can_be_tapped(client, program, cashier, text):
    put_up(program)

    answer = sell(client, program, cashier, amelia(program), 0, stamp=text, store="")

    assert (answer.status_code, answer.json()["field"]) == (422, "stamp")
    with scope(program=program):
        assert not Order.objects.exists()


def test_a_program_without_stamps_shows_none():
    program = portal_shop.open_shop()
    with scope(program=program):
        page = as_staff(program, Role.CASHIER).get(till_of(program)).text

    assert "stamp-form" not in page


# The setting


def form_of(**others):
    return {"name": "Cola", "sku": "COLA", "category": "Drinks", "price": "3.50", "is_shown": "on"} | others


def page_of(program, unit="stamps"):
    return f"/dashboard/{program.slug}/units/{unit}/stamp/"


def test_a_manager_says_what_it_stands_for(program):
    client = as_staff(program, Role.MANAGER)

    answer = client.post(page_of(program), form_of())

    assert answer["Location"] == f"/dashboard/{program.slug}/units/"
    assert offered(program)[0] == ("COLA", [(1, 1, 350), (2, 2, 700), (3, 3, 1050)])
    with scope(program=program):
        entry = AuditEntry.objects.get(action="unit.stamp")
    assert (entry.subject_id, entry.before, entry.after["price_minor"]) == ("stamps", {}, 350)
    assert 'value="3.50"' in client.get(page_of(program)).text


def test_a_repeat_changes_nothing_and_writes_no_audit(program):
    put_up(program)
    put_up(program)

    with scope(program=program):
        assert AuditEntry.objects.filter(action="unit.stamp").count() == 1


def test_the_form_begins_with_what_the_rule_asks_for(program):
    page = as_staff(program, Role.MANAGER).get(page_of(program)).text

    assert 'value="Drinks"' in page


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("category", "Food", "gives nothing for this"),
        ("price", "0", "0.01"),
        ("price", "3.505", "decimal"),
        ("sku", "", "required"),
        ("name", "", "required"),
    ],
)
def test_what_would_not_work_is_refused_at_its_field(program, field, value, said):
    answer = as_staff(program, Role.MANAGER).post(page_of(program), form_of(**{field: value}))

    assert answer.status_code == 422
    assert said in str(answer.context["form"].errors[field])
    assert offered(program) == []


def test_units_that_are_no_stamps_have_no_such_page(program):
    with scope(program=program):
        client = as_staff(program, Role.MANAGER)

    assert client.get(page_of(program, "points")).status_code == 404
    assert "At the till" in client.get(f"/dashboard/{program.slug}/units/").text


@pytest.mark.parametrize("values", [{"price_minor": 0}, {"sku": ""}])
def test_the_database_refuses_what_could_not_be_sold(program, values):
    row = {"sku": "COLA", "name": "Cola", "price_minor": 350} | values
    with scope(program=program):
        unit = program.units.get(key="stamps")

        with pytest.raises(IntegrityError), transaction.atomic():
            TillStamp.objects.create(program=program, unit=unit, **row)
