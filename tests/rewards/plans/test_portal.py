"""The member's own page of plans: the offer, the meter, the end, and how to leave."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.test import Client

from members.portal import people
from tests.members import portal_shop
from tests.rewards import builders as b
from tests.rewards import plans_shop as p

pytestmark = pytest.mark.django_db
NOW = portal_shop.NOW


@pytest.fixture
def shop(time_machine):
    cache.clear()
    time_machine.move_to(NOW, tick=False)
    found = portal_shop.open_shop()
    portal_shop.amelia(found)
    p.put_up(
        found,
        names={"en": "Premium"},
        terms={"en": "Read me."},
        benefits=[p.TEN_OFF, p.DOUBLE, {"kind": "promise", "texts": {"en": "A smile"}}],
    )
    return found


@pytest.fixture
def phone(shop):
    client = Client()
    client.force_login(people.prove(program=shop, email="anna@example.com", now=NOW))
    session = client.session
    session["account_authentication_methods"] = [{"method": "code", "email": "anna@example.com", "at": 0}]
    session["account_authentication_methods_user"] = session["_auth_user_id"]
    session.save()
    return client


def page(shop, rest=""):
    return f"/p/{shop.slug}/plans/{rest}"


def text_of(answer):
    return answer.content.decode().replace("\\u2068", "").replace("\\u2069", "")


def test_the_offer_says_price_benefits_and_terms(shop, phone):
    answer = phone.get(page(shop))

    (card,) = answer.context["offers"]
    assert (card.name, "£25.00" in card.price, len(card.gives)) == ("Premium", True, 3)
    assert "Read me." in text_of(answer)
    assert "Premium" in text_of(phone.get(f"/p/{shop.slug}/"))


def test_what_is_held_shows_what_it_saved_and_when_it_ends(shop, phone):
    p.pay(shop, "2026-11-20")
    b.record(shop, b.order("P1", "2026-11-21", b.line(27_900, discount_minor=3_100)), now=NOW)

    answer = phone.get(page(shop))

    (mine,) = answer.context["mine"]
    assert answer.context["offers"] == []
    # 31.00 of prices, and points that are worth something as well.
    assert mine.share == 1.0
    assert {name for name, _amount in mine.shares} == {"Points", "Member prices"}
    assert "20 November 2027" in " ".join(mine.sentences)


def test_a_draft_and_an_ended_plan_are_not_offered(shop, phone):
    p.draft(shop, "secret", names={"en": "Secret"})

    assert "Secret" not in text_of(phone.get(page(shop)))


def test_leaving_and_staying(shop, phone):
    term = p.pay(shop, "2026-11-20")

    phone.post(page(shop, "club/turn/"), {"to": "leave"})
    left = p.term(shop, term.pk).state
    shown = phone.get(page(shop)).context["mine"][0]
    phone.post(page(shop, "club/turn/"), {"to": "stay"})

    assert (left, shown.can_stay, shown.can_leave) == ("leaving", True, False)
    assert p.term(shop, term.pk).state == "active"


def test_only_a_post_leaves(shop, phone):
    p.pay(shop, "2026-11-20")

    assert phone.get(page(shop, "club/turn/")).status_code == 405


def test_nobody_else_sees_it(shop):
    assert Client().get(page(shop)).status_code == 302


def test_another_shops_card_opens_nothing_here(shop, phone):
    other = portal_shop.open_shop()
    p.put_up(other)

    assert phone.get(page(other)).status_code == 302
