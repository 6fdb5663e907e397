"""An event in a browser: a manager sets its day, a member sees it in two directions, the door has the list."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from members.models import Role
from members.portal import people
from rewards import redemptions
from rewards.gatherings import editing
from tests.e2e.pictures import shoot
from tests.e2e.test_every_page import SIZES, enter
from tests.members import portal_shop
from tests.members.teams import hire
from tests.rewards import builders as b
from tests.rewards import catalogue as rewards

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
WAYS = [("en", "desktop", "light"), ("ar", "phone", "dark")]


def sign_in(page, program, email):
    user = people.prove(program=program, email=email, now=timezone.now())
    enter(page, user, reverse("portal:home", args=[program.slug]))


@pytest.fixture
def shop(site):
    program = portal_shop.open_shop()
    portal_shop.amelia(program)
    rewards.put_up(
        program, "tasting", price={}, per_member=1, kind="event", stock=20, handover="code",
        names={"en": "Tasting at the quay", "ar": "تذوق عند الرصيف"},
        summaries={"en": "Five coffees with the roaster.", "ar": "خمس قهوات مع المحمّص."},
    )  # fmt: skip
    return program


def take_seats(program):
    now = timezone.now()
    editing.plan(
        program=program, key="tasting", by=None, now=now, begins_at=now + timedelta(days=2),
        ends_at=now + timedelta(days=2, hours=3), time_zone="Asia/Tokyo",
        places={"en": "Quay room", "ar": "قاعة الرصيف"},
    )  # fmt: skip
    seats = [
        redemptions.reserve(
            program=program, member=b.find(program, name), reward="tasting", key=name, now=now, at_once=True
        )
        for name in ("anna", "ben")
    ]
    redemptions.fulfil(program=program, redemption_id=seats[1].pk, now=now)
    return seats[0]


@pytest.mark.parametrize(("language", "size", "theme"), WAYS)
def test_staff_set_the_day_and_see_who_comes(shop, new_page, assert_accessible, language, size, theme):
    page = new_page(locale=language, viewport=SIZES[size], color_scheme=theme)
    here = reverse("rewards:event", args=[shop.slug, "tasting"])
    enter(page, hire(shop, Role.MANAGER), f"{here}edit/")
    page.locator("[name=day]").fill("2030-01-12")
    page.locator("[name=begins]").fill("18:00")
    page.locator("[name=place_en]").fill("Quay room")
    assert_accessible(page)
    shoot(page, f"event-edit-{language}")
    page.locator("main button.primary").click()
    page.wait_for_url(f"**{here}")
    b.join(shop, "ben")
    take_seats(shop)

    page.goto(here)

    expect(page.get_by_text("Amelia").first).to_be_visible()
    assert_accessible(page)
    shoot(page, f"event-{language}")


@pytest.mark.parametrize(("language", "size", "theme"), WAYS)
def test_the_door_and_the_member_see_the_same_day(shop, new_page, assert_accessible, language, size, theme):
    b.join(shop, "ben")
    one = take_seats(shop)
    page = new_page(locale=language, viewport=SIZES[size], color_scheme=theme)
    enter(page, hire(shop, Role.CASHIER), reverse("rewards:till_events", args=[shop.slug]))
    assert_accessible(page)
    shoot(page, f"till-events-{language}")
    page.locator("main a").first.click()
    page.wait_for_url("**/events/tasting/")
    assert_accessible(page)
    shoot(page, f"till-event-{language}")

    page = new_page(locale=language, viewport=SIZES["phone"], color_scheme=theme)
    sign_in(page, shop, "anna@example.com")
    for address in (
        reverse("portal:reward", args=[shop.slug, "tasting"]),
        reverse("portal:redemption", args=[shop.slug, one.pk]),
    ):
        page.goto(address)
        assert_accessible(page)
        shoot(page, f"portal-{'reward' if 'rewards' in address else 'seat'}-{language}")
        assert not page.evaluate("document.documentElement.scrollWidth > innerWidth + 1")
    with page.expect_download() as download:
        page.locator("a[download]").click()

    assert download.value.suggested_filename == "tasting.ics"
