"""The household on the portal: founded, joined by an invitation, shared, limited, left and dissolved."""

from __future__ import annotations

import uuid

import pytest
import time_machine
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django_scopes import scope

from rewards.households import places
from rewards.models import Unit, Wallet
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
    b.change_unit(shop, is_shared=True)
    return shop


@pytest.fixture
def anna(shop):
    return enter(shop)


@pytest.fixture
def ben(shop):
    return enter(shop, "ben@example.com")


def do(client, shop, what, **fields):
    return client.post(url(shop, "household"), {"do": what, **fields}, follow=True)


@pytest.fixture
def home(anna, ben, shop):
    """Anna leads, ben has joined."""
    do(anna, shop, "found")
    do(anna, shop, "invite", to="ben@example.com")
    with scope(program=shop):
        one = places.invitations_for(b.find(shop, "ben"), now=NOW).get()
    return accept(ben, shop, one)


def accept(client, shop, invitation, code=None):
    do(client, shop, "accept", invitation=invitation.pk)
    letters = code or mail.outbox[-1].subject.split(" ")[0]
    return client.post(url(shop, "household_code"), {"code": letters}, follow=True)


def shared(shop):
    with scope(program=shop):
        return sum(Wallet.objects.filter(holder__kind="household").values_list("active", flat=True))


def test_an_invitation_waits_on_the_own_page(anna, ben, shop):
    do(anna, shop, "found")
    known = do(anna, shop, "invite", to="ben@example.com")
    unknown = do(anna, shop, "invite", to="nix@example.com")

    assert "Amelia invites you" in text_of(ben.get(url(shop, "household")))
    said = "Invited. Whoever has this contact finds it on the own page."
    assert said in text_of(known)
    assert said in text_of(unknown)


def test_joining_takes_a_code(anna, ben, shop):
    do(anna, shop, "found")
    do(anna, shop, "invite", to="ben@example.com")
    with scope(program=shop):
        one = places.invitations_for(b.find(shop, "ben"), now=NOW).get()

    asked = do(ben, shop, "accept", invitation=one.pk)
    wrong = accept(ben, shop, one, "BBBBBB")
    with scope(program=shop):
        before = places.place_of(b.find(shop, "ben"))
    joined = accept(ben, shop, one)

    assert "The code is on its way to ben@example.com" in text_of(asked)
    assert mail.outbox[-1].to == ["ben@example.com"]
    assert (wrong.status_code, before) == (422, None)
    assert "Welcome home." in text_of(joined)
    assert "Ben" in text_of(anna.get(url(shop, "household")))


def test_a_code_to_join_is_for_who_is_invited(anna, ben, shop):
    do(anna, shop, "found")
    do(anna, shop, "invite", to="ben@example.com")
    with scope(program=shop):
        one = places.invitations_for(b.find(shop, "ben"), now=NOW).get()
    sent = len(mail.outbox)

    refused = do(anna, shop, "accept", invitation=one.pk)
    ended = ben.post(url(shop, "household_code"), {"code": "BBBBBB"}, follow=True)

    assert (refused.status_code, len(mail.outbox)) == (422, sent)
    assert ended.redirect_chain[0][0] == url(shop, "household")


def test_what_is_put_in_another_takes_out(anna, ben, home, shop):
    before = b.balance(shop).active
    key = str(uuid.uuid4())

    do(anna, shop, "in", amount="200", unit="points", key=key)
    do(anna, shop, "in", amount="200", unit="points", key=key)
    page = do(ben, shop, "out", amount="150", unit="points", key=str(uuid.uuid4()))

    assert (b.balance(shop).active, shared(shop)) == (before - 200, 50)
    assert b.balance(shop, "ben").active == 150
    assert "50 Stars" in text_of(page)


def test_the_head_sets_a_limit_and_others_cannot(anna, ben, home, shop):
    number = b.find(shop, "ben").number
    do(anna, shop, "in", amount="200", unit="points")
    do(anna, shop, "limit", number=number, amount="60", unit="points")

    refused = do(ben, shop, "out", amount="61", unit="points")
    own = do(ben, shop, "limit", number=number, amount="500", unit="points")

    assert refused.status_code == 422
    assert "60 are left" in text_of(refused)
    assert own.status_code == 422
    assert "You may take 60 Stars a month." in text_of(ben.get(url(shop, "household")))


def test_leaving_says_what_happens_before(anna, ben, home, shop):
    assert "What is shared stays with the household." in text_of(ben.get(url(shop, "household")))

    do(ben, shop, "leave")

    assert "Found a household" in text_of(ben.get(url(shop, "household")))


def test_dissolving_gives_everybody_back_their_own(anna, ben, home, shop):
    before = b.balance(shop).active
    do(anna, shop, "in", amount="200", unit="points")

    do(anna, shop, "end-back")

    assert (b.balance(shop).active, shared(shop)) == (before, 0)


@pytest.mark.parametrize(
    ("what", "fields"),
    [
        ("in", {"amount": "", "unit": "points"}),
        ("in", {"amount": "99999", "unit": "points"}),
        ("out", {"amount": "1", "unit": "points"}),
        ("invite", {"to": "what"}),
        ("remove", {"number": "123456789012"}),
        ("rob", {}),
    ],
)
def test_what_cannot_be_done_is_said(anna, home, shop, what, fields):
    before = b.balance(shop).active

    answer = do(anna, shop, what, **fields)

    assert answer.status_code == 422
    assert "note bad" in answer.content.decode()
    assert b.balance(shop).active == before


@pytest.fixture
def two_units(shop):
    with scope(program=shop):
        Unit.objects.create(program=shop, key="beans", names={"en": "Beans"}, precision=0, is_shared=True)
    return shop


def limits_of(shop, name):
    with scope(program=shop):
        return places.place_of(b.find(shop, name)).limits


def test_a_limit_is_of_the_unit_that_is_named(anna, home, two_units):
    shop, number = two_units, b.find(two_units, "ben").number
    do(anna, shop, "limit", number=number, amount="60", unit="points")
    do(anna, shop, "limit", number=number, amount="5", unit="beans")

    unnamed = do(anna, shop, "limit", number=number, amount="")
    do(anna, shop, "limit", number=number, amount="", unit="beans")

    assert unnamed.status_code == 422
    assert limits_of(shop, "ben") == {"points": 60}
    assert '<option value="beans">Beans</option>' in unnamed.content.decode()


@pytest.mark.parametrize("unit", ["points", ""])
@pytest.mark.parametrize("what", ["in", "limit"])
def test_a_page_from_before_moves_nothing_of_another_unit(anna, home, two_units, what, unit):
    b.change_unit(two_units, is_shared=False)
    number = b.find(two_units, "ben").number
    with scope(program=two_units):
        Unit.objects.update(is_shared=False)

    answer = do(anna, two_units, what, number=number, amount="", unit=unit)

    assert answer.status_code == 422


def test_where_nothing_is_shared_there_is_no_such_page(anna, shop):
    b.change_unit(shop, is_shared=False)

    assert anna.get(url(shop, "household")).status_code == 404
    assert Client().get(url(shop, "household")).status_code == 302
