"""The customer's journey on a phone: in by a code, to the balance, its reasons and the card; light and accessible."""

import re
from datetime import UTC, datetime
from email import message_from_string, policy

import pytest
from django_scopes import scope

from members.models import Member, Program
from tests.members import portal_shop
from tests.rewards import builders

pytestmark = pytest.mark.e2e

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1440, "height": 900}
PAGES = (
    "",
    "rewards/",
    "mine/",
    "card/",
    "code/",
    "lots/",
    "history/",
    "profile/",
    "consents/",
    "statement/",
    "leave/",
)
OPEN_PAGES = ("join/", "joined/", "verify/?code=W1.x", "goodbye/")
CUSTOMER = "anna@example.com"


@pytest.fixture
def shop(site):
    program = portal_shop.open_shop()
    portal_shop.amelia(program, now=datetime.now(UTC))
    return program


@pytest.fixture
def enter(site, shop):
    """Sign in on a page by the code that the site e-mailed."""

    def go(page):
        page.goto(f"/p/{shop.slug}/")
        page.locator("input[type=email]").fill(CUSTOMER)
        page.locator("button.primary").click()
        page.locator(".otp").fill(re.search(r"^ +([A-Z0-9]{6})$", site.mails()[-1], flags=re.MULTILINE)[1])
        page.locator("button.primary").click()
        page.wait_for_url(f"**/p/{shop.slug}/")
        return page

    return go


def fits(page):
    return page.evaluate("document.documentElement.scrollWidth <= innerWidth + 1")


@pytest.mark.parametrize("scripted", [True, False])
def test_a_customer_signs_in_and_finds_the_balance_its_reasons_and_the_card(new_page, enter, scripted):
    page = enter(new_page(viewport=PHONE, java_script_enabled=scripted))

    assert page.get_by_role("heading", name="Amelia").is_visible()
    assert page.locator(".card .bal").inner_text().split() == ["699", "Stars", "·", "worth", "£6.99"]
    page.get_by_role("link", name="History").last.click()
    page.get_by_text("Order 1005").click()
    assert page.get_by_text("£19.99 at 1 Star for £1 = 19.99").is_visible()
    page.get_by_role("link", name="Card", exact=True).last.click()
    assert page.locator("svg.qr").bounding_box()["width"] >= 240
    page.get_by_role("button", name="Sign out").click()
    assert page.locator("input[type=email]").is_visible()


def test_every_page_is_accessible_in_both_directions(new_page, enter, site, shop, assert_accessible):
    page = enter(new_page(viewport=PHONE))

    for language, theme, viewport in (
        ("en", "light", PHONE),
        ("ar", "dark", DESKTOP),
        ("fa", "light", PHONE),
    ):
        page.context.add_cookies([{"name": "django_language", "value": language, "url": site.url}])
        page.emulate_media(color_scheme=theme)
        page.set_viewport_size(viewport)
        for path in PAGES:
            page.goto(f"/p/{shop.slug}/{path}")
            page.evaluate("for (const one of document.querySelectorAll('details.why')) one.open = true")

            assert page.locator("html").get_attribute("dir") == ("ltr" if language == "en" else "rtl")
            assert fits(page), (path, language)
            assert_accessible(page)


def test_the_open_pages_are_accessible_in_both_directions(new_page, shop, assert_accessible):
    for language, theme, viewport in (("en", "light", PHONE), ("ar", "dark", DESKTOP)):
        page = new_page(viewport=viewport, locale=language, color_scheme=theme)
        for path in OPEN_PAGES:
            page.goto(f"/p/{shop.slug}/{path}")

            assert fits(page), (path, language)
            assert_accessible(page)


def typed_code(page, site):
    """Type the code of the newest e-mail, in whatever language it is written."""
    body = message_from_string(site.mails()[-1], policy=policy.default).get_content()
    page.locator(".otp").fill(re.search(r"^ +([A-Z0-9]{6})$", body, flags=re.MULTILINE)[1])


@pytest.mark.parametrize("scripted", [True, False])
def test_a_customer_joins_earns_takes_the_statement_and_leaves(
    new_page, site, shop, assert_accessible, scripted
):
    page = new_page(viewport=PHONE, java_script_enabled=scripted)
    page.goto(f"/p/{shop.slug}/sign-in/")
    page.get_by_role("link", name="Join").click()
    page.get_by_label("Your name").fill("Zoe Reed")
    page.get_by_label("E-mail or phone").fill("zoe@example.com")
    page.get_by_label("may keep my name").check()
    page.locator("button.primary").click()
    typed_code(page, site)
    page.locator("button.primary").click()
    page.wait_for_url(f"**/p/{shop.slug}/")
    assert page.get_by_role("heading", name="Zoe").is_visible()

    builders.record(shop, builders.order("7001", datetime.now(UTC), 42_00, member="zoe"))
    page.reload()
    assert page.locator(".card .bal").inner_text().split()[:2] == ["42", "Stars"]

    page.get_by_role("link", name="Profile").last.click()
    page.get_by_role("link", name="What we may send you").click()
    page.get_by_role("group", name="Offers and news").get_by_label("E-mail").check()
    page.locator(".p-main button.primary").click()
    assert page.get_by_role("group", name="Offers and news").get_by_label("E-mail").is_checked()

    page.locator(".p-top details summary").click()
    page.locator("button[lang=ar]").click()
    assert page.locator("html").get_attribute("dir") == "rtl"

    page.goto(f"/p/{shop.slug}/statement/")
    code = page.locator("#code").inner_text()
    anybody = new_page(viewport=PHONE, locale="en-US", java_script_enabled=scripted)
    anybody.goto(f"/p/{shop.slug}/verify/")
    anybody.locator("textarea").fill(code)
    anybody.locator("button.primary").click()
    assert anybody.locator("#verdict").get_attribute("data-state") == "genuine"
    assert "42\N{NO-BREAK SPACE}Stars" in anybody.locator("#verdict").inner_text()
    anybody.locator("textarea").fill(code.replace("-42-", "-43-"))
    anybody.locator("button.primary").click()
    assert anybody.locator("#verdict").get_attribute("data-state") == "altered"

    page.goto(f"/p/{shop.slug}/leave/")
    page.locator(".p-main button.danger").click()
    typed_code(page, site)
    if scripted:
        assert_accessible(page)
    page.locator(".p-main button.danger").click()
    page.wait_for_url("**/goodbye/")
    page.goto(f"/p/{shop.slug}/")
    assert page.locator("input[type=email]").is_visible()
    with scope(program=shop):
        assert not Member.objects.filter(name="Zoe Reed").exists()


def test_the_statement_prints_on_a4_in_both_directions(new_page, enter, site, shop):
    page = enter(new_page(viewport=DESKTOP))

    for language in ("en", "ar"):
        page.context.add_cookies([{"name": "django_language", "value": language, "url": site.url}])
        page.goto(f"/p/{shop.slug}/statement/")
        printed = page.pdf(prefer_css_page_size=True)
        page.emulate_media(media="print")

        assert re.search(rb"/MediaBox \[0 0 59[45][.0-9]* 84[12][.0-9]*\]", printed)
        assert not page.locator(".tabbar").is_visible()
        assert not page.get_by_role("button", name="Sign out").is_visible()
        assert page.locator("#code").is_visible()
        page.emulate_media(media="screen")


def test_the_way_in_is_accessible_in_both_directions(new_page, shop, assert_accessible):
    for language, theme in (("en", "light"), ("ar", "dark")):
        page = new_page(viewport=PHONE, locale=language, color_scheme=theme)
        page.goto(f"/p/{shop.slug}/sign-in/")
        assert_accessible(page)
        page.locator("input[type=email]").fill("who@example.com")
        page.locator("button.primary").click()
        assert_accessible(page)
        page.locator(".otp").fill("WRNG")
        page.locator("button.primary").click()

        assert page.locator(".otp").get_attribute("aria-invalid") == "true"
        assert fits(page)
        assert_accessible(page)


def test_the_first_page_is_light_and_asks_nobody_else(new_page, enter, site):
    signed_in = enter(new_page(viewport=PHONE))
    page = new_page(viewport=PHONE, storage_state=signed_in.context.storage_state())
    # What went over the wire with an empty cache, heads included, as the browser's network counts it.
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    sizes, hosts = [], set()
    network.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    page.on("request", lambda request: hosts.add(re.sub(r"(?<=\d)/.*", "", request.url)))

    page.goto(signed_in.url)
    page.wait_for_load_state("networkidle")

    assert len(sizes) >= 8
    assert sum(sizes) < 60_000
    assert hosts == {site.url}


def test_nothing_jumps_and_everything_can_be_touched(new_page, enter, shop):
    page = enter(new_page(viewport=PHONE))
    jumps = """() => new Promise((done) => {
        let sum = 0;
        new PerformanceObserver((list) => { for (const entry of list.getEntries()) sum += entry.value; })
            .observe({ type: "layout-shift", buffered: true });
        setTimeout(() => done(sum), 300);
    })"""
    small = """() => [...document.querySelectorAll("a, button, summary")].filter((one) => {
        const box = one.getBoundingClientRect();
        return box.width && !one.classList.contains("skip") && (box.height < 43.5 || box.width < 43.5);
    }).map((one) => one.outerHTML.slice(0, 120))"""

    for path in PAGES:
        page.goto(f"/p/{shop.slug}/{path}", wait_until="load")

        assert page.evaluate(jumps) < 0.01, path
        assert page.evaluate(small) == [], path


def test_the_session_in_the_browser_is_closed_with_the_member(new_page, enter, shop):
    page = enter(new_page(viewport=PHONE))

    with scope(program=Program.objects.get(pk=shop.pk)):
        Member.objects.update(state="closed")
    page.reload()

    assert page.locator("input[type=email]").is_visible()
