"""Settings in a real browser: a threshold with its effect on a member, an invitation, a colour; axe on every page."""

import re

import pytest
from allauth.account.models import EmailAddress
from django_scopes import scope

from members.models import Member, Program, Role, TeamMembership, User
from rewards.models import Tier
from tests.members.teams import hire
from tests.rewards.builders import find, open_program, order, record_each

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1440, "height": 900}
PASSWORD = "correct horse battery"
NAMES = {
    "en": {"one": "Star", "other": "Stars"},
    "ar": {"zero": "نجمة", "one": "نجمة", "two": "نجمتان", "few": "نجوم", "many": "نجمة", "other": "نجمة"},
}
TIERS = {"member": (0, {}), "silver": (20_000, {"points": "5/4"}), "gold": (90_000, {"points": "3/2"})}
TIER_NAMES = {"member": ("Member", "عضو"), "silver": ("Silver", "فضي"), "gold": ("Gold", "ذهبي")}


@pytest.fixture
def program(site):
    program = open_program(
        currency="GBP",
        languages=["en", "ar"],
        stores=["quay"],
        tiers=TIERS,
        scheme={"window": "lifetime"},
        units={"points": {"names": NAMES, "expiry": {"kind": "months", "count": 12}}},
    )
    with scope(program=program):
        for key, (english, arabic) in TIER_NAMES.items():
            Tier.objects.filter(key=key).update(names={"en": english, "ar": arabic})
    record_each(program, order("A-1", "2026-11-01", 30_000, currency="GBP"))
    with scope(program=program):
        Member.objects.update(name="Amelia Hart")
    return program


def account(user):
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


@pytest.fixture
def sign_in(new_page, program):
    """A page of somebody of the team who is signed in."""

    def enter(role=Role.OWNER, **options):
        user = account(hire(program, role, password=PASSWORD, name="Robin Harding"))
        page = new_page(**({"viewport": DESKTOP} | options))
        page.goto("/dashboard/")
        page.locator("input[type=email]").fill(user.email)
        page.locator("input[type=password]").fill(PASSWORD)
        page.locator("button.give").click()
        page.wait_for_url("**/dashboard/**")
        return page

    return enter


def at(program, rest):
    return f"/dashboard/{program.slug}/{rest}"


def test_a_manager_changes_a_threshold_sees_the_effect_and_the_member_gets_it(sign_in, program):
    page = sign_in(Role.MANAGER)
    page.goto(at(program, "tiers/"))
    page.get_by_role("link", name="Change", exact=True).click()
    page.evaluate("window.stayed = true")

    page.get_by_role("textbox", name="From").or_(page.get_by_role("spinbutton", name="From")).nth(2).fill(
        "250"
    )
    page.get_by_role("button", name="Show what it does").click()
    page.locator("#up").wait_for()

    assert page.locator("#up").inner_text() == "1"
    assert page.locator("#down").inner_text() == "0"
    assert "Amelia Hart" in page.locator("#preview").inner_text()
    assert page.evaluate("window.stayed")
    page.get_by_label("Reason").fill("More gold")
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url(f"**{at(program, 'tiers/')}")
    assert "£250" in page.locator("table").first.inner_text()

    record_each(program, order("A-2", "2026-11-02", 1_000, currency="GBP"))
    page.goto(at(program, f"members/{find(program, 'anna').number}/"))
    assert "Gold" in page.locator("main").inner_text()


def test_rows_come_and_go_and_keep_what_was_typed(sign_in, program):
    page = sign_in()
    page.goto(at(program, "tiers/change/"))
    page.locator("#id_grace_days").fill("9")

    page.get_by_role("button", name="Add a tier").click()
    page.locator("fieldset.sheet").nth(3).wait_for()
    page.get_by_role("button", name="Remove tier 3").click()
    page.locator("fieldset.sheet").nth(3).wait_for(state="detached")

    assert page.locator("fieldset.sheet").count() == 3
    assert page.locator("#id_grace_days").input_value() == "9"
    assert page.locator(".err").count() == 0


def test_an_owner_invites_and_the_invited_joins(sign_in, new_page, program, site):
    page = sign_in()
    page.goto(at(program, "team/"))
    page.get_by_label("E-mail").fill("Guest@Example.org")
    page.get_by_label("Role").select_option("manager")
    page.get_by_role("button", name="Send the invitation").click()
    page.get_by_text("guest@example.org gets an e-mail.").wait_for()
    found = link_of(site)

    guest = new_page(viewport=PHONE)
    guest.goto(found)
    guest.get_by_label("Your name").fill("Guest Person")
    guest.get_by_label("Password").fill("a long walk by the sea")
    guest.get_by_role("button", name="Join").click()
    guest.wait_for_url(f"**{at(program, '')}")

    assert TeamMembership.objects.get(user__email="guest@example.org").role == "manager"
    assert User.objects.get(email="guest@example.org").name == "Guest Person"
    page.reload()
    assert "Guest Person" in page.locator("main").inner_text()
    again = new_page()
    again.goto(found)
    assert "This invitation opens nothing" in again.locator("main").inner_text()


def link_of(site):
    """Where the newest e-mail leads."""
    return re.search(r"/invitations/\w+/", site.mails()[-1].replace("=\n", ""))[0]


def test_a_colour_is_judged_while_it_is_typed_and_its_nearest_taken(sign_in, program):
    page = sign_in()
    page.goto(at(program, "program/"))

    page.get_by_role("textbox", name="Brand colour").fill("#ffd966")
    page.get_by_role("button", name="Take the nearest shade").wait_for()
    shade = re.search(
        r"#[0-9a-f]{6}", page.get_by_role("button", name="Take the nearest shade").inner_text()
    )[0]
    page.get_by_role("button", name="Take the nearest shade").click()
    page.wait_for_load_state()
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("The settings were saved.").wait_for()

    assert Program.objects.get(pk=program.pk).brand == shade


def test_the_example_of_a_unit_follows_what_is_typed(sign_in, program):
    page = sign_in()
    page.goto(at(program, "units/points/change/"))
    assert "£1.20" in page.locator("#example").inner_text()

    page.locator("#id_worth_money").fill("2")
    page.locator("#example").get_by_text("£2.40").wait_for()
    page.locator("#id_ends").select_option("none")
    page.locator("#example").get_by_text("They never end.").wait_for()

    assert page.locator("#id_end_months").is_hidden()
    assert page.locator("#id_end_days").is_hidden()


def test_settings_work_without_script(sign_in, program):
    page = sign_in(java_script_enabled=False)
    page.goto(at(program, "tiers/change/"))

    page.get_by_role("button", name="Add a tier").click()
    assert page.locator("fieldset.sheet").count() == 4
    page.get_by_role("button", name="Remove tier 4").click()
    page.locator("#id_tier-2-threshold").fill("250")
    page.get_by_role("button", name="Show what it does").click()
    assert page.locator("#up").inner_text() == "1"
    page.get_by_label("Reason").fill("More gold")
    page.get_by_role("button", name="Save", exact=True).click()

    assert "£250" in page.locator("table").first.inner_text()


@pytest.mark.timeout(400)  # axe on 28 pages
def test_every_page_is_accessible(sign_in, program, assert_accessible):
    with scope(program=program):
        store = program.stores.get()
    pages = [
        "units/", "units/new/", "units/points/change/", "units/points/limits/", "tiers/", "tiers/change/", "stores/",
        "stores/new/", f"stores/{store.pk}/", "program/", "team/", "audit/",
    ]  # fmt: skip

    for viewport, theme, locale in ((PHONE, "dark", "ar"), (DESKTOP, "light", "en-US")):
        page = sign_in(viewport=viewport, color_scheme=theme, locale=locale)
        for rest in [*pages, f"team/{TeamMembership.objects.filter(program=program).first().pk}/"]:
            page.goto(at(program, rest))
            page.wait_for_load_state("networkidle")

            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth + 1"), (rest, locale)
            assert_accessible(page)
        page.goto(at(program, "tiers/change/"))
        page.locator("button[value=preview]").click()
        page.locator("#preview").wait_for()
        assert_accessible(page)
        page.context.close()
