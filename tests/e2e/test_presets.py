"""The gallery of presets in a browser: accessible both ways, and a program made with one click and with a form."""

import pytest
from playwright.sync_api import expect

from members.models import Program, Role
from tests.e2e.test_every_page import QUICK, enter, visitor
from tests.members import teams
from tests.rewards import builders as b

pytestmark = [pytest.mark.e2e]
GALLERY = "/programs/new/"


@pytest.fixture
def owner(site):
    return teams.hire(b.open_program(currency="GBP"), Role.OWNER)


@pytest.mark.parametrize(("language", "size", "theme"), QUICK)
def test_the_gallery_is_for_everybody(new_page, assert_accessible, owner, language, size, theme):
    page = visitor(new_page, language, size, theme)
    enter(page, owner, GALLERY)

    for path in (GALLERY, f"{GALLERY}sephora/"):
        page.goto(path)

        assert_accessible(page)
        assert not page.evaluate("document.documentElement.scrollWidth > innerWidth + 1")


def test_one_click_and_the_program_is_there(page, owner):
    enter(page, owner, GALLERY)

    page.get_by_role("button", name="Make it").nth(1).click()

    page.wait_for_url("**/dashboard/stamp-card/")
    expect(page.get_by_text("Stamp card is ready.")).to_be_visible()


def test_name_and_address_without_javascript(new_page, owner):
    page = new_page(java_script_enabled=False)
    enter(page, owner, f"{GALLERY}dominos/")

    page.get_by_label("Name").fill("Corner oven")
    page.get_by_label("Address").fill("Corner Oven")
    page.get_by_role("button", name="Make it").click()
    expect(page.get_by_label("Address")).to_have_attribute("aria-invalid", "true")
    page.get_by_label("Address").fill("corner-oven")
    page.get_by_role("button", name="Make it").click()

    page.wait_for_url("**/dashboard/corner-oven/")
    assert Program.objects.get(slug="corner-oven").name == "Corner oven"
