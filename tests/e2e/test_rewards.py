"""A reward from the editor to the counter: staff put it up, a customer takes it on a phone, a cashier hands it over."""

import re
from datetime import UTC, datetime
from functools import partial

import pytest
from django.core.cache import cache
from django_scopes import scope
from playwright.sync_api import expect

from members.models import Role
from rewards.models import Redemption, Reward
from tests.e2e import entering
from tests.e2e.till.moves import patient
from tests.members import portal_shop
from tests.rewards.catalogue import put_up

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

PHONE = {"width": 390, "height": 844}


@pytest.fixture
def shop(site):
    cache.clear()
    program = portal_shop.open_shop()
    portal_shop.amelia(program, now=datetime.now(UTC))
    return program


@pytest.fixture
def staff(new_page, shop):
    """A page of somebody of the team, signed in."""
    return partial(entering.as_staff, new_page, shop)


@pytest.fixture
def customer(new_page, site, shop):
    """A page of the member, signed in."""
    return partial(entering.as_customer, new_page, site, shop)


def test_staff_write_a_reward_see_its_ticket_and_put_it_up(staff, shop, assert_accessible):
    page = staff(f"/dashboard/{shop.slug}/rewards/new/", Role.MANAGER)

    page.get_by_label("Key", exact=True).fill("mug")
    page.locator("[name=name_en]").fill("Lighthouse mug")
    page.locator("[name=price_points]").fill("200")
    page.locator("[name=stock]").fill("12")
    page.locator("[name=stock]").blur()
    page.locator("#preview .ticket h3", has_text="Lighthouse mug").wait_for()
    expect(page.locator("#preview .price")).to_have_text("200 Stars")
    assert_accessible(page)
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/rewards/mug/")
    assert_accessible(page)
    page.get_by_role("button", name="Put it up").click()
    page.get_by_text("Members can see it now.").wait_for()

    with scope(program=shop):
        reward = Reward.objects.get()
    assert (reward.state, reward.price, reward.stock) == ("live", {"points": 200}, 12)


@pytest.mark.parametrize("scripted", [True, False])
def test_a_customer_takes_it_and_a_cashier_hands_it_over(staff, customer, shop, assert_accessible, scripted):
    put_up(shop, "mug", names={"en": "Lighthouse mug"}, price={"points": 200}, money_minor=250)
    phone = customer(java_script_enabled=scripted)

    phone.get_by_role("link", name="Rewards").last.click()
    phone.get_by_role("link", name="Get it: Lighthouse mug").click()
    phone.get_by_role("button", name="Get it").click()
    phone.wait_for_url("**/mine/*/")
    code = phone.locator(".long-no").inner_text()
    if scripted:
        expect(phone.locator("[role=timer]")).to_have_text(re.compile(r"^\s*1[0-5]:\d\d\s*$"))
        assert_accessible(phone)
    till = staff(f"/till/{shop.slug}/", Role.CASHIER, viewport=PHONE, java_script_enabled=scripted)
    patient(till)
    till.reload()
    till.locator("#q").fill(code)
    till.locator("#find-button").click()
    till.get_by_role("heading", name="Lighthouse mug").wait_for()
    expect(till.get_by_text("To pay besides: £2.50")).to_be_visible()
    if scripted:
        assert_accessible(till)
    till.get_by_role("button", name="Hand it over").click()
    till.get_by_text("Lighthouse mug for Amelia Hart").wait_for()

    if not scripted:
        phone.reload()
    phone.get_by_text("Used", exact=True).wait_for()
    with scope(program=shop):
        assert Redemption.objects.get().state == "fulfilled"
