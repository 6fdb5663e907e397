"""Settings in a real browser: a threshold with its effect on a member, an invitation, a colour; axe on every page."""

import re
from functools import partial

import pytest
from django_scopes import scope
from playwright.sync_api import expect

from members.models import Member, Program, Role, TeamMembership, User
from rewards.models import Tier
from tests.e2e import entering
from tests.fixtures.browser import rest
from tests.rewards.builders import find, open_program, order, record_each

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1440, "height": 900}
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


@pytest.fixture
def sign_in(new_page, program):
    """A page of somebody of the team who is signed in."""
    return partial(entering.as_staff, new_page, program, role=Role.OWNER)


def at(program, rest):
    return f"/dashboard/{program.slug}/{rest}"


def test_a_manager_changes_a_threshold_sees_the_effect_and_the_member_gets_it(sign_in, program):
    page = sign_in(role=Role.MANAGER)
    page.goto(at(program, "tiers/"))
    entering.press(page.get_by_role("link", name="Change", exact=True))
    page.evaluate("window.stayed = true")

    page.get_by_role("textbox", name="From").or_(page.get_by_role("spinbutton", name="From")).nth(2).fill(
        "250"
    )
    page.get_by_role("button", name="Show what it does").click()

    expect(page.locator("#up")).to_have_text("1")
    expect(page.locator("#down")).to_have_text("0")
    expect(page.locator("#preview")).to_contain_text("Amelia Hart")
    rest(page)
    assert page.evaluate("window.stayed")
    page.get_by_label("Reason").fill("More gold")
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url(f"**{at(program, 'tiers/')}")
    expect(page.locator("table").first).to_contain_text("£250")

    record_each(program, order("A-2", "2026-11-02", 1_000, currency="GBP"))
    page.goto(at(program, f"members/{find(program, 'anna').number}/"))
    expect(page.locator("main")).to_contain_text("Gold")


def test_rows_come_and_go_and_keep_what_was_typed(sign_in, program):
    page = sign_in()
    page.goto(at(program, "tiers/change/"))
    page.locator("#id_grace_days").fill("9")

    page.get_by_role("button", name="Add a tier").click()
    expect(page.locator("fieldset.sheet")).to_have_count(4)
    rest(page)
    page.get_by_role("button", name="Remove tier 3").click()

    expect(page.locator("fieldset.sheet")).to_have_count(3)
    expect(page.locator("#id_grace_days")).to_have_value("9")
    expect(page.locator(".err")).to_have_count(0)


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
    expect(page.locator("main")).to_contain_text("Guest Person")
    again = new_page()
    again.goto(found)
    expect(again.locator("main")).to_contain_text("This invitation opens nothing")


def link_of(site):
    """Where the newest e-mail leads."""
    return re.search(r"/invitations/\w+/", site.mails()[-1].replace("=\n", ""))[0]


def test_a_colour_is_judged_while_it_is_typed_and_its_nearest_taken(sign_in, program):
    page = sign_in()
    page.goto(at(program, "program/"))

    color = page.get_by_role("textbox", name="Brand colour")
    color.fill("#ffd966")
    expect(page.locator("#brand rect").first).to_have_attribute("fill", "#ffd966")
    nearest = page.get_by_role("button", name="Take the nearest shade")
    shade = re.search(r"#[0-9a-f]{6}", nearest.inner_text())[0]
    nearest.click()
    expect(color).to_have_value(shade)
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("The settings were saved.").wait_for()

    assert Program.objects.get(pk=program.pk).brand == shade


def test_the_example_of_a_unit_follows_what_is_typed(sign_in, program):
    page = sign_in()
    page.goto(at(program, "units/points/change/"))
    expect(page.locator("#example")).to_contain_text("£1.20")

    page.locator("#id_worth_money").fill("2")
    page.locator("#example").get_by_text("£2.40").wait_for()
    page.locator("#id_ends").select_option("none")
    page.locator("#example").get_by_text("They never end.").wait_for()

    expect(page.locator("#id_end_months")).to_be_hidden()
    expect(page.locator("#id_end_days")).to_be_hidden()


def test_settings_work_without_script(sign_in, program):
    page = sign_in(java_script_enabled=False)
    page.goto(at(program, "tiers/change/"))

    rows = page.locator("fieldset.sheet")
    entering.press(page.get_by_role("button", name="Add a tier"))
    expect(rows).to_have_count(4)
    entering.press(page.get_by_role("button", name="Remove tier 4"))
    expect(rows).to_have_count(3)
    page.locator("#id_tier-2-threshold").fill("250")
    entering.press(page.get_by_role("button", name="Show what it does"))
    expect(page.locator("#up")).to_have_text("1")
    page.get_by_label("Reason").fill("More gold")
    entering.press(page.get_by_role("button", name="Save", exact=True))

    expect(page).to_have_url(re.compile(f"{at(program, 'tiers/')}$"))
    expect(page.locator("table").first).to_contain_text("£250")


def test_what_other_thresholds_would_do_is_accessible(sign_in, program, assert_accessible):
    for viewport, theme, locale in ((PHONE, "dark", "ar"), (DESKTOP, "light", "en-US")):
        page = sign_in(viewport=viewport, color_scheme=theme, locale=locale)
        page.goto(at(program, "tiers/change/"))
        page.locator("button[value=preview]").click()
        page.locator("#preview").wait_for()
        rest(page)

        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth + 1"), locale
        assert_accessible(page)
        page.context.close()
