"""How a member of staff and a customer get in."""

from __future__ import annotations

import re
from collections.abc import Callable
from email import message_from_string, policy
from typing import Any

from allauth.account.models import EmailAddress
from playwright.sync_api import Locator, Page

from members.models import Program, Role, User
from tests.fixtures.site import Site
from tests.members.teams import hire

PASSWORD = "correct horse battery"
DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}


def hired(program: Program, role: Role = Role.OWNER, *, name: str = "Kaveh Parsa") -> User:
    """Somebody new in the program's team who can sign in with PASSWORD."""
    user = hire(program, role, password=PASSWORD, name=name)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def as_staff(
    new_page: Callable[..., Page],
    program: Program,
    at: str = "/dashboard/",
    role: Role = Role.MANAGER,
    **options: Any,
) -> Page:
    """A page of somebody new in the team, signed in, at an address; wide unless the options of the page say otherwise."""
    page = new_page(**({"viewport": DESKTOP} | options))
    return sign_in(page, hired(program, role), at=at)


def sign_in(page: Page, user: User, password: str = PASSWORD, at: str = "/dashboard/") -> Page:
    """Open an address, sign in where it asks for it, and wait until it is there."""
    page.goto(at)
    page.locator("input[type=email]").fill(user.email)
    page.locator("input[type=password]").fill(password)
    page.locator("button.give").click()
    # The page of the sign-in names in its own address what comes after it.
    page.wait_for_url(lambda url: "/accounts/" not in url)
    return page


def press(target: Locator) -> None:
    """Press what leads to another page, were it the same address again, and wait until that is there."""
    with target.page.expect_navigation():
        target.click()


def as_customer(
    new_page: Callable[..., Page],
    site: Site,
    program: Program,
    email: str = "anna@example.com",
    at: str = "",
    **options: Any,
) -> Page:
    """A phone of a member, signed in by the code of an e-mail, on a page of the portal."""
    page = new_page(**({"viewport": PHONE} | options))
    return sign_in_by_code(page, site, program, email, at)


def sign_in_by_code(
    page: Page, site: Site, program: Program, email: str = "anna@example.com", at: str = ""
) -> Page:
    """Open a page of the portal that only members see, sign in, and wait until it is there."""
    page.goto(f"/p/{program.slug}/{at}")
    page.locator("input[type=email]").fill(email)
    page.locator("button.primary").click()
    type_code(page, site)
    page.locator("button.primary").click()
    page.wait_for_url(f"**/p/{program.slug}/{at}")
    return page


def type_code(page: Page, site: Site) -> None:
    """Type the code of the newest e-mail, in whatever language it is written, once the page asks for it."""
    field = page.locator(".otp")
    field.wait_for()  # the mail has left before the page asks
    body = message_from_string(site.mails()[-1], policy=policy.default).get_content()
    found = re.search(r"^ +([A-Z0-9]{6})$", body, flags=re.MULTILINE)
    assert found, body
    field.fill(found[1])
