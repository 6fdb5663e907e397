"""Stamp card (P2): a member's year at the till, day by day. Numbers in comments are lines of SEMANTICS.md."""

import json

import pytest
import time_machine
from django.test import Client

from tests.acceptance.years import Year
from tests.rewards.test_portal_rewards import enter, text_of, url
from tests.rewards.till import shop as tills

pytestmark = pytest.mark.django_db

PHONE = "+44 7400 123456"
DRINK = 350
WRONG = "0b7fd0ab-0000-4000-8000-000000000001"
HANDED = "0b7fd0ab-0000-4000-8000-000000000002"


@pytest.fixture
def year():
    with time_machine.travel("2026-01-05T08:00:00Z", tick=False) as traveller:
        found = Year("fruce", traveller)
        joined = tills.take_in(found.till, found.program, found.cashier, "Anna Hart", "anna@example.com")
        assert joined.status_code == 200
        yield found
        found.close()


def drinks(count, sku="LEMON"):
    """So many of one drink, as the till sends articles."""
    return json.dumps([{"sku": sku, "quantity": count, "amount_minor": count * DRINK}])


def fill(year, count, moment="2026-02-01T09:00"):
    year.sell(moment, year.member.number, items=drinks(count))


def tap(year, count, moment, **others):
    """One of the buttons for so many stamps, without an amount."""
    year.sell(moment, year.member.number, stamp=f"stamps:{count}", **others)


def test_a_stamp_for_every_drink_found_by_phone_or_by_code(year):
    tills.take_in(year.till, year.program, year.cashier, "Ben Hill", PHONE)
    by_phone = tills.find(year.till, year.program, "+447400123456")
    by_code = tills.find(year.till, year.program, year.member.number)
    nobody = tills.find(year.till, year.program, "+447400999999")

    assert "Ben Hill" in json.dumps(by_phone.json())
    assert "Anna Hart" in json.dumps(by_code.json())
    assert "Hill" not in json.dumps(nobody.json())

    year.sell("2026-01-05T08:10", year.member.number, DRINK)
    assert year.balance == 1
    year.sell("2026-01-06T08:10", year.member.number, items=drinks(3))
    assert year.balance == 4


def test_a_wrong_stamp_is_undone_within_ten_minutes_and_no_later(year):
    fill(year, 2)
    year.sell("2026-02-02T09:00", year.member.number, DRINK, key=WRONG)
    assert year.balance == 3

    year.at("2026-02-02T09:09")
    assert (year.undo(WRONG), year.balance) == (200, 2)
    assert (year.undo(WRONG), year.balance) == (200, 2)  # a second tap changes nothing

    late = "0b7fd0ab-0000-4000-8000-000000000003"
    year.sell("2026-02-03T09:00", year.member.number, DRINK, key=late)
    year.at("2026-02-03T09:21")
    assert (year.undo(late), year.balance) == (422, 3)


def test_one_tap_gives_a_stamp_without_an_amount(year):
    tap(year, 1, "2026-01-05T08:10")
    tap(year, 3, "2026-01-06T08:10")
    assert year.balance == 4

    tap(year, 2, "2026-01-07T08:10", key=WRONG)
    assert year.balance == 6
    year.at("2026-01-07T08:15")
    assert (year.undo(WRONG), year.balance) == (200, 4)


def test_twenty_stamps_buy_a_drink_handed_over_at_the_till(year):
    fill(year, 19)
    assert year.offers() == {"drink": ["insufficient_points"]}
    assert year.redeem("2026-02-02T09:00", "drink")["code"] == "insufficient_points"

    year.sell("2026-02-03T09:00", year.member.number, DRINK)
    assert year.offers() == {"drink": []}
    one = year.redeem("2026-02-03T09:05", "drink")
    assert (one["state"], year.balance, year.wallet["reserved"]) == ("reserved", 0, 20)

    code = year.code_of(one)
    assert year.hand_over(code) == 200
    assert (year.state_of(one), year.balance, year.wallet["reserved"]) == ("fulfilled", 0, 0)
    assert tills.find(year.till, year.program, code).status_code == 422  # good once


def test_a_drink_handed_over_by_mistake_gives_the_stamps_back(year):
    fill(year, 21)
    one = year.redeem("2026-02-03T09:00", "drink")
    assert year.hand_over(year.code_of(one), key=HANDED) == 200
    assert year.balance == 1

    year.at("2026-02-03T09:05")
    assert (year.undo(HANDED), year.state_of(one), year.balance) == (200, "failed", 21)  # 39

    again = year.redeem("2026-02-03T09:07", "drink")
    assert year.hand_over(year.code_of(again)) == 200
    assert year.balance == 1


def test_a_reservation_that_nobody_shows_ends_by_itself(year):
    fill(year, 20)
    one = year.redeem("2026-02-03T09:00", "drink")
    code = year.code_of(one)

    year.night("2026-02-03T09:14")
    assert (year.state_of(one), year.balance) == ("reserved", 0)

    year.night("2026-02-03T09:16")
    assert (year.state_of(one), year.balance) == ("released", 20)  # 38
    assert tills.find(year.till, year.program, code).status_code == 422


def test_a_free_drink_brings_no_stamp(year):
    free = {"sku": "LEMON", "quantity": 1, "amount_minor": DRINK, "discount_minor": 0, "is_reward": True}
    given = {"sku": "MANGO", "quantity": 1, "amount_minor": 0}

    year.order("2026-02-01", free, given, DRINK)

    assert year.balance == 1  # 17


def test_a_drink_that_comes_back_takes_its_stamp_along(year):
    order = year.order("2026-02-01", {"sku": "LEMON", "quantity": 3, "amount_minor": 3 * DRINK})
    assert year.balance == 3

    year.give_back("2026-02-02", order, "LEMON")
    assert year.balance == 2

    year.give_back("2026-02-03", order)
    assert year.balance == 0


def test_a_return_after_the_card_is_spent_is_paid_by_the_next_drink(year):
    order = year.order("2026-02-01", {"sku": "LEMON", "quantity": 20, "amount_minor": 20 * DRINK})
    one = year.redeem("2026-02-02", "drink")
    assert year.hand_over(year.code_of(one)) == 200

    year.give_back("2026-02-03", order, "LEMON")
    assert (year.balance, year.wallet["arrears"]) == (0, 1)  # 26

    year.sell("2026-02-04", year.member.number, items=drinks(2))
    assert (year.balance, year.wallet["arrears"]) == (1, 0)


def test_the_portal_draws_the_card(year):
    fill(year, 7)
    page = text_of(enter(year.program).get(url(year.program, "home")))
    assert "7 of 20" in page
    assert "13 stamps to go" in page

    fill(year, 13, "2026-02-02T09:00")
    assert "The card is full." in text_of(enter(year.program).get(url(year.program, "home")))


def test_stamps_stay_as_long_as_it_takes(year):
    fill(year, 5)

    year.night("2031-02-01")

    assert year.balance == 5


def test_who_has_not_signed_in_stamps_nothing(year):
    answer = tills.sell(Client(), year.program, year.cashier, year.member.number, DRINK, store="")

    assert answer.status_code in (302, 401, 403)
    assert year.shop.get(f"members/{year.member.pk}/wallets").json()["items"] == []
