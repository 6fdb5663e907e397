"""What a person can get wrong in a tree is refused with its place and a sentence."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyaltysite.kit.conditions import MAX_DEPTH, MAX_NODES, ConditionError, parse
from loyaltysite.kit.conditions.kinds import MAX_TEXT, MAX_VALUES
from loyaltysite.kit.errors import DomainError
from tests.kit.conditions_shop import ORDERS, ask, make_order


def leaf(name: str, op: str, *value: Any) -> dict[str, Any]:
    return {"field": f"order.{name}", "op": op} | ({"value": value[0]} if value else {})


DEAR = leaf("total", ">=", 1000)


def nested(depth: int) -> Any:
    tree: Any = DEAR
    for _level in range(depth - 1):
        tree = {"not": tree}
    return tree


# tree, path, reason, part of the sentence
REFUSED: list[tuple[Any, str, str, str]] = [
    (5, "", "shape", "must be an object"),
    ("x", "", "shape", "must be an object"),
    ([DEAR], "", "shape", "must be an object"),
    (False, "", "shape", "must be an object"),
    ({"and": [DEAR]}, "", "shape", "exactly one of: all, any, not, field, has, count"),
    ({"all": [DEAR], "any": [DEAR]}, "", "shape", "exactly one of"),
    ({"all": [DEAR], "op": "="}, "op", "stray_key", "“op” does not belong here"),
    ({"all": DEAR}, "all", "shape", "list of conditions"),
    ({"all": [{}, 7]}, "all[1]", "shape", "must be an object"),
    ({"any": []}, "any", "empty", "at least one"),
    ({"any": [{}, {"all": [DEAR, {"any": []}]}]}, "any[1].all[1].any", "empty", "at least one"),
    ({"field": "order.totl", "op": ">", "value": 1}, "field", "unknown", "Did you mean “order.total”"),
    ({"field": "zzzzzz", "op": ">", "value": 1}, "field", "unknown", "There is no field “zzzzzz”."),
    ({"field": 7, "op": ">", "value": 1}, "field", "unknown", "There is no field “7”."),
    ({"field": "%(name)s", "op": "="}, "field", "unknown", "“%(name)s”"),
    (leaf("total", "~", 1), "op", "operator", "“~” cannot be used with order total; use one of: =, !="),
    (leaf("total", "contains", 1), "op", "operator", "cannot be used with order total"),
    (leaf("note", ">", "a"), "op", "operator", "cannot be used with note"),
    (leaf("paid_at", "=", "2026-01-01T00:00Z"), "op", "operator", "cannot be used with payment"),
    (leaf("tags", "=", "a"), "op", "operator", "has any, has all"),
    ({"field": "order.total", "value": 1}, "op", "operator", "“None” cannot be used"),
    ({"field": "order.total", "op": ["="], "value": 1}, "op", "operator", "cannot be used"),
    (leaf("total", ">"), "value", "value", "missing"),
    (leaf("total", ">", None), "value", "value", "missing"),
    (leaf("total", "is set", 1), "value", "value", "takes no value"),
    (leaf("total", ">", "1"), "value", "value", "whole number"),
    (leaf("total", ">", 1.5), "value", "value", "whole number"),
    (leaf("total", ">", True), "value", "value", "whole number"),
    (leaf("total", ">", 2**63), "value", "value", "too large"),
    (leaf("total", "in", 1), "value", "value", "list with at least one"),
    (leaf("total", "in", []), "value", "value", "list with at least one"),
    (leaf("total", "in", [1, "2"]), "value[1]", "value", "whole number"),
    (leaf("total", "in", list(range(MAX_VALUES + 1))), "value", "value", f"at most {MAX_VALUES}"),
    (leaf("total", "between", [1]), "value", "value", "two values"),
    (leaf("total", "between", [2, 1]), "value", "value", "must not be above"),
    (leaf("total", "between", [1, None]), "value[1]", "value", "whole number"),
    (leaf("weight", ">", "1,5"), "value", "value", "Give a number"),
    (leaf("weight", ">", "NaN"), "value", "value", "Give a number"),
    (leaf("weight", ">", float("inf")), "value", "value", "Give a number"),
    (leaf("weight", ">", "1e999999999"), "value", "value", "at most 30 digits"),
    (leaf("weight", ">", "1" * 31), "value", "value", "at most 30 digits"),
    (leaf("weight", ">", "9" * 100), "value", "value", "at most 30 digits"),
    (leaf("weight", ">", "١"), "value", "value", "Give a number"),
    (leaf("weight", ">", False), "value", "value", "Give a number"),
    (leaf("weight", ">", ""), "value", "value", "Give a number"),
    (leaf("note", "=", 1), "value", "value", "Give a text"),
    (leaf("note", "=", ""), "value", "value", "use “is not set”"),
    (leaf("note", "=", "a\x00b"), "value", "value", "cannot be stored"),
    (leaf("note", "contains", "\ud83d"), "value", "value", "cannot be stored"),
    (leaf("note", "in", ["a", "\udfff"]), "value[1]", "value", "cannot be stored"),
    (leaf("note", "=", "x" * (MAX_TEXT + 1)), "value", "value", f"at most {MAX_TEXT}"),
    (leaf("tags", "has any", ["\x00"]), "value[0]", "value", "cannot be stored"),
    (leaf("channel", "=", "fax"), "value", "choice", "“fax” is not one of the choices of channel: app, till"),
    (leaf("channel", "in", ["web", "fax"]), "value[1]", "choice", "“fax”"),
    (leaf("is_first", "=", 1), "value", "value", "yes or no"),
    (leaf("is_first", "=", "true"), "value", "value", "yes or no"),
    (leaf("due_on", "=", "2026-02-30"), "value", "value", "such as 2026-01-31"),
    (leaf("due_on", "=", "20260201"), "value", "value", "such as 2026-01-31"),
    (leaf("due_on", "=", "２026-02-01"), "value", "value", "such as 2026-01-31"),
    (leaf("due_on", "within last", -1), "value", "value", "from 0 to 36500"),
    (leaf("due_on", "within last", 36_501), "value", "value", "from 0 to 36500"),
    (leaf("due_on", "within next", "7"), "value", "value", "from 0 to 36500"),
    (leaf("paid_at", "within last", 0), "value", "value", "from 1 to 36500"),
    (leaf("due_on", "within next", True), "value", "value", "from 0 to 36500"),
    (leaf("paid_at", ">", "2026-01-31T10:00"), "value", "value", "offset from UTC"),
    (leaf("paid_at", ">", "yesterday"), "value", "value", "offset from UTC"),
    (leaf("paid_at", ">", "0001-01-01T00:00+14:00"), "value", "value", "offset from UTC"),
    ({"field": "buyer.birthday", "op": "=", "value": "02-30"}, "value", "value", "month and day"),
    ({"field": "buyer.birthday", "op": "=", "value": "2-3"}, "value", "value", "month and day"),
    ({"has": "line"}, "has", "unknown", "There is no collection “line”. Did you mean “lines”?"),
    ({"has": ["lines"]}, "has", "unknown", "no collection"),
    ({"has": "lines", "op": "="}, "op", "stray_key", "does not belong"),
    ({"has": "lines", "where": DEAR | {"op": "x"}}, "where.op", "operator", "cannot be used"),
    ({"has": "lines", "where": leaf("note", "is set")}, "where.field", "unknown", "no field “order.note”"),
    ({"count": "lines", "value": 2}, "op", "operator", "number of elements"),
    ({"count": "lines", "op": "between", "value": [1, 2]}, "op", "operator", "number of elements"),
    ({"count": "lines", "op": ">=", "value": "2"}, "value", "value", "whole number"),
    ({"count": "lines", "op": ">="}, "value", "value", "missing"),
    ({"all": [{}, {"not": leaf("total", ">", "x")}]}, "all[1].not.value", "value", "whole number"),
    (nested(MAX_DEPTH + 1), ".".join(["not"] * MAX_DEPTH), "too_deep", "at most 8 deep"),
    ({"all": [DEAR] * MAX_NODES}, f"all[{MAX_NODES - 1}]", "too_many", "at most 200"),
]


@pytest.mark.parametrize(("tree", "path", "reason", "words"), REFUSED)
def test_refusal_names_its_place(tree: Any, path: str, reason: str, words: str) -> None:
    with pytest.raises(ConditionError) as caught:
        ask(tree)

    assert (caught.value.path, caught.value.reason) == (path, reason)
    assert words in str(caught.value)


def test_refusal_is_a_domain_error_with_a_stable_code() -> None:
    with pytest.raises(DomainError) as caught:
        ask({"field": "order.totl", "op": ">", "value": 1})

    assert caught.value.code == "invalid_condition"
    assert caught.value.field == "field"
    assert "order.total" in caught.value.params["near"]


def test_limits_themselves_are_allowed() -> None:
    assert ask(nested(MAX_DEPTH)).tree == nested(MAX_DEPTH)
    assert ask({"all": [DEAR] * (MAX_NODES - 1)}).tree == {"all": [DEAR] * (MAX_NODES - 1)}


def test_hostile_depth_is_refused_without_recursion() -> None:
    with pytest.raises(ConditionError) as caught:
        ask(nested(100_000))

    assert caught.value.reason == "too_deep"


@pytest.mark.parametrize(
    "tree", [None, {}, {"all": []}, {"all": [{}, {}]}, {"any": [DEAR, {}]}, {"not": {"not": {}}}]
)
def test_trivial_trees_are_always_true(tree: Any) -> None:
    condition = ask(tree)

    assert condition.is_trivial
    assert condition.predicate()(make_order())


@pytest.mark.parametrize("tree", [DEAR, {"not": {}}, {"all": [DEAR, {}]}, {"has": "lines"}])
def test_other_trees_are_not_trivial(tree: Any) -> None:
    assert not ask(tree).is_trivial


# as given, and as it is kept
CANONICAL: list[tuple[Any, Any]] = [
    (None, {}),
    (leaf("weight", ">", 0.10), leaf("weight", ">", "0.1")),
    (leaf("weight", ">", "1e3"), leaf("weight", ">", "1000")),
    (leaf("weight", ">", "-0.0"), leaf("weight", ">", "0")),
    (leaf("weight", "between", [1, "2.50"]), leaf("weight", "between", ["1", "2.5"])),
    (leaf("total", "in", [3, 1, 3]), leaf("total", "in", [3, 1])),
    (leaf("note", "is set", None), leaf("note", "is set")),
    (leaf("paid_at", ">", "2026-01-31T18:00:00+01:00"), leaf("paid_at", ">", "2026-01-31T17:00:00Z")),
    (leaf("due_on", "=", "2026-01-31"), leaf("due_on", "=", "2026-01-31")),
    ({"field": "buyer.birthday", "op": "=", "value": "02-29"},) * 2,
    ({"has": "lines"}, {"has": "lines", "where": {}}),
    ({"has": "lines", "where": None}, {"has": "lines", "where": {}}),
    ({"all": [{"any": [DEAR]}, None]}, {"all": [{"any": [DEAR]}, {}]}),
]


@pytest.mark.parametrize(("given_tree", "kept"), CANONICAL)
def test_canonical_tree(given_tree: Any, kept: Any) -> None:
    condition = ask(given_tree)

    assert condition.tree == kept
    assert ask(json.loads(json.dumps(kept))) == condition


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["all", "any", "not", "field", "op", "value", "has", "count", "where", "x"]),
            inner
            | st.sampled_from(["order.total", "order.note", "order.tags", "lines", "=", "in", "between"]),
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(tree=JSON)
def test_any_json_is_parsed_or_refused_with_a_readable_sentence(tree: Any) -> None:
    try:
        condition = parse(tree, ORDERS)
    except ConditionError as error:
        outcome, wanted = bool(str(error)), True
    else:
        outcome, wanted = parse(condition.tree, ORDERS).tree, condition.tree

    assert outcome == wanted


def test_fields_are_named() -> None:
    condition = ask({"all": [DEAR, {"has": "lines", "where": {"field": "line.net", "op": ">", "value": 1}}]})

    assert condition.fields == {"order.total", "line.net"}


@pytest.mark.parametrize(
    ("tree", "path"),
    [
        ({"all": [DEAR, {"not": leaf("score", "=", 7)}]}, "all[1].not.field"),
        ({"has": "gifts"}, "has"),
    ],
)
def test_bulk_refuses_what_only_python_can_answer(tree: Any, path: str) -> None:
    assert ask(tree)

    with pytest.raises(ConditionError) as caught:
        parse(tree, ORDERS, bulk=True)

    assert (caught.value.reason, caught.value.path) == ("no_sql", path)
