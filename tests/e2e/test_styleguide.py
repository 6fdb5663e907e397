"""The style guide and the sign-in in a real browser: axe, both directions, and what works without script."""

from itertools import product

import pytest

# axe reads every style of a page: minutes on a busy machine
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1440, "height": 900}
STYLEGUIDE = "/dashboard/styleguide/"
STYLES = ((PHONE, "dark", "ar"), (PHONE, "light", "en"), (DESKTOP, "light", "he"), (DESKTOP, "dark", "en"))
ACCOUNT_PAGES = (
    ("/accounts/login/", "en"),
    ("/accounts/login/", "ar"),
    ("/accounts/login/code/", "he"),
    ("/accounts/password/reset/", "en"),
    ("/accounts/password/reset/done/", "fa"),
)


def test_the_style_guide_is_accessible(new_page, assert_accessible):
    for viewport, theme, language in STYLES:
        page = new_page(viewport=viewport, color_scheme=theme)
        page.goto(f"{STYLEGUIDE}?lang={language}")
        page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true })")

        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth + 1"), language
        assert_accessible(page)
        page.context.close()


def test_the_account_pages_are_accessible(new_page, assert_accessible):
    for (path, locale), (viewport, theme) in product(ACCOUNT_PAGES, ((PHONE, "dark"), (DESKTOP, "light"))):
        page = new_page(viewport=viewport, color_scheme=theme, locale=locale)
        page.goto(path)

        assert page.locator("html").get_attribute("dir") == ("ltr" if locale == "en" else "rtl")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth + 1"), path
        assert_accessible(page)
        page.context.close()


def test_a_code_by_mail_is_asked_for_and_a_wrong_one_explained(page, assert_accessible):
    page.goto("/accounts/login/")
    page.get_by_role("link", name="Send me a code by e-mail").click()

    page.get_by_label("E-mail").fill("nobody@example.com")
    page.get_by_role("button", name="Send the code").click()
    page.get_by_label("Code").fill("4817")
    page.get_by_role("button", name="Sign in").click()

    code = page.get_by_label("Code")
    assert code.get_attribute("aria-invalid") == "true"
    assert page.locator(f"#{code.get_attribute('aria-describedby')}").inner_text().strip()
    assert_accessible(page)


def test_a_wrong_password_is_said_in_one_sentence(page, assert_accessible):
    page.goto("/accounts/login/")

    page.get_by_label("E-mail").fill("nobody@example.com")
    page.get_by_label("Password").fill("not this one")
    page.get_by_role("button", name="Sign in", exact=True).click()

    assert page.get_by_role("alert").inner_text().strip()
    assert_accessible(page)


def test_the_theme_is_chosen_and_kept(page):
    page.goto(STYLEGUIDE)

    page.get_by_role("button", name="Dark", exact=True).click()
    page.reload()

    assert page.locator("html").get_attribute("data-theme") == "dark"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(12, 15, 19)"
    assert page.get_by_role("button", name="Dark", exact=True).get_attribute("aria-pressed") == "true"


def test_language_and_navigation_need_no_script(new_page):
    signing_in = new_page(java_script_enabled=False, viewport=DESKTOP)
    signing_in.goto("/accounts/login/")
    phone = new_page(java_script_enabled=False, viewport=PHONE)
    phone.goto(STYLEGUIDE)
    assert not phone.locator("#nav").is_visible()

    signing_in.locator("summary").click()
    signing_in.locator("button[value=ar]").click()
    phone.locator(".burger").click()

    assert signing_in.locator("html").get_attribute("lang") == "ar"
    assert signing_in.locator("html").get_attribute("dir") == "rtl"
    assert phone.locator("#nav").is_visible()


def test_keys_search_move_select_follow_and_leave_fields_alone(new_page):
    page = new_page(viewport=DESKTOP)
    page.goto(STYLEGUIDE)
    rows = page.locator("[data-rows] tbody tr")
    page.locator("h1").click()

    page.keyboard.press("j")
    assert "cursor" in rows.nth(3).get_attribute("class")
    page.keyboard.press("x")
    assert rows.nth(3).locator("input").is_checked()
    page.keyboard.press("/")
    page.keyboard.type("jx")
    assert page.locator("#search-q").input_value() == "jx"
    assert rows.nth(3).locator("input").is_checked()
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("m")
    assert page.url.endswith("#table")


def test_a_dialog_opens_closes_and_gives_the_focus_back(page):
    page.goto(STYLEGUIDE)
    opener = page.locator("button[commandfor=closing]").first

    opener.click()
    assert page.locator("#closing").is_visible()
    page.keyboard.press("Escape")

    assert not page.locator("#closing").is_visible()
    assert page.evaluate("document.activeElement.getAttribute('commandfor')") == "closing"


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
