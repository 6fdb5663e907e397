"""Every page that can be looked at, in a real browser: accessible, no wider than its window, nothing on the console.

In each run one left-to-right and one right-to-left language; `make axe` takes all four, light and dark, wide and narrow.
"""

import os
from itertools import product

import pytest
from allauth.account.models import EmailAddress
from django.urls import reverse
from django_scopes import scope

from members import identities
from members.models import Member
from tests.e2e import entering
from tests.members import portal_shop
from tests.walls import DASHBOARD
from tests.world import World

# Dozens of pages each.
pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(3600)]

PASSWORD = "correct horse battery"
SIZES = {"phone": {"width": 390, "height": 844}, "desktop": {"width": 1440, "height": 900}}
QUICK = [("en", "desktop", "light"), ("ar", "phone", "dark")]
ALL = list(product(("en", "ar", "he", "fa"), SIZES, ("light", "dark")))
WAYS = ALL if os.environ.get("WAFA_AXE") == "all" else QUICK
# Not pages: files, and the pieces that a page asks for while one types.
FILES = {
    "analytics:backtest_csv",
    "analytics:liability_table",
    "analytics:journal_file",
    "analytics:budgets_table",
    "analytics:roi_table",
    "rewards:export",
    "rewards:import_rejected",
    "rewards:bulk_left",
    "rewards:pool_left",
    "members:audit_export",
    "analytics:attribution_csv",
    "members:brand",
    "rewards:unit_example",
    "campaigns:template_preview",
}
# There is nothing to see without more than the world has.
STATES = {"rewards:bulk_new", "rewards:till_store"}
ACCOUNT = ("profile/", "email/", "password/change/", "2fa/", "2fa/webauthn/", "sessions/")
DOOR = ("login/", "login/code/", "password/reset/", "signup/", "inactive/")
PORTAL = (
    "home",
    "badges",
    "card",
    "passcode",
    "lots",
    "history",
    "causes",
    "gifts",
    "send",
    "statement",
    "profile",
    "address",
    "consents",
    "messages",
    "leave",
    "friends",
    "rewards",
    "mine",
    "plans",
    "gift_cards",
    "gift_card",
)
PORTAL_DOOR = ("sign_in", "join", "verify", "goodbye")

ways = pytest.mark.parametrize(("language", "size", "theme"), WAYS)


@pytest.fixture
def opened(new_page, assert_accessible):
    """Open pages one after the other and collect what is wrong with them."""

    def open_all(page, paths):
        wrong = []
        for path in paths:
            response = page.goto(path)
            if response.status >= 400:
                wrong.append(f"{path}: {response.status}")
                continue
            if not page.title():  # at once: goto waits for the page
                wrong.append(f"{path}: without a title")
                continue
            try:
                assert_accessible(page)
            except AssertionError as error:
                wrong.append(f"{path}: {error}")
            if page.evaluate("document.documentElement.scrollWidth > innerWidth + 1"):
                wrong.append(f"{path}: wider than its window")
        assert wrong == []

    return open_all


def visitor(new_page, language, size, theme):
    return new_page(locale=language, viewport=SIZES[size], color_scheme=theme)


def enter(page, user, at):
    user.set_password(PASSWORD)
    user.save()
    EmailAddress.objects.get_or_create(
        user=user, email=user.email, defaults={"verified": True, "primary": True}
    )
    entering.sign_in(page, user, PASSWORD, f"/accounts/login/?next={at}")


def pages_of(world):
    for name, wall in DASHBOARD.items():
        if wall.read is not None and name not in FILES | STATES:
            keys = {key.partition(":")[0]: world.argument(key) for key in wall.objects}
            yield reverse(name, kwargs={"slug": world.program.slug, **keys})


@ways
def test_pages_of_the_dashboard(site, new_page, opened, language, size, theme):
    world = World.make()
    page = visitor(new_page, language, size, theme)
    enter(page, world.owner, f"/dashboard/{world.program.slug}/")

    opened(page, list(pages_of(world)))


@ways
def test_pages_of_an_account_and_the_door(site, new_page, opened, language, size, theme):
    world = World.make()
    page = visitor(new_page, language, size, theme)
    opened(page, [f"/accounts/{path}" for path in DOOR])
    enter(page, world.owner, f"/dashboard/{world.program.slug}/")

    opened(
        page,
        [
            *(f"/accounts/{path}" for path in ACCOUNT),
            f"/till/{world.program.slug}/",
            "/dashboard/styleguide/",
        ],
    )


@ways
def test_pages_of_the_portal(site, new_page, opened, language, size, theme):
    program = portal_shop.open_shop()
    member = portal_shop.amelia(program)
    with scope(program=program):
        identity = member.identities.get(kind="email")
        identities.add(
            member=Member.objects.get(pk=member.pk),
            kind="email",
            value=identity.value,
            verified_at=portal_shop.NOW,
        )
    page = visitor(new_page, language, size, theme)
    opened(page, [reverse(f"portal:{name}", args=[program.slug]) for name in PORTAL_DOOR])
    entering.sign_in_by_code(page, site, program, identity.value)

    opened(page, [reverse(f"portal:{name}", args=[program.slug]) for name in PORTAL])
