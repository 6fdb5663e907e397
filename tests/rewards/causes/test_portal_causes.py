"""Good causes on the portal: what was given for everybody to see, a gift in two taps, its receipt, and taking it back."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client
from django_scopes import scope

from rewards.causes import editing
from rewards.models import Donation
from tests.members import portal_shop
from tests.rewards import builders as b
from tests.rewards import catalogue
from tests.rewards.causes.house import give, pay, put_up
from tests.rewards.test_portal_rewards import enter, text_of, url

pytestmark = pytest.mark.django_db
NOW = portal_shop.NOW


@pytest.fixture(autouse=True)
def _now():
    cache.clear()
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def shop():
    """Amelia has 699 stars, worth a penny each; the lighthouse takes 100 at least."""
    shop = portal_shop.open_shop()
    portal_shop.amelia(shop)
    b.change_unit(shop, worth_numerator=1)
    names = {"en": "The old lighthouse", "ar": "المنارة القديمة"}
    put_up(shop, accepts={"points": 100}, names=names, stories={"en": "It needs paint."}, goal_minor=1000)
    return shop


@pytest.fixture
def inside(shop):
    return enter(shop)


def ask(client, shop, amount="200", **more):
    return client.post(url(shop, "cause", "lighthouse"), {"amount": amount, **more})


def sure(client, shop, amount="200", key=None):
    return ask(client, shop, amount, unit="points", sure="1", key=str(key or uuid.uuid4()))


def only():
    return Donation.objects.get()


def test_everybody_sees_what_was_given_and_paid_and_nobodys_name(shop):
    give(shop, 250, at=NOW.isoformat())
    pay(shop, 100, at=NOW.isoformat())
    put_up(shop, "secret", is_live=False)

    listed = Client().get(url(shop, "causes"))
    page = Client().get(url(shop, "cause", "lighthouse"))

    for text in (text_of(listed), text_of(page)):
        assert "The old lighthouse" in text
        assert "£2.50" in text
        assert "Amelia" not in text
        assert "Secret" not in text
    assert "Sign in to give" in text_of(page)
    assert "£1.00" in text_of(page)
    assert Client().get(url(shop, "cause", "secret")).status_code == 404


def test_a_gift_takes_two_taps_and_brings_a_receipt(inside, shop):
    before = b.balance(shop).active

    first = ask(inside, shop)
    assert first.status_code == 200
    assert "£2.00" in text_of(first)
    assert b.balance(shop).active == before

    second = sure(inside, shop)
    receipt = inside.get(second["Location"])

    assert b.balance(shop).active == before - 200
    assert "Receipt 1" in text_of(receipt)
    assert "The old lighthouse" in text_of(receipt)
    assert "200 Stars" in text_of(receipt)
    assert "no receipt for taxes" in text_of(receipt)
    assert "Given to The old lighthouse" in text_of(inside.get(url(shop, "history")))


def test_a_second_tap_sent_twice_gives_once(inside, shop):
    key = uuid.uuid4()

    sure(inside, shop, key=key)
    again = sure(inside, shop, key=key)

    with scope(program=shop):
        assert again["Location"] == url(shop, "gift", only().number)


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        ("", "Say how much."),
        ("99", "The least gift is 100 Stars"),
        ("9999", "You have fewer"),
        ("x", "number"),
    ],
)
def test_what_cannot_be_given_is_said_at_the_field(inside, shop, amount, said):
    for answer in (ask(inside, shop, amount), sure(inside, shop, amount)):
        assert answer.status_code == 422
        assert answer.context["form"].errors
    assert said in text_of(ask(inside, shop, amount))


def test_a_gift_is_taken_back_for_ten_minutes(inside, shop):
    before = b.balance(shop).active
    sure(inside, shop)

    answer = inside.post(url(shop, "gift_back", 1), follow=True)

    assert "This receipt is void." in text_of(answer)
    assert b.balance(shop).active == before

    sure(inside, shop)
    with time_machine.travel(NOW + timedelta(minutes=11), tick=False):
        assert "Take it back" not in text_of(inside.get(url(shop, "gift", 2)))
        late = inside.post(url(shop, "gift_back", 2), follow=True)
    assert "ten minutes" in text_of(late)
    assert b.balance(shop).active == before - 200


def test_my_gifts_show_what_became_of_them(inside, shop):
    sure(inside, shop)
    pay(shop, 150, at=NOW.isoformat())

    text = text_of(inside.get(url(shop, "gifts")))

    assert "£1.50 were paid to the charity" in text


def test_a_receipt_is_its_owners_alone(inside, shop):
    b.record(shop, b.order("B-1", NOW - timedelta(days=2), 500_00, member="ben"))
    give(shop, 100, member="ben", at=NOW.isoformat())

    assert inside.get(url(shop, "gift", 1)).status_code == 404
    assert inside.post(url(shop, "gift_back", 1)).status_code == 404
    assert Client().get(url(shop, "gift", 1)).status_code == 302
    assert inside.get(url(shop, "gift", 10**19)).status_code == 404


def test_a_stranger_gives_nothing(shop):
    answer = sure(Client(), shop)

    assert answer["Location"] == url(shop, "sign_in")
    with scope(program=shop):
        assert not Donation.objects.exists()


def test_what_has_ended_takes_nothing_and_stays_to_be_seen(inside, shop):
    sure(inside, shop)
    editing.end(program=shop, key="lighthouse", by=None, now=NOW)

    page = inside.get(url(shop, "cause", "lighthouse"))
    sure(inside, shop)

    assert "has ended" in text_of(page)
    assert "The old lighthouse" in text_of(inside.get(url(shop, "causes")))
    with scope(program=shop):
        assert only().amount == 200


def test_a_gift_of_a_fixed_size_leads_from_the_rewards_to_its_receipt(inside, shop):
    values = {"kind": "donation", "cause_key": "lighthouse", "value_minor": 500, "price": {"points": 300}}
    catalogue.put_up(shop, "five", **values)

    answer = inside.post(url(shop, "reward", "five"), {"key": str(uuid.uuid4())})

    assert answer["Location"] == url(shop, "gift", 1)
    assert "£5.00" in text_of(inside.get(answer["Location"]))
    assert "Good causes" in text_of(inside.get(url(shop, "rewards")))
