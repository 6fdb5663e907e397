"""A gift card from the desk to the till: staff issue it, a customer pays with it and adds the rest to the own credit."""

import re
from datetime import UTC, datetime
from functools import partial

import pytest
from django.core.cache import cache
from django_scopes import scope
from playwright.sync_api import expect

from members.models import Member, Role
from rewards import ledger, rulebook
from rewards.models import GiftCard, Unit
from tests.e2e import entering
from tests.e2e.pictures import shoot
from tests.e2e.till.moves import patient
from tests.rewards import builders as b
from tests.rewards.giftcards import house
from tests.rewards.till.shop import amelia, open_shop, till_of

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

CUSTOMER = "amelia@example.com"


@pytest.fixture
def program(site):
    """Amelia has 1,000 Stars, of which each is worth a penny, and the shop has credit in pounds."""
    cache.clear()
    found = open_shop()
    with scope(program=found):
        first = Unit.objects.order_by("pk").first()
        names = {"en": {"one": "credit", "other": "credit"}, "ar": {"other": "رصيد"}}
        Unit.objects.create(
            program=found, key="credit", is_money=True, precision=2, worth_numerator=100, names=names
        )
    b.change_unit(found, first.key, worth_numerator=1, worth_denominator=1)
    rulebook.touch(found)
    member = amelia(found)
    ledger.adjust(
        program=found, member=member, unit=first.key, amount=1000, reason="x", by=b.staff(), key="x",
        now=datetime.now(UTC),
    )  # fmt: skip
    return found


@pytest.fixture
def staff(new_page, program):
    """A page of somebody of the team, signed in."""
    return partial(entering.as_staff, new_page, program)


@pytest.fixture
def customer(new_page, site, program):
    """A phone of Amelia, signed in."""
    return partial(entering.as_customer, new_page, site, program, CUSTOMER)


@pytest.fixture
def issued(staff, program):
    """Issue a card as staff do; its code. The site has a secret of its own, so only its pages know the code."""

    def issue(value, number=""):
        page = staff(f"/dashboard/{program.slug}/gift-cards/new/", Role.MANAGER)
        page.locator("[name=value]").fill(value)
        page.locator("[name=member]").fill(number)
        page.get_by_role("button", name="Issue it").click()
        page.get_by_role("button", name="Show the code").click()
        return page.locator(".note code").inner_text()

    return issue


def the_card(program) -> GiftCard:
    with scope(program=program):
        return GiftCard.objects.select_related("unit").get()


def test_staff_issue_a_card_and_block_it(staff, program, assert_accessible):
    page = staff(f"/dashboard/{program.slug}/gift-cards/", Role.MANAGER)
    assert_accessible(page)
    page.get_by_role("link", name="Issue a gift card").click()
    page.locator("[name=value]").fill("50.00")
    page.locator("[name=reference]").fill("Birthday of the shop")
    assert_accessible(page)
    shoot(page, "new")
    page.get_by_role("button", name="Issue it").click()
    page.get_by_text("The card is issued.").wait_for()

    page.get_by_role("button", name="Show the code").click()
    expect(page.locator(".note code")).to_have_text(re.compile(rf"{the_card(program).ending}$"))
    assert_accessible(page)
    shoot(page, "one")
    page.locator("[name=reason]").fill("Lost")
    page.get_by_role("button", name="Block", exact=True).click()
    page.locator(".head .badge", has_text="Blocked").wait_for()
    page.goto(f"/dashboard/{program.slug}/gift-cards/")
    shoot(page, "list")
    assert the_card(program).state == "blocked"


def test_a_card_pays_at_the_till_and_the_rest_becomes_credit(
    issued, staff, customer, program, assert_accessible
):
    code = issued("50.00")
    till = staff(till_of(program), Role.CASHIER, viewport=entering.PHONE)
    patient(till, is_online=True)
    till.reload()
    till.locator("#q").fill(CUSTOMER)
    till.locator("#find-button").click()
    till.locator("#who-name", has_text="Amelia").wait_for()
    for key in "2000":
        till.locator(f"[data-pad='{key}']").click()
    till.locator("#pay > summary").click()
    till.locator("#gift-card").fill(code)
    till.locator("#foreseen", has_text="Left to pay: £0.00").wait_for()
    assert_accessible(till)
    shoot(till, "till-pay")
    till.locator("#give").click()
    till.locator("#done").get_by_text("Left to pay: £0.00").wait_for()
    shoot(till, "till-done")
    assert house.left(the_card(program), datetime.now(UTC)) == 3000

    page = customer()
    page.goto(f"/p/{program.slug}/gift-cards/")
    assert_accessible(page)
    page.locator("#code").fill(code.lower().replace("-", " "))
    page.get_by_role("button", name="Add to my credit").click()
    page.get_by_text("£30.00 are yours now.").wait_for()
    shoot(page, "claimed")
    page.goto(f"/p/{program.slug}/")
    page.get_by_text("£30.00").first.wait_for()
    shoot(page, "home")


@pytest.mark.parametrize(("locale", "scheme"), [("en-US", "light"), ("ar", "dark")])
def test_what_is_on_a_card_is_seen_by_whoever_has_it(
    issued, new_page, program, assert_accessible, locale, scheme
):
    code = issued("50.00")
    page = new_page(viewport=entering.PHONE, locale=locale, color_scheme=scheme)

    page.goto(f"/p/{program.slug}/gift-card/")
    page.locator("#code").fill(code)
    page.locator("main button.primary").click()
    page.locator("#found").wait_for()

    assert_accessible(page)
    shoot(page, f"balance-{locale}")


def test_a_member_sees_the_own_cards(issued, customer, program, assert_accessible):
    with scope(program=program):
        number = Member.objects.get().number
    issued("25.00", number)

    page = customer(color_scheme="dark")
    page.goto(f"/p/{program.slug}/gift-cards/")
    page.locator("details > summary", has_text="Show the code").click()

    page.locator("svg.qr").wait_for()
    assert_accessible(page)
    shoot(page, "mine-dark")
