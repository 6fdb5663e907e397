"""A controller's morning: what points will cost, the month's journal, the budget, and whether the program pays."""

import re

import pytest
from django_scopes import scope

from analytics.liability import holdings, sales
from analytics.models import Budget, JournalMonth, ProgramCost
from analytics.roi import measuring
from loyaltysite.kit import clock
from members.models import Role
from tests.analytics.money.shop import open_shop
from tests.e2e.test_every_page import enter
from tests.members.teams import hire

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

PHONE = {"width": 390, "height": 844}


@pytest.fixture
def program(site):
    program = open_shop(margin_rate=4_000)
    now = clock.now()
    with scope(program=program):
        sales.measure(program=program, now=now)
        holdings.measure(program=program, now=now)
        measuring.measure(program=program, now=now)
    return program


def test_a_controllers_morning(program, new_page, assert_accessible):
    page, home = new_page(viewport=PHONE), f"/dashboard/{program.slug}"
    enter(page, hire(program, Role.MANAGER), f"{home}/liability/?day=2026-07-15")

    # The liability of a day, with the numbers behind the chart; then of another day.
    assert_accessible(page)
    page.get_by_text("Show the numbers").first.click()
    page.get_by_role("region", name="Liability and forecast, the numbers").wait_for()
    page.get_by_text("Choose a day").click()
    page.get_by_label("At the end of").fill("2026-03-31")
    page.get_by_role("button", name="Show").click()
    page.wait_for_url(re.compile("day=2026-03-31"))
    page.get_by_text("31 Mar 2026").first.wait_for()

    # A month of the journal is closed.
    page.get_by_role("link", name="Journal", exact=True).click()
    page.get_by_role("button", name="Close the month").wait_for()
    assert_accessible(page)
    page.get_by_role("button", name="Close the month").click()
    page.get_by_text(re.compile(r"LP-\d{4}-\d{2} is closed")).wait_for()
    with scope(program=program):
        assert JournalMonth.objects.count() == 1

    # A budget is planned.
    page.goto(f"{home}/budgets/?year=2026&by=quarter")
    assert_accessible(page)
    page.get_by_role("link", name="Plan", exact=True).click()
    page.get_by_label(re.compile("Earning, Jan 2026")).fill("5")
    assert_accessible(page)
    page.get_by_role("button", name="Save").click()
    page.get_by_role("heading", name="Spent against plan").wait_for()
    with scope(program=program):
        assert Budget.objects.count() == 3

    # A cost is entered, and the return asked for.
    page.goto(f"{home}/return/")
    assert_accessible(page)
    page.get_by_label("Name").fill("Launch")
    page.get_by_label("Amount").fill("250")
    page.locator("form[action$='costs/'] button").click()
    page.get_by_role("rowheader", name="Launch").wait_for()
    page.get_by_label("Share in percent").fill("10")
    page.get_by_role("button", name="Work it out").click()
    page.get_by_text("Assumed by you").first.wait_for()
    with scope(program=program):
        assert ProgramCost.objects.get().amount_minor == 25_000
    page.get_by_role("link", name="Acquisition").click()
    page.get_by_role("heading", name="Is a program worth it?").wait_for()
    assert_accessible(page)
