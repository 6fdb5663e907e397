"""An analyst narrows the key figures in the browser: to a store, to a tier, and lets go again."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from analytics import rollups
from members.models import Role
from tests.e2e.pictures import shoot
from tests.e2e.test_every_page import SIZES, enter
from tests.members.teams import hire
from tests.rewards.builders import open_program, order, record

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
TIERS = {"base": (0, {}), "silver": (6_000, {})}


@pytest.fixture
def shop(site):
    program = open_program(tiers=TIERS, stores=["north", "south"], languages=["en", "ar"], margin_rate=4_000)
    today = timezone.localdate()
    record(
        program,
        *(
            order(
                f"o{back}", str(today - timedelta(days=back)), 900 + 70 * (back % 9), member=f"m{back % 7}",
                store="north" if back % 3 else "south", channel="web" if back % 2 else "till",
            )
            for back in range(80, 0, -1)
        ),
        at_own_time=True,
    )  # fmt: skip
    while rollups.fold():
        pass
    return program


@pytest.mark.parametrize(
    ("language", "size", "scheme"), [("en", "desktop", "light"), ("ar", "phone", "dark")]
)
def test_narrowing_and_letting_go(site, shop, new_page, assert_accessible, language, size, scheme):
    page = new_page(locale=language, viewport=SIZES[size], color_scheme=scheme)
    user = hire(shop, Role.ANALYST)
    base = f"/dashboard/{shop.slug}/figures/"
    enter(page, user, f"{base}?period=30")
    page.locator("details:has([name=store]) > summary").click()
    page.locator("[name=store]").select_option("north")
    shoot(page, f"narrow-{language}")
    page.locator("form:has([name=store]) button").click()

    expect(page).to_have_url(re.compile("store=north"))
    expect(page).to_have_url(re.compile("period=30"))
    expect(page.locator(".chip")).to_have_count(1)
    assert_accessible(page)
    shoot(page, f"narrowed-store-{language}")

    joined = (timezone.localdate() - timedelta(days=80)).year  # that of the first orders
    page.goto(f"{base}repeat_rate/?period=30&tier=silver&joined={joined}")
    expect(page.locator(".chip")).to_have_count(2)
    expect(page.locator("figure svg").first).to_be_visible()
    assert_accessible(page)
    shoot(page, f"narrowed-tier-{language}")
    page.locator(".chip a").first.click()
    expect(page.locator(".chip")).to_have_count(1)
    expect(page).to_have_url(re.compile("joined="))
    expect(page).not_to_have_url(re.compile("tier="))

    page.goto(f"{base}?store=north&tier=base")
    expect(page.locator("[aria-invalid=true]")).to_have_count(1)
    assert_accessible(page)
    shoot(page, f"narrowed-wrong-{language}")
