"""A plan from the editor to the member's meter: staff put it up, take the payment, the customer sees what it saved and leaves."""

import re
from datetime import UTC, datetime
from functools import partial

import pytest
from django.core.cache import cache
from django_scopes import scope
from playwright.sync_api import expect

from members.models import Role
from rewards.models import Plan, Term
from tests.e2e import entering
from tests.members import portal_shop
from tests.rewards import builders as b
from tests.rewards import plans_shop as p

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


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


def test_staff_write_a_plan_see_it_and_put_it_up(staff, shop, assert_accessible):
    page = staff(f"/dashboard/{shop.slug}/plans/new/", Role.MANAGER)

    page.get_by_label("Key", exact=True).fill("premium")
    page.locator("[name=name_en]").fill("Premium")
    page.locator("[name=price_minor]").fill("25")
    page.locator("[name=rate_points]").fill("2")
    page.locator("[name=percent]").fill("10")
    page.locator("[name=percent]").blur()
    page.locator("#preview li", has_text="10% off").wait_for()
    assert_accessible(page)
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/plans/premium/")
    assert_accessible(page)
    page.get_by_role("button", name="Put it up").click()
    page.get_by_text("Members can see it now.").wait_for()
    page.goto(f"/dashboard/{shop.slug}/plans/")
    assert_accessible(page)

    with scope(program=shop):
        plan = Plan.objects.get()
    assert (plan.state, plan.price_minor, plan.months) == ("live", 2_500, 12)


@pytest.mark.parametrize("scripted", [True, False])
def test_the_desk_takes_the_payment_and_the_customer_sees_the_meter(
    staff, customer, shop, assert_accessible, scripted
):
    p.put_up(shop, names={"en": "Premium"}, benefits=[p.TEN_OFF])
    number = b.find(shop, "anna").number
    phone = customer(java_script_enabled=scripted)
    phone.get_by_role("link", name=re.compile("See it")).click()
    phone.wait_for_url("**/plans/")
    phone.get_by_role("heading", name="Premium").wait_for()
    if scripted:
        assert_accessible(phone)

    desk = staff(
        f"/dashboard/{shop.slug}/members/{number}/plans/", Role.MANAGER, java_script_enabled=scripted
    )
    if scripted:
        assert_accessible(desk)
    desk.get_by_role("button", name="Record it").click()
    desk.get_by_text("The payment was recorded.").wait_for()
    if scripted:
        assert_accessible(desk)
    b.record(shop, b.order("P1", datetime.now(UTC), b.line(13_500, discount_minor=1_500)))

    phone.goto(f"/p/{shop.slug}/plans/")
    expect(phone.get_by_text("Saved £15.00")).to_be_visible()
    if scripted:
        assert_accessible(phone)
    phone.get_by_text("Leave", exact=True).click()
    phone.get_by_role("button", name="Leave at the end").click()
    phone.get_by_text("You leave then.").wait_for()

    with scope(program=shop):
        assert Term.objects.get().state == "leaving"
