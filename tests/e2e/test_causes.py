"""A good cause from the editor to the receipt: staff put it up, a customer gives on a phone, staff pay it on."""

from datetime import UTC, datetime

import pytest
from django.core.cache import cache
from playwright.sync_api import expect

from rewards.causes import reading
from tests.e2e import entering
from tests.members import portal_shop
from tests.rewards import builders as b

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


@pytest.fixture
def shop(site):
    cache.clear()
    program = portal_shop.open_shop()
    portal_shop.amelia(program, now=datetime.now(UTC))
    b.change_unit(program, worth_numerator=1)
    return program


def test_a_cause_is_put_up_given_to_and_paid_on(new_page, site, shop, assert_accessible):
    desk = entering.as_staff(new_page, shop, f"/dashboard/{shop.slug}/causes/new/")
    assert_accessible(desk)
    desk.get_by_label("Key").fill("lighthouse")
    desk.get_by_label("Name").first.fill("The old lighthouse")
    desk.get_by_label("Story").first.fill("It needs paint.")
    desk.get_by_label("Stars").fill("100")
    desk.get_by_role("textbox", name="Goal").fill("500.00")
    desk.get_by_role("button", name="Save").click()
    desk.get_by_role("button", name="Put it up").click()
    desk.get_by_text("Members can see it now.").wait_for()

    phone = entering.as_customer(new_page, site, shop)
    phone.goto(f"/p/{shop.slug}/causes/lighthouse/")
    assert_accessible(phone)
    phone.get_by_label("How much").fill("250")
    phone.locator("#gift button.primary").click()
    phone.locator("#sure").wait_for()
    assert_accessible(phone)
    phone.get_by_role("button", name="Give them").click()
    phone.locator("#receipt").wait_for()
    expect(phone.locator("#receipt")).to_contain_text("£2.50")
    assert_accessible(phone)

    stranger = new_page(viewport=entering.PHONE, locale="ar", color_scheme="dark")
    stranger.goto(f"/p/{shop.slug}/causes/")
    assert_accessible(stranger)

    desk.reload()
    assert_accessible(desk)
    desk.get_by_label("Amount").fill("2.50")
    desk.get_by_label("Reference").fill("SEPA 1")
    desk.get_by_role("button", name="Record the payment").click()
    desk.get_by_text("Recorded.").wait_for()

    total = reading.find(program=shop, key="lighthouse").total
    assert (total.gifts, total.worth_minor, total.open_minor) == (1, 250, 0)
