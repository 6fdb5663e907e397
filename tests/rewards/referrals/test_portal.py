"""A member shares a link, a friend joins by it, and both see how far it has come; nobody sees who the other one is."""

import pytest
import time_machine
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django_scopes import scope

from members.models import Identity, Member
from rewards import referrals
from rewards.models import Referral, ReferralLink
from rewards.referrals import links, schemes
from tests.members import portal_shop
from tests.members.portal_pages.visits import enter, text_of
from tests.members.portal_shop import NOW
from tests.members.test_portal_joining import code_in
from tests.rewards import builders as b

pytestmark = pytest.mark.django_db

BY_A_PERSON = {"Sec-Fetch-Dest": "document"}


@pytest.fixture(autouse=True)
def _world():
    cache.clear()
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def shop(db):
    program = portal_shop.open_shop()
    portal_shop.join(program, "anna", name="Amelia Hart")
    schemes.change(
        program=program,
        by=None,
        now=NOW,
        is_on=True,
        referrer_prize={"unit": "points", "amount": 500},
        friend_prize={"unit": "points", "amount": 200},
        minimum_minor=2000,
    )
    return program


@pytest.fixture
def link(shop):
    with scope(program=shop):
        return links.of(member=b.find(shop, "anna"), now=NOW)


def inside(shop, email="anna@example.com"):
    return enter(Client(), shop, email)


def at(shop, *parts):
    return f"/p/{shop.slug}/" + "".join(f"{part}/" for part in parts)


def join(client, shop, code, contact="zoe@example.com"):
    client.post(at(shop, "i", code), {"name": "Zoe Reed", "contact": contact, "terms": "on"})
    return client.post(at(shop, "sign-in", "code"), {"code": code_in(mail.outbox[-1])})


def test_a_friend_joins_by_the_link(shop, link):
    client = Client()
    page = text_of(client.get(at(shop, "i", link.code)))

    join(client, shop, link.code)

    assert "A friend invites you to Harbour Lane" in page
    assert "Your gift: 200 Stars" in page
    assert "first purchase of £20.00 or more within 60 days" in page
    assert "Amelia" not in page
    with scope(program=shop):
        referral = Referral.objects.get()
    assert (referral.referrer, referral.friend, referral.via) == (
        b.find(shop, "anna"),
        b.find(shop, "zoe"),
        "link",
    )
    assert referral.signs == []


def test_the_page_says_the_name_that_was_allowed(shop, link):
    anna = inside(shop)
    anna.post(at(shop, "friends", "name"), {"shown": "first"})

    assert "Amelia invites you" in text_of(Client().get(at(shop, "i", link.code)))


def test_what_is_wrong_in_the_form_keeps_the_gift_in_sight(shop, link):
    response = Client().post(at(shop, "i", link.code), {"name": "", "contact": "zoe@example.com"})

    assert response.status_code == 422
    assert "Your gift: 200 Stars" in text_of(response)


def test_joining_by_phone_remembers_who_brought_them(shop, link):
    Client().post(at(shop, "i", link.code), {"name": "Zoe", "contact": "+44 20 7946 0958", "terms": "on"})

    with scope(program=shop):
        assert Referral.objects.get().friend.identities.get().kind == Identity.Kind.PHONE


@pytest.mark.parametrize("code", ["ZZZZZZZZ", "nope"])
def test_a_link_that_leads_nowhere_is_the_page_to_join(shop, code):
    response = Client().get(at(shop, "i", code))

    assert (response.status_code, response.url) == (302, at(shop, "join"))


def test_another_shops_link_leads_nowhere_here(shop, link):
    other = portal_shop.open_shop()

    assert Client().get(at(other, "i", link.code)).url == at(other, "join")


def test_a_visit_is_counted_for_people_and_not_for_machines(shop, link):
    Client().get(at(shop, "i", link.code))
    Client().head(at(shop, "i", link.code), headers=BY_A_PERSON)
    Client().get(at(shop, "i", link.code), headers=BY_A_PERSON)

    with scope(program=shop):
        assert ReferralLink.objects.get().visits == 1


def test_who_joins_in_the_referrers_own_browser_is_looked_at(shop, link):
    client = Client()
    client.post(at(shop, "sign-in"), {"email": "anna@example.com"})
    client.post(at(shop, "sign-in", "code"), {"code": code_in(mail.outbox[-1])})
    client.post(at(shop, "sign-out"))

    join(client, shop, link.code)

    with scope(program=shop):
        assert Referral.objects.get().signs == ["device"]


def test_who_is_a_member_already_is_let_in_and_nobody_brought_them(shop, link):
    portal_shop.join(shop, "zoe", name="Zoe Reed")

    join(Client(), shop, link.code)

    with scope(program=shop):
        assert not Referral.objects.exists()


def test_the_page_has_the_link_and_ways_to_share_it(shop, link):
    page = inside(shop).get(at(shop, "friends"))
    html = page.content.decode()

    assert f'value="http://testserver{at(shop, "i", link.code)}"' in html
    for beginning in ("mailto:?subject=", "sms:?", "https://wa.me/?text=", "https://t.me/share/url?url="):
        assert f'href="{beginning}' in html
    assert "You get: 500 Stars" in text_of(page)
    assert "Nobody yet." in text_of(page)


def test_both_see_how_far_it_has_come(shop, link):
    friend = Client()
    join(friend, shop, link.code)
    b.record(shop, b.order("1", NOW, 2500, member="zoe"))
    referrals.advance(program=shop, now=NOW)

    mine, theirs = inside(shop).get(at(shop, "friends")), friend.get(at(shop))
    promise = "The prize comes on 6 December 2026, if nothing is returned until then."
    assert promise in text_of(mine)
    assert "Joined on 21 November 2026" in text_of(mine)
    assert "Zoe" not in text_of(mine)
    assert promise in text_of(theirs)
    assert "Amelia" not in text_of(theirs)


@pytest.mark.parametrize("reason", ["card", "email", "circle", "device", "staff"])
def test_nobody_is_told_by_what_they_were_recognised(shop, link, reason):
    friend = Client()
    join(friend, shop, link.code)
    with scope(program=shop):
        Referral.objects.update(state="refused", refused_for=reason, closed_at=NOW, signs=[reason])

    mine, theirs = inside(shop).get(at(shop, "friends")), friend.get(at(shop, "friends"))

    assert "Only somebody who was never a member here counts as a new friend." in text_of(mine)
    assert "This gift is for new customers." in text_of(theirs)


def test_while_it_is_off_there_is_nothing_to_share(shop, link):
    schemes.change(program=shop, by=None, now=NOW, is_on=False)

    page = inside(shop).get(at(shop, "friends"))

    assert link.code not in page.content.decode()
    assert Client().get(at(shop, "i", link.code)).status_code == 302
    assert "Bring a friend" not in text_of(inside(shop).get(at(shop)))


def test_the_page_is_the_members_own(shop):
    assert Client().get(at(shop, "friends")).status_code == 302
    assert inside(shop).get(at(shop, "friends", "name")).status_code == 405


def test_another_choice_of_name_than_there_is_changes_nothing(shop, link):
    inside(shop).post(at(shop, "friends", "name"), {"shown": "whole"})

    with scope(program=shop):
        assert ReferralLink.objects.get().shown == ""
        assert Member.objects.get(pk=link.pk).name == "Amelia Hart"
