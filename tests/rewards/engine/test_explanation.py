"""SEMANTICS 20 and 23: why these points, and why not."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import translation

from rewards.engine.compilation import UnitTerms, compile_rules
from rewards.engine.explanation import Reason, explain, next_period
from rewards.engine.facts import Context, Counter, Line, Occasion
from tests.rewards.engine.cases import MUGS, base, fixed
from tests.rewards.engine.pricing_of import rules_of

AT = datetime(2026, 2, 2, 12, tzinfo=UTC)  # a Monday
LINES = (Line(1, "a", "A mug", "mugs", 1, 6000), Line(2, "b", "Tea", "tea", 1, 4000))


def reasons_for(
    rules: dict[str, dict[str, Any]], *, lines=LINES, cap: int | None = None, counters=None
) -> dict[str, Reason]:
    program = compile_rules(rules_of(rules), units={"points": UnitTerms(cap_per_order=cap)})
    occasion = Occasion("order", AT, AT, "north", "till", lines)
    found = explain(occasion, Context(counters=counters or {}), program, currency="EUR")
    keys = {rule.id: rule.key for rule in program.rules}
    return {keys[reason.rule_id]: reason for reason in found}


def reason_for(rule: dict[str, Any], **others) -> Reason:
    return reasons_for({"rule": rule}, **others)["rule"]


def test_what_was_given():
    reason = reason_for(base())

    assert (reason.code, reason.params["awarded"], reason.text) == ("given", 100, "Gave 100.")
    assert reason.has_fired


@pytest.mark.parametrize(
    ("window", "refusal", "text"),
    [
        ({"from": "2026-03-01"}, "early", "Begins on 1 Mar 2026."),
        ({"until": "2026-02-01"}, "late", "Ended on 1 Feb 2026."),
        ({"weekdays": [2]}, "weekday", "Not on this day of the week."),
        ({"hours": [[13, 14]]}, "hour", "Not at this time of the day."),
    ],
)
def test_the_window_is_shut(window, refusal, text):
    reason = reason_for(base(window=window))

    assert (reason.code, reason.params["refusal"], reason.text) == ("window", refusal, text)


def test_which_condition_failed_and_what_was_missing():
    tree = {
        "all": [
            {"field": "order.channel", "op": "=", "value": "web"},
            {"field": "order.total", "op": ">=", "value": 5000},
        ]
    }

    reason = reason_for(base(conditions=tree))

    assert reason.code == "conditions"
    assert [(missing.field, missing.value, missing.found) for missing in reason.missing] == [
        ("order.channel", "web", "till")
    ]
    assert "web" in reason.text
    assert "till" in reason.text


def test_how_much_was_missing_to_the_minimum():
    reason = reason_for(base(minimum_minor=12500))

    assert reason.code == "minimum"
    assert reason.params["missing_minor"] == 2500
    assert reason.text == "€25.00 more is needed to reach €125.00."


def test_no_line_matched():
    assert reason_for(base(lines={**MUGS, "value": "books"})).code == "lines"
    assert reason_for(base(), lines=()).code == "lines"


def test_a_step_was_not_filled():
    amount = {"kind": "per_amount", "points": "1", "per_minor": 20000, "steps": "whole"}

    reason = reason_for({"amount": amount})

    assert reason.code == "nothing"
    assert reason.text == "€100.00 does not fill a step of €200.00."


def test_nothing_to_multiply():
    assert reason_for({"amount": {"kind": "multiplier", "factor": "2"}}).code == "nothing"


def test_a_cap_was_exhausted():
    reason = reason_for(base(caps={"month": "30"}), counters={"1:m2026-02": Counter(20, 1, 0.0)})

    assert reason.code == "cut"
    assert (reason.params["by"], reason.params["awarded"], reason.params["desired"]) == ("month", 10, 100)
    assert reason.text == "The limit for one month left room for 10 of 100."


def test_the_cap_per_order_of_the_unit_cut():
    reasons = reasons_for({"base": base(), "bonus": fixed("10")}, cap=100)

    assert reasons["bonus"].params["by"] == "unit_order"
    assert not reasons["bonus"].has_fired


@pytest.mark.parametrize(
    ("frequency", "counter", "again"),
    [
        ({"once": True}, "1:life", None),
        ({"times": 2, "per": "day"}, "1:d2026-02-02", "2026-02-03"),
        ({"times": 2, "per": "week"}, "1:w2026-W06", "2026-02-09"),
        ({"times": 2, "per": "month"}, "1:m2026-02", "2026-03-01"),
        ({"times": 2, "per": "year"}, "1:y2026", "2027-01-01"),
    ],
)
def test_the_frequency_and_when_again(frequency, counter, again):
    reason = reason_for(base(frequency=frequency), counters={counter: Counter(9, 2, 0.0)})

    assert reason.code == "frequency"
    assert reason.params.get("again") == again


def test_the_cooldown_and_when_again():
    last = AT - timedelta(minutes=20)

    reason = reason_for(
        base(frequency={"cooldown_seconds": 3600}), counters={"1:life": Counter(9, 1, last.timestamp())}
    )

    assert reason.code == "frequency"
    assert reason.params["again"] == "2026-02-02T12:40:00+00:00"
    assert "12:40" in reason.text


def test_an_order_that_arrives_late_keeps_its_distance_too():
    later = AT + timedelta(minutes=20)
    counters = {"1:life": Counter(9, 1, later.timestamp())}

    assert reason_for(base(frequency={"cooldown_seconds": 3600}), counters=counters).code == "frequency"
    assert reason_for(base(frequency={"cooldown_seconds": 600}), counters=counters).code == "given"


def test_a_second_visit():
    rule = {"amount": {"kind": "per_visit", "points": "1"}}

    assert reason_for(rule, counters={"1:v2026-02-02:north": Counter(1, 1, 0.0)}).code == "visit"


@pytest.mark.parametrize(("mode", "word"), [("best", "gave more"), ("first", "comes first")])
def test_a_group_was_lost_and_to_whom(mode, word):
    group = {"key": "promo", "mode": mode}

    reasons = reasons_for(
        {
            "small": fixed("5", group=group),
            "big": fixed("50", group=group, priority=1),
            "mid": fixed("9", group=group),
        }
    )

    assert [reasons[key].code for key in ("small", "big", "mid")] == ["group", "given", "group"]
    assert reasons["small"].params["winner_id"] == reasons["mid"].params["winner_id"] == 2
    assert word in reasons["small"].text
    assert "big" in reasons["small"].text


def test_stopped_by_whom():
    reasons = reasons_for({"base": base(), "first": fixed("5", priority=1, stop=True)})

    assert reasons["base"].code == "stopped"
    assert reasons["base"].params["stopper_id"] == 2


def test_less_than_one_unit():
    reasons = reasons_for({"base": base(), "crumb": {"amount": {"kind": "fixed", "points": "0.4"}}})

    assert reasons["crumb"].code == "rounded"


def test_another_occasion_has_no_reasons():
    program = compile_rules(rules_of({"base": base()}), units={"points": UnitTerms()})

    assert explain(Occasion("review", AT, AT), Context(), program) == []


@pytest.mark.parametrize(
    ("period", "day", "begins"),
    [
        ("month", "2026-12-31", "2027-01-01"),
        ("month", "2026-01-31", "2026-02-01"),
        ("week", "2026-02-08", "2026-02-09"),
    ],
)
def test_the_next_period_begins(period, day, begins):
    found = next_period(period, datetime.fromisoformat(day).date())

    assert found.isoformat() == begins


def test_digits_follow_the_language():
    with translation.override("fa"):
        assert "۱۰۰" in reason_for(base()).text
