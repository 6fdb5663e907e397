"""The style guide and the sign-in in a real browser: axe, both directions, and what works without script."""

import re
from itertools import product

import pytest
from playwright.sync_api import expect

from tests.e2e import entering
from tests.fixtures.browser import rest

pytestmark = pytest.mark.e2e

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1440, "height": 900}
STYLEGUIDE = "/dashboard/styleguide/"
# Besides what every page is opened in (test_every_page).
STYLES = ((PHONE, "light", "en"), (DESKTOP, "dark", "he"))
ACCOUNT_PAGES = (
    ("/accounts/login/", "fa"),
    ("/accounts/login/code/", "he"),
    ("/accounts/password/reset/done/", "fa"),
)


def test_the_style_guide_is_accessible(new_page, assert_accessible):
    for viewport, theme, language in STYLES:
        page = new_page(viewport=viewport, color_scheme=theme)
        page.goto(f"{STYLEGUIDE}?lang={language}")
        page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true })")
        rest(page)

        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth + 1"), language
        assert_accessible(page)
        page.context.close()


def test_the_account_pages_are_accessible(new_page, assert_accessible):
    for (path, locale), (viewport, theme) in product(ACCOUNT_PAGES, ((PHONE, "dark"), (DESKTOP, "light"))):
        page = new_page(viewport=viewport, color_scheme=theme, locale=locale)
        page.goto(path)

        expect(page.locator("html")).to_have_attribute("dir", "ltr" if locale == "en" else "rtl")
        rest(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth + 1"), path
        assert_accessible(page)
        page.context.close()


def test_a_code_by_mail_is_asked_for_and_a_wrong_one_explained(page, assert_accessible):
    page.goto("/accounts/login/")
    entering.press(page.get_by_role("link", name="Send me a code by e-mail"))

    page.get_by_label("E-mail").fill("nobody@example.com")
    page.get_by_role("button", name="Send the code").click()
    page.get_by_label("Code").fill("4817")
    page.get_by_role("button", name="Sign in").click()

    code = page.get_by_label("Code")
    expect(code).to_have_attribute("aria-invalid", "true")
    expect(code).to_have_accessible_description(re.compile(r"\S"))
    assert_accessible(page)


def test_a_wrong_password_is_said_in_one_sentence(page, assert_accessible):
    page.goto("/accounts/login/")

    page.get_by_label("E-mail").fill("nobody@example.com")
    page.get_by_label("Password").fill("not this one")
    page.get_by_role("button", name="Sign in", exact=True).click()

    expect(page.get_by_role("alert")).to_have_text(re.compile(r"\S"))
    assert_accessible(page)


def test_the_theme_is_chosen_and_kept(page):
    page.goto(STYLEGUIDE)

    page.get_by_role("button", name="Dark", exact=True).click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.reload()

    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.locator("body")).to_have_css("background-color", "rgb(12, 15, 19)")
    expect(page.get_by_role("button", name="Dark", exact=True)).to_have_attribute("aria-pressed", "true")


def test_language_and_navigation_need_no_script(new_page):
    signing_in = new_page(java_script_enabled=False, viewport=DESKTOP)
    signing_in.goto("/accounts/login/")
    phone = new_page(java_script_enabled=False, viewport=PHONE)
    phone.goto(STYLEGUIDE)
    expect(phone.locator("#nav")).to_be_hidden()

    signing_in.locator("summary").click()
    signing_in.locator("button[value=ar]").click()
    phone.locator(".burger").click()

    expect(signing_in.locator("html")).to_have_attribute("lang", "ar")
    expect(signing_in.locator("html")).to_have_attribute("dir", "rtl")
    expect(phone.locator("#nav")).to_be_visible()


# Two keys as quick as somebody who knows them, however busy this machine is.
PAIR = """keys => [...keys].forEach(key => document.activeElement.dispatchEvent(
    new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true })))"""


def test_keys_search_move_select_follow_and_leave_fields_alone(new_page):
    page = new_page(viewport=DESKTOP)
    page.goto(STYLEGUIDE)
    rows = page.locator("[data-rows] tbody tr")
    page.locator("h1").click()

    page.keyboard.press("j")
    expect(rows.nth(3)).to_have_class(re.compile(r"\bcursor\b"))
    page.keyboard.press("x")
    expect(rows.nth(3).locator("input")).to_be_checked()
    page.keyboard.press("/")
    expect(page.locator("#search-q")).to_be_focused()
    page.keyboard.type("jx")
    expect(page.locator("#search-q")).to_have_value("jx")
    expect(rows.nth(3).locator("input")).to_be_checked()
    page.keyboard.press("Escape")
    expect(page.locator("#search-q")).not_to_be_focused()
    page.evaluate(PAIR, "gm")
    expect(page).to_have_url(re.compile("#table$"))


def test_a_dialog_opens_closes_and_gives_the_focus_back(page):
    page.goto(STYLEGUIDE)
    opener = page.locator("button[commandfor=closing]").first

    opener.click()
    expect(page.locator("#closing")).to_be_visible()
    page.keyboard.press("Escape")

    expect(page.locator("#closing")).to_be_hidden()
    expect(opener).to_be_focused()


def test_a_chart_is_mirrored_but_its_words_are_not(new_page):
    left = new_page(viewport=DESKTOP)
    left.goto(STYLEGUIDE)
    right = new_page(viewport=DESKTOP)
    right.goto(f"{STYLEGUIDE}?lang=he")
    look = """() => {
        const [first, ...rest] = document.querySelector(".plot").querySelectorAll(".x text");
        const x = (element) => element.getBoundingClientRect().x;
        return [x(first) < x(rest.at(-1)), getComputedStyle(first).transform];
    }"""

    assert left.evaluate(look) == [True, "none"]
    assert right.evaluate(look) == [False, "matrix(-1, 0, 0, 1, 0, 0)"]


def test_the_content_policy_is_strict_and_refuses_nothing_that_the_pages_need(page):
    response = page.goto(STYLEGUIDE)

    policy = response.headers["content-security-policy"]
    assert "unsafe-inline" not in policy
    assert "unsafe-eval" not in policy
    assert page.evaluate("typeof htmx") == "object"
