"""Every part of a rule in one sentence, in English and with the names of the program."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.utils import translation

from rewards.engine import canonical, rules
from rewards.wording import Vocabulary, details, say

STARS = SimpleNamespace(precision=0, names={"en": {"one": "Star", "other": "Stars"}, "ar": {"other": "نجمة"}})
CREDIT = SimpleNamespace(precision=2, names={"en": "credit"})
NAMES = Vocabulary("GBP", {"stars": STARS, "credit": CREDIT}, {"base": "One Star a pound", "mugs": "Mugs"})
PER_POUND = {"kind": "per_amount", "points": "2", "per_minor": 100}


def leaf(field, op, value):
    return {"field": field, "op": op, "value": value}


def told(amount=PER_POUND, *, on=None, unit="stars", **parts):
    definition = {"trigger": on or {"on": "order"}, "unit": unit, "amount": amount, **parts}
    return say(rules.parse(definition, rule_id=1, version_id=1), NAMES).replace("\N{NO-BREAK SPACE}", " ")


def test_the_sentence_of_the_brief():
    sentence = told(
        lines=leaf("category", "=", "Mugs"),
        window={"weekdays": [6, 7]},
        conditions=leaf("standing.tier", "=", "gold"),
    )

    assert sentence == "2 Stars per £1, on category Mugs, on weekends, for gold"


@pytest.mark.parametrize(
    ("amount", "sentence"),
    [
        (PER_POUND | {"points": "1"}, "1 Star per £1"),
        (PER_POUND | {"points": "0.5", "per_minor": 250}, "0.5 Stars per £2.50"),
        (PER_POUND | {"steps": "whole", "per_minor": 1000}, "2 Stars for every full £10"),
        ({"kind": "per_item", "points": "3"}, "3 Stars per item"),
        ({"kind": "per_order", "points": "50"}, "50 Stars per order"),
        ({"kind": "per_visit", "points": "1"}, "1 Star per visit"),
        ({"kind": "fixed", "points": "1000"}, "1,000 Stars for an order"),
        ({"kind": "multiplier", "factor": "2"}, "2 times the Stars of all other rules"),
        (
            {"kind": "multiplier", "factor": "1.5", "of": ["base"]},
            "1.5 times what “One Star a pound” gives",
        ),
        (
            {"kind": "multiplier", "factor": "2", "of": ["base", "mugs", "gone"]},
            "2 times what “One Star a pound”, “Mugs” and “gone” gives",
        ),
    ],
)
def test_amounts(amount, sentence):
    assert told(amount) == sentence


def test_percent_of_a_money_unit():
    assert told({"kind": "percent", "percent": "5"}, unit="credit") == "5% back in credit"
    assert told({"kind": "percent", "percent": "2.25"}, unit="credit") == "2.25% back in credit"


def test_occasions():
    fixed = {"kind": "fixed", "points": "20"}

    assert told(fixed, on={"on": "event", "kind": "review.written"}) == "20 Stars for “review.written”"
    assert told(fixed, on={"on": "schedule", "kind": "birthday"}) == "20 Stars on the birthday"
    assert told(fixed, on={"on": "schedule", "kind": "joined"}) == "20 Stars when “joined” is due"


@pytest.mark.parametrize(
    ("part", "clause"),
    [
        ({"lines": leaf("category", "in", ["Mugs", "Tea"])}, "on category Mugs or Tea"),
        ({"lines": leaf("amount", ">=", 500)}, "on items where amount of the line is at least £5.00"),
        ({"minimum_minor": 2000}, "if they come to at least £20"),
        ({"window": {"weekdays": [1, 2, 3, 4, 5]}}, "on working days"),
        ({"window": {"weekdays": [3, 1]}}, "on Monday and Wednesday"),
        ({"window": {"from": "2026-11-23"}}, "from 23 Nov 2026"),
        ({"window": {"until": "2026-12-07"}}, "until 6 Dec 2026"),
        ({"window": {"from": "2026-11-23T09:30", "until": "2026-12-07"}}, "from 23 Nov 2026, 09:30 to 6 Dec 2026"),
        ({"window": {"hours": [[9, 17], ["22:00", 2]]}}, "from 09:00 to 17:00 and 22:00 to 02:00"),
        ({"window": {"hours": [[18, 24]]}}, "from 18:00 to 24:00"),
        ({"conditions": leaf("order.total", ">=", 4000)}, "if order total is at least £40.00"),
        (
            {"conditions": {"all": [leaf("standing.tier", "in", ["gold", "silver"]), leaf("order.channel", "=", "web")]}},
            "for gold or silver, if channel is web",
        ),
        (
            {"conditions": {"any": [leaf("standing.tier", "=", "gold"), leaf("order.channel", "=", "web")]}},
            "if tier is gold or channel is web",
        ),
        ({"frequency": {"once": True}}, "once for each member"),
        ({"frequency": {"times": 1, "per": "day"}}, "at most 1 time a day"),
        ({"frequency": {"times": 3, "per": "week"}}, "at most 3 times a week"),
        ({"frequency": {"cooldown_seconds": 172_800}}, "not again within 2 days"),
        ({"frequency": {"cooldown_seconds": 5_400}}, "not again within 90 minutes"),
        ({"caps": {"order": "10", "month": "100"}}, "at most 10 Stars per order, at most 100 Stars per member and month"),
        ({"caps": {"lifetime": "1"}}, "at most 1 Star per member"),
        ({"budget": "50000"}, "at most 50,000 Stars in all"),
        ({"group": {"key": "promo", "mode": "best"}}, "only if it gives most in the group “promo”"),
        ({"group": {"key": "promo", "mode": "first"}}, "only if it is the first to give in the group “promo”"),
        ({"stop": True}, "and no later rule after it"),
        ({"pending": {"kind": "days", "count": 14}}, "usable after 14 days"),
        ({"pending": {"kind": "event", "event": "delivered"}}, "usable when “delivered” comes"),
        ({"expiry": {"kind": "months", "count": 1}}, "ends after 1 month"),
        ({"expiry": {"kind": "end_of", "period": "year", "after": 1}}, "ends with the year, 1 later"),
        ({"expiry": {"kind": "dates", "dates": ["06-30", "12-31"]}}, "ends on the next of: 30 June, 31 December"),
        ({"expiry": {"kind": "none"}}, "never ends"),
    ],
)  # fmt: skip
def test_clauses(part, clause):
    assert told(**part) == f"2 Stars per £1, {clause}"


def test_what_is_by_default_is_not_said():
    assert told(priority=5, group={"key": "promo", "mode": "all"}, stop=False) == "2 Stars per £1"


def test_details_name_every_part_of_a_definition():
    definition = canonical.normalize(
        {
            "trigger": {"on": "order"},
            "unit": "stars",
            "amount": PER_POUND,
            "caps": {"day": 5},
            "minimum_minor": 100,
        }
    )

    found = {
        detail.key: detail.text.replace("\N{NO-BREAK SPACE}", " ") for detail in details(definition, NAMES)
    }

    assert found["amount"] == "2 Stars per £1"
    assert found["caps"] == "at most 5 Stars per member and day"
    assert found["minimum"] == "£1"
    assert found["conditions"] == ""
    assert {"trigger", "unit", "lines", "window", "expiry", "pending", "stop", "priority"} < found.keys()


def test_numbers_and_units_follow_the_reader():
    with translation.override("ar"):
        assert "٢" in told()
        assert "نجمة" in told()
