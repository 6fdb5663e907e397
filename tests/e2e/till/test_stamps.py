"""Stamps with one tap in a real browser: with and without network, undone, and never twice."""

import re

import pytest
from django.core.cache import cache
from playwright.sync_api import expect

from loyaltysite.kit import clock
from loyaltysite.presets import founding
from loyaltysite.presets.collection import PRESETS
from tests.e2e.till.moves import PHONE, SMALL, TABLET, press, serve, sold
from tests.fixtures.browser import rest
from tests.rewards import builders as b

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


@pytest.fixture
def program(site):
    cache.clear()
    return founding.create(
        preset=PRESETS["fruce"],
        slug="juice",
        name="Juice bar",
        owner="olga@example.com",
        by=None,
        now=clock.now(),
        currency="GBP",
        time_zone="Europe/London",
    )


@pytest.fixture
def member(program):
    return b.join(program, "amelia", name="Amelia Hart")


def stamps(program):
    return b.balance(program, "amelia", "stamps").active


def test_one_tap_gives_a_stamp_and_one_takes_it_back(till, program, member):
    serve(till, member)
    till.get_by_role("button", name=re.compile(r"\+2 stamps")).click()

    done = till.locator("#done")
    done.get_by_text("stamps for Amelia Hart").wait_for()
    expect(done.locator(".plus")).to_have_text("+2")
    expect(done).to_contain_text("New balance: 2")
    assert stamps(program) == 2
    assert sold(program) == [800]

    done.get_by_role("button", name="Undo").click()
    done.get_by_text("Undone").wait_for()
    assert stamps(program) == 0


def test_the_network_is_cut_between_two_taps_and_each_counts_once(till, program, member):
    serve(till, member)
    till.get_by_role("button", name=re.compile(r"\+1 stamp")).click()
    till.locator("#done .plus").wait_for()
    till.context.set_offline(True)
    serve(till, member)
    till.get_by_role("button", name=re.compile(r"\+3 stamps")).click()
    till.get_by_text("Kept on this device").wait_for()
    expect(till.locator("#queued-what")).to_contain_text("+3\N{NO-BREAK SPACE}stamps · …")
    till.reload()
    serve(till, member)
    till.get_by_role("button", name=re.compile(r"\+1 stamp")).click()
    till.get_by_text("Kept on this device").wait_for()
    assert stamps(program) == 1

    till.context.set_offline(False)

    till.locator("[data-state=sent]").nth(2).wait_for()
    assert stamps(program) == 5
    assert sold(program) == [400, 400, 1200]
    till.reload()
    till.locator("[data-state=sent]").first.wait_for()
    assert stamps(program) == 5


def test_what_is_typed_is_given_by_its_own_button(till, program, member):
    serve(till, member)
    first = till.locator("[data-stamp]").first
    press(till, ["5"])
    expect(first).to_be_disabled()

    till.locator("[data-pad=del]").click()

    expect(first).to_be_enabled()


def test_a_tap_works_without_script(new_page, sign_in, new_cashier, program, member):
    page = sign_in(new_page(viewport=PHONE, java_script_enabled=False), new_cashier())
    serve(page, member)

    page.get_by_role("button", name=re.compile(r"\+1 stamp")).click()

    expect(page.locator("#done .plus")).to_have_text("+1")
    assert stamps(program) == 1


@pytest.mark.parametrize(
    ("viewport", "theme", "language"),
    [(PHONE, "dark", "ar"), (TABLET, "light", "en"), (PHONE, "light", "fa")],
)
def test_the_stamps_are_for_everybody(
    new_page, sign_in, new_cashier, program, member, site, assert_accessible, viewport, theme, language
):  # fmt: skip
    page = new_page(viewport=viewport, color_scheme=theme)
    page.context.add_cookies([{"name": "django_language", "value": language, "url": site.url}])
    sign_in(page, new_cashier())

    serve(page, member)

    expect(page.locator("[data-stamp]")).to_have_count(3)
    rest(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth + 1")
    assert page.evaluate(SMALL) == []
    assert_accessible(page)
