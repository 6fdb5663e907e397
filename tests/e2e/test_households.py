"""A household from the phone to the desk: shared, redeemed from by another, seen and dissolved by staff."""

from datetime import UTC, datetime

import pytest
from django.core.cache import cache
from django_scopes import scope

from members.models import Identity
from rewards import sendings
from rewards.households import places
from tests.e2e import entering
from tests.members import portal_shop
from tests.rewards import builders as b
from tests.rewards.catalogue import put_up

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


@pytest.fixture
def shop(site):
    cache.clear()
    now = datetime.now(UTC)
    program = portal_shop.open_shop()
    ben = portal_shop.join(program, "ben", name="Ben Hill")
    portal_shop.amelia(program, now=now)
    b.change_unit(program, is_shared=True)
    put_up(program, "lamp", price={"points": 150}, names={"en": "Lamp", "ar": "مصباح"})
    with scope(program=program):
        Identity.objects.filter(member=ben).update(verified_at=now)
    places.found(program=program, member=ben, now=now)
    return program


def invite(shop):
    now = datetime.now(UTC)
    to = sendings.read_contact("anna@example.com")
    one = places.invite(program=shop, head=b.find(shop, "ben"), to=to, now=now)
    with scope(program=shop):
        Identity.objects.update(verified_at=now)
    places.answer(program=shop, member=b.find(shop, "anna"), invitation_id=one.pk, accepts=True, now=now)


def test_a_reward_is_paid_out_of_the_household_and_staff_end_it(new_page, site, shop, assert_accessible):
    invite(shop)
    b.adjust(shop, 500, datetime.now(UTC).isoformat(), member="ben")
    ben = b.find(shop, "ben")
    from rewards.households import moving

    moving.move(
        program=shop, member=ben, way="in", unit="points", amount=500, key="in", now=datetime.now(UTC)
    )
    own = b.balance(shop).active
    b.adjust(shop, 100 - own, datetime.now(UTC).isoformat())

    phone = entering.as_customer(new_page, site, shop)
    phone.goto(f"/p/{shop.slug}/household/")
    assert_accessible(phone)
    phone.goto(f"/p/{shop.slug}/rewards/lamp/")
    assert_accessible(phone)
    phone.get_by_text("50 Stars of it come out of your household.").wait_for()
    phone.get_by_role("button", name="Get it").click()
    phone.get_by_text("Part of it comes out of the household.").wait_for()
    assert_accessible(phone)

    desk = entering.as_staff(new_page, shop, f"/dashboard/{shop.slug}/households/")
    assert_accessible(desk)
    desk.get_by_role("link", name="Ben Hill").click()
    desk.get_by_text("Reserved for a reward").wait_for()
    assert_accessible(desk)
    desk.get_by_label("Why").fill("Asked for it")
    desk.get_by_role("button", name="Dissolve it").click()
    desk.get_by_text("The household is dissolved.").wait_for()
    assert_accessible(desk)

    assert (b.balance(shop).active, b.balance(shop, "ben").active) == (100, 500)
