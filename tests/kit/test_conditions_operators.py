"""Every operator of every type, asked in Python and in PostgreSQL."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from loyaltysite.kit.conditions import ConditionError, Field, kinds
from loyaltysite.kit.conditions.kinds import Op
from tests.kit.conditions_shop import (
    NOW,
    ORDERS,
    Order,
    accepted_in_python,
    accepted_in_sql,
    ask,
    create_tables,
    make_buyer,
    make_line,
    make_order,
    store,
)

TODAY = NOW.date()
AT = NOW.astimezone(UTC)
DAY, TICK = timedelta(days=1), timedelta(microseconds=1)
D = Decimal

# field, operator, wanted value as JSON, values that fulfill it, values that do not
CASES: list[tuple[str, str, Any, list[Any], list[Any]]] = [
    ("items", "=", 2, [2], [1, 3, -2]),
    ("items", "!=", 2, [1, 3, 0], [2]),
    ("items", "<", 2, [1, -5], [2, 3]),
    ("items", "<=", 2, [2, 1], [3]),
    ("items", ">", 2, [3], [2, 1, -3]),
    ("items", ">=", 2, [2, 3], [1]),
    ("items", "between", [2, 4], [2, 3, 4], [1, 5]),
    ("items", "in", [1, 3], [1, 3], [0, 2]),
    ("items", "not in", [1, 3], [0, 2], [1, 3]),
    ("total", "=", 2000, [2000], [1999, 20]),
    ("total", "!=", 2000, [1999], [2000]),
    ("total", "<", 0, [-1], [0, 1]),
    ("total", "<=", 0, [0, -1], [1]),
    ("total", ">", 2**53, [2**53 + 1], [2**53]),
    ("total", ">=", 2**63 - 1, [2**63 - 1], [2**63 - 2]),
    ("total", "between", [-5, 5], [-5, 0, 5], [-6, 6]),
    ("total", "in", [2**40, 1], [1, 2**40], [2]),
    ("total", "not in", [2**40, 1], [2], [1, 2**40]),
    ("weight", "=", "0.10", [D("0.1"), D("0.100")], [D("0.1000001")]),
    ("weight", "=", 0.1, [D("0.1")], [D("0.11")]),
    ("weight", "!=", "0.1", [D("0.2"), D(0)], [D("0.10")]),
    ("weight", "<", "0.1", [D("0.099999999999")], [D("0.1")]),
    ("weight", "<=", "0.1", [D("0.1")], [D("0.100000000001")]),
    ("weight", ">", 0, [D("0.000000000001")], [D(0), D(-1)]),
    ("weight", ">=", "1e3", [D(1000)], [D("999.999")]),
    ("weight", "between", ["-0.5", "0.5"], [D("-0.5"), D(0), D("0.5")], [D("0.51")]),
    ("weight", "in", ["1", "2.5"], [D(1), D("2.50")], [D("2.4")]),
    ("weight", "not in", ["1", "2.5"], [D("2.4")], [D("1.0"), D("2.5")]),
    ("note", "=", "Mugs", ["Mugs"], ["mugs", "Mugs ", "Mug", ""]),
    ("note", "=", "Café", ["Café"], ["Cafe\u0301", "Cafe"]),
    ("note", "!=", "Mugs", ["mugs", " "], ["Mugs", ""]),
    ("note", "in", ["ماگ", "it's"], ["ماگ", "it's"], ["its", ""]),
    ("note", "not in", ["a", "b"], ["A", "c"], ["a", "b", ""]),
    ("note", "contains", "50%", ["50%", "at 50% off"], ["500", "50", ""]),
    ("note", "contains", "a_b", ["xa_by"], ["axb"]),
    ("note", "contains", "a\\b", ["a\\b"], ["a\\\\b"[:2], "ab"]),
    ("note", "contains", "ספל", ["ספל כחול"], ["ספ"]),
    ("note", "starts with", "Mu", ["Mu", "Mugs"], ["mugs", "a Mug", ""]),
    ("note", "starts with", "%", ["%x"], ["x%"]),
    ("note", "is set", None, ["a", " "], [""]),
    ("note", "is not set", None, [""], ["a", " "]),
    ("channel", "=", "web", ["web"], ["till", "WEB", ""]),
    ("channel", "!=", "web", ["till"], ["web", ""]),
    ("channel", "in", ["web", "app"], ["web", "app"], ["till", ""]),
    ("channel", "not in", ["web", "app"], ["till"], ["web", ""]),
    ("channel", "is set", None, ["web"], [""]),
    ("channel", "is not set", None, [""], ["web"]),
    ("is_first", "=", True, [True], [False]),
    ("is_first", "=", False, [False], [True]),
    ("is_first", "is set", None, [True, False], []),
    ("due_on", "=", "2026-03-01", [date(2026, 3, 1)], [date(2026, 3, 2)]),
    ("due_on", "!=", "2026-03-01", [date(2026, 3, 2)], [date(2026, 3, 1)]),
    ("due_on", "<", "2026-03-01", [date(2026, 2, 28)], [date(2026, 3, 1)]),
    ("due_on", "<=", "2026-03-01", [date(2026, 3, 1)], [date(2026, 3, 2)]),
    ("due_on", ">", "2026-03-01", [date(2026, 3, 2)], [date(2026, 3, 1)]),
    ("due_on", ">=", "2026-03-01", [date(2026, 3, 1)], [date(2026, 2, 28)]),
    ("due_on", "between", ["2026-01-01", "2026-12-31"], [date(2026, 12, 31)], [date(2027, 1, 1)]),
    ("due_on", "in", ["2026-01-01"], [date(2026, 1, 1)], [date(2026, 1, 2)]),
    ("due_on", "not in", ["2026-01-01"], [date(2026, 1, 2)], [date(2026, 1, 1)]),
    ("due_on", "within last", 7, [TODAY, TODAY - 7 * DAY], [TODAY + DAY, TODAY - 8 * DAY]),
    ("due_on", "within next", 7, [TODAY, TODAY + 7 * DAY], [TODAY - DAY, TODAY + 8 * DAY]),
    ("due_on", "within last", 0, [TODAY], [TODAY - DAY, TODAY + DAY]),
    ("paid_at", "<", "2026-03-01T00:00:00+03:30", [datetime(2026, 2, 28, 20, 29, tzinfo=UTC)], [AT]),
    ("paid_at", "<=", "2026-02-28T23:30:00Z", [AT], [AT + TICK]),
    ("paid_at", ">", "2026-02-28T23:30:00Z", [AT + TICK], [AT]),
    ("paid_at", ">=", "2026-02-28T23:30:00Z", [AT], [AT - TICK]),
    ("paid_at", "between", ["2026-02-28T23:30Z", "2026-03-01T23:30Z"], [AT, AT + DAY], [AT - TICK]),
    ("paid_at", "within last", 1, [AT, AT - DAY], [AT + TICK, AT - DAY - TICK]),
    ("paid_at", "within next", 1, [AT, AT + DAY], [AT - TICK, AT + DAY + TICK]),
    ("paid_at", "within last", 36_500, [AT - 36_000 * DAY], [AT + TICK]),
    ("paid_at", "is set", None, [AT], []),
    ("birthday", "=", "02-29", [date(2000, 2, 29)], [date(2000, 2, 28)]),
    ("birthday", "in", ["02-28", "03-01"], [date(1999, 3, 1)], [date(2000, 2, 29)]),
    ("birthday", "between", ["03-01", "03-31"], [date(1980, 3, 31)], [date(1980, 4, 1), date(1980, 2, 29)]),
    ("birthday", "between", ["12-20", "01-10"], [date(1980, 12, 31), date(1, 1, 10)], [date(1980, 2, 1)]),
    ("birthday", "within next", 0, [date(1990, 3, 1)], [date(1990, 2, 28), date(1992, 2, 29)]),
    ("birthday", "within last", 1, [date(1992, 2, 29), date(1990, 2, 28)], [date(1990, 2, 27)]),
    ("birthday", "within next", 364, [date(1990, 2, 28), date(1990, 3, 1)], []),
    ("birthday", "is set", None, [date(1990, 1, 1)], []),
    ("tags", "has any", ["a", "b"], [["a"], ["b", "c"], ["a", "b"]], [["c"], ["A"], []]),
    ("tags", "has all", ["a", "b"], [["b", "a", "c"]], [["a"], ["b", "c"], []]),
    ("tags", "is set", None, [["a"]], [[]]),
    ("tags", "is not set", None, [[]], [["a"]]),
    ("labels", "has any", ["a", "it's"], [["it's"], ["x", "a"]], [["its"], []]),
    ("labels", "has all", ["a", "ع"], [["ع", "a"]], [["ع"], []]),
    ("labels", "is set", None, [["a"]], [[]]),
    ("labels", "is not set", None, [[]], [["a"]]),
    ("marks", "has any", ["a", "b"], [["a"], ["b", "c"], ["a", "b"]], [["c"], []]),
    ("marks", "has all", ["a", "b"], [["a", "b"]], [["a"], []]),
    ("marks", "is set", None, [["a", "b"]], [[]]),
    ("marks", "is not set", None, [[]], [["a"]]),
]


def order_with(name: str, value: Any) -> Any:
    if name == "birthday":
        return make_order(buyer=make_buyer(born_on=value))
    if name == "marks":
        return make_order(marks=frozenset(value or ()))
    return make_order(**{name: value})


def field_name(name: str) -> str:
    return "buyer.birthday" if name == "birthday" else f"order.{name}"


@pytest.fixture
def shop(db: None) -> None:
    create_tables()


@pytest.mark.parametrize(("name", "op", "wanted", "good", "bad"), CASES)
def test_operator(shop: None, name: str, op: str, wanted: Any, good: list[Any], bad: list[Any]) -> None:
    leaf = {"field": field_name(name), "op": op} | ({} if wanted is None else {"value": wanted})
    orders = [order_with(name, value) for value in [*good, *bad, None]]
    expected = list(range(len(good)))
    if op == "is not set":
        expected.append(len(orders) - 1)

    ids = store(orders)

    assert accepted_in_python(ask(leaf), orders) == expected
    assert accepted_in_sql(ask(leaf), ids) == expected
    others = [position for position in range(len(orders)) if position not in expected]
    assert accepted_in_python(ask({"not": leaf}), orders) == others
    assert accepted_in_sql(ask({"not": leaf}), ids) == others


def test_every_operator_of_every_type_has_a_case() -> None:
    cases = {(ORDERS.field(field_name(name)).kind.name, op) for name, op, *_rest in CASES}
    all_kinds = [kind for kind in vars(kinds).values() if isinstance(kind, kinds.Kind)]
    presence = {(kind.name, op.value) for kind in all_kinds if not kind.blank for op in kinds.PRESENCE}

    wanted = {(kind.name, op.value) for kind in all_kinds for op in kind.operators}

    assert wanted - cases - presence == set()


@pytest.mark.parametrize(
    "name", ["items", "total", "weight", "note", "channel", "is_first", "due_on", "paid_at", "birthday"]
)
def test_presence(shop: None, name: str) -> None:
    samples = {
        "items": 0, "total": 0, "weight": D(0), "note": "x", "channel": "web", "is_first": False,
        "due_on": TODAY, "paid_at": AT, "birthday": TODAY,
    }  # fmt: skip
    orders = [order_with(name, None), order_with(name, samples[name])]
    present, absent = (ask({"field": field_name(name), "op": op}) for op in (Op.IS_SET, Op.IS_NOT_SET))

    ids = store(orders)

    assert accepted_in_python(present, orders) == accepted_in_sql(present, ids) == [1]
    assert accepted_in_python(absent, orders) == accepted_in_sql(absent, ids) == [0]


LINE_OF_MUGS = {"field": "line.category", "op": "=", "value": "Mugs"}
DEAR_LINE = {"field": "line.net", "op": ">=", "value": 1000}
QUANTIFIED: list[tuple[Any, list[int]]] = [
    ({"has": "lines"}, [1, 2, 3]),
    ({"has": "lines", "where": LINE_OF_MUGS}, [1, 2]),
    ({"has": "lines", "where": {"all": [LINE_OF_MUGS, DEAR_LINE]}}, [2]),
    ({"all": [{"has": "lines", "where": LINE_OF_MUGS}, {"has": "lines", "where": DEAR_LINE}]}, [1, 2]),
    ({"has": "lines", "where": {"not": LINE_OF_MUGS}}, [1, 2, 3]),
    ({"not": {"has": "lines", "where": LINE_OF_MUGS}}, [0, 3, 4]),
    ({"count": "lines", "op": "=", "value": 2}, [1, 2]),
    ({"count": "lines", "op": "!=", "value": 2}, [0, 3, 4]),
    ({"count": "lines", "op": "<", "value": 1}, [0, 4]),
    ({"count": "lines", "op": "<=", "value": 1}, [0, 3, 4]),
    ({"count": "lines", "op": ">", "value": 1}, [1, 2]),
    ({"count": "lines", "where": DEAR_LINE, "op": ">=", "value": 2}, [2]),
    ({"count": "lines", "where": DEAR_LINE, "op": ">=", "value": 0}, [0, 1, 2, 3, 4]),
    ({"has": "lines", "where": {"field": "order.total", "op": "=", "value": 5}}, [2]),
    ({"has": "lines", "where": {"count": "siblings", "where": DEAR_LINE, "op": ">", "value": 1}}, [2]),
    ({"has": "lines", "where": {"not": {"has": "siblings", "where": LINE_OF_MUGS}}}, [3]),
    ({"has": "lines", "where": {"field": "line.sent_at", "op": "within last", "value": 2}}, [3]),
]


@pytest.mark.parametrize(("tree", "expected"), QUANTIFIED)
def test_quantifiers(shop: None, tree: Any, expected: list[int]) -> None:
    orders = [
        make_order(),
        make_order(lines=[make_line(category="Mugs", net=500), make_line(category="Tea", net=1000)]),
        make_order(total=5, lines=[make_line(category="Mugs", net=2000), make_line(net=1000)]),
        make_order(lines=[make_line(sent_at=AT - DAY)]),
        make_order(lines=[]),
    ]

    ids = store(orders)

    assert accepted_in_python(ask(tree), orders) == expected
    assert accepted_in_sql(ask(tree), ids) == expected


def test_expression_and_rows_reach_sql(shop: None) -> None:
    orders = [make_order(total=10, items=4), make_order(items=1), make_order()]
    condition = ask({"field": "order.rest", "op": ">=", "value": 0})

    ids = store(orders)

    assert accepted_in_python(condition, orders) == accepted_in_sql(condition, ids) == [0, 2]


def test_field_without_sql_answers_in_python_only() -> None:
    condition = ask({"field": "order.score", "op": "=", "value": 7})

    assert condition.predicate()(make_order())
    with pytest.raises(ConditionError) as caught:
        condition.q()
    assert (caught.value.reason, caught.value.path) == ("no_sql", "order.score")


def test_moment_comes_from_the_subject_when_none_is_given() -> None:
    condition = ask({"field": "order.due_on", "op": "within last", "value": 1})
    test = condition.predicate()

    assert condition.is_relative
    assert test(make_order(due_on=TODAY))
    assert not test(make_order(due_on=TODAY, placed_at=NOW + 2 * DAY))
    assert not test(make_order(due_on=TODAY, placed_at=None))


def test_days_are_those_of_the_zone_that_now_is_in() -> None:
    condition = ask({"field": "order.due_on", "op": "within last", "value": 0})

    assert condition.predicate(NOW)(make_order(due_on=date(2026, 3, 1)))
    assert condition.predicate(AT)(make_order(due_on=date(2026, 2, 28)))


def test_relative_condition_demands_a_moment() -> None:
    condition = ask({"field": "order.due_on", "op": "within last", "value": 0})

    with pytest.raises(ValueError, match="pass now"):
        condition.q()
    with pytest.raises(ValueError, match="aware"):
        condition.q(NOW.replace(tzinfo=None))


def test_leap_day_is_kept_on_the_28th_of_a_common_year() -> None:
    condition = ask({"field": "buyer.birthday", "op": "within next", "value": 0})
    born = make_order(buyer=make_buyer(born_on=date(1992, 2, 29)))

    def holds_on(year: int, month: int, day: int) -> bool:
        return condition.predicate(datetime(year, month, day, 12, tzinfo=UTC))(born)

    assert holds_on(2026, 2, 28)
    assert not holds_on(2026, 3, 1)
    assert holds_on(2028, 2, 29)
    assert not holds_on(2028, 2, 28)


def test_windows_stop_at_the_ends_of_the_calendar(shop: None) -> None:
    early, late = (datetime(year, 6, 1, tzinfo=UTC) for year in (2, 9998))
    orders = [make_order(paid_at=early), make_order(paid_at=late)]
    last = ask({"field": "order.paid_at", "op": "within last", "value": 36_500})
    following = ask({"field": "order.paid_at", "op": "within next", "value": 36_500})

    ids = store(orders)

    assert last.predicate(early)(orders[0])
    assert following.predicate(late)(orders[1])
    assert accepted_in_sql(ask({"not": last.tree}), ids) == [0, 1]


def test_registry_refuses_a_name_twice() -> None:
    with pytest.raises(ValueError, match=r"buyer\.city is already"):
        ORDERS.add(Field("buyer.city", kinds.TEXT, "city", "city"))


def test_text_equality_can_use_an_index(shop: None) -> None:
    """Only `not` is wrapped; what can be looked up stays a plain comparison."""
    query = Order.objects.filter(
        ask({"all": [{"field": "order.note", "op": "=", "value": "x"}, {"has": "lines"}]}).q()
    )

    sql = str(query.query)

    assert '("conditions_shop_order"."note" = x)' in sql
    assert "EXISTS(" in sql
    assert "COALESCE" not in sql
    assert "IS NOT TRUE" not in sql
