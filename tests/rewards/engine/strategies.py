"""Random rules, orders and contexts of one unit, for the engine and its model."""

from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

from hypothesis import strategies as st

from rewards.engine.facts import Context, Counter, Line, Occasion
from tests.rewards.engine.model import PERIODS

CATEGORIES = ("mugs", "tea")
CHANNELS = ("web", "till")
MOMENTS = [
    datetime(2026, 1, 1, tzinfo=UTC),
    datetime(2026, 1, 4, 23, 59, tzinfo=UTC),
    datetime(2025, 12, 31, 12, tzinfo=UTC),
]
points = st.sampled_from(["1", "2", "0.5", "0.3", "1.25", "7"])
AMOUNTS = st.one_of(
    st.builds(
        lambda points, per, steps: {"kind": "per_amount", "points": points, "per_minor": per, "steps": steps},
        points,
        st.sampled_from([1, 3, 100, 700]),
        st.sampled_from(["exact", "whole"]),
    ),
    st.builds(
        lambda kind, points: {"kind": kind, "points": points},
        st.sampled_from(["per_order", "per_visit", "per_item", "fixed"]),
        points,
    ),
    st.builds(lambda percent: {"kind": "percent", "percent": percent}, st.sampled_from(["5", "0.7", "33.3"])),
    st.builds(lambda factor: {"kind": "multiplier", "factor": factor}, st.sampled_from(["2", "1.5", "3.1"])),
)
caps = st.dictionaries(st.sampled_from(["order", *PERIODS]), st.sampled_from(["1", "5", "20"]), max_size=3)


@st.composite
def definitions(draw: st.DrawFn, modes: dict[str, str]) -> dict[str, Any]:
    optional = {
        "conditions": draw(st.none() | st.sampled_from(CHANNELS)),
        "lines": draw(st.none() | st.sampled_from(CATEGORIES)),
        "minimum_minor": draw(st.none() | st.sampled_from([1, 500, 5000])),
        "caps": draw(caps),
        "budget": draw(st.none() | st.sampled_from([3, 30])),
        "frequency": draw(st.none() | st.just({"once": True})),
        "priority": draw(st.integers(-2, 2)),
        "stop": draw(st.booleans()) and draw(st.booleans()),
    }
    group = draw(st.none() | st.sampled_from(sorted(modes)))
    if group:
        optional["group"] = {"key": group, "mode": modes[group]}
    if optional["conditions"]:
        optional["conditions"] = {"field": "order.channel", "op": "=", "value": optional["conditions"]}
    if optional["lines"]:
        optional["lines"] = {"field": "category", "op": "=", "value": optional["lines"]}
    return {"amount": draw(AMOUNTS), **{name: value for name, value in optional.items() if value}}


@st.composite
def rule_sets(draw: st.DrawFn) -> dict[str, dict[str, Any]]:
    modes = {key: draw(st.sampled_from(["all", "best", "first"])) for key in ("a", "b")}
    rules = draw(st.lists(definitions(modes), min_size=1, max_size=7))
    return {f"rule-{number}": rule for number, rule in enumerate(rules, start=1)}


lines = st.builds(
    lambda category, quantity, basis, counted: Line(
        0, "sku", "A thing", category, quantity, basis if counted else min(basis, 0), counted
    ),
    st.sampled_from(CATEGORIES),
    st.integers(1, 4),
    st.one_of(st.integers(-300, 0), st.integers(1, 999), st.integers(1, 20_000)),
    st.booleans() | st.just(True),
)


@st.composite
def occasions(draw: st.DrawFn) -> Occasion:
    at = draw(st.sampled_from(MOMENTS))
    numbered = [
        Line(position, line.sku, line.name, line.category, line.quantity, line.basis_minor, line.is_counted)
        for position, line in enumerate(draw(st.lists(lines, max_size=4)), start=1)
    ]
    return Occasion("order", at, at, "north", draw(st.sampled_from(CHANNELS)), tuple(numbered))


@st.composite
def contexts_of(draw: st.DrawFn, keys: tuple[str, ...]) -> Context:
    counters = {
        key: Counter(draw(st.integers(0, 30)), draw(st.integers(0, 2)), 0.0)
        for key in keys
        if draw(st.booleans())
    }
    factor = draw(st.none() | st.sampled_from([Fraction(3, 2), Fraction(4, 3), Fraction(1), Fraction(1, 2)]))
    return Context(multipliers={"points": factor} if factor else {}, counters=counters)
