"""Stamps on the portal are drawn as a card: how many are on it, what they bring, and the cards that are full."""

from __future__ import annotations

import re

import pytest
import time_machine
from django_scopes import scope

from rewards.models import Unit
from tests.members import portal_shop
from tests.rewards import builders as b
from tests.rewards.catalogue import draft, put_up
from tests.rewards.test_portal_rewards import enter, text_of, url

pytestmark = pytest.mark.django_db
STAMP = {"amount": {"kind": "per_item", "points": "1"}, "unit": "stamps"}


@pytest.fixture(autouse=True)
def _now():
    with time_machine.travel(portal_shop.NOW, tick=False):
        yield


@pytest.fixture
def shop():
    shop = b.open_program(
        rules={**b.BASE, "stamps": STAMP}, units={"points": {}, "stamps": {"worth_numerator": 0, "names": {"en": {"one": "stamp", "other": "stamps"}}}}
    )  # fmt: skip
    b.join(shop, "anna")
    return shop


def buy(shop, count):
    b.record(shop, b.order("A-1", portal_shop.NOW, b.line(count * 300, "cup", count)))


def home(shop):
    return enter(shop).get(url(shop, "home"))


def coffee(shop, needed=5, key="coffee"):
    return put_up(shop, key, names={"en": "Free coffee"}, price={"stamps": needed})


@pytest.mark.parametrize(
    ("count", "said", "given"),
    [
        (3, ["3 of 5", "2 stamps to go"], 3),
        (5, ["5 of 5", "The card is full."], 4),
        (12, ["5 of 5", "2 cards are full.", "2 stamps more are on the next."], 4),
    ],
)
def test_a_card_tells_how_far_it_is(shop, count, said, given):
    coffee(shop)
    buy(shop, count)

    answer = home(shop)

    assert all(words in text_of(answer) for words in said), text_of(answer)
    assert "Free coffee" in text_of(answer)
    # The prize stands on the last place.
    assert answer.content.decode().count('class="in-ink"') == given
    assert ("/rewards/coffee/" in answer.content.decode()) == (count >= 5)


def test_who_has_nothing_yet_sees_the_card_empty(shop):
    coffee(shop)

    text = text_of(home(shop))

    assert "0 of 5" in text
    assert "5 stamps to go" in text
    assert "0 points" in text.replace("\xa0", " ")


def test_a_program_without_units_shows_no_zero():
    shop = b.open_program(rules={}, units={})
    b.join(shop, "anna")

    answer = home(shop).content.decode()

    assert '<span class="bal num">' in answer
    assert not re.search(r'class="bal num">\s*<span>', answer)


def test_of_several_rewards_the_nearest_is_on_the_card(shop):
    coffee(shop, 8, "cake")
    coffee(shop, 4)
    buy(shop, 1)

    assert "1 of 4" in text_of(home(shop))


@pytest.mark.parametrize(
    "price", [{"stamps": 5, "points": 10}, {"stamps": 40}, {"points": 5}], ids=["mixed", "many", "points"]
)
def test_what_is_no_card_is_not_drawn_as_one(shop, price):
    put_up(shop, "coffee", price=price)
    buy(shop, 2)

    assert 'class="stamps"' not in home(shop).content.decode()


def test_a_draft_is_on_no_card(shop):
    draft(shop, "coffee", price={"stamps": 5})
    buy(shop, 2)

    assert 'class="stamps"' not in home(shop).content.decode()


def test_a_returned_item_takes_its_stamp_back(shop):
    coffee(shop)
    buy(shop, 3)
    b.record(shop, b.bring_back("R-1", portal_shop.NOW, ("cup", 1), order="A-1"))

    assert "2 of 5" in text_of(home(shop))


def test_a_unit_that_is_worth_money_is_a_balance(shop):
    with scope(program=shop):
        Unit.objects.filter(key="stamps").update(worth_numerator=1)
    coffee(shop)
    buy(shop, 2)

    assert 'class="stamps"' not in home(shop).content.decode()
