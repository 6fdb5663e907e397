"""Points, credit and gift cards that pay for part of a sale at the till."""

import pytest
from django.core.cache import cache
from django.utils import timezone
from django_scopes import scope

from members.models import Order, Role
from rewards import ledger, passcodes
from rewards.giftcards import guessing
from rewards.models import TillAction
from tests.members.teams import hire, signed_in
from tests.rewards import builders as b
from tests.rewards.giftcards import house
from tests.rewards.till.shop import JSON, amelia, open_shop, sell, tap, till_of, undo

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh():
    cache.clear()


@pytest.fixture
def program():
    """Amelia has 1,000 points, of which each is worth a penny."""
    found = open_shop()
    with scope(program=found):
        unit = found.units.order_by("pk").first()
    b.change_unit(found, unit.key, worth_numerator=1, worth_denominator=1)
    found.units_key = unit.key
    return found


@pytest.fixture
def member(program):
    found = amelia(program)
    ledger.adjust(
        program=program, member=found, unit=program.units_key, amount=1000, reason="x", by=b.staff(), key="x",
        now=timezone.now(),
    )  # fmt: skip
    return found


@pytest.fixture
def cashier(program):
    return hire(program, Role.CASHIER)


@pytest.fixture
def client(cashier):
    return signed_in(cashier)


@pytest.fixture
def card(program):
    with scope(program=program):
        program.units.create(
            key="credit", is_money=True, precision=2, worth_numerator=100, names={"en": {"other": "credit"}}
        )
    b.rulebook.touch(program)
    return house.issue(program, 2000, at=timezone.now())


def code(member) -> str:
    return passcodes.show(member=member, now=timezone.now()).code


def active(program, member) -> int:
    with scope(program=program):
        return member.holder.wallets.get(unit__key=program.units_key).active


def test_the_members_code_pays_with_points(client, program, cashier, member):
    told = sell(
        client,
        program,
        cashier,
        member,
        4000,
        pay_unit=program.units_key,
        pay_amount="6.00",
        passcode=code(member),
    )

    assert told.status_code == 200
    assert "pay £6.00" in told.json()["html"]
    assert "Left to pay: £34.00" in told.json()["html"]
    assert active(program, member) == 1000 - 600 + 34


def test_without_or_with_a_wrong_code_nothing_is_sold(client, program, cashier, member):
    none = sell(client, program, cashier, member, 4000, pay_unit=program.units_key)
    wrong = sell(client, program, cashier, member, 4000, pay_unit=program.units_key, passcode="00000000")

    assert (none.json()["code"], wrong.json()["code"]) == ("authorization_missing", "passcode_wrong")
    assert active(program, member) == 1000
    with scope(program=program):
        assert not TillAction.objects.exists()
        assert not Order.objects.exists()


def test_a_gift_card_pays_and_undo_puts_it_back(client, program, cashier, member, card):
    key = tap(cashier)["key"]
    told = sell(client, program, cashier, member, 4000, gift_card=house.code(card), key=key)

    assert "Gift card" in told.json()["html"]
    assert house.left(card, timezone.now()) == 0
    undone = undo(client, program, cashier, key)
    assert undone.status_code == 200
    assert "£20.00" in undone.json()["html"]
    assert house.left(card, timezone.now()) == 2000


def test_a_cashier_who_guesses_gift_cards_is_stopped(client, program, cashier, member, card, monkeypatch):
    monkeypatch.setattr(guessing, "TRIES", 2)
    wrong = {"number": member.number, "amount": "20", "store": "quay", "gift_card": "AAAA-BBBB-CCCC-DDDD"}
    client.post(till_of(program, "preview/"), wrong, headers=JSON)
    sell(client, program, cashier, member, 4000, gift_card="AAAA-BBBB-CCCC-DDDE")

    right = wrong | {"gift_card": house.code(card)}
    seen = client.post(till_of(program, "preview/"), right, headers=JSON)
    sold = sell(client, program, cashier, member, 4000, gift_card=house.code(card))

    assert (seen.status_code, sold.status_code) == (429, 429)
    assert sell(client, program, cashier, member, 4000).status_code == 200


def test_a_wrong_gift_card_sells_nothing(client, program, cashier, member, card):
    told = sell(client, program, cashier, member, 4000, gift_card="AAAA-BBBB-CCCC-DDDD")

    assert told.status_code == 422
    with scope(program=program):
        assert not Order.objects.exists()


def test_a_tap_that_is_sent_twice_pays_once(client, program, cashier, member, card):
    one = tap(cashier)
    fields = {"gift_card": house.code(card), "pay_amount": "5", "key": one["key"], "at": timezone.now()}

    sell(client, program, cashier, member, 4000, **fields)
    again = sell(client, program, cashier, member, 4000, **fields)

    assert again.status_code == 200
    assert house.left(card, timezone.now()) == 1500


def test_the_preview_tells_what_is_left_without_the_code(client, program, member, card):
    fields = {"number": member.number, "amount_minor": 4000, "store": "quay", "gift_card": house.code(card)}

    told = client.post(till_of(program, "preview/"), fields)

    assert "Left to pay: £20.00" in told.json()["html"]
    assert house.left(card, timezone.now()) == 2000


def test_the_page_works_without_script(client, program, cashier, member):
    fields = tap(cashier) | {
        "number": member.number, "amount": "40.00", "store": "quay", "pay_unit": program.units_key, "passcode": code(member),
    }  # fmt: skip

    page = client.post(till_of(program, "actions/sale/"), fields)

    assert page.status_code == 200
    assert "Left to pay: £30.00" in page.content.decode()
