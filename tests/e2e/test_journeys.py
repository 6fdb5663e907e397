"""Staff make a journey step by step, launch it, and see who is where."""

from functools import partial

import pytest
from django.core.cache import cache
from django_scopes import scope
from playwright.sync_api import expect

from campaigns.models import Journey
from tests.e2e import entering
from tests.fixtures.browser import rest
from tests.members import portal_shop

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

PHONE = {"width": 390, "height": 844}


@pytest.fixture
def shop(site):
    cache.clear()
    return portal_shop.open_shop()


@pytest.fixture
def staff(new_page, shop):
    """A page of somebody of the team, signed in."""
    return partial(entering.as_staff, new_page, shop)


def choose(select, value):
    """Choose in a tree, and wait for the fields that fit: the server alone knows them."""
    select.select_option(value)
    rest(select.page)
    expect(select).to_have_value(value)


def test_a_journey_is_made_step_by_step_and_launched(staff, shop, assert_accessible):
    page = staff(f"/dashboard/{shop.slug}/journeys/new/")
    assert_accessible(page)

    page.get_by_label("Name", exact=True).fill("Thank you")
    page.get_by_role("button", name="Begin from blank").click()
    page.wait_for_url("**/journeys/thank-you/edit/")
    page.get_by_role("link", name="Add a step here").click()
    page.get_by_text("What comes here?").wait_for()
    assert_accessible(page)
    page.locator("button[value='add:wait::0']").click()
    page.get_by_label("Days").fill("2")
    page.get_by_role("button", name="Done").click()
    page.get_by_role("link", name="Wait 2 days").first.wait_for()
    rest(page)

    # A fork with a condition, and a step on its path.
    page.get_by_role("link", name="Add a step here").last.click()
    page.locator("button[value^='add:branch:']").click()
    page.get_by_label("Name of the path").fill("Ordered")
    rest(page)
    page.locator("#where_0").get_by_role("button", name="Condition").click()
    page.locator("#where_0-0-field").wait_for()
    rest(page)
    choose(page.locator("#where_0-0-field"), "orders.count")
    choose(page.locator("#where_0-0-op"), ">=")
    page.locator("#where_0-0-value-0").fill("1")
    assert_accessible(page)
    page.get_by_role("button", name="Done").click()
    expect(page.locator("#where_0")).to_have_count(0)
    way = page.get_by_role("region", name="Ordered")
    way.get_by_role("link", name="Add a step here").click()
    page.locator("button[value^='add:points:']").click()
    page.get_by_label("How many").fill("20")
    page.get_by_role("button", name="Done").click()
    way.get_by_role("link", name="Give 20").first.wait_for()
    page.get_by_text("Everything is in place.").wait_for()
    assert_accessible(page)

    page.get_by_role("link", name="Publish…").click()
    page.wait_for_url("**/publish/")
    page.get_by_label("Why").fill("Spring")
    assert_accessible(page)
    page.get_by_role("button", name="Publish").click()
    page.get_by_text("is published").wait_for()
    assert_accessible(page)
    with scope(program=shop):
        journey = Journey.objects.get(key="thank-you")
        assert (journey.state, journey.current.number) == ("live", 1)
        assert journey.current.graph["steps"][1]["paths"][0]["steps"][0]["kind"] == "points"


def test_on_a_phone_in_arabic_a_ready_journey_is_made(staff, shop, assert_accessible):
    page = staff(f"/dashboard/{shop.slug}/journeys/new/", viewport=PHONE, locale="ar")

    page.locator("button[value=welcome]").click()
    page.wait_for_url("**/edit/")

    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    rest(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert_accessible(page)
    page.locator("#step-s1 a").first.click()
    page.locator("form#step-s1").wait_for()
    assert_accessible(page)
