"""A member in the hands of staff, in a real browser: adjusted with a second person, merged and taken apart again."""

import pytest
from allauth.account.models import EmailAddress

from members.models import Role
from tests.members.teams import enrol, hire, list_of
from tests.rewards import builders as b
from tests.rewards.couples import faults, holds

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(300)]

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1440, "height": 900}
PASSWORD = "correct horse battery"


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
    """A page of a new manager, signed in."""

    def signed_in(**options):
        user = hire(program, Role.MANAGER, password=PASSWORD)
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
        page = new_page(**({"viewport": DESKTOP} | options))
        page.goto("/dashboard/")
        page.locator("input[type=email]").fill(user.email)
        page.locator("input[type=password]").fill(PASSWORD)
        page.locator("button.give").click()
        page.wait_for_url("**/dashboard/**")
        return page

    return signed_in


def open_member(page, program, member):
    page.goto(f"{list_of(program)}{member.number}/")


def ask_for(page, amount):
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
    assert page.get_by_role("dialog").count() == 0
    assert page.locator("section.pane", has_text="Stars").get_by_text("80", exact=True).first.is_visible()
    ask_for(page, "500")
    page.get_by_text("waits for a second person").first.wait_for()
    assert_accessible(page)
    second = enter()
    second.locator("nav.side").get_by_role("link", name="Approvals").click()
    second.wait_for_url("**/approvals/")
    assert_accessible(second)
    second.get_by_role("button", name="Approve").click()
    second.get_by_text("Approved and booked.").wait_for()

    assert second.get_by_text("Nothing waits for you").is_visible()
    assert holds(program, amelia) == (580, 0, 0)


def test_a_refused_form_stays_open_with_its_error(enter, program, amelia, assert_accessible):
    page = enter(viewport=PHONE)
    open_member(page, program, amelia)

    page.get_by_role("link", name="Adjust").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Amount").fill("9")
    dialog.get_by_role("button", name="Adjust").click()
    dialog.locator(".err").wait_for()

    assert page.get_by_role("dialog").count() == 1
    assert dialog.get_by_label("Amount").input_value() == "9"
    assert_accessible(page)
    page.keyboard.press("Escape")
    assert page.get_by_role("dialog").count() == 0


def test_merged_and_taken_apart_again(enter, program, amelia, assert_accessible):
    twin = enrol(program, "ahart", name="Amelia Hart")
    b.record(program, b.order("H-1", "2026-11-02", 4000, member="ahart"))
    page = enter()
    open_member(page, program, amelia)

    page.locator("summary", has_text="More").click()
    page.get_by_role("link", name="Merge with another member").click()
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

    assert page.locator(".toast").count() == 1
    assert holds(program, amelia) == (80, 0, 0)
