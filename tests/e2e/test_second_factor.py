"""Passkeys, an authenticator app and the pages of one's own account, in a real browser with a key made of software."""

import re
from urllib.parse import urlsplit

import pytest
from allauth.mfa.totp.internal.auth import hotp_value, yield_hotp_counters_from_time
from playwright.sync_api import expect

from members.models import Role
from tests.e2e import entering
from tests.e2e.test_signin import sign_in, verified
from tests.members.teams import hire, home_of
from tests.rewards.builders import open_program

pytestmark = pytest.mark.e2e

PASSWORD = "correct horse battery"


@pytest.fixture
def at_localhost(site):
    """A browser takes passkeys over plain HTTP only here."""
    return f"http://localhost:{urlsplit(site.url).port}"


def plug_in_key(page) -> None:
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def code_of(secret: str) -> str:
    """The code that is good for the longest time from now."""
    return f"{hotp_value(secret, max(yield_hotp_counters_from_time())):06}"


def test_an_owner_adds_a_passkey_and_signs_in_with_it_alone(new_page, at_localhost, assert_accessible):
    program = open_program()
    program.requires_mfa = True
    program.save()
    user = verified(hire(program, Role.OWNER, password=PASSWORD))
    page = new_page(base_url=at_localhost)
    plug_in_key(page)

    sign_in(page, user, at=home_of(program))
    page.get_by_text("asks its owners and managers for a second factor").wait_for()
    assert_accessible(page)
    page.get_by_role("link", name="Add a passkey").click()
    page.wait_for_url(re.compile("/reauthenticate/|/webauthn/add/"))
    # at once: one of the two pages is there
    if page.get_by_role("heading", name="Is it you?").is_visible():
        assert_accessible(page)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Go on").click()
    page.get_by_label("Name of this key").fill("Laptop")
    assert_accessible(page)
    page.get_by_label("Sign in with it alone").check()
    page.get_by_role("button", name="Add a passkey").click()
    page.get_by_role("heading", name="Recovery codes").wait_for()
    assert_accessible(page)
    page.goto(home_of(program))
    expect(page).to_have_url(f"{at_localhost}{home_of(program)}")

    page.locator("details.menu > summary").first.click()
    entering.press(page.get_by_role("button", name="Sign out"))
    page.goto("/accounts/login/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url(lambda url: "/accounts/" not in url)
    assert page.goto(home_of(program)).status == 200


def test_an_app_is_set_up_and_then_asked_for(page, site, assert_accessible):
    program = open_program()
    user = verified(hire(program, Role.MANAGER, password=PASSWORD))
    sign_in(page, user)
    page.wait_for_url(lambda url: "/accounts/" not in url)
    page.goto("/accounts/2fa/totp/activate/")
    # at once: one of the two pages is there
    if page.get_by_role("heading", name="Is it you?").is_visible():
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Go on").click()

    page.get_by_label("Code of the app").wait_for()
    assert_accessible(page)
    secret = page.locator("code").inner_text()
    page.get_by_label("Code of the app").fill(code_of(secret))
    page.get_by_role("button", name="Turn on").click()
    page.get_by_role("heading", name="Recovery codes").wait_for()
    recovery = page.locator(".codes li").first.inner_text()
    page.context.clear_cookies()
    sign_in(page, user)
    page.get_by_role("heading", name="One more step").wait_for()
    assert_accessible(page)
    page.get_by_label("Code").fill("123")
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.locator(".err").first.wait_for()
    page.get_by_label("Code").fill(recovery)
    page.get_by_role("button", name="Sign in", exact=True).click()

    expect(page).to_have_url(f"{site.url}{home_of(program)}")


@pytest.mark.parametrize("locale", ["en", "ar"])
def test_the_pages_of_an_account_are_accessible(new_page, site, assert_accessible, locale):
    user = verified(hire(open_program(), password=PASSWORD))
    page = new_page(locale=locale, viewport={"width": 390, "height": 844})
    entering.sign_in(page, user, PASSWORD)

    for path in (
        "profile/",
        "email/",
        "password/change/",
        "2fa/",
        "2fa/webauthn/",
        "sessions/",
        "reauthenticate/",
    ):
        page.goto(f"/accounts/{path}")
        assert_accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth + 1"), path
