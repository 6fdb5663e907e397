"""The dashboard in a real browser: from the sign-in to the reason of a single Star, and axe on every page."""

import re

import pytest
from django_scopes import scope
from playwright.sync_api import expect

from members.models import Member
from tests.e2e import entering
from tests.fixtures.browser import rest
from tests.members.teams import enrol, home_of, list_of
from tests.rewards.builders import bring_back, find, open_program, order, record_each

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1440, "height": 900}
RULES = {
    "base": {"amount": {"kind": "per_amount", "points": "1", "per_minor": 100}},
    "big": {
        "amount": {"kind": "fixed", "points": "500"},
        "conditions": {"field": "order.total", "op": ">=", "value": 90_000},
    },
}
NAMES = {"en": {"one": "Star", "other": "Stars"}, "ar": {"other": "نجمة"}, "he": {"other": "כוכבים"}}


@pytest.fixture
def program(site):
    """A shop with a few members, one of whom brought something back."""
    program = open_program(
        rules=RULES,
        units={"points": {"names": NAMES, "expiry": {"kind": "months", "count": 12}}},
        tiers={"base": (0, {}), "gold": (50_000, {})},
    )
    record_each(
        program,
        order("A-1", "2026-11-01", 4260, 1000),
        bring_back("R-1", "2026-11-03", "sku-1000", order="A-1"),
        order("A-2", "2026-11-10", 2550),
    )
    with scope(program=program):
        Member.objects.update(name="Amelia Hart")
    enrol(program, "joan", name="ماهر عطية")
    return program


@pytest.fixture
def owner(program):
    return entering.hired(program)


@pytest.fixture
def sign_in(new_page, owner):
    """A page of somebody who is signed in."""

    def enter(**options):
        page = new_page(**({"viewport": DESKTOP} | options))
        return entering.sign_in(page, owner)

    return enter


def test_from_the_sign_in_to_the_reason_of_a_star(sign_in, program):
    page = sign_in()
    expect(page).to_have_url(home_of(program))

    page.locator("nav.side").get_by_role("link", name="Members").click()
    page.wait_for_url(f"**{list_of(program)}")
    page.get_by_role("searchbox", name="Search members").press_sequentially("amel")
    page.wait_for_url("**/members/?q=amel")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_role("link", name="Amelia Hart").click()
    page.wait_for_url(f"**{list_of(program)}{find(program, 'anna').number}/")

    page.locator("summary", has_text="Order A-2").click()
    line = page.locator("details.why[open]")
    line.get_by_text("Not given:").wait_for()

    expect(line).to_contain_text("base version 1")
    expect(line).to_contain_text("€25.50 × 1 per €1")
    expect(line).to_contain_text("900.00")


def test_search_follows_what_is_typed_and_keeps_the_field(sign_in, program):
    page = sign_in()
    page.goto(list_of(program))

    page.keyboard.press("f")
    page.keyboard.type("maher")
    page.get_by_text("Nobody found").wait_for()
    page.get_by_role("searchbox", name="Search members").fill("ماهر")
    page.get_by_role("link", name="ماهر عطية").wait_for()

    expect(page.locator("#count")).to_have_text("1")
    expect(page.locator("#search-q")).to_be_focused()
    # What is reloaded is the address of this search.
    expect(page).to_have_url(re.compile(r"\?q=%D9%85%D8%A7%D9%87%D8%B1$"))
    rest(page)
    page.reload()
    expect(page.locator("tbody tr")).to_have_count(1)


def test_the_period_is_changed_without_a_reload(sign_in, program):
    page = sign_in()
    page.evaluate("window.stayed = true")

    page.get_by_role("link", name="A year").click()
    page.wait_for_url("**?period=year")

    expect(page.get_by_role("link", name="A year")).to_have_attribute("aria-current", "true")
    expect(page.locator("h1")).to_have_count(1)
    assert page.evaluate("window.stayed")


def test_everything_works_without_script(sign_in, program):
    page = sign_in(java_script_enabled=False)

    page.goto(f"{list_of(program)}?q=amelia")
    page.get_by_role("link", name="Amelia Hart").click()
    page.locator("summary", has_text="Order A-2").click()
    expect(page.locator("details.why[open]")).to_contain_text("€25.50 × 1 per €1")
    page.locator("details.why[open]").get_by_role("link", name="What was not given, and why").click()

    expect(page.locator("main")).to_contain_text("900.00")


def test_what_is_unfolded_is_accessible(sign_in, program, assert_accessible):
    person = f"{list_of(program)}{find(program, 'anna').number}/"
    # With nobody found and reasons unfolded: as they are first, every page is opened in test_every_page.
    paths = [home_of(program), f"{list_of(program)}?q=zz", person, f"{person}?tab=orders"]

    for viewport, theme, locale in ((PHONE, "dark", "ar"), (DESKTOP, "light", "en-US")):
        page = sign_in(viewport=viewport, color_scheme=theme, locale=locale)
        for path in paths:
            page.goto(path)
            for summary in page.locator("details.why > summary").all():  # at once: goto waits for the page
                summary.click()
            expect(page.locator("details.why[open] [hx-get]")).to_have_count(
                0
            )  # each has brought what it tells
            rest(page)

            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth + 1"), (path, locale)
            assert_accessible(page)
        page.context.close()
