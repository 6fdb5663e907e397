"""Sending points on the portal: a contact, a code by e-mail, and the receiver who takes it; nobody learns who exists."""

from __future__ import annotations

import pytest
import time_machine
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django_scopes import scope

from rewards.models import Sending
from tests.members import portal_shop
from tests.rewards import builders as b
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
    shop = portal_shop.open_shop()
    portal_shop.amelia(shop)
    portal_shop.join(shop, "ben", name="Ben Hill")
    b.change_unit(shop, transfer_limit=300)
    return shop


@pytest.fixture
def inside(shop):
    return enter(shop)


def ask(client, shop, to="ben@example.com", amount="200"):
    return client.post(url(shop, "send"), {"to": to, "amount": amount})


def confirm(client, shop, code=None):
    letters = code or mail.outbox[-1].subject.split(" ")[0]
    return client.post(url(shop, "send_code"), {"code": letters}, follow=True)


def test_a_code_sends_and_the_receiver_takes(inside, shop):
    before = b.balance(shop).active

    assert ask(inside, shop)["Location"] == url(shop, "send_code")
    assert b.balance(shop).active == before
    assert mail.outbox[-1].to == ["anna@example.com"]
    assert "200 Stars" in text_of(inside.get(url(shop, "send_code")))
    sent = confirm(inside, shop)
    ben = enter(shop, "ben@example.com")
    page = text_of(ben.get(url(shop, "send")))

    assert b.balance(shop).active == before - 200
    assert "On its way" in text_of(sent)
    assert "Somebody sent you something" in text_of(ben.get(url(shop, "home")))
    assert "from Amelia" in page
    assert "Hart" not in page

    with scope(program=shop):
        number = Sending.objects.get().pk
    taken = ben.post(url(shop, "sending", number), {"do": "take"}, follow=True)

    assert b.balance(shop, "ben").active == 200
    assert "You have it now." in text_of(taken)
    assert "Received" in text_of(inside.get(url(shop, "send")))


def test_the_answer_is_the_same_whether_somebody_exists(inside, shop):
    pages = []
    for to in ("ben@example.com", "nix@example.com"):
        cache.clear()
        answer = ask(inside, shop, to, "10")
        page = confirm(inside, shop)
        pages.append((answer.status_code, answer["Location"], text_of(page).replace("n•••", "b•••")))
        inside.post(url(shop, "sending", sent_id(shop)), {"do": "withdraw"}, follow=True)
        with scope(program=shop):
            Sending.objects.all().delete()

    assert pages[0] == pages[1]


def sent_id(shop):
    with scope(program=shop):
        return Sending.objects.latest("pk").pk


def test_a_wrong_code_sends_nothing(inside, shop):
    ask(inside, shop)

    answer = confirm(inside, shop, "BBBBBB")

    assert answer.status_code == 422
    with scope(program=shop):
        assert not Sending.objects.exists()


def test_a_code_works_once(inside, shop):
    ask(inside, shop)
    confirm(inside, shop)

    confirm(inside, shop)

    with scope(program=shop):
        assert Sending.objects.count() == 1


@pytest.mark.parametrize(
    ("to", "amount", "field"),
    [
        ("", "10", "to"),
        ("what", "10", "to"),
        ("ben@example.com", "", "amount"),
        ("ben@example.com", "0", "amount"),
        ("ben@example.com", "9999", "amount"),
        ("ben@example.com", "1.5", "amount"),
    ],
)
def test_what_cannot_be_sent_is_said_at_its_field(inside, shop, to, amount, field):
    answer = ask(inside, shop, to, amount)

    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert mail.outbox == []


def test_beyond_the_months_limit_nothing_goes(inside, shop):
    ask(inside, shop, amount="301")

    assert "300 are left" in text_of(confirm(inside, shop))
    with scope(program=shop):
        assert not Sending.objects.exists()


def test_after_ten_tries_an_hour_one_waits(inside, shop):
    for _time in range(10):
        ask(inside, shop)

    assert ask(inside, shop).status_code == 429


def test_another_members_sending_is_nobodys_business(inside, shop):
    ask(inside, shop)
    confirm(inside, shop)
    portal_shop.join(shop, "cora")
    cora = enter(shop, "cora@example.com")

    for do in ("take", "decline", "withdraw"):
        cora.post(url(shop, "sending", sent_id(shop)), {"do": do})

    with scope(program=shop):
        assert Sending.objects.get().state == "waiting"
    assert Client().get(url(shop, "send")).status_code == 302


def test_what_waits_is_taken_back(inside, shop):
    before = b.balance(shop).active
    ask(inside, shop)
    confirm(inside, shop)

    inside.post(url(shop, "sending", sent_id(shop)), {"do": "withdraw"})

    assert b.balance(shop).active == before
