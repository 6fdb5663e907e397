"""Definitions: what is read, and every refusal with its path."""

from fractions import Fraction

import pytest

from rewards.engine.compilation import UnitTerms, compile_rules
from rewards.engine.rules import Frequency, Group, RuleError, parse

GOOD = {
    "trigger": {"on": "order"},
    "unit": "points",
    "amount": {"kind": "per_amount", "points": "2", "per_minor": 100},
}


def read(**changes):
    return parse({**GOOD, **changes}, rule_id=7, version_id=70, key="base")


def test_it_works():
    rule = read(
        caps={"day": "12.5", "lifetime": 100},
        budget=5000,
        frequency={"times": 3, "per": "week"},
        priority=-2,
        group={"key": "promo", "mode": "best"},
        stop=True,
        expiry={"kind": "days", "count": 30},
        conditions={"all": []},
    )

    assert rule.place == (2, 7)
    assert rule.amount.value == 2
    assert rule.caps == {"day": Fraction(25, 2), "lifetime": 100}
    assert rule.frequency == Frequency(times=3, period="week")
    assert rule.group == Group("promo", "best")
    assert rule.terms == '{"expiry":{"count":30,"kind":"days"}}'
    assert rule.conditions is None


def test_terms_do_not_depend_on_the_order_of_keys():
    first = read(pending={"kind": "days", "count": 3}, expiry={"kind": "none"})
    second = read(expiry={"kind": "none"}, pending={"count": 3, "kind": "days"})

    assert first.terms == second.terms


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"trigger": None}, "trigger"),
        ({"trigger": {"on": "moon"}}, "trigger.on"),
        ({"trigger": {"on": "event"}}, "trigger.kind"),
        ({"trigger": {"on": "event", "kind": "order"}}, "trigger.kind"),
        ({"trigger": {"on": "event", "kind": "schedule.birthday"}}, "trigger.kind"),
        ({"trigger": {"on": "order", "kind": "x"}}, "trigger.kind"),
        ({"trigger": {"on": "event", "kind": "review"}}, "amount.kind"),
        ({"unit": ""}, "unit"),
        ({"amount": []}, "amount"),
        ({"amount": {"kind": "magic"}}, "amount.kind"),
        ({"amount": {"kind": "fixed", "points": 1.5}}, "amount.points"),
        ({"amount": {"kind": "fixed", "points": "0"}}, "amount.points"),
        ({"amount": {"kind": "fixed", "points": "-1"}}, "amount.points"),
        ({"amount": {"kind": "fixed", "points": "1e9"}}, "amount.points"),
        ({"amount": {"kind": "fixed", "points": True}}, "amount.points"),
        ({"amount": {"kind": "fixed", "points": "١"}}, "amount.points"),
        ({"amount": {"kind": "fixed", "points": "1", "per_minor": 3}}, "amount.per_minor"),
        ({"amount": {"kind": "per_amount", "points": "1", "per_minor": 0}}, "amount.per_minor"),
        ({"amount": {**GOOD["amount"], "steps": "half"}}, "amount.steps"),
        ({"amount": {"kind": "percent"}}, "amount.percent"),
        ({"amount": {"kind": "multiplier", "factor": "1"}}, "amount.factor"),
        ({"amount": {"kind": "multiplier", "factor": "2", "of": []}}, "amount.of"),
        ({"amount": {"kind": "multiplier", "factor": "2", "of": [3]}}, "amount.of[0]"),
        ({"minimum_minor": -1}, "minimum_minor"),
        ({"minimum_minor": "5"}, "minimum_minor"),
        ({"caps": {"hour": "1"}}, "caps.hour"),
        ({"caps": {"day": "x"}}, "caps.day"),
        ({"budget": 0}, "budget"),
        ({"frequency": {}}, "frequency"),
        ({"frequency": {"once": True, "times": 1}}, "frequency"),
        ({"frequency": {"once": False}}, "frequency.once"),
        ({"frequency": {"times": 0, "per": "day"}}, "frequency.times"),
        ({"frequency": {"times": 1, "per": "hour"}}, "frequency.per"),
        ({"frequency": {"cooldown_seconds": 0}}, "frequency.cooldown_seconds"),
        ({"priority": 1.5}, "priority"),
        ({"group": {"key": "a", "mode": "worst"}}, "group.mode"),
        ({"stop": "yes"}, "stop"),
        ({"window": {"from": "2026-02-30"}}, "window.from"),
        ({"window": {"from": "2026-02-01T00:00:00Z"}}, "window.from"),
        ({"window": {"from": "2026-02-02", "until": "2026-02-02"}}, "window.until"),
        ({"window": {"weekdays": [0]}}, "window.weekdays[0]"),
        ({"window": {"weekdays": []}}, "window.weekdays"),
        ({"window": {"hours": [[9, 25]]}}, "window.hours[0][1]"),
        ({"window": {"hours": [[9, 9]]}}, "window.hours[0]"),
        ({"window": {"hours": [["9h", 10]]}}, "window.hours[0][0]"),
        ({"window": {"hours": [9, 17]}}, "window.hours[0]"),
        ({"expiry": "never"}, "expiry"),
        ({"expiry": {"kind": "days"}}, "expiry"),
        ({"pending": {"kind": "weather"}}, "pending"),
        ({"conditions": {"field": "order.totl", "op": ">", "value": 1}}, "conditions.field"),
        (
            {"conditions": {"all": [{"field": "order.total", "op": ">", "value": "x"}]}},
            "conditions.all[0].value",
        ),
        ({"lines": {"field": "order.total", "op": ">", "value": 1}}, "lines.field"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_refusal_names_its_place(changes, path):
    with pytest.raises(RuleError) as refusal:
        read(**changes)

    assert refusal.value.path == path
    assert str(refusal.value)


def test_an_event_has_no_lines():
    trigger = {"on": "event", "kind": "review"}
    with pytest.raises(RuleError) as refusal:
        read(trigger=trigger, amount={"kind": "fixed", "points": "1"}, minimum_minor=5)

    assert refusal.value.path == "minimum_minor"


def test_a_misspelt_key_is_guessed():
    with pytest.raises(RuleError, match="priority"):
        read(priorty=1)


def rule(number, **changes):
    return parse({**GOOD, **changes}, rule_id=number, version_id=number)


@pytest.mark.parametrize(
    ("rules", "path"),
    [
        ([rule(1), rule(1)], "key"),
        ([rule(1, unit="stars")], "unit"),
        ([rule(1, caps={"day": "0.5"})], "caps.day"),
        ([rule(1, budget="0.5")], "budget"),
        ([rule(1, amount={"kind": "multiplier", "factor": "2", "of": ["nobody"]})], "amount.of[0]"),
        (
            [
                rule(1, amount={"kind": "fixed", "points": "2"}),
                rule(2, amount={"kind": "multiplier", "factor": "2", "of": ["1"]}),
            ],
            "amount.of[0]",
        ),
        (
            [
                rule(1, group={"key": "a", "mode": "best"}),
                rule(2, group={"key": "a", "mode": "first"}),
            ],
            "group.mode",
        ),
    ],
)
def test_rules_that_do_not_fit_each_other_are_refused(rules, path):
    with pytest.raises(RuleError) as refusal:
        compile_rules(rules, units={"points": UnitTerms()})

    assert refusal.value.path == path


def test_rules_are_worked_out_by_place_and_multipliers_after_what_they_multiply():
    double = {"kind": "multiplier", "factor": "2"}
    rules = [
        rule(1, amount={**double, "of": ["5"]}, priority=9, stop=True),
        rule(2, amount=double, priority=8),
        rule(3, amount={"kind": "fixed", "points": "1"}, priority=7, stop=True),
        rule(4),
        rule(5),
    ]

    program = compile_rules(rules[::-1], units={"points": UnitTerms()})

    assert [step.rule_id for step in program.kinds["order"].steps] == [5, 1, 3, 4, 2]
