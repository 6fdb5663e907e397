"""The dashboard in a real browser: from the sign-in to the reason of a single Star, and axe on every page."""

import pytest
from allauth.account.models import EmailAddress
from django_scopes import scope

from members.models import Member
from tests.members.teams import enrol, hire, home_of, list_of
from tests.rewards.builders import bring_back, find, open_program, order, record_each

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1440, "height": 900}
PASSWORD = "correct horse battery"
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
    user = hire(program, password=PASSWORD)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


@pytest.fixture
def sign_in(new_page, owner):
    """A page of somebody who is signed in."""

    def enter(**options):
        page = new_page(**({"viewport": DESKTOP} | options))
        page.goto("/dashboard/")
        page.locator("input[type=email]").fill(owner.email)
        page.locator("input[type=password]").fill(PASSWORD)
        page.locator("button.give").click()
        page.wait_for_url("**/dashboard/**")
        return page

    return enter


def test_from_the_sign_in_to_the_reason_of_a_star(sign_in, program):
    page = sign_in()
    assert page.url.endswith(home_of(program))

    page.locator("nav.side").get_by_role("link", name="Members").click()
    page.get_by_role("searchbox", name="Search members").press_sequentially("amel")
    page.wait_for_url("**/members/?q=amel")
    assert page.locator("tbody tr").count() == 1
    page.get_by_role("link", name="Amelia Hart").click()

    page.locator("summary", has_text="Order A-2").click()
    line = page.locator("details.why[open]")
    line.get_by_text("Not given:").wait_for()

    assert "base version 1" in line.inner_text()
    assert "€25.50 × 1 per €1" in line.inner_text()
    assert "900.00" in line.inner_text()


def test_search_follows_what_is_typed_and_keeps_the_field(sign_in, program):
    page = sign_in()
    page.goto(list_of(program))

    page.keyboard.press("f")
    page.keyboard.type("maher")
    page.get_by_text("Nobody found").wait_for()
    page.get_by_role("searchbox", name="Search members").fill("ماهر")
    page.get_by_role("link", name="ماهر عطية").wait_for()

    assert page.locator("#count").inner_text().strip() == "1"
    assert page.evaluate("document.activeElement.id") == "search-q"
    # A reload would cut off a search that is still under way, which htmx reports as a failed request.
    page.wait_for_load_state("networkidle")
    page.reload()
    assert page.locator("tbody tr").count() == 1


def test_the_period_is_changed_without_a_reload(sign_in, program):
    page = sign_in()
    page.evaluate("window.stayed = true")

    page.get_by_role("link", name="A year").click()
    page.wait_for_url("**?period=year")

    assert page.evaluate("window.stayed")
    assert page.locator("h1").count() == 1
    assert page.get_by_role("link", name="A year").get_attribute("aria-current") == "true"


def test_everything_works_without_script(sign_in, program):
    page = sign_in(java_script_enabled=False)

    page.goto(f"{list_of(program)}?q=amelia")
    page.get_by_role("link", name="Amelia Hart").click()
    page.locator("summary", has_text="Order A-2").click()
    assert "€25.50 × 1 per €1" in page.locator("details.why[open]").inner_text()
    page.locator("details.why[open]").get_by_role("link", name="What was not given, and why").click()

    assert "900.00" in page.locator("main").inner_text()


def test_every_page_is_accessible(sign_in, program, assert_accessible):
    person = f"{list_of(program)}{find(program, 'anna').number}/"
    paths = [home_of(program), list_of(program), f"{list_of(program)}?q=zz", person, f"{person}?tab=orders"]

    for viewport, theme, locale in ((PHONE, "dark", "ar"), (DESKTOP, "light", "en-US")):
        page = sign_in(viewport=viewport, color_scheme=theme, locale=locale)
        for path in paths:
            page.goto(path)
            for summary in page.locator("details.why > summary").all():
                summary.click()
            page.wait_for_load_state("networkidle")

            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth + 1"), (path, locale)
            assert_accessible(page)
        page.context.close()
