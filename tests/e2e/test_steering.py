"""A manager's morning in the browser: an alert and its draft, a goal, the review of the month, sales credited, a view kept."""

from datetime import timedelta

import pytest
from django.utils import timezone
from django_scopes import scope
from playwright.sync_api import expect

from analytics import tasks
from analytics.alerts import looking, raising
from analytics.models import AttributionPolicy, CreditDay, CreditProductDay
from analytics.reviews import making
from campaigns.models import Journey
from loyaltysite.kit import clock
from members.models import Role
from tests.analytics.steering.worlds import lay
from tests.e2e.pictures import shoot
from tests.e2e.test_every_page import SIZES, enter
from tests.members.teams import hire
from tests.rewards.builders import line, open_program, order, record
from tests.rewards.catalogue import put_up

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
EFFECT = {
    "treated": 9_120, "held_out": 1_011, "revenue_minor": 412_300, "low_minor": 120_000, "high_minor": 704_000,
    "margin_minor": None, "cost_minor": 0, "is_clear": True,
}  # fmt: skip


@pytest.fixture
def shop(site):
    """A shop whose rule gives less, whose redemption is weak and whose yesterday was bad; a journey that sold."""
    today = timezone.localdate()
    program = open_program(margin_rate=4_000, currency="GBP", languages=["en", "ar", "he", "fa"])
    put_up(program, "mug", price={"points": 5}, cost_minor=300)
    before = today.replace(day=1) - timedelta(days=5)
    for number in range(4):
        record(
            program,
            order(f"o{number}", f"{before.isoformat()}T10:00", line(2_000 + number), member=f"m{number}"),
        )
    lay(
        program,
        orders=lambda day: 30 if day == today - timedelta(days=1) else 100 + day.day,
        rule=lambda day: 5 if day >= today - timedelta(days=28) else 40,
        used=lambda day: 1_400 if day >= today - timedelta(days=90) else 3_000,
        today=today,
    )
    with scope(program=program):
        found = looking.findings(program=program, today=today, now=timezone.now())
        raising.update(program=program, findings=found, today=today)
        journey = Journey.objects.create(program=program, key="welcome", name="Welcome", salt="s")
        for back in range(1, 60):
            day = today - timedelta(days=back)
            facts = {"program": program, "day": day}
            CreditDay.objects.create(
                channel="email", touch="click", journey_id=journey.pk, orders=6, revenue_minor=9_900, **facts
            )
            CreditDay.objects.create(channel="inapp", touch="open", orders=2, revenue_minor=2_400, **facts)
            CreditProductDay.objects.create(
                channel="email",
                sku="HL-12",
                name="Candle, lighthouse",
                quantity=4,
                revenue_minor=5_000,
                **facts,
            )
        span = {"since": (today - timedelta(days=90)).isoformat(), "until": today.isoformat()}
        AttributionPolicy.objects.create(
            program=program,
            effects=span | {"all": EFFECT, "journeys": {str(journey.pk): EFFECT}},
            counted_at=timezone.now(),
        )
    return program


@pytest.mark.parametrize(("language", "size", "theme"), [("en", "desktop", "light"), ("ar", "phone", "dark")])
def test_a_managers_morning(shop, new_page, assert_accessible, language, size, theme):
    page = new_page(locale=language, viewport=SIZES[size], color_scheme=theme)
    base = f"/dashboard/{shop.slug}/"
    enter(page, hire(shop, Role.MANAGER, language=language), f"{base}alerts/")
    expect(page.locator("main article")).to_have_count(4)
    page.locator("main article summary").first.click()
    shoot(page, f"alerts-{language}")

    page.locator("form[action$='/close/'] button").first.click()
    expect(page.locator("[aria-invalid=true]")).to_have_count(1)
    assert_accessible(page)
    page.goto(f"{base}alerts/")
    page.locator("form[action$='/draft/'] button").last.click()
    page.wait_for_url("**/edit/")

    page.goto(f"{base}goals/new/")
    page.locator("[name=name]").fill("More orders")
    page.locator("[name=kpi]").select_option("orders")
    page.locator("[name=days]").select_option("30")
    page.locator("[name=target]").fill("4000")
    today = timezone.localdate()
    page.locator("[name=starts_on]").fill((today - timedelta(days=40)).isoformat())
    page.locator("[name=due_on]").fill((today + timedelta(days=60)).isoformat())
    shoot(page, f"goal-new-{language}")
    page.locator("main form button.primary").click()
    expect(page.locator("figure svg[role=img]")).to_be_visible()
    assert_accessible(page)
    shoot(page, f"goal-{language}")
    page.goto(f"{base}goals/")
    expect(page.locator("tbody tr")).to_have_count(1)
    shoot(page, f"goals-{language}")

    page.goto(f"{base}reviews/")
    page.locator("form[action$='/make/'] button").click()
    page.wait_for_url("**/reviews/*/")
    expect(page.locator("main article")).to_have_count(2)
    page.locator("main article summary").first.click()
    page.locator("main article [name=why]").first.fill("It pays.")
    page.locator("main article form button").first.click()
    expect(page.get_by_text("It pays.").first).to_be_visible()
    assert_accessible(page)
    shoot(page, f"review-{language}")
    page.emulate_media(media="print")
    expect(page.locator(".side")).to_be_hidden()
    shoot(page, f"review-print-{language}")
    page.emulate_media(media="screen")

    page.goto(f"{base}attribution/")
    assert_accessible(page)
    shoot(page, f"attribution-{language}")

    page.goto(f"{base}figures/?period=30")
    page.locator("a[href*='views/new/']").click()
    page.locator("[name=name]").fill("My month")
    page.locator("main form button.primary").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    page.locator("form[action$='/weekly/'] button").click()
    expect(page.locator("form[action$='/weekly/'] select")).to_have_count(0)
    shoot(page, f"views-{language}")
    page.goto(f"{base}views/programs/")
    assert_accessible(page)
    shoot(page, f"compare-{language}")
    page.goto(base)
    shoot(page, f"home-{language}")


def test_a_review_that_is_being_prepared_opens_by_itself(site, new_page, assert_accessible):
    program, now = open_program(languages=["en", "ar"]), clock.now()
    put_up(program, "mug", price={"points": 5})
    manager = hire(program, Role.MANAGER, language="ar")
    today = timezone.localdate(now, program.zone)
    asked, _is_new = making.ask(
        program=program, month=making.month_before(today), today=today, by=manager, now=now
    )
    page = new_page(locale="ar", viewport=SIZES["phone"], color_scheme="dark")
    enter(page, manager, f"/dashboard/{program.slug}/reviews/{asked.pk}/")
    page.locator("[hx-trigger='every 2s']").wait_for()
    assert_accessible(page)
    shoot(page, "review-asked-ar")

    tasks.make_asked_reviews()

    # It asks by itself, and stops asking.
    page.locator("main article").first.wait_for()
    expect(page.locator("[hx-trigger='every 2s']")).to_have_count(0)
    assert_accessible(page)
