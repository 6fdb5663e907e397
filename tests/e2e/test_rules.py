"""A merchant's rule from the idea to a member's points, in a real browser."""

from __future__ import annotations

from functools import partial

import pytest
from django_scopes import scope
from playwright.sync_api import expect

from loyaltysite.kit import clock
from members.models import Member
from rewards import drafts
from tests.e2e import entering
from tests.fixtures.browser import rest
from tests.rewards.builders import find, line, open_program, order, record
from tests.rewards.rules.pages import ORDER, at

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1440, "height": 900}
NAMES = {"en": {"one": "Star", "other": "Stars"}, "ar": {"other": "نجمة"}}
BASE = {"amount": {"kind": "per_amount", "points": "1", "per_minor": 100}}
RULES = {
    "base": BASE,
    "candles": {
        "amount": {"kind": "multiplier", "factor": "2", "of": ["base"]},
        "lines": {"field": "category", "op": "=", "value": "Candles"},
        "conditions": {
            "any": [
                {"field": "standing.tier", "op": "in", "value": ["gold"]},
                {"field": "member.joined_on", "op": "within last", "value": 30},
            ]
        },
        "caps": {"month": "100"},
        "budget": "50000",
    },
}


@pytest.fixture
def program(site):
    program = open_program(
        rules=RULES,
        units={"points": {"names": NAMES}},
        tiers={"base": (0, {}), "gold": (50_000, {"points": "3/2"})},
        stores=["quay"],
        currency="GBP",
    )
    record(program, order("A-1", clock.now(), line(4260, category="Mugs"), line(1460, category="Candles")))
    with scope(program=program):
        Member.objects.update(name="Amelia Hart")
    return program


@pytest.fixture
def sign_in(new_page, program):
    """A page of somebody of the team, signed in."""
    return partial(entering.as_staff, new_page, program)


def choose(select, **option):
    """Choose in a tree, and wait for the fields that fit: the server alone knows them."""
    parts = ("conditions", "lines")
    rest(select.page)  # while an answer is under way another question would be dropped
    with select.page.expect_response(lambda answer: answer.request.headers.get("hx-target") in parts):
        select.select_option(**option)
    rest(select.page)


def grow(button):
    """Press what puts another row or group into a tree, and wait for it."""
    rest(button.page)
    button.click()
    rest(button.page)


def test_a_rule_is_made_tried_published_and_gives(sign_in, program):
    page = sign_in()
    page.locator("nav.side").get_by_role("link", name="Rules").click()
    page.get_by_role("link", name="New rule").click()
    entering.press(page.get_by_role("link", name="Points per amount"))
    page.get_by_label("Name").fill("Mugs for regulars")
    page.evaluate("window.stayed = true")

    # Items in the category Mugs
    lines = page.locator("#lines")
    grow(lines.get_by_role("button", name="Condition"))
    choose(lines.get_by_label("What is asked"), label="Category")
    lines.get_by_label("Value").fill("Mugs")

    # from £20, or for gold: any of a nested group
    tree = page.locator("#conditions")
    grow(tree.get_by_role("button", name="Group"))
    row = tree.get_by_role("group", name="Condition", exact=True)
    choose(row.first.get_by_label("What is asked"), label="Order total")
    choose(row.first.get_by_label("Comparison"), label="is at least")
    row.first.get_by_label("Value").fill("20")
    grow(tree.locator("ul ul").get_by_role("button", name="Condition"))
    choose(row.nth(1).get_by_label("What is asked"), label="Tier")
    row.nth(1).locator("select.val").select_option("gold")
    page.get_by_text("if order total is at least £20.00 or tier is gold").wait_for()
    assert page.evaluate("window.stayed")

    # the order of this morning; it is rounded once over all rules, hence 43 of 42.60
    rest(page)
    page.locator("#trial").get_by_role("button", name="Try it").click()
    page.get_by_text("The draft gives 43").wait_for()
    assert page.evaluate("window.stayed")

    entering.press(page.get_by_role("button", name="Save draft"))
    entering.press(page.get_by_role("link", name="Publish…"))
    page.get_by_label("Why").fill("Mugs are in stock")
    page.get_by_role("button", name="Publish").click()
    page.get_by_text("“Mugs for regulars” is published.").wait_for()
    expect(page.locator("details.version .badge", has_text="in force")).to_be_visible()

    record(program, order("A-2", clock.now(), line(2500, category="Mugs")))
    page.goto(f"/dashboard/{program.slug}/members/{find(program, 'anna').number}/")
    page.locator("summary", has_text="Order A-2").click()
    told = page.locator("details.why[open]")
    expect(told).to_contain_text("Mugs for regulars version 1")
    expect(told).to_contain_text("£25.00 × 1 per £1")


def test_what_is_typed_while_an_answer_is_under_way_stays(sign_in, program):
    page = sign_in()
    page.goto(at(program, "base/edit/"))
    tree = page.locator("#conditions")
    grow(tree.get_by_role("button", name="Condition"))
    held, is_typed = [], []

    def hold(route):
        if is_typed:
            route.continue_()
        else:
            held.append(route)

    page.route("**/edit/", hold)

    with page.expect_request("**/edit/"):
        tree.get_by_label("Comparison").select_option(label="is at least")
    tree.get_by_label("Value").fill("25")
    is_typed.append(True)
    for route in held:
        route.continue_()
    page.get_by_text("if order total is at least £25.00").wait_for()

    expect(tree.get_by_label("Value")).to_have_value("25")
    expect(tree.get_by_label("Comparison")).to_have_value(">=")


def test_it_works_without_script(sign_in, program):
    page = sign_in(java_script_enabled=False)
    page.goto(at(program, "base/edit/"))

    page.get_by_label("How many").first.fill("3")
    page.locator("#conditions").get_by_role("button", name="Condition").click()
    page.locator("#conditions").get_by_label("What is asked").select_option(label="Channel")
    entering.press(page.locator("#conditions").get_by_role("button", name="Show the fields that fit"))
    expect(page.get_by_label("How many").first).to_have_value("3")
    page.locator("#conditions").get_by_label("Value").fill("web")
    entering.press(page.get_by_role("button", name="Try it"))
    expect(page.locator("#trial")).to_contain_text("channel is web")
    entering.press(page.get_by_role("button", name="Save draft"))

    expect(page.locator("main")).to_contain_text("if channel is web")


def test_the_enter_key_saves_and_edits_no_tree(sign_in, program):
    page = sign_in()
    page.goto(at(program, "candles/edit/"))

    page.get_by_label("Name").press("Enter")

    page.wait_for_url(f"**{at(program, 'candles/')}")
    with scope(program=program):
        draft = drafts.RuleDraft.objects.get()
    assert draft.definition["conditions"] == RULES["candles"]["conditions"]


def test_pages_with_more_on_them_are_accessible(sign_in, program, assert_accessible):
    drafts.save(
        program=program,
        key="base",
        name="Base",
        definition=ORDER | BASE | {"caps": {"day": "9"}},
        by=None,
        now=clock.now(),
    )
    # With a trial, a draft and reasons unfolded: as they are first, every page is opened in test_every_page.
    paths = ["candles/", "candles/edit/", "base/", "base/publish/"]

    for viewport, theme, locale in ((PHONE, "dark", "ar"), (DESKTOP, "light", "en-US")):
        page = sign_in(viewport=viewport, color_scheme=theme, locale=locale)
        for path in paths:
            page.goto(at(program, path))
            page.evaluate("for (const one of document.querySelectorAll('details.why')) one.open = true")
            if path == "candles/edit/":
                page.locator("#trial button[value=try]").click()
                page.locator(".trial").wait_for()
            rest(page)

            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth + 1"), (path, locale)
            assert_accessible(page)
        page.context.close()
