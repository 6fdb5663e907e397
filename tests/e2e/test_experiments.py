"""Staff put a test into a journey, launch it, read what came of it, and end it."""

from functools import partial

import pytest
from django.core.cache import cache
from django_scopes import scope
from playwright.sync_api import expect

from campaigns import approvals
from campaigns.experiments import marketing
from campaigns.experiments.figures import Difference
from campaigns.experiments.holdout import Effect
from campaigns.messages import manners
from campaigns.models import Control, Experiment, Journey, Manners
from members.models import Role
from tests.campaigns.experiments import trials
from tests.e2e import entering
from tests.fixtures.browser import rest
from tests.members import portal_shop
from tests.members.teams import hire

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


def effect():
    """As it was found in the night."""
    clear = Difference(4.39, 1.69, 10.47, 0.004, 8.95, 4.56)
    return Effect(trials.NOW, trials.NOW + 20 * trials.DAY, 900, 100, clear, clear, None, clear, 0.4)


def assert_narrow(page):
    """The page is no wider than a phone."""
    rest(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_a_test_is_made_launched_read_and_ended(staff, shop, assert_accessible):
    page = staff(f"/dashboard/{shop.slug}/journeys/new/")
    page.get_by_label("Name", exact=True).fill("Thank you")
    page.get_by_role("button", name="Begin from blank").click()
    page.wait_for_url("**/journeys/thank-you/edit/")
    page.get_by_role("link", name="Add a step here").click()
    page.locator("button[value='add:experiment::0']").click()
    page.get_by_label("What is tried").fill("Twenty or nothing")
    page.get_by_label("What counts").select_option("conversion")
    assert_accessible(page)
    page.get_by_role("button", name="Done").click()
    page.get_by_role("link", name="Twenty or nothing").first.wait_for()
    page.get_by_role("region", name="B", exact=True).get_by_role("link", name="Add a step here").click()
    page.locator("button[value^='add:points:']").click()
    page.get_by_label("How many").fill("20")
    page.get_by_role("button", name="Done").click()
    page.get_by_role("link", name="Give 20").first.wait_for()
    page.get_by_text("Everything is in place.").wait_for()
    page.get_by_role("link", name="Publish…").click()
    page.get_by_label("Why").fill("Spring")
    page.get_by_role("button", name="Publish").click()
    page.get_by_text("is published").wait_for()
    with scope(program=shop):
        trials.lay_days(Experiment.objects.get())

    page.get_by_role("navigation").get_by_role("link", name="Experiments").first.click()
    page.wait_for_url("**/experiments/")
    page.get_by_role("link", name="Twenty or nothing").click()
    page.get_by_text("is better than").wait_for()
    assert_accessible(page)
    page.get_by_label("Why").fill("More orders")
    page.get_by_role("button", name="End the test").click()
    page.get_by_text("Everybody goes the way of").wait_for()

    with scope(program=shop):
        journey = Journey.objects.select_related("current").get(key="thank-you")
        assert [step["kind"] for step in journey.current.graph["steps"]] == ["points"]
        assert Experiment.objects.get().winner == 1


def test_a_result_is_read_on_a_phone_in_arabic(staff, shop, assert_accessible):
    found = trials.with_results(shop)

    page = staff(f"/dashboard/{shop.slug}/experiments/{found.pk}/", viewport=PHONE, locale="ar")

    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    assert_narrow(page)
    assert_accessible(page)


def test_what_waits_and_what_marketing_changed_are_read_on_a_phone(staff, shop, assert_accessible):
    found = trials.with_results(shop)
    manners.draw_control(program=shop, percent=15, now=trials.NOW - trials.DAY)
    with scope(program=shop):
        Control.objects.update(found=marketing.told(effect()))
        Manners.objects.update_or_create(program=shop, defaults={"needs_approval": True})
        by = hire(shop, Role.MANAGER)
    approvals.decide(experiment=found, arm=1, by=by, now=trials.NOW, reason="More orders")

    page = staff(f"/dashboard/{shop.slug}/experiments/", viewport=PHONE)
    page.get_by_text("All marketing against the control group").wait_for()
    assert_narrow(page)
    assert_accessible(page)
    page.goto(f"/dashboard/{shop.slug}/approvals/journeys/")
    page.get_by_text("The test Subject ends, B goes on.").wait_for()
    assert_narrow(page)
    assert_accessible(page)
    page.get_by_role("button", name="Approve").click()
    page.get_by_text("“Trip” is published.").wait_for()

    found.refresh_from_db()
    assert found.winner == 1
