"""What conditions ask about members: SQL and Python agree on every field, operator and value, and each says what it says."""

import json
import re
from datetime import datetime
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from django_scopes import scope

from campaigns.audiences import fields
from campaigns.audiences.portraits import Portrait
from loyaltysite.kit.conditions import ConditionError, Op
from loyaltysite.kit.conditions.kinds import COUNTING, LISTS, PRESENCE, RELATIVE
from loyaltysite.kit.conditions.registry import reader
from members.models import Member
from tests.campaigns.audiences import bazaar
from tests.campaigns.audiences.bazaar import NOW, in_python, in_sql, names
from tests.rewards import builders as b

pytestmark = pytest.mark.django_db

ZONES = ["UTC", "Asia/Tehran"]


def shop(zone="UTC"):
    program = bazaar.open_bazaar(time_zone=zone)
    bazaar.fill(program)
    return program


def leaf(field, op, value=None):
    return {"field": field, "op": op} | ({} if value is None else {"value": value})


def has(collection, *where):
    return {"has": collection, "where": {"all": list(where)}}


# What is asked, and of whom it is true.
CASES = [
    (leaf("member.language", "=", "en"), {"anna", "fred"}),
    (leaf("member.language", "is not set"), {"cora", "dina", "emil"} - {"dina"}),
    (leaf("member.birthday", "within next", 30), {"anna", "ben"}),
    (leaf("member.joined_on", "within last", 1), {"cora"}),
    (leaf("member.tags", "has any", ["vip"]), {"anna", "dina"}),
    (leaf("member.likes", "has all", ["tea", "walks"]), {"anna"}),
    (leaf("member.favourite_store", "=", "quay"), {"anna"}),
    (leaf("member.verified", "has any", ["email"]), {"anna"}),
    (leaf("member.has_address", "=", True), {"anna"}),
    (leaf("member.has_address", "=", False), {"ben", "cora", "dina", "emil", "fred"}),
    (leaf("consent.email", "has all", ["offers", "reminders"]), {"anna"}),
    (leaf("orders.count", "=", 0), {"cora", "fred"}),
    (leaf("orders.count", ">=", 2), {"anna", "ben", "emil"}),
    (leaf("orders.spend", "<", 5_000), {"ben", "cora", "dina", "emil", "fred"}),
    (leaf("orders.average", ">", 5_000), {"anna"}),
    (leaf("orders.last_at", "within last", 3), {"ben"}),
    (leaf("standing.tier", "=", "silver"), {"anna", "ben", "emil"}),
    (leaf("standing.rank", "<", 1), {"cora", "dina", "fred"}),
    (leaf("points.points", ">=", 100), {"anna", "cora"}),
    (leaf("points.points", "<", 1), {"dina", "fred"}),
    (leaf("points.credit", "=", "12.5"), {"ben"}),
    (leaf("points.credit", "=", "0"), {"anna", "cora", "dina", "emil", "fred"}),
    (leaf("score.value", ">=", 9_000), {"anna", "ben"}),
    (leaf("score.churn", ">", "33"), {"ben", "dina"}),
    (leaf("score.p_alive", "=", "45.67"), {"ben"}),
    (leaf("score.band", "=", "high"), {"dina"}),
    (leaf("score.action", "is not set"), {"cora", "emil", "fred"}),
    (leaf("score.act_on", "within next", 3), {"ben"}),
    (leaf("score.held_out", "=", False), {"anna", "ben"}),
    (has("orders", leaf("order.store", "=", "quay"), leaf("order.at", "within last", 10)), {"ben"}),
    (has("orders", has("lines", leaf("line.category", "=", "home"))), {"anna"}),
    (has("bought", leaf("line.sku", "=", "coffee"), leaf("order.at", "within last", 10)), {"ben"}),
    (has("bought", leaf("line.sku", "=", "sku-25000"), leaf("line.quantity", "=", 0)), {"emil"}),
    (has("activities", leaf("data.text.sku", "=", "lamp")), {"anna"}),
    (has("activities", leaf("data.number.price", ">", "4.1")), {"anna"}),
    (has("activities", leaf("data.flag.again", "=", False)), {"ben"}),
    (
        {"count": "activities", "where": leaf("activity.at", "within last", 3), "op": ">=", "value": 2},
        {"ben"},
    ),
    (has("lots", leaf("lot.unit", "=", "credit"), leaf("lot.amount", "=", "12.5")), {"ben"}),
]


def test_it_works():
    program = shop()

    found = [(tree, names(program, in_sql(program, tree))) for tree, _expected in CASES]

    assert found == CASES


@pytest.mark.parametrize("zone", ZONES)
def test_sql_and_python_agree_on_every_field_operator_and_value(zone):
    program = shop(zone)
    trees = [tree for tree in every_leaf(program) if zone == "UTC" or asks_for_a_day(tree)]

    wrong = [tree for tree in trees if in_sql(program, tree) != in_python(program, tree)]

    assert len(trees) > (500 if zone == "UTC" else 100)
    assert wrong == []


def test_sql_and_python_agree_on_nested_trees():
    program = shop("Asia/Tehran")
    draw = Random(7)
    leaves = list(every_leaf(program))
    trees = [nested(draw, leaves, depth=4) for _ in range(80)]

    wrong = [tree for tree in trees if in_sql(program, tree) != in_python(program, tree)]

    assert wrong == []


COUNTED = {
    "orders": {}, "bought": leaf("line.sku", "=", "coffee"), "activities": leaf("activity.kind", "=", "browse"), "lots": {},
    "redemptions": {}, "terms": {}, "wins": {}, "referrals": {}, "messages": {},
}  # fmt: skip


def test_counting_everybody_in_one_pass_is_counting_each():
    program = shop()
    trees = [
        wrap({"count": collection, "where": where, "op": op.value, "value": value})
        for collection, where in COUNTED.items()
        for op in COUNTING
        for value in (0, 1, 2)
        for wrap in (plainly, denied, within_any)
    ]

    wrong = [tree for tree in trees if in_sql(program, tree, whole=True) != in_sql(program, tree)]

    assert len(trees) == 486
    assert wrong == []


def plainly(tree):
    return tree


def denied(tree):
    return {"not": tree}


def within_any(tree):
    return {"any": [tree, leaf("member.tags", "has any", ["vip"])]}


def test_nobody_is_counted_by_oneself_where_everybody_is_asked():
    program = shop()
    often = {"count": "orders", "where": {}, "op": ">=", "value": 2}

    with scope(program=program):
        condition = fields.parse(often)
        each, whole = (str(Member.objects.filter(condition.q(whole=one)).query) for one in (False, True))

    assert "GROUP BY" in whole
    assert "GROUP BY" not in each


def test_units_of_another_program_cannot_be_asked():
    program, other = shop(), b.open_program(units={"stars": {}}, rules={})

    with scope(program=other), pytest.raises(ConditionError) as error:
        fields.parse(leaf("points.points", ">", 1))
    assert error.value.reason == "unknown"
    with scope(program=program):
        assert fields.parse(leaf("points.points", ">", 1)).fields == {"points.points"}


def test_members_of_another_program_are_never_found():
    program, other = shop(), shop()

    assert in_sql(program, {}).isdisjoint(in_sql(other, {}))
    assert in_sql(program, leaf("orders.count", ">=", 0)) == in_sql(program, {})


def asks_for_a_day(tree):
    """Whether what is asked depends on where midnight is."""
    return bool(re.search(r'"within |\d{4}-\d\d-\d\d|\d\d-\d\d"', json.dumps(tree, default=str)))


# --- every field, operator and value ----------------------------------------------------------------------------------


def every_leaf(program):
    """Each field with each operator and the values that members have, inside its collection where it belongs to one."""
    with scope(program=program):
        people = [Portrait(member, program=program, now=NOW) for member in Member.objects.all()]
        yield from leaves_of(fields.REGISTRY, people)
        for collection in fields.REGISTRY.collections():
            elements = [each for person in people for each in reader(collection.read)(person)]
            inner = [*leaves_of(collection.registry, elements), {}]
            for extra in ("data.text.sku", "data.number.price", "data.flag.again"):
                if found := collection.registry.field(extra):
                    inner += leaves_of_field(found, elements)
            for tree in inner:
                yield {"has": collection.name, "where": tree}
            for op in COUNTING:
                yield {"count": collection.name, "where": inner[0], "op": op.value, "value": 1}
                yield {"count": collection.name, "where": {}, "op": op.value, "value": 0}


def leaves_of(registry, subjects):
    return [found for field in registry.fields() for found in leaves_of_field(field, subjects)]


def leaves_of_field(field, subjects):
    read = reader(field.read)
    values = sorted({json for each in subjects for json in written(field, read(each))}, key=str)[:3]
    values = values or sorted(field.fixed_values() or {DEFAULTS[field.kind.name]})[:1]
    found = [leaf(field.name, op.value) for op in field.kind.operators if op in PRESENCE]
    for op in field.kind.operators:
        if op in RELATIVE:
            found += [leaf(field.name, op.value, days) for days in (1, 3, 30)]
        elif op is Op.BETWEEN:
            found.append(leaf(field.name, op.value, [values[0], values[0]]))
        elif op in LISTS:
            found.append(leaf(field.name, op.value, values))
        elif op not in PRESENCE:
            found += [leaf(field.name, op.value, value) for value in values]
    return found


DEFAULTS: dict[str, Any] = {"text": "x", "choice": "champions", "integer": 1, "decimal": "1", "money": 1, "boolean": True,
    "date": "2026-01-01", "datetime": "2026-01-01T00:00:00Z", "month_day": "02-01", "set": "x"}  # fmt: skip


def written(field, value):
    """As JSON has it; nothing for a missing value."""
    match field.kind.name, value:
        case (_, None | ""):
            return []
        case "set", _:
            return list(value)
        case "month_day", _:
            return [f"{value:%m-%d}"]
        case "datetime", datetime():
            return [value.isoformat()]
        case "date", _:
            return [value.isoformat()]
        case "decimal", _:
            return [str(Decimal(str(value)))]
    return [value]


def nested(draw, leaves, depth):
    shape = draw.choice(["leaf", "all", "any", "not"]) if depth else "leaf"
    if shape == "leaf":
        return draw.choice(leaves)
    if shape == "not":
        return {"not": nested(draw, leaves, depth - 1)}
    return {shape: [nested(draw, leaves, depth - 1) for _ in range(draw.choice([1, 2, 3]))]}
