"""The portal's rewards: what can be had, what is missing, the code that counts down, and giving it back."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta

import pytest
import time_machine
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django_scopes import scope

from members.portal import people
from rewards import redemptions
from rewards.models import Redemption
from rewards.redemptions import tickets
from tests.members import portal_shop
from tests.rewards import builders as b
from tests.rewards.catalogue import draft, put_up

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
    return shop


def enter(shop, email="anna@example.com"):
    client = Client()
    client.force_login(people.prove(program=shop, email=email, now=NOW))
    session = client.session
    session["account_authentication_methods"] = [{"method": "code", "email": email, "at": 0}]
    session["account_authentication_methods_user"] = session["_auth_user_id"]
    session.save()
    return client


@pytest.fixture
def inside(shop):
    return enter(shop)


def url(shop, name, *args):
    return reverse(f"portal:{name}", args=[shop.slug, *args])


def text_of(answer):
    body = re.sub(r"(?s)<(style|script|svg)\b.*?</\1>", " ", answer.content.decode())
    return " ".join(re.sub(r"<[^>]*>", " ", body).replace("\xa0", " ").split())


def take(client, shop, key="mug", wish=None):
    return client.post(url(shop, "reward", key), {"key": str(wish or uuid.uuid4())})


def only():
    return Redemption.objects.select_related("reward").get()


def test_what_can_be_had_comes_first_and_the_rest_says_what_is_missing(inside, shop):
    put_up(shop, "boat", price={"points": 900})
    put_up(shop, "mug", price={"points": 200})
    put_up(
        shop,
        "gift",
        price={"points": 10},
        per_member=1,
        eligibility={"field": "member.tags", "op": "has any", "value": ["vip"]},
    )
    draft(shop, "secret")

    answer = inside.get(url(shop, "rewards"))

    shown = answer.context["shown"]
    text = text_of(answer)
    assert [one.key for one in shown] == ["mug", "boat", "gift"]
    assert [one.is_open for one in shown] == [True, False, False]
    assert "201 Stars to go" in text
    assert shown[1].width == 77
    assert "vip" in text
    assert "Secret" not in text


def test_taking_shows_a_code_that_counts_down_and_can_be_used(inside, shop):
    put_up(shop, "mug", price={"points": 200})

    answer = take(inside, shop)
    page = inside.get(answer["Location"])
    with scope(program=shop):
        one = only()
    code = tickets.unseal(program_id=shop.pk, sealed=bytes(one.code_sealed))

    assert b.balance(shop).reserved == 200
    assert tickets.shown(code) in text_of(page)
    assert page.context["seconds"] == 15 * 60
    assert b'class="qr"' in page.content
    redemptions.use(program=shop, code=code, now=NOW)
    after = text_of(inside.get(answer["Location"]))
    assert "Used" in after
    assert code not in after.replace("-", "")


def test_a_second_tap_of_the_same_form_takes_nothing_more(inside, shop):
    put_up(shop, "mug", price={"points": 200})
    wish = uuid.uuid4()

    first, second = take(inside, shop, wish=wish), take(inside, shop, wish=wish)

    assert first["Location"] == second["Location"]
    assert b.balance(shop).reserved == 200


def test_giving_back_frees_the_points(inside, shop):
    put_up(shop, "mug", price={"points": 200})
    take(inside, shop)
    with scope(program=shop):
        number = only().pk

    inside.post(url(shop, "redemption_back", number))

    assert b.balance(shop) == b.Balance(active=699)
    assert "Given back" in text_of(inside.get(url(shop, "mine")))


def test_the_history_names_what_was_taken_and_given_back(inside, shop):
    put_up(shop, names={"en": "Blue mug"})
    take(inside, shop)
    with scope(program=shop):
        number = only().pk
    inside.post(url(shop, "redemption_back", number))
    put_up(shop, "film", handover="code")
    take(inside, shop, "film")
    with scope(program=shop):
        film = Redemption.objects.get(reward__key="film")
    redemptions.cancel(program=shop, redemption_id=film.pk, reason="Broken", now=NOW)

    answer = inside.get(url(shop, "history"))
    text = text_of(answer)

    assert "<bdi>Blue mug</bdi>" in answer.text
    assert re.search(r"Blue mug \d[^·]*· Reserved", text)
    assert re.search(r"Blue mug \d[^·]*· Released", text)
    assert re.search(r"Film \d[^·]*· Used", text)
    assert re.search(r"Film \d[^·]*· Given back", text)
    assert "for what you returned" not in text


def test_after_its_time_the_page_shows_no_code(inside, shop):
    put_up(shop, "mug", price={"points": 200})
    page = take(inside, shop)["Location"]
    with time_machine.travel(NOW + timedelta(minutes=15), tick=False):
        answer = inside.get(page)

    assert "Over" in text_of(answer)
    assert b'class="qr"' not in answer.content


def test_what_cannot_be_had_answers_422_and_says_why(inside, shop):
    put_up(shop, "mug", price={"points": 9000})

    answer = take(inside, shop)

    assert answer.status_code == 422
    assert "8,301 Stars to go" in text_of(answer)
    assert b.balance(shop).reserved == 0


def test_nobody_sees_what_another_has(inside, shop):
    put_up(shop, "mug", price={"points": 200})
    take(inside, shop)
    portal_shop.join(shop, "bob")
    bob = enter(shop, "bob@example.com")
    with scope(program=shop):
        number = only().pk

    assert bob.get(url(shop, "redemption", number)).status_code == 404
    assert bob.post(url(shop, "redemption_back", number)).status_code == 404
    assert b.balance(shop).reserved == 200


@pytest.mark.parametrize("name", ["rewards", "mine"])
def test_who_is_signed_out_is_led_to_sign_in(client, shop, name):
    assert client.get(url(shop, name)).status_code == 302


def test_the_shelf_costs_the_same_however_much_there_is(inside, shop):
    put_up(shop, "mug", price={"points": 10}, per_member=9)
    take(inside, shop)

    def statements():
        with CaptureQueriesContext(connection) as asked:
            inside.get(url(shop, "rewards"))
        return len(asked)

    statements()
    before = statements()
    for number in range(4):
        put_up(shop, f"gift-{number}", price={"points": 5}, per_member=2)
        take(inside, shop, f"gift-{number}")
    statements()

    assert statements() == before


def test_one_reward_tells_its_terms_and_what_is_left_after_it(inside, shop):
    put_up(shop, "mug", price={"points": 200}, terms={"en": "Not for resale."}, stores=[])

    text = text_of(inside.get(url(shop, "reward", "mug")))

    assert "Not for resale." in text
    assert "within 15 minutes" in text
    assert "499 Stars are left to you then." in text
    assert inside.get(url(shop, "reward", "nothing")).status_code == 404
