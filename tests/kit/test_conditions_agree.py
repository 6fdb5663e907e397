"""Both back ends give the same answer to every tree on every row (SEMANTICS 44)."""

from collections.abc import Iterator
from datetime import UTC, date, timedelta
from decimal import Decimal
from itertools import product
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from loyaltysite.kit.conditions import Op, Registry
from loyaltysite.kit.conditions.kinds import COUNTING, LISTS, PRESENCE, RELATIVE
from tests.kit.conditions_shop import (
    LINES,
    NOW,
    ORDERS,
    accepted_in_python,
    accepted_in_sql,
    ask,
    create_tables,
    make_buyer,
    make_line,
    make_order,
    store,
)

TEXTS = [
    "Mugs",
    "mugs",
    "Mug",
    "50%",
    "5_%",
    "a\\b",
    "O'Brien",
    "Café",
    "Cafe\u0301",
    "ماگ",
    "ספל",
    "☕️",
    " ",
    "'",
]
AT = NOW.astimezone(UTC)
DAYS = [0, 1, 6, 7, 30, 364, 365, 36_500]
POOLS: dict[str, list[Any]] = {
    "integer": [-1, 0, 1, 2, 7, 32767],
    "money": [-500, 0, 1, 1999, 2000, 2**53 + 1, 2**63 - 1],
    "decimal": [Decimal(v) for v in ("-0.5", "0", "0.1", "0.100", "0.100000000001", "12345678901234567.5")],
    "text": TEXTS,
    "choice": ["web", "till", "app"],
    "boolean": [True, False],
    "date": [NOW.date() + timedelta(days=d) for d in (-30, -7, -1, 0, 1, 7, 400)] + [date(2024, 2, 29)],
    "datetime": [AT + timedelta(days=d, microseconds=m) for d in (-7, -1, 0, 1) for m in (-1, 0, 1)],
    "month_day": [date(1990, *d) for d in ((1, 1), (2, 28), (3, 1), (3, 7), (12, 31))] + [date(1992, 2, 29)],
    "set": ["a", "b", "A", "50%", "ع", "it's"],
}


def written(kind: str, value: Any) -> Any:
    """The pool's value as JSON writes it."""
    match kind:
        case "decimal":
            return str(value)
        case "date" | "datetime":
            return value.isoformat()
        case "month_day":
            return f"{value:%m-%d}"
    return value


@st.composite
def leaves(draw: st.DrawFn, registry: Registry) -> dict[str, Any]:
    field = draw(st.sampled_from([f for f in registry.fields() if f.q is not None]))
    kind = field.kind.name
    op = draw(st.sampled_from(field.kind.operators))
    leaf: dict[str, Any] = {"field": field.name, "op": op.value}
    values = st.sampled_from(POOLS[kind]).map(lambda value: written(kind, value))
    if op in PRESENCE:
        return leaf
    if op in RELATIVE:
        return leaf | {"value": draw(st.sampled_from(DAYS[kind == "datetime" :]))}
    if op in LISTS:
        return leaf | {"value": draw(st.lists(values, min_size=1, max_size=3))}
    if op is Op.BETWEEN:
        pair = draw(st.lists(st.sampled_from(POOLS[kind]), min_size=2, max_size=2))
        pair = pair if kind == "month_day" else sorted(pair)
        return leaf | {"value": [written(kind, value) for value in pair]}
    if op in {Op.CONTAINS, Op.STARTS_WITH}:
        text = draw(values)
        return leaf | {"value": text[: draw(st.integers(1, len(text)))]}
    return leaf | {"value": draw(values)}


@st.composite
def trees(draw: st.DrawFn, registry: Registry, depth: int = 5) -> Any:
    shapes = ["leaf", "leaf", "empty"]
    if depth > 1:
        shapes += ["all", "any", "not", "not"]
        shapes += ["has", "count"]
    shape = draw(st.sampled_from(shapes))
    if shape == "leaf":
        return draw(leaves(registry))
    if shape == "empty":
        return draw(st.sampled_from([{}, None, {"all": []}]))
    if shape in {"all", "any"}:
        return {shape: draw(st.lists(trees(registry, depth - 1), min_size=1, max_size=3))}
    if shape == "not":
        return {"not": draw(trees(registry, depth - 1))}
    collection = draw(st.sampled_from([c for c in registry.collections() if c.rows is not None]))
    node = {shape: collection.name, "where": draw(trees(LINES, depth - 1))}
    if shape == "count":
        node |= {"op": draw(st.sampled_from(COUNTING)).value, "value": draw(st.integers(-1, 3))}
    return node


def missing_or(kind: str, *extra: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from([None, *extra, *POOLS[kind]])


LINE = st.builds(
    make_line,
    category=missing_or("text", ""),
    net=st.sampled_from([None, -500, 0, 1, 1999, 2000]),
    sent_at=missing_or("datetime"),
)
BUYER = st.builds(make_buyer, city=missing_or("text", ""), born_on=missing_or("month_day"))
SETS = st.none() | st.lists(st.sampled_from(POOLS["set"]), max_size=4, unique=True)
ORDER = st.builds(
    make_order,
    buyer=st.none() | BUYER,
    total=st.sampled_from([None, -500, 0, 1, 1999, 2000, 2**53 + 1, 2**63 - 40_000]),
    items=missing_or("integer"),
    weight=missing_or("decimal"),
    note=missing_or("text", "") | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    channel=missing_or("choice", ""),
    is_first=missing_or("boolean"),
    due_on=missing_or("date"),
    paid_at=missing_or("datetime"),
    tags=SETS,
    labels=SETS,
    marks=st.frozensets(st.sampled_from(POOLS["set"])),
    lines=st.none() | st.lists(LINE, max_size=3),
)
GENEROUS = settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.large_base_example,
    ],
)
World = tuple[list[SimpleNamespace], list[int]]


def chance(rng: Random, pool: str, *extra: Any) -> Any:
    return rng.choice([None, *extra, *POOLS[pool]])


def make_random_order(rng: Random) -> SimpleNamespace:
    lines = [
        make_line(
            category=chance(rng, "text", ""), net=rng.choice([None, 0, 1]), sent_at=chance(rng, "datetime")
        )
        for _line in range(rng.randrange(4))
    ]
    buyer = make_buyer(city=chance(rng, "text", ""), born_on=chance(rng, "month_day"))
    tags, labels, marks = (rng.sample(POOLS["set"], rng.randrange(4)) for _set in range(3))
    return make_order(
        buyer=rng.choice([None, buyer, buyer, buyer]),
        total=rng.choice([None, -500, 0, 1, 1999, 2000, 2**53 + 1, 2**63 - 40_000]),
        items=chance(rng, "integer"),
        weight=chance(rng, "decimal"),
        note=chance(rng, "text", "", "xMugs", "50", "5x%"),
        channel=chance(rng, "choice", ""),
        is_first=chance(rng, "boolean"),
        due_on=chance(rng, "date"),
        paid_at=chance(rng, "datetime"),
        tags=rng.choice([None, tags, tags, tags]),
        labels=rng.choice([None, labels, labels, labels]),
        marks=frozenset(marks),
        lines=rng.choice([None, lines, lines, lines]),
    )


@pytest.fixture
def shop(db: None) -> None:
    create_tables()


@pytest.fixture
def world(shop: None) -> World:
    """Orders that hold every value of every pool, and nothing, in all sorts of company."""
    rng = Random(44)
    orders = [make_random_order(rng) for _order in range(200)]
    return orders, store(orders)


def every_leaf() -> Iterator[dict[str, Any]]:
    for field in (field for field in ORDERS.fields() if field.q is not None):
        kind = field.kind.name
        values = [written(kind, value) for value in POOLS[kind]]
        for op in field.kind.operators:
            leaf = {"field": field.name, "op": op.value}
            if op in PRESENCE:
                yield leaf
            elif op in RELATIVE:
                yield from (leaf | {"value": days} for days in DAYS if days or kind != "datetime")
            elif op is Op.BETWEEN:
                pairs = product(POOLS[kind], repeat=2)
                ranges = [pair for pair in pairs if kind == "month_day" or pair[0] <= pair[1]]
                yield from (leaf | {"value": [written(kind, value) for value in pair]} for pair in ranges)
            elif op in LISTS:
                yield from (
                    leaf | {"value": list(pair)} for pair in zip(values, values[1:] + values, strict=False)
                )
            else:
                yield from (leaf | {"value": value} for value in values)


def test_every_leaf_agrees_on_every_value(world: World) -> None:
    orders, ids = world

    apart = [
        leaf
        for leaf in every_leaf()
        if accepted_in_python(ask(leaf), orders) != accepted_in_sql(ask(leaf), ids)
    ]

    assert apart == []


@GENEROUS
@given(tree=trees(ORDERS))
def test_every_tree_and_its_opposite_agree_and_share_out_all_rows(world: World, tree: Any) -> None:
    orders, ids = world
    condition, opposite = ask(tree), ask({"not": tree})

    accepted, refused = accepted_in_sql(condition, ids), accepted_in_sql(opposite, ids)

    assert accepted == accepted_in_python(condition, orders)
    assert refused == accepted_in_python(opposite, orders)
    assert sorted(accepted + refused) == list(range(len(orders)))


@GENEROUS
@given(tree=trees(ORDERS), orders=st.lists(ORDER, min_size=1, max_size=4))
@example(tree={"not": {"field": "order.total", "op": ">", "value": 5}}, orders=[make_order()])
@example(
    tree={"not": {"has": "lines", "where": {"not": {"field": "line.net", "op": "!=", "value": 5}}}},
    orders=[make_order(lines=[make_line(net=None)]), make_order(lines=[make_line(net=1)]), make_order()],
)
def test_predicate_and_q_agree(shop: None, tree: Any, orders: list[SimpleNamespace]) -> None:
    condition = ask(tree)

    with transaction.atomic():
        ids = store(orders)
        in_sql = accepted_in_sql(condition, ids)
        transaction.set_rollback(True)

    assert accepted_in_python(condition, orders) == in_sql


@GENEROUS
@given(tree=trees(ORDERS), order=ORDER)
def test_a_tree_or_its_opposite_holds_and_never_both(tree: Any, order: SimpleNamespace) -> None:
    holds, opposite = ask(tree), ask({"not": tree})

    assert holds.predicate(NOW)(order) is not opposite.predicate(NOW)(order)


@GENEROUS
@given(tree=trees(ORDERS), order=ORDER)
def test_canonical_tree_says_the_same(tree: Any, order: SimpleNamespace) -> None:
    first = ask(tree)

    second = ask(first.tree)

    assert second == first
    assert second.tree == first.tree
    assert second.predicate(NOW)(order) is first.predicate(NOW)(order)


@GENEROUS
@given(tree=trees(ORDERS), order=ORDER)
def test_reasons_are_given_exactly_where_a_tree_fails(tree: Any, order: SimpleNamespace) -> None:
    condition = ask(tree)

    reasons = condition.explain(order, NOW)

    assert bool(reasons) is not condition.predicate(NOW)(order)
