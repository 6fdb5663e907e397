"""Points or a coupon for many members: from the list through the preview to what they have then, in a real browser."""

import pytest
from django.utils import timezone
from django_scopes import scope
from playwright.sync_api import expect

from rewards.coupons import own
from rewards.models import Code
from tests.e2e import entering
from tests.members.teams import enrol, list_of
from tests.rewards import coupons
from tests.rewards.builders import balance, find, open_program

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


@pytest.fixture
def program(site):
    program = open_program(units={"points": {"names": {"en": {"one": "Star", "other": "Stars"}}}})
    for name in ("Anna", "Berta", "Carla"):
        enrol(program, name.lower(), name=name)
    return program


def sign_in(page, program):
    entering.sign_in(page, entering.hired(program))


def test_ticked_members_get_points_after_the_preview(page, program, assert_accessible):
    sign_in(page, program)

    page.goto(list_of(program))
    expect(page.get_by_label("Select Anna")).not_to_be_checked()
    expect(page.get_by_role("button", name="Adjust points")).to_be_hidden()
    page.get_by_label("Select Anna").check()
    page.get_by_label("Select Carla").check()
    page.get_by_role("button", name="Adjust points").click()
    page.get_by_label("Amount").fill("25")
    page.get_by_label("Reason").fill("An apology")
    page.get_by_role("button", name="Show what it would do").click()
    page.get_by_role("heading", name="Nothing has happened yet").wait_for()
    assert_accessible(page)
    expect(page.locator("main")).to_contain_text("+50")
    assert balance(program, "anna").active == 0
    page.get_by_role("button", name="Start for").click()
    page.get_by_role("heading", name="Finished").wait_for()

    assert [balance(program, name).active for name in ("anna", "berta", "carla")] == [25, 0, 25]


def test_a_coupon_goes_to_those_who_have_none(page, program, assert_accessible):
    coupons.put_up(program, "summer", pool=coupons.open_pool(program, "summer-pool").key)
    with scope(program=program):
        anna = find(program, "anna")
        own.give(program=program, member=anna, coupon="summer", by=None, now=timezone.now())
    sign_in(page, program)

    page.goto(f"/dashboard/{program.slug}/coupons/summer/")
    page.get_by_role("link", name="Give to many").click()
    page.get_by_role("button", name="Show what it would do").wait_for()
    assert_accessible(page)
    page.get_by_label("Reason").fill("Thanks for ten years")
    page.get_by_role("button", name="Show what it would do").click()
    page.get_by_role("heading", name="Nothing has happened yet").wait_for()
    assert_accessible(page)
    expect(page.locator("main")).to_contain_text("10% off")
    expect(page.locator("main")).to_contain_text("Has this coupon already")
    page.get_by_role("button", name="Start for").click()
    page.get_by_role("heading", name="Finished").wait_for()

    with scope(program=program):
        owners = Code.objects.filter(pool__key="summer-pool").values_list("member__name", flat=True)
        assert sorted(owners) == ["Anna", "Berta", "Carla"]
