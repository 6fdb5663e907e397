"""A customer shares a link, a friend joins by it, staff look at what looks wrong: in a real browser, in both directions."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.cache import cache
from django_scopes import scope
from playwright.sync_api import expect

from rewards.models import Referral
from rewards.referrals import links, schemes
from tests.e2e import entering
from tests.e2e.pictures import shoot
from tests.e2e.test_portal import fits
from tests.members import portal_shop
from tests.rewards import builders as b
from tests.rewards.referrals import friends as f

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1440, "height": 900}
COPIED = "link => navigator.clipboard.readText().then(text => text === link)"
WAYS = (("en", "light", DESKTOP), ("ar", "dark", PHONE))


@pytest.fixture
def shop(site):
    cache.clear()
    now = datetime.now(UTC)
    program = portal_shop.open_shop()
    portal_shop.amelia(program, now=now)
    schemes.change(
        program=program, by=None, now=now, is_on=True, minimum_minor=2000, friend_prize={"unit": "points", "amount": 200},
        referrer_prize={"unit": "points", "amount": 500},
    )  # fmt: skip
    return program


def code_of(shop):
    with scope(program=shop):
        return links.of(member=b.find(shop, "anna"), now=datetime.now(UTC)).code


def look(page, site, path, name, assert_accessible):
    """The page is whole and accessible in both directions; with WAFA_SHOTS it is kept as a picture."""
    for language, theme, viewport in WAYS:
        page.context.add_cookies([{"name": "django_language", "value": language, "url": site.url}])
        page.emulate_media(color_scheme=theme)
        page.set_viewport_size(viewport)
        page.goto(path)
        assert fits(page), (path, language)
        assert_accessible(page)
        shoot(page, f"{name}-{language}")
    page.context.add_cookies([{"name": "django_language", "value": "en", "url": site.url}])


@pytest.mark.parametrize("scripted", [True, False])
def test_a_friend_joins_by_a_link_and_both_see_how_far_it_is(
    new_page, site, shop, assert_accessible, scripted
):
    path = f"/p/{shop.slug}/i/{code_of(shop)}/"
    page = new_page(viewport=PHONE, java_script_enabled=scripted)
    if scripted:
        look(page, site, path, "invitation", assert_accessible)
        page.set_viewport_size(PHONE)
    page.goto(path)
    expect(page.get_by_text("Your gift: 200 Stars")).to_be_visible()
    page.get_by_label("Your name").fill("Zoe Reed")
    page.get_by_label("E-mail or phone").fill("zoe@example.com")
    page.get_by_label("may keep my name").check()
    page.locator("button.primary").click()
    entering.type_code(page, site)
    page.locator("button.primary").click()
    page.wait_for_url(f"**/p/{shop.slug}/")

    expect(page.get_by_text("It comes after your first purchase of £20.00 or more")).to_be_visible()
    with scope(program=shop):
        assert Referral.objects.get().signs == []
    if scripted:
        look(page, site, f"/p/{shop.slug}/", "home-of-a-friend", assert_accessible)


def test_a_customer_shares_the_link_and_says_what_friends_see(new_page, site, shop, assert_accessible):
    now = datetime.now(UTC)
    code_of(shop)
    for day, name in enumerate(("zoe", "ben", "cleo")):
        f.bring(shop, name, at=now - timedelta(days=day))
    b.record(shop, b.order("Z", now, 42_00, member="zoe"))
    page = entering.as_customer(new_page, site, shop)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])

    entering.press(page.get_by_role("link", name="Invite friends"))
    page.get_by_role("button", name="Copy the link").click()
    link = f"{site.url}/p/{shop.slug}/i/{code_of(shop)}/"
    page.wait_for_function(COPIED, arg=link)
    page.get_by_label("My first name").check()
    entering.press(page.get_by_role("button", name="Keep"))

    expect(page.get_by_label("My first name")).to_be_checked()
    expect(page.get_by_text("Joined on")).to_have_count(3)
    look(page, site, f"/p/{shop.slug}/friends/", "friends", assert_accessible)


def test_staff_say_what_both_get_and_look_at_what_looks_wrong(new_page, site, shop, assert_accessible):
    now = datetime.now(UTC)
    code_of(shop)
    f.bring(shop, "zoe", at=now - timedelta(days=40), knows=lambda _email: True)
    f.bring(shop, "ben", at=now - timedelta(days=3))
    b.record(shop, b.order("Z", now - timedelta(days=39), 42_00, member="zoe"))
    f.advance(shop, now)
    home = f"/dashboard/{shop.slug}/referrals/"
    page = entering.as_staff(new_page, shop, home)

    look(page, site, home, "referrals", assert_accessible)
    look(page, site, f"{home}change/", "referrals-change", assert_accessible)
    page.set_viewport_size(DESKTOP)
    page.goto(home)
    page.get_by_text("Joined in a browser in which the referrer signs in").wait_for()
    page.get_by_placeholder("Why").fill("A family")
    page.get_by_role("button", name="Approve").click()
    page.get_by_text("Approved. It is paid when its time has come.").wait_for()

    expect(page.get_by_text("Joined in a browser")).to_have_count(0)
    f.advance(shop, now)
    page.reload()
    expect(page.get_by_text("Done", exact=True)).to_be_visible()
