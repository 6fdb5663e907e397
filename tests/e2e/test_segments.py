"""A manager makes a segment in the browser: asks for something, sees how many that are, puts it in force, fills a list."""

import pytest
from playwright.sync_api import expect

from campaigns.audiences import segments
from members.models import Role
from tests.campaigns.audiences import bazaar
from tests.e2e.pictures import shoot
from tests.e2e.test_every_page import SIZES, enter
from tests.fixtures.browser import rest
from tests.members.teams import hire

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
NOW = bazaar.NOW
TREE = {
    "all": [
        {"field": "orders.count", "op": ">=", "value": 1},
        {"not": {"has": "orders", "where": {"field": "order.store", "op": "=", "value": "mill"}}},
    ]
}


@pytest.fixture
def shop(site):
    program = bazaar.open_bazaar()
    bazaar.fill(program)
    segments.create(program=program, name="Not at the mill", tree=TREE, by=None, now=NOW)
    segments.create(program=program, name="Guests", kind="list", by=None, now=NOW)
    return program


@pytest.mark.parametrize(("language", "size", "theme"), [("en", "desktop", "light"), ("ar", "phone", "dark")])
def test_a_segment_is_written_counted_and_put_in_force(
    shop, new_page, assert_accessible, language, size, theme
):
    page = new_page(locale=language, viewport=SIZES[size], color_scheme=theme)
    home = f"/dashboard/{shop.slug}/segments/"
    enter(page, hire(shop, Role.MANAGER), home)
    assert_accessible(page)
    shoot(page, f"segments-{language}")

    page.goto(f"{home}not-at-the-mill/edit/")
    assert_accessible(page)
    figure = page.locator("#size .figure")
    before = figure.inner_text()
    shoot(page, f"segment-edit-{language}")
    page.locator("[name='conditions.0.value']").first.fill("2")
    page.locator("[name='conditions.0.value']").first.blur()
    expect(figure).not_to_have_text(before)
    rest(page)
    page.locator("[name=do][value=save]").click()
    page.wait_for_url(f"**{home}not-at-the-mill/")
    page.locator("form[action$='/publish/'] button").click()
    page.locator(".head .badge.good").wait_for()
    page.goto(f"{home}not-at-the-mill/")
    assert_accessible(page)
    shoot(page, f"segment-{language}")
    expect(page.locator("table tbody tr")).to_have_count(1)


def test_a_list_is_filled_by_hand(shop, new_page, assert_accessible):
    page = new_page(viewport=SIZES["desktop"])
    address = f"/dashboard/{shop.slug}/segments/guests/"
    enter(page, hire(shop, Role.MANAGER), address)

    page.locator("[name=lines]").fill("anna@example.com\nnobody@example.com")
    page.locator("form[action$='/import/'] button").click()

    expect(page.locator("table tbody tr")).to_have_count(1)
    expect(page.get_by_text("nobody@example.com")).to_be_visible()
    assert_accessible(page)
    shoot(page, "list")
