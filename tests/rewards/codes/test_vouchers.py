"""Codes of a partner that a reward hands out (R1, 41), and coupons of one's own on the portal."""

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django_scopes import scope

from loyaltysite.kit import clock
from loyaltysite.kit.errors import DomainError
from members.portal import people
from rewards import catalogue, redemptions
from rewards.models import Code
from rewards.pools import signs, words
from rewards.redemptions import shelf, vouchers
from rewards.redemptions.refusals import OutOfStock
from tests.members import portal_shop
from tests.members.api_shop import Shop
from tests.rewards import builders as b
from tests.rewards import coupons as c
from tests.rewards.catalogue import draft, put_up

pytestmark = pytest.mark.django_db
NOW = b.moment("2026-02-01")


@pytest.fixture
def program():
    return b.open_program()


def partner(program, *codes):
    pool = c.open_pool(program, purpose="voucher", source="foreign")
    c.bring(pool, *codes)
    put_up(program, price={}, per_member=9, handover="code", pool=pool)
    return pool


def want(program, name, key):
    return redemptions.reserve(program=program, member=b.find(program, name), reward="mug", key=key, now=NOW)


def test_each_redemption_gets_a_code_of_its_own_until_there_is_none(program):
    b.join(program, "anna")
    partner(program, "FIRST-1", "SECOND-2")

    one, two = want(program, "anna", "k1"), want(program, "anna", "k2")

    with scope(program=program):
        assert {vouchers.code_of(one), vouchers.code_of(two)} == {"FIRST1", "SECOND2"}
        assert vouchers.code_of(want(program, "anna", "k1")) == vouchers.code_of(one)
    with pytest.raises(OutOfStock):
        want(program, "anna", "k3")
    (offer,) = shelf.offers(program=program, member=b.find(program, "anna"), now=NOW)
    assert [type(each) for each in offer.obstacles] == [OutOfStock]


def test_a_code_once_shown_goes_to_nobody_else(program):
    b.join(program, "anna")
    b.join(program, "ben")
    partner(program, "FIRST-1")
    one = want(program, "anna", "k1")

    redemptions.cancel(program=program, redemption_id=one.pk, reason="no", now=NOW)

    with pytest.raises(OutOfStock):
        want(program, "ben", "k2")
    with scope(program=program):
        assert Code.objects.get().redemption_id == one.pk


def test_a_partners_code_is_never_only_reserved(program):
    anna = b.join(program, "anna")
    partner(program, "FIRST-1")

    one = redemptions.reserve(program=program, member=anna, reward="mug", key="k", now=NOW, at_once=False)

    assert one.state == "issued"
    with pytest.raises(DomainError):
        redemptions.release(program=program, redemption_id=one.pk, now=NOW)
    again = redemptions.reserve(program=program, member=anna, reward="mug", key="k", now=NOW, at_once=False)
    assert again.pk == one.pk


def test_a_reward_that_has_just_got_partners_codes_is_issued_at_once(program):
    anna = b.join(program, "anna")
    put_up(program, price={}, per_member=9, handover="code")
    redemptions.reserve(program=program, member=anna, reward="mug", key="k1", now=NOW)
    pool = c.open_pool(program, purpose="voucher", source="foreign")
    c.bring(pool, "FIRST-1")
    catalogue.change(program=program, key="mug", by=None, now=c.LONG_AGO, pool=pool)

    one = redemptions.reserve(program=program, member=anna, reward="mug", key="k2", now=NOW, at_once=False)

    assert one.state == "issued"


def test_a_partners_code_is_shown_to_nobody_who_can_give_it_back(program):
    b.join(program, "anna")
    partner(program, "FIRST-1")
    one = want(program, "anna", "k1")
    one.state = "reserved"

    with scope(program=program):
        assert vouchers.code_of(one) == ""


def test_a_voucher_is_no_coupon(program):
    partner(program, "FIRST-1")
    c.put_up(program)

    assert b.record(program, b.order("A", "2026-02-01", 1000, codes=("FIRST-1",)))[0].code == "code_invalid"


@pytest.mark.parametrize(
    ("purpose", "handover", "field"), [("coupon", "code", "pool"), ("voucher", "till", "handover")]
)
def test_what_cannot_hand_out_codes_is_refused(program, purpose, handover, field):
    pool = c.open_pool(program, purpose=purpose, source="foreign")

    with pytest.raises(catalogue.RewardRefused) as caught:
        draft(program, handover=handover, pool=pool)

    assert caught.value.field == field


def test_the_api_shows_the_partners_code_to_its_owner(program):
    anna = b.join(program, "anna")
    partner(program, "FIRST-1")
    one = redemptions.reserve(program=program, member=anna, reward="mug", key="k", now=clock.now())

    assert Shop(program).get(f"redemptions/{one.pk}").json()["code"] == "FIRST1"


def enter(program, email="anna@example.com"):
    client = Client()
    client.force_login(people.prove(program=program, email=email, now=portal_shop.NOW))
    session = client.session
    session["account_authentication_methods"] = [{"method": "code", "email": email, "at": 0}]
    session["account_authentication_methods_user"] = session["_auth_user_id"]
    session.save()
    return client


def test_the_portal_shows_coupons_and_vouchers_of_ones_own():
    cache.clear()
    with time_machine.travel(portal_shop.NOW, tick=False):
        program = portal_shop.open_shop()
        member = portal_shop.amelia(program)
        pool = c.open_pool(program, "own")
        c.put_up(program, pool="own", names={"en": "For you"}, minimum_minor=2000)
        partner(program, "FIRST-1")
        with scope(program=program):
            words.give(pool=pool, members=[member], by=None, now=portal_shop.NOW)
            code = Code.objects.get(member=member)
        redemptions.reserve(program=program, member=member, reward="mug", key="k", now=portal_shop.NOW)

        page = enter(program).get(reverse("portal:mine", args=[program.slug])).text
        order = b.order(
            "A", portal_shop.NOW, 3000, codes=(signs.unseal(program_id=program.pk, sealed=code.sealed),)
        )
        b.record(program, order, now=portal_shop.NOW)
        after = enter(program).get(reverse("portal:mine", args=[program.slug])).text

    assert "For you" in page
    assert "20.00" in page
    assert "FIRST1" in page
    assert "For you" not in after
