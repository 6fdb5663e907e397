"""A manager imports a file with two bad rows in a real browser: columns, preview, progress, report, rejects, members."""

from functools import partial

import pytest
from django_scopes import scope
from playwright.sync_api import expect

from members.models import Member
from tests.e2e import entering
from tests.members.teams import home_of, list_of
from tests.rewards.builders import open_program

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1440, "height": 900}
UNITS = {"points": {"names": {"en": {"one": "Star", "other": "Stars"}, "ar": {"other": "نجمة"}}}}
HEADER = "Order,Bought on,E-mail,Buyer,SKU,Qty,Price\n"
GOOD = [f"W-{n},2026-01-{n:02} 10:00,buyer{n}@example.com,Buyer {n},MUG,{n},12.50" for n in range(1, 13)]
BAD = ["W-90,someday,x@example.com,X,MUG,1,1.00", "W-91,2026-01-20 10:00,y@example.com,Y,MUG,some,1.00"]


@pytest.fixture
def program(site):
    return open_program(units=UNITS)


@pytest.fixture
def sign_in(new_page, program):
    """A page of somebody of the team, signed in."""
    return partial(entering.as_staff, new_page, program)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "winter.csv"
    path.write_text(HEADER + "\n".join([*GOOD, *BAD]) + "\n")
    return path


def choose(page, file):
    page.locator("input[type=file]").set_input_files(str(file))
    page.locator("form[enctype] button").click()
    page.wait_for_url("**/columns/")


def test_from_the_file_to_the_members(sign_in, program, file):
    page = sign_in()
    page.locator("nav.side").get_by_role("link", name="Imports").click()
    choose(page, file)

    page.get_by_text("Choose which column of the file is “Date and time”").wait_for()
    page.get_by_label("Bought on").focus()
    page.get_by_label("Bought on").select_option("occurred_at")
    page.get_by_text("2 rows would be rejected").wait_for()
    expect(page.get_by_text("+25 Stars").first).to_be_visible()
    expect(page.locator("[name=column_1]")).to_be_focused()
    page.get_by_role("button", name="Start the import").click()
    page.locator("#report").wait_for()

    expect(page.get_by_text("Done")).to_be_visible()
    expect(page.locator("main")).to_contain_text("members created 12", use_inner_text=True)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download them").click()
    rows = download.value.path().read_text().splitlines()
    assert [row.split(",")[0] for row in rows[1:]] == ["W-90", "W-91"]
    assert "someday" in rows[1]
    page.goto(list_of(program))
    page.get_by_role("link", name="Buyer 7", exact=True).wait_for()
    with scope(program=program):
        assert Member.objects.count() == 12


def test_without_script_it_works_too(sign_in, program, file):
    page = sign_in(java_script_enabled=False)
    page.goto(f"{home_of(program)}imports/")
    choose(page, file)

    page.get_by_label("Bought on").select_option("occurred_at")
    page.get_by_role("button", name="Show the preview").click()
    expect(page.locator("main")).to_contain_text("2 rows would be rejected")
    page.get_by_role("button", name="Start the import").click()

    expect(page.locator("main")).to_contain_text("members created 12", use_inner_text=True)


def test_every_step_is_accessible(sign_in, program, file, assert_accessible):
    for viewport, theme, locale in ((PHONE, "dark", "ar"), (DESKTOP, "light", "en-US")):
        page = sign_in(viewport=viewport, color_scheme=theme, locale=locale)
        page.goto(f"{home_of(program)}imports/")
        assert_accessible(page)
        choose(page, file)
        page.locator("select[name=column_1]").select_option("occurred_at")
        page.locator("#preview").wait_for()
        assert_accessible(page)
        page.locator("button[name=start]").click()
        page.locator("#report").wait_for()
        assert_accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth + 1"), locale
        page.context.close()
