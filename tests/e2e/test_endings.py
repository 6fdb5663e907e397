"""The life of points in a browser: how they end is set, what ended is asked back, what is doubtful is held."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from allauth.account.models import EmailAddress

from rewards import settling
from tests.members import portal_shop
from tests.members.teams import hire
from tests.rewards import builders

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1440, "height": 900}
PASSWORD = "correct horse battery"


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
    user = hire(shop, password=PASSWORD)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    page = new_page(viewport=DESKTOP)
    page.goto("/dashboard/")
    page.locator("input[type=email]").fill(user.email)
    page.locator("input[type=password]").fill(PASSWORD)
    page.locator("button.give").click()
    page.wait_for_url("**/dashboard/**")
    return page


def test_a_member_asks_for_what_ended(site, shop, new_page, assert_accessible):
    page = new_page(viewport=PHONE)
    page.goto(f"/p/{shop.slug}/")
    page.locator("input[type=email]").fill("anna@example.com")
    page.locator("button.primary").click()
    page.locator(".otp").fill(re.search(r"^ +([A-Z0-9]{6})$", site.mails()[-1], flags=re.MULTILINE)[1])
    page.locator("button.primary").click()
    page.wait_for_url(f"**/p/{shop.slug}/")
    page.goto(f"/p/{shop.slug}/lots/")
    assert_accessible(page)

    page.get_by_role("button", name="Have it back").click()

    page.get_by_text("You have it back.").wait_for()
    assert page.get_by_role("button", name="Have it back").count() == 0
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
    assert manager.get_by_label("Events that count too").is_visible()

    manager.get_by_label("Without activity").select_option("")

    assert not manager.get_by_label("Events that count too").is_visible()
    assert_accessible(manager)
