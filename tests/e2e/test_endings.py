"""The life of points in a browser: how they end is set, what ended is asked back, what is doubtful is held."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from members.models import Role
from rewards import settling
from tests.e2e import entering
from tests.fixtures.browser import rest
from tests.members import portal_shop
from tests.rewards import builders

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


@pytest.fixture
def shop(site):
    """Amelia's oldest Stars ended two days ago."""
    program, now = portal_shop.open_shop(), datetime.now(UTC)
    portal_shop.amelia(program, now=now)
    builders.change_unit(program, grace_days=30, lapse={"months": 6, "by": ["order", "spend"]})
    builders.record(program, builders.order("old", now - timedelta(days=368), 50_00), now=now)
    settling.settle_due(program=program, now=now)
    return program


@pytest.fixture
def manager(shop, new_page):
    return entering.as_staff(new_page, shop, role=Role.OWNER)


def test_a_member_asks_for_what_ended(site, shop, new_page, assert_accessible):
    page = entering.as_customer(new_page, site, shop, at="lots/")
    assert_accessible(page)

    page.get_by_role("button", name="Have it back").click()

    page.get_by_text("You have it back.").wait_for()
    rest(page)
    expect(page.get_by_role("button", name="Have it back")).to_have_count(0)
    assert builders.balance(shop).active > 0


def test_a_manager_holds_points_and_lets_them_go(shop, manager, assert_accessible):
    number = builders.find(shop, "anna").number
    manager.goto(f"/dashboard/{shop.slug}/members/{number}/")
    manager.locator(".head details.menu summary").click()
    manager.get_by_role("link", name="Hold for review").click()
    manager.get_by_label("Amount").fill("20")
    manager.get_by_label("Reason").fill("Three returns in a week")
    manager.get_by_role("button", name="Hold", exact=True).click()
    manager.get_by_text("held for review by").wait_for()
    assert_accessible(manager)

    manager.get_by_role("link", name="Release").click()
    manager.get_by_label("Reason").fill("All well")
    manager.get_by_role("button", name="Release", exact=True).click()

    manager.get_by_text("Released.").wait_for()
    assert builders.balance(shop).reserved == 0


def test_inactivity_is_set_on_the_units_page(shop, manager, assert_accessible):
    manager.goto(f"/dashboard/{shop.slug}/units/points/change/")
    expect(manager.get_by_label("Events that count too")).to_be_visible()

    manager.get_by_label("Without activity").select_option("")

    expect(manager.get_by_label("Events that count too")).to_be_hidden()
    assert_accessible(manager)
