"""A member in the hands of staff, in a real browser: adjusted with a second person, merged and taken apart again."""

from functools import partial

import pytest
from playwright.sync_api import expect

from tests.e2e import entering
from tests.fixtures.browser import rest
from tests.members.teams import enrol, list_of
from tests.rewards import builders as b
from tests.rewards.couples import faults, holds

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

PHONE = {"width": 390, "height": 844}


@pytest.fixture
def program(site):
    return b.open_program(
        units={"points": {"names": {"en": {"one": "Star", "other": "Stars"}, "ar": {"other": "نجمة"}}}},
        tiers={"base": (0, {}), "gold": (50_000, {})},
        adjust_limits={"manager": {"points": 100}},
    )


@pytest.fixture
def amelia(program):
    member = enrol(program, "amelia", name="Amelia Hart")
    b.record(program, b.order("A-1", "2026-11-01", 5000, member="amelia"))
    return member


@pytest.fixture
def enter(new_page, program):
    """A page of somebody of the team, signed in."""
    return partial(entering.as_staff, new_page, program)


def open_member(page, program, member):
    page.goto(f"{list_of(program)}{member.number}/")


def ask_for(page, amount):
    rest(page)  # a key that is pressed while the page comes is lost
    page.keyboard.press("s")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Amount").fill(amount)
    dialog.get_by_label("Reason").fill("a broken mug")
    dialog.get_by_role("button", name="Adjust").click()


def test_adjusted_at_once_and_above_the_limit_by_a_second_person(enter, program, amelia, assert_accessible):
    page = enter()
    open_member(page, program, amelia)

    ask_for(page, "30")
    page.get_by_text("The balance is 80 now.").wait_for()
    expect(page.locator("section.pane", has_text="Stars").get_by_text("80", exact=True).first).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)
    ask_for(page, "500")
    page.get_by_text("waits for a second person").first.wait_for()
    assert_accessible(page)
    second = enter()
    second.locator("nav.side").get_by_role("link", name="Approvals").click()
    second.wait_for_url("**/approvals/")
    assert_accessible(second)
    second.get_by_role("button", name="Approve").click()
    second.get_by_text("Approved and booked.").wait_for()

    expect(second.get_by_text("Nothing waits for you")).to_be_visible()
    assert holds(program, amelia) == (580, 0, 0)


def test_an_address_is_not_broken_on_a_phone(enter, program, amelia):
    other = enrol(program, "mahsa.zare.13113", name="Mahsa Zare")
    page = enter(viewport=PHONE)
    open_member(page, program, other)

    address = page.get_by_text("mahsa.zare.13113@example.com", exact=True).first
    address.wait_for()

    assert address.evaluate("(one) => one.getClientRects().length") == 1


def test_a_refused_form_stays_open_with_its_error(enter, program, amelia, assert_accessible):
    page = enter(viewport=PHONE)
    open_member(page, program, amelia)

    page.get_by_role("link", name="Adjust").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Amount").fill("9")
    dialog.get_by_role("button", name="Adjust").click()
    dialog.locator(".err").wait_for()

    expect(page.get_by_role("dialog")).to_have_count(1)
    expect(dialog.get_by_label("Amount")).to_have_value("9")
    assert_accessible(page)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_merged_and_taken_apart_again(enter, program, amelia, assert_accessible):
    twin = enrol(program, "ahart", name="Amelia Hart")
    b.record(program, b.order("H-1", "2026-11-02", 4000, member="ahart"))
    page = enter()
    open_member(page, program, amelia)

    page.locator("summary", has_text="More").click()
    page.get_by_role("link", name="Merge with another member").click()
    page.wait_for_url("**/merge/")
    page.get_by_role("link", name="Amelia Hart").last.click()
    page.get_by_role("heading", name="After the merge").wait_for()
    assert_accessible(page)
    page.get_by_label("Reason").fill("the same person")
    page.get_by_role("button", name="Merge").click()
    page.get_by_text("The two are one member now.").wait_for()
    merged = holds(program, amelia), holds(program, twin)
    b.spend(program, 70, "2026-11-20", member="amelia")
    page.get_by_role("link", name="Undo").click()
    page.get_by_text("The shop gives them back").click()
    assert_accessible(page)
    page.get_by_label("Reason").fill("two after all")
    page.get_by_role("button", name="Undo the merge").click()
    page.get_by_text("They are two members again.").wait_for()

    assert merged == ((90, 0, 0), (0, 0, 0))
    assert (holds(program, amelia), holds(program, twin)) == ((0, 0, 0), (40, 0, 0))
    assert not faults(program)


def test_it_works_without_javascript_and_from_right_to_left(enter, program, amelia):
    page = enter(locale="ar", java_script_enabled=False, viewport=PHONE)
    open_member(page, program, amelia)

    page.locator("a.btn[href$='/do/adjust/']").click()
    page.locator("#act_amount").fill("٣٠")
    page.locator("#act_reason").fill("هدية")
    page.locator("main button.primary").click()
    page.wait_for_url(f"**{list_of(program)}{amelia.number}/")

    expect(page.locator(".toast")).to_have_count(1)
    assert holds(program, amelia) == (80, 0, 0)
