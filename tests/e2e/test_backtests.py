"""A merchant tries a draft on the past: from the rule's page to what it would have cost, and the progress in between."""

import random
from datetime import timedelta
from functools import partial

import pytest
from django.utils import timezone
from django_scopes import scope
from playwright.sync_api import expect

from analytics.backtests import runs
from analytics.backtests.changes import Changes
from loyaltysite.kit import clock
from members.models import Member, Store
from rewards import drafts
from rewards.models import EarningRule, Tier
from tests.e2e import entering
from tests.rewards import builders as b

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

NAMES = {"en": {"one": "Star", "other": "Stars"}, "ar": {"other": "نجمة"}}
PEOPLE = ("Amelia Hart", "ماهر عطية", "Noor Haddad", "Jonas Wirth", "Layla Nasser", "Tom Field", "רות לוי")
CATEGORIES = ("Tea", "Mugs", "Books", "Lamps")
DOUBLE = {
    "trigger": {"on": "order"},
    "unit": "points",
    "amount": {"kind": "per_amount", "points": "2", "per_minor": 100},
    "lines": {"field": "category", "op": "in", "value": ["Tea", "Mugs"]},
}


@pytest.fixture
def program(site):
    """A shop with a year of sales, and a draft that gives twice on two categories and nothing on the others."""
    found = b.open_program(
        currency="GBP",
        units={"points": {"names": NAMES, "expiry": {"kind": "months", "count": 12}}},
        tiers={"silver": (0, {}), "gold": (60_000, {"points": "3/2"})},
        stores=["north", "south"],
    )
    dice, begin = random.Random(7), clock.now() - timedelta(days=350)
    orders = []
    for number in range(160):
        lines = [
            b.line(dice.randrange(500, 9_000), f"s{place}", category=dice.choice(CATEGORIES))
            for place in (1, 2)
        ]
        orders.append(
            b.order(
                f"A-{number}",
                begin + timedelta(days=2 * number),
                *lines,
                member=f"m{dice.randrange(len(PEOPLE))}",
                store=dice.choice(["north", "south"]),
            )
        )
    b.record(found, *orders, at_own_time=True)
    with scope(program=found):
        for place, name in enumerate(PEOPLE):
            Member.objects.filter(identities__value=f"m{place}@example.com").update(name=name)
        Store.objects.filter(code="north").update(name="Harbour")
        Store.objects.filter(code="south").update(name="Old Town")
        EarningRule.objects.update(name="Stars on everything")
        for key, name in (("silver", "Silver"), ("gold", "Gold")):
            Tier.objects.filter(key=key).update(names={"en": name})
        drafts.save(
            program=found,
            key="base",
            name="Twice on tea and mugs",
            definition=DOUBLE,
            by=None,
            now=clock.now(),
        )
    return found


@pytest.fixture
def sign_in(new_page, program):
    """A page of somebody of the team, signed in."""
    return partial(entering.as_staff, new_page, program)


def test_from_the_draft_of_a_rule_to_what_it_would_have_cost(sign_in, program, assert_accessible):
    page = sign_in()
    page.goto(f"/dashboard/{program.slug}/rules/base/")
    page.get_by_role("link", name="Back-test…").click()
    expect(page.get_by_role("checkbox", name="Twice on tea and mugs")).to_be_checked()
    assert_accessible(page)

    page.locator("input[name=last]").fill(timezone.localdate().isoformat())
    page.get_by_role("button", name="Start").click()

    page.get_by_text("This draft would have cost").wait_for()
    page.get_by_role("heading", name="The most affected members").wait_for()
    expect(page.get_by_text("exactly what the ledger says")).to_have_count(1)
    assert_accessible(page)
    page.get_by_role("link", name="Back-tests", exact=True).first.click()
    page.wait_for_url("**/backtests/")
    page.get_by_role("link", name="Twice on tea and mugs").wait_for()
    assert_accessible(page)


def test_the_page_of_one_under_way_follows_it_to_its_end(sign_in, program, assert_accessible):
    today = timezone.localdate()
    draft = {"base": {"name": "Twice on tea and mugs", "definition": DOUBLE}}
    made = runs.begin(
        program=program, name="Twice", changes=Changes(rules=draft), first=today - timedelta(days=90), last=today, by=None,
        now=clock.now(), size=3,
    )  # fmt: skip
    page = sign_in(viewport={"width": 390, "height": 844}, locale="ar")
    page.goto(f"/dashboard/{program.slug}/backtests/{made.pk}/")
    page.locator("[hx-trigger='every 1s']").wait_for()
    assert_accessible(page)

    runs.work(backtest_id=made.pk, clock=clock.now)

    # It asks by itself, and stops asking.
    page.locator("#affected").wait_for()
    expect(page.locator("[hx-trigger='every 1s']")).to_have_count(0)
    assert_accessible(page)
