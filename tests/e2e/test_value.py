"""Customer value in a browser: from what customers are worth to what to do about one of them, and the self-test."""

import pytest
from django_scopes import scope

from analytics.models import ValuePolicy
from analytics.scores import runs
from loyaltysite.kit import clock
from members.models import Role
from tests.analytics.scores.drawn import open_drawn
from tests.e2e.pictures import shoot
from tests.e2e.test_every_page import SIZES, enter
from tests.members.teams import hire

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


@pytest.fixture
def shop(site):
    program = open_drawn(clock.now())
    with scope(program=program):
        ValuePolicy.objects.create(program=program, budget_minor=20_000, holdout=20)
    runs.carry_out(run=runs.ask(program=program, now=clock.now()), now=clock.now())
    return program


@pytest.mark.parametrize(("language", "size", "theme"), [("en", "desktop", "light"), ("ar", "phone", "dark")])
def test_an_analyst_finds_who_is_worth_most_and_why(shop, new_page, assert_accessible, language, size, theme):
    page = new_page(locale=language, viewport=SIZES[size], color_scheme=theme)
    home = f"/dashboard/{shop.slug}/value/"
    enter(page, hire(shop, Role.MANAGER), home)
    assert_accessible(page)
    page.locator("form[action$='self-test/'] button").click()
    page.locator("#selftest ~ .badge").wait_for()
    assert_accessible(page)
    shoot(page, f"value-{language}")

    page.goto(f"{home}actions/")
    assert_accessible(page)
    shoot(page, f"actions-{language}")
    page.locator("tbody th a").first.click()
    page.wait_for_url(lambda url: "/actions/" not in url)
    page.locator("dl.pairs").first.wait_for()
    assert_accessible(page)
    shoot(page, f"person-{language}")
    page.goto(f"{home}settings/")
    page.locator("[name=budget]").fill("75")
    shoot(page, f"settings-{language}")
    page.locator("button.primary").click()
    page.wait_for_url("**/actions/")
    # The member's own page fetches the pane.
    page.goto(f"/dashboard/{shop.slug}/members/000000000002/")
    pane = page.locator("[hx-get$='/value/members/000000000002/']")
    pane.locator("dl.pairs").first.wait_for()
    shoot(page, f"member-{language}")
