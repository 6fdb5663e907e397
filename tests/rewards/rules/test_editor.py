"""The editor: saves what is right, says where it is wrong, keeps what was typed, and loses nothing of any rule."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from django.template.loader import render_to_string
from django_scopes import scope
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loyaltysite.kit import clock
from members.models import Role
from rewards import drafts
from rewards.engine import canonical
from rewards.models import EarningRule, RuleDraft
from rewards.views.rules.editing import Editing
from tests.members.teams import as_staff
from tests.posting import controls_of
from tests.rewards.builders import join, line, open_program, order, publish, record
from tests.rewards.engine.strategies import definitions
from tests.rewards.rules.pages import ORDER, at, changed, filled, post

pytestmark = pytest.mark.django_db

RULES = {
    "base": {"amount": {"kind": "per_amount", "points": "1", "per_minor": 100}},
    "mugs": {
        "amount": {"kind": "multiplier", "factor": "2", "of": ["base"]},
        "lines": {"field": "category", "op": "=", "value": "Mugs"},
    },
}
EVERYTHING = [
    {"amount": {"kind": "per_amount", "points": "1.5", "per_minor": 250, "steps": "whole"}, "minimum_minor": 1050},
    {"amount": {"kind": "multiplier", "factor": "1.25", "of": ["base"]}, "caps": {"order": "1", "lifetime": "9"}},
    {"amount": {"kind": "percent", "percent": "2.5"}, "budget": "100000", "priority": -3, "stop": True},
    {"amount": {"kind": "per_item", "points": "2"}, "frequency": {"times": 3, "per": "week"}},
    {"amount": {"kind": "fixed", "points": "9"}, "frequency": {"cooldown_seconds": 5400}},
    {"amount": {"kind": "fixed", "points": "9"}, "frequency": {"cooldown_seconds": 172_800}},
    {"amount": {"kind": "fixed", "points": "9"}, "frequency": {"cooldown_seconds": 61}},
    {"amount": {"kind": "per_order", "points": "5"}, "window": {"from": "2026-11-23", "until": "2026-12-07"}},
    {"amount": {"kind": "per_order", "points": "5"}, "window": {"until": "2026-12-07T18:30:15", "weekdays": [3, 1]}},
    {"amount": {"kind": "per_order", "points": "5"}, "window": {"from": "2026-12-07T00:00:01", "hours": [[9, 24], [22, "02:30"]]}},
    {"amount": {"kind": "per_visit", "points": "5"}, "group": {"key": "a b", "mode": "first"}},
    {"amount": {"kind": "fixed", "points": "5"}, "expiry": {"kind": "end_of", "period": "quarter", "after": 2}},
    {"amount": {"kind": "fixed", "points": "5"}, "expiry": {"kind": "dates", "dates": ["06-30", "12-31"]}},
    {"amount": {"kind": "fixed", "points": "5"}, "expiry": {"kind": "none"}, "pending": {"kind": "none"}},
    {"amount": {"kind": "fixed", "points": "5"}, "pending": {"kind": "date", "on": "2026-03-01"}},
    {"amount": {"kind": "fixed", "points": "5"}, "pending": {"kind": "event", "event": "delivered"}},
    {"amount": {"kind": "fixed", "points": "5"}, "pending": {"kind": "hours", "count": 36}, "expiry": {"kind": "months", "count": 6}},
    {
        "trigger": {"on": "event", "kind": "review.written"},
        "amount": {"kind": "fixed", "points": "5"},
        "conditions": {"all": [{"field": "data.number.stars", "op": ">=", "value": "4"}, {"field": "data.flag.verified", "op": "=", "value": True}]},
    },
    {"trigger": {"on": "schedule", "kind": "birthday"}, "amount": {"kind": "fixed", "points": "5"}},
    {
        "amount": {"kind": "fixed", "points": "5"},
        "conditions": {"any": [
            {"count": "lines", "op": ">=", "value": 2, "where": {"not": {"field": "sku", "op": "in", "value": ["a, b", "c"]}}},
            {"not": {"any": [{"field": "member.joined_on", "op": "within last", "value": 30}, {"field": "order.total", "op": "between", "value": [100, 250]}]}},
            {"field": "member.birthday", "op": "between", "value": ["12-24", "01-02"]},
            {"field": "order.weekday", "op": "in", "value": [6, 7]},
            {"field": "member.tags", "op": "has all", "value": ["vip", "staff"]},
            {"field": "standing.tier", "op": "is not set"},
        ]},
    },
]  # fmt: skip


@pytest.fixture
def program():
    return open_program(
        rules=RULES, tiers={"basic": (0, {}), "gold": (5_000, {"points": "3/2"})}, stores=["north"]
    )


@pytest.fixture
def manager(program):
    return as_staff(program, Role.MANAGER)


def draft_of(program, key):
    with scope(program=program):
        return RuleDraft.objects.get(rule__key=key)


def save(client, url, data):
    return post(client, url, changed(data, do="save"))


def through_the_form(program, definition) -> Any:
    """The definition as it comes back from the HTML of the editor."""
    wanted = canonical.normalize(definition)
    with scope(program=program):
        first = Editing(program, key="own", name="Own", definition=wanted)
        context = {
            "editing": first,
            "form": first.form,
            "program": program,
            "url": "/",
            "box": SimpleNamespace(),
        }
        html = render_to_string("rewards/dashboard/rules/parts/fields.html", context)
        again = Editing(program, key="own", data=controls_of(html))
        assert again.is_valid, (again.form.errors, again.conditions.errors, again.lines.errors)
        return wanted, again.definition


def test_it_works(program, manager):
    url = at(program, "base/edit/")

    answer = save(manager, url, filled(manager, url, value="2", name="Two a euro"))

    assert (answer.status_code, answer.url) == (302, at(program, "base/"))
    draft = draft_of(program, "base")
    assert (draft.name, draft.revision, draft.based_on) == ("Two a euro", 1, 1)
    assert draft.definition == ORDER | {"amount": {"kind": "per_amount", "points": "2", "per_minor": 100}}


@pytest.mark.parametrize("number", range(len(EVERYTHING)))
def test_every_part_of_a_definition_comes_back_unchanged(program, number):
    wanted, found = through_the_form(program, ORDER | EVERYTHING[number])

    assert canonical.normalize(found) == wanted


@settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
@given(definition=st.sampled_from(["all", "best", "first"]).flatmap(lambda mode: definitions({"a": mode})))
def test_any_definition_comes_back_unchanged(program, definition):
    wanted, found = through_the_form(program, ORDER | definition)

    assert canonical.normalize(found) == wanted


def test_a_new_rule_begins_from_a_start(program, manager):
    assert b"First order" in manager.get(at(program, "new/")).content
    url = at(program, "new/?from=category")

    answer = save(manager, url, filled(manager, url, name="Tea twice", lines__0__value="Tea"))

    assert answer.url == at(program, "tea-twice/")
    definition = draft_of(program, "tea-twice").definition
    assert definition["lines"] == {"field": "category", "op": "=", "value": "Tea"}
    assert definition["amount"] == {"kind": "multiplier", "factor": "2"}


@pytest.mark.parametrize("start", ["amount", "cashback", "weekend", "first", "birthday", "event"])
def test_every_start_needs_only_a_name(program, manager, start):
    url = at(program, f"new/?from={start}")

    answer = save(manager, url, filled(manager, url, name="A rule"))

    assert answer.status_code == 302


def test_a_start_with_a_gap_says_where(program, manager):
    url = at(program, "new/?from=category")

    answer = save(manager, url, filled(manager, url, name="Tea twice"))

    assert answer.status_code == 422
    assert "A value is missing." in answer.content.decode()
    with scope(program=program):
        assert not EarningRule.objects.filter(name="Tea twice").exists()


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ({"name": ""}, "This field is required."),
        ({"value": "-1"}, "Give a positive number as text"),
        ({"value": "lots"}, "Give a number."),
        ({"per": "1.005"}, "at most 2 decimals"),
        ({"cap_day": "0.5"}, "finer than the unit allows"),
        ({"until_day": "2026-01-01", "from_day": "2026-02-01"}, "The end must be after the beginning."),
        ({"hours": "9 to 5"}, "Write spans such as"),
        ({"hours": "09:00–09:00"}, "The end must differ"),
        ({"unit": "stars"}, "Select a valid choice"),
        ({"often": "times", "times": ""}, "This field is required."),
        ({"usable": "date", "usable_on": ""}, "cannot be read"),
        ({"ends": "dates", "ends_dates": "99-99"}, "cannot be read"),
        ({"usable": "days", "usable_count": ""}, "This field is required."),
    ],
)
def test_what_is_wrong_is_said_at_its_field(program, manager, typed, message):
    url = at(program, "base/edit/")

    answer = save(manager, url, filled(manager, url, **typed))

    assert answer.status_code == 422
    html = answer.content.decode()
    assert message in html.replace("&quot;", '"')
    assert 'aria-invalid="true"' in html
    with scope(program=program):
        assert not RuleDraft.objects.exists()


def test_a_multiplier_of_a_rule_that_is_gone_is_refused_at_its_field(program, manager):
    url = at(program, "mugs/edit/")

    answer = save(manager, url, filled(manager, url, of=["nobody"]))

    assert answer.status_code == 422


def test_a_tree_is_edited_without_saving_or_judging(program, manager):
    url = at(program, "base/edit/")
    data = filled(manager, url, name="", value="half a point")
    data["conditions.do"] = "add:"

    whole = post(manager, url, data)
    part = post(manager, url, data, headers={"HX-Request": "true", "HX-Target": "conditions"})

    assert whole.status_code == part.status_code == 200
    assert "half a point" in whole.content.decode()
    assert "This field is required" not in whole.content.decode()
    assert 'id="said"' in part.content.decode()
    assert "<html" not in part.content.decode()
    name = 'name="conditions.0.field"'
    assert name in whole.content.decode()
    assert name in part.content.decode()


def test_tiers_stores_and_days_are_offered_by_name(program, manager):
    tree = {
        "all": [
            {"field": "standing.tier", "op": "=", "value": "gold"},
            {"field": "order.store", "op": "in", "value": ["north"]},
            {"field": "order.weekday", "op": "=", "value": 6},
        ]
    }
    publish(program, "base", {**RULES["base"], "conditions": tree})

    html = manager.get(at(program, "base/edit/")).content.decode()

    assert '<option value="gold" selected>gold</option>' in html
    assert 'value="north"' in html
    assert '<option value="6" selected>Saturday</option>' in html


def test_the_sentence_follows_what_is_typed(program, manager):
    url = at(program, "base/edit/")
    data = filled(manager, url, value="3", do="say")
    headers = {"HX-Request": "true", "HX-Target": "said"}

    assert "3\N{NO-BREAK SPACE}points per €1" in post(manager, url, data, headers=headers).content.decode()
    data["value"] = ""
    assert "Complete the rule" in post(manager, url, data, headers=headers).content.decode()


def test_the_second_editor_is_told_sees_the_difference_and_loses_nothing(program, manager):
    url = at(program, "base/edit/")
    first, second = filled(manager, url, value="2"), filled(manager, url, value="3")
    save(manager, url, first)

    answer = save(manager, url, second)

    html = answer.content.decode()
    assert answer.status_code == 422
    assert "after you opened it" in html
    assert "2\N{NO-BREAK SPACE}points per €1" in html
    assert controls_of(html)["value"] == "3"
    assert draft_of(program, "base").definition["amount"]["points"] == "2"
    assert save(manager, url, controls_of(html)).status_code == 302
    assert draft_of(program, "base").definition["amount"]["points"] == "3"


def test_a_draft_begins_from_an_older_version(program, manager):
    publish(
        program,
        "base",
        {"amount": {"kind": "per_amount", "points": "7", "per_minor": 100}},
        since="2026-01-01",
    )

    assert controls_of(manager.get(at(program, "base/edit/")).content.decode())["value"] == "7"
    old = controls_of(manager.get(at(program, "base/edit/?from=1")).content.decode())
    assert (old["value"], old["based_on"]) == ("1", "1")


def test_an_order_is_tried_on_both_sides(program, manager):
    record(program, order("A-1", clock.now(), line(1000, category="Mugs"), 500))
    url = at(program, "mugs/edit/")
    data = filled(manager, url, value="3", do="try")

    answer = post(manager, url, data, headers={"HX-Request": "true", "HX-Target": "trial"})

    html = answer.content.decode()
    assert "The draft gives 10\N{NO-BREAK SPACE}points more." in html
    assert "€10.00 × 1 per €1" in html or "× 2" in html


def test_an_order_is_found_by_its_number_and_one_may_be_typed(program, manager):
    record(program, order("A-1", clock.now(), 1000))
    url = at(program, "base/edit/")

    found = post(manager, url, filled(manager, url, do="try", try_number="A-1")).content.decode()
    missing = post(manager, url, filled(manager, url, do="try", try_number="A-2")).content.decode()
    typed = post(
        manager,
        url,
        filled(manager, url, do="try", try_order="typed", try_price=["12.50", ""], try_quantity=["2", ""]),
    ).content.decode()
    wrong = post(
        manager, url, filled(manager, url, do="try", try_order="typed", try_price=["a lot"])
    ).content.decode()

    assert "Both give the same." in found
    assert "There is no order “A-2”." in missing
    assert "€25.00" in typed, typed[typed.index("part-trial") :]
    assert "Line 1: Give a number." in wrong


def test_a_day_of_the_member_s_own_is_chosen_and_tried(program, manager):
    join(program, "anna")
    url = at(program, "new/?from=birthday")
    said = filled(manager, url, name="Another year", event="anniversary", do="say")
    tried = filled(
        manager, url, name="Another year", event="anniversary", do="try", try_member="anna@example.com"
    )

    html = manager.get(url).content.decode()
    sentence = post(manager, url, said, headers={"HX-Request": "true", "HX-Target": "said"}).content.decode()
    trial = post(manager, url, tried, headers={"HX-Request": "true", "HX-Target": "trial"}).content.decode()

    assert '<option value="birthday" selected>the birthday</option>' in html
    assert "50\N{NO-BREAK SPACE}points on each anniversary of joining" in sentence
    assert "The draft gives 50\N{NO-BREAK SPACE}points more." in trial


def test_trying_writes_nothing(program, manager):
    record(program, order("A-1", clock.now(), 1000))
    url = at(program, "base/edit/")

    post(manager, url, filled(manager, url, do="try", value="9"))

    with scope(program=program):
        assert not RuleDraft.objects.exists()


def test_only_managers_edit(program):
    for path in ("new/", "base/edit/", "base/publish/", "base/retire/", "base/cancel/"):
        assert as_staff(program, Role.ANALYST).get(at(program, path)).status_code == 403


def test_another_program_has_its_own_rules(program, manager):
    other = open_program(rules={"theirs": RULES["base"]})

    assert manager.get(at(program, "theirs/edit/")).status_code == 404
    assert manager.get(at(other, "theirs/edit/")).status_code == 404


def test_orders_of_another_program_are_not_tried(program, manager):
    other = open_program(rules=RULES)
    number = record(other, order("B-1", clock.now(), 1000))[0].order_id
    url = at(program, "base/edit/")

    html = post(manager, url, filled(manager, url, do="try", try_order=str(number))).content.decode()

    assert "Choose an order" in html


def test_a_forged_revision_is_just_an_old_one(program, manager):
    with scope(program=program):
        drafts.save(
            program=program, key="base", name="B", definition=ORDER | RULES["base"], by=None, now=clock.now()
        )
    url = at(program, "base/edit/")

    assert save(manager, url, filled(manager, url, revision="999999999999")).status_code == 422
