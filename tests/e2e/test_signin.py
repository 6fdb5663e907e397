"""Signing in as staff: to the program, to a choice, or to a plain word."""

import pytest
from allauth.account.models import EmailAddress
from playwright.sync_api import expect

from members.models import Role, User
from tests.e2e import entering
from tests.members.teams import hire, home_of, list_of
from tests.rewards.builders import open_program

pytestmark = pytest.mark.e2e

PASSWORD = "correct horse battery"


def verified(user):
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def sign_in(page, user, at="/dashboard/"):
    page.goto(at)
    page.get_by_label("E-mail").fill(user.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def test_whoever_asked_for_a_page_gets_it_after_signing_in(page, site):
    program = open_program()
    user = verified(hire(program, Role.ANALYST, password=PASSWORD))

    sign_in(page, user, at=f"{list_of(program)}?q=amelia")

    expect(page).to_have_url(f"{site.url}{list_of(program)}?q=amelia")


def test_the_bare_address_leads_to_the_only_program(page, site):
    program = open_program()
    user = verified(hire(program, password=PASSWORD))

    sign_in(page, user, at="/")

    expect(page).to_have_url(f"{site.url}{home_of(program)}")


def test_a_customer_is_told_that_this_is_for_staff(page, site, assert_accessible):
    user = verified(User.objects.create_user("customer@example.com", PASSWORD))

    sign_in(page, user)

    page.get_by_role("heading", name="No program yet").wait_for()
    assert_accessible(page)
    entering.press(page.get_by_role("button", name="Sign out"))
    page.goto("/dashboard/")
    expect(page).to_have_url(f"{site.url}/accounts/login/?next=/dashboard/")


def test_a_cashier_is_sent_to_the_till(page, site, assert_accessible):
    program = open_program()
    user = verified(hire(program, Role.CASHIER, password=PASSWORD))

    sign_in(page, user, at=home_of(program))

    page.get_by_role("heading", name="This page is not open to you").wait_for()
    assert_accessible(page)
