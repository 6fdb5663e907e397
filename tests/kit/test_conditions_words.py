"""Conditions in plain words, and the reasons why one does not hold."""

from datetime import date
from typing import Any

import pytest

from loyaltysite.kit.conditions import Missing, Op, describe, kinds, operator_label
from tests.kit.conditions_shop import NOW, ORDERS, ask, make_buyer, make_line, make_order


def leaf(name: str, op: str, *value: Any) -> dict[str, Any]:
    return {"field": name, "op": op} | ({"value": value[0]} if value else {})


MUGS = leaf("line.category", "=", "Mugs")
DEAR_LINE = leaf("line.net", ">=", 1000)
DEAR = leaf("order.total", ">=", 2000)
WEB = leaf("order.channel", "=", "web")

SENTENCES: list[tuple[Any, str]] = [
    ({}, "always"),
    ({"not": {}}, "not (always)"),
    (DEAR, "order total is at least 20.00"),
    (WEB, "channel is web shop"),
    ({"all": [WEB, DEAR]}, "channel is web shop and order total is at least 20.00"),
    ({"any": [WEB, DEAR]}, "channel is web shop or order total is at least 20.00"),
    (
        {"any": [{"all": [WEB, DEAR]}, leaf("order.is_first", "=", True)]},
        "(channel is web shop and order total is at least 20.00) or first order: yes",
    ),
    ({"not": WEB}, "not (channel is web shop)"),
    (leaf("order.channel", "in", ["web", "till", "app"]), "channel is web shop, till or app"),
    (leaf("order.items", "not in", [1, 2]), "items is none of 1 or 2"),
    (leaf("order.items", "between", [1, 2000]), "items is between 1 and 2,000"),
    (leaf("order.weight", "<", "0.50"), "weight is below 0.5"),
    (leaf("order.note", "contains", "gift"), "note contains “gift”"),
    (leaf("order.note", "is not set"), "note has no value"),
    (leaf("order.tags", "has any", ["a", "b"]), "tags has a or b"),
    (leaf("order.tags", "has all", ["a", "b"]), "tags has a and b"),
    (leaf("order.due_on", ">", "2026-01-31"), "due day is after 31 Jan 2026"),
    (leaf("order.due_on", "within last", 30), "due day is within the last 30 days"),
    (leaf("order.due_on", "within next", 1), "due day is within the next 1 day"),
    (leaf("buyer.birthday", "within next", 0), "birthday is today"),
    (leaf("buyer.birthday", "=", "02-29"), "birthday is 29 February"),
    ({"has": "lines"}, "there are lines"),
    ({"has": "lines", "where": MUGS}, "one of the lines fulfills (category is Mugs)"),
    ({"count": "lines", "op": ">=", "value": 2}, "the number of lines is at least 2"),
    (
        {"count": "lines", "where": MUGS, "op": "<", "value": 2},
        "the number of lines with (category is Mugs) is below 2",
    ),
]


@pytest.mark.parametrize(("tree", "sentence"), SENTENCES)
def test_describe(tree: Any, sentence: str) -> None:
    assert describe(ask(tree)) == sentence


def test_describe_writes_money_in_its_currency() -> None:
    assert describe(ask(DEAR), currency="GBP") == "order total is at least £20.00"


def test_every_operator_has_a_label() -> None:
    for field in ORDERS.fields():
        for op in field.kind.operators:
            assert operator_label(field.kind, op)
    assert operator_label(kinds.DATE, Op.ABOVE) == "is after"
    assert operator_label(kinds.INTEGER, Op.ABOVE) == "is above"


def why_not(tree: Any, **facts: Any) -> list[Missing]:
    return ask(tree).explain(make_order(**facts), NOW)


def places(reasons: list[Missing]) -> list[str]:
    return [reason.path for reason in reasons]


def test_a_condition_that_holds_has_no_reasons() -> None:
    assert why_not({"all": [WEB, DEAR]}, channel="web", total=2000) == []


def test_a_reason_says_what_was_wanted_and_found() -> None:
    [reason] = why_not(DEAR, total=1250)

    assert (reason.label, reason.operator, reason.wanted, reason.actual) == (
        "order total",
        "is at least",
        "20.00",
        "12.50",
    )
    assert (reason.field, reason.value, reason.found, reason.negated) == ("order.total", 2000, 1250, False)
    assert reason.sentence == "order total is at least 20.00"
    assert str(reason) == "Wanted: order total is at least 20.00. Found: 12.50."


def test_a_missing_value_is_called_nothing() -> None:
    [reason] = why_not(WEB)

    assert (reason.actual, reason.found) == ("nothing", None)


def test_of_all_only_what_failed_is_a_reason() -> None:
    reasons = why_not({"all": [WEB, DEAR, leaf("order.items", ">", 1)]}, channel="web", total=1)

    assert places(reasons) == ["all[1]", "all[2]"]


def test_of_any_every_way_is_a_reason() -> None:
    reasons = why_not({"any": [WEB, {"all": [DEAR, leaf("order.items", "=", 1)]}]}, items=1)

    assert places(reasons) == ["any[0]", "any[1].all[0]"]


def test_under_not_the_reason_is_what_holds() -> None:
    reasons = why_not({"not": {"any": [WEB, DEAR]}}, channel="web", total=1)

    assert places(reasons) == ["not.any[0]"]
    assert reasons[0].negated
    assert str(reasons[0]) == "Not wanted: channel is web shop. Found: web shop."


def test_under_double_not_the_reason_is_what_fails() -> None:
    [reason] = why_not({"not": {"not": DEAR}}, total=1)

    assert (reason.path, reason.negated) == ("not.not", False)


def test_the_closest_line_says_what_it_lacks() -> None:
    lines = [make_line(category="Tea", net=1), make_line(category="Mugs", net=999)]

    [reason] = why_not({"has": "lines", "where": {"all": [MUGS, DEAR_LINE]}}, lines=lines)

    assert (reason.path, reason.label, reason.wanted, reason.actual) == ("", "lines", "1", "0")
    assert places(list(reason.closest)) == ["where.all[1]"]
    assert (reason.closest[0].wanted, reason.closest[0].actual) == ("10.00", "9.99")


def test_a_count_says_how_many_there_were() -> None:
    lines = [make_line(category="Mugs"), make_line(category="Tea")]

    [reason] = why_not({"count": "lines", "where": MUGS, "op": ">=", "value": 2}, lines=lines)

    assert (reason.operator, reason.wanted, reason.actual) == ("is at least", "2", "1")
    assert places(list(reason.closest)) == ["where"]


def test_nothing_can_meet_not_always() -> None:
    [reason] = why_not({"not": {}})

    assert (reason.path, reason.negated, reason.sentence) == ("not", True, "always")
    assert str(reason) == "Not wanted: always."


@pytest.mark.parametrize(
    ("tree", "facts", "actual"),
    [
        (leaf("order.is_first", "=", True), {"is_first": False}, "no"),
        (leaf("order.tags", "has any", ["x"]), {"tags": ["b", "a"]}, "a, b"),
        (leaf("order.due_on", "within last", 1), {"due_on": date(2026, 1, 31)}, "31 Jan 2026"),
        (leaf("order.paid_at", "within last", 1), {"paid_at": NOW.replace(year=2025)}, "28 Feb 2025, 23:30"),
        (
            leaf("buyer.birthday", "=", "01-31"),
            {"buyer": make_buyer(born_on=date(1990, 2, 1))},
            "1 February",
        ),
        (WEB, {"channel": "till"}, "till"),
    ],
)
def test_what_was_found_is_shown_as_people_read_it(tree: Any, facts: dict[str, Any], actual: str) -> None:
    [reason] = why_not(tree, **facts)

    assert reason.actual == actual
