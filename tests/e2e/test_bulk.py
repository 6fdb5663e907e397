"""Points for two ticked members: from the list through the preview to the new balance, in a real browser."""

import pytest
from allauth.account.models import EmailAddress

from tests.members.teams import enrol, hire, list_of
from tests.rewards.builders import balance, open_program

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

PASSWORD = "correct horse battery"


@pytest.fixture
def program(site):
    program = open_program(units={"points": {"names": {"en": {"one": "Star", "other": "Stars"}}}})
    for name in ("Anna", "Berta", "Carla"):
        enrol(program, name.lower(), name=name)
    return program


def test_ticked_members_get_points_after_the_preview(page, program, assert_accessible):
    owner = hire(program, password=PASSWORD)
    EmailAddress.objects.create(user=owner, email=owner.email, verified=True, primary=True)
    page.goto("/dashboard/")
    page.locator("input[type=email]").fill(owner.email)
    page.locator("input[type=password]").fill(PASSWORD)
    page.locator("button.give").click()
    page.wait_for_url("**/dashboard/**")

    page.goto(list_of(program))
    assert not page.get_by_role("button", name="Adjust points").is_visible()
    page.get_by_label("Select Anna").check()
    page.get_by_label("Select Carla").check()
    page.get_by_role("button", name="Adjust points").click()
    page.get_by_label("Amount").fill("25")
    page.get_by_label("Reason").fill("An apology")
    page.get_by_role("button", name="Show what it would do").click()
    page.get_by_role("heading", name="Nothing has happened yet").wait_for()
    assert_accessible(page)
    assert "+50" in page.locator("main").inner_text()
    assert balance(program, "anna").active == 0
    page.get_by_role("button", name="Start for").click()
    page.get_by_role("heading", name="Finished").wait_for()

    assert [balance(program, name).active for name in ("anna", "berta", "carla")] == [25, 0, 25]
