"""The customer's journey on a phone: in by a code, to the balance, its reasons and the card; light and accessible."""

import re
from datetime import UTC, datetime
from functools import partial

import pytest
from django_scopes import scope
from playwright.sync_api import expect

from members.models import Member, Program
from tests.e2e import entering
from tests.fixtures.browser import rest
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
    "profile/address/",
    "friends/",
    "consents/",
    "statement/",
    "leave/",
)
# With more on them than where every page is opened (test_every_page): a life of their own, and its reasons unfolded.
FULL = ("", "rewards/", "mine/", "code/", "lots/", "history/")
OPEN_PAGES = ("joined/", "verify/?code=W1.x")


@pytest.fixture
def shop(site):
    program = portal_shop.open_shop()
    portal_shop.amelia(program, now=datetime.now(UTC))
    return program


@pytest.fixture
def enter(site, shop):
    """Sign in on a page by the code that the site e-mailed."""
    return partial(entering.sign_in_by_code, site=site, program=shop)


def fits(page):
    """Is the page, once it is there, no wider than its window?"""
    rest(page)
    return page.evaluate("document.documentElement.scrollWidth <= innerWidth + 1")


@pytest.mark.parametrize("scripted", [True, False])
def test_a_customer_signs_in_and_finds_the_balance_its_reasons_and_the_card(new_page, enter, scripted):
    page = enter(new_page(viewport=PHONE, java_script_enabled=scripted))

    expect(page.get_by_role("heading", name="Amelia")).to_be_visible()
    expect(page.locator(".card .bal")).to_have_text("699 Stars · worth £6.99", use_inner_text=True)
    page.get_by_role("link", name="History").last.click()
    page.wait_for_url("**/history/")
    page.get_by_text("Order 1005").click()
    expect(page.get_by_text("£19.99 at 1 Star for £1 = 19.99")).to_be_visible()
    page.get_by_role("link", name="Card", exact=True).last.click()
    page.wait_for_url("**/card/")
    assert page.locator("svg.qr").bounding_box()["width"] >= 240
    page.get_by_role("button", name="Sign out").click()
    expect(page.locator("input[type=email]")).to_be_visible()


def test_full_pages_are_accessible_in_both_directions(new_page, enter, site, shop, assert_accessible):
    page = enter(new_page(viewport=PHONE))

    # Other ways than those in which every page is opened.
    for language, theme, viewport in (("en", "light", PHONE), ("fa", "dark", DESKTOP)):
        page.context.add_cookies([{"name": "django_language", "value": language, "url": site.url}])
        page.emulate_media(color_scheme=theme)
        page.set_viewport_size(viewport)
        for path in FULL:
            page.goto(f"/p/{shop.slug}/{path}")
            page.evaluate("for (const one of document.querySelectorAll('details.why')) one.open = true")

            expect(page.locator("html")).to_have_attribute("dir", "ltr" if language == "en" else "rtl")
            assert fits(page), (path, language)
            assert_accessible(page)


def test_the_open_pages_are_accessible_in_both_directions(new_page, shop, assert_accessible):
    for language, theme, viewport in (("en", "light", PHONE), ("ar", "dark", DESKTOP)):
        page = new_page(viewport=viewport, locale=language, color_scheme=theme)
        for path in OPEN_PAGES:
            page.goto(f"/p/{shop.slug}/{path}")

            assert fits(page), (path, language)
            assert_accessible(page)


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
    entering.type_code(page, site)
    page.locator("button.primary").click()
    page.wait_for_url(f"**/p/{shop.slug}/")
    expect(page.get_by_role("heading", name="Zoe")).to_be_visible()

    builders.record(shop, builders.order("7001", datetime.now(UTC), 42_00, member="zoe"))
    page.reload()
    expect(page.locator(".card .bal")).to_have_text(re.compile(r"^\s*42\s+Stars\b"), use_inner_text=True)

    page.get_by_role("link", name="Profile").last.click()
    page.get_by_role("link", name="What we may send you").click()
    offers = page.get_by_role("group", name="Offers and news").get_by_label("E-mail", exact=True)
    offers.check()
    entering.press(page.locator(".p-main button.primary"))
    expect(offers).to_be_checked()

    page.locator(".p-top details summary").click()
    page.locator("button[lang=ar]").click()
    expect(page.locator("html")).to_have_attribute("dir", "rtl")

    page.goto(f"/p/{shop.slug}/statement/")
    code = page.locator("#code").inner_text()
    anybody = new_page(viewport=PHONE, locale="en-US", java_script_enabled=scripted)
    anybody.goto(f"/p/{shop.slug}/verify/")
    anybody.locator("textarea").fill(code)
    anybody.locator("button.primary").click()
    expect(anybody.locator("#verdict")).to_have_attribute("data-state", "genuine")
    expect(anybody.locator("#verdict")).to_contain_text("42\N{NO-BREAK SPACE}Stars")
    anybody.locator("textarea").fill(code.replace("-42-", "-43-"))
    anybody.locator("button.primary").click()
    expect(anybody.locator("#verdict")).to_have_attribute("data-state", "altered")

    page.goto(f"/p/{shop.slug}/leave/")
    page.locator(".p-main button.danger").click()
    entering.type_code(page, site)
    if scripted:
        assert_accessible(page)
    page.locator(".p-main button.danger").click()
    page.wait_for_url("**/goodbye/")
    page.goto(f"/p/{shop.slug}/")
    expect(page.locator("input[type=email]")).to_be_visible()
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
        expect(page.locator(".tabbar")).to_be_hidden()
        expect(page.get_by_role("button", name="Sign out")).to_be_hidden()
        expect(page.locator("#code")).to_be_visible()
        page.emulate_media(media="screen")


def test_the_way_in_is_accessible_in_both_directions(new_page, shop, assert_accessible):
    for language, theme in (("en", "light"), ("ar", "dark")):
        page = new_page(viewport=PHONE, locale=language, color_scheme=theme)
        page.goto(f"/p/{shop.slug}/sign-in/")
        assert_accessible(page)
        page.locator("input[type=email]").fill("who@example.com")
        page.locator("button.primary").click()
        page.locator(".otp").fill("WRNG")
        assert_accessible(page)
        page.locator("button.primary").click()

        expect(page.locator(".otp")).to_have_attribute("aria-invalid", "true")
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
    rest(page)

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
        page.goto(f"/p/{shop.slug}/{path}")
        rest(page)

        assert page.evaluate(jumps) < 0.01, path
        assert page.evaluate(small) == [], path


def test_the_session_in_the_browser_is_closed_with_the_member(new_page, enter, shop):
    page = enter(new_page(viewport=PHONE))

    with scope(program=Program.objects.get(pk=shop.pk)):
        Member.objects.update(state="closed")
    page.reload()

    expect(page.locator("input[type=email]")).to_be_visible()
