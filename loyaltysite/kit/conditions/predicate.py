"""The Python back end: a tree becomes closures once, and each closure knows its operator and constants."""

import operator
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from loyaltysite.kit.conditions.kinds import MONTH_DAY, Kind, Op
from loyaltysite.kit.conditions.nodes import (
    All,
    Always,
    AnyOf,
    Count,
    Has,
    Leaf,
    Never,
    Node,
    Not,
    walk,
)
from loyaltysite.kit.conditions.registry import Read, reader


class Moment(NamedTuple):
    """What "now" means: the instant in UTC, and the day it falls on in the program's time zone."""

    at: datetime
    today: date

    @classmethod
    def of(cls, now: datetime) -> "Moment":
        if now.tzinfo is None:
            raise ValueError("now must be aware, in the program's time zone")
        return cls(now.astimezone(UTC), now.date())


Test = Callable[..., bool]  # (subject, moment: Moment | None = None) -> bool


def compile_node(node: Node) -> Test:  # noqa: PLR0911 (one return a kind of node)
    match node:
        case Always():
            return lambda subject, moment=None: True
        case Never():
            return lambda subject, moment=None: False
        case All(children):
            return _compile_all([compile_node(child) for child in sorted(children, key=_cost)])
        case AnyOf(children):
            return _compile_any([compile_node(child) for child in sorted(children, key=_cost)])
        case Not(child):
            test = compile_node(child)
            return lambda subject, moment=None: not test(subject, moment)
        case Has(collection, where):
            return _compile_has(reader(collection.read), where)
        case Count(collection, where, op, value):
            return _compile_count(reader(collection.read), compile_node(where), COMPARE[op], value)
        case Leaf():
            return compile_leaf(node)


def _cost(node: Node) -> int:
    """Quantifiers last: a cheap leaf often decides first. Tests have no side effects, order is free."""
    return sum(10 if isinstance(inner, Has | Count) else 1 for inner in walk(node))


def _compile_all(tests: list[Test]) -> Test:
    if len(tests) == 2:
        first, second = tests
        return lambda subject, moment=None: first(subject, moment) and second(subject, moment)
    if len(tests) == 3:
        first, second, third = tests
        return lambda subject, moment=None: (
            first(subject, moment) and second(subject, moment) and third(subject, moment)
        )

    def test_all(subject: Any, moment: Moment | None = None) -> bool:
        for test in tests:  # noqa: SIM110 (a generator costs as much as the tests themselves)
            if not test(subject, moment):
                return False
        return True

    return test_all


def _compile_any(tests: list[Test]) -> Test:
    if len(tests) == 2:
        first, second = tests
        return lambda subject, moment=None: first(subject, moment) or second(subject, moment)

    def test_any(subject: Any, moment: Moment | None = None) -> bool:
        for test in tests:  # noqa: SIM110
            if test(subject, moment):
                return True
        return False

    return test_any


def _compile_has(read: Read, where: Node) -> Test:
    if isinstance(where, Always):

        def test_some(subject: Any, moment: Moment | None = None) -> bool:
            return any(True for _element in read(subject) or ())

        return test_some
    inner = compile_node(where)

    def test_has(subject: Any, moment: Moment | None = None) -> bool:
        for element in read(subject) or ():  # noqa: SIM110
            if inner(element, moment):
                return True
        return False

    return test_has


def _compile_count(read: Read, inner: Test, compare: Callable[[int, int], bool], wanted: int) -> Test:
    def test_count(subject: Any, moment: Moment | None = None) -> bool:
        number = 0
        for element in read(subject) or ():
            if inner(element, moment):
                number += 1
        return compare(number, wanted)

    return test_count


COMPARE: dict[Op, Callable[[Any, Any], bool]] = {
    Op.EQUAL: operator.eq,
    Op.DIFFERENT: operator.ne,
    Op.BELOW: operator.lt,
    Op.AT_MOST: operator.le,
    Op.ABOVE: operator.gt,
    Op.AT_LEAST: operator.ge,
}


def compile_leaf(leaf: Leaf) -> Test:
    kind = leaf.field.kind
    read = reader(leaf.field.read)
    if kind is MONTH_DAY:
        read = _read_month_day(read)
        if leaf.op in MONTH_DAY_LEAVES:
            return MONTH_DAY_LEAVES[leaf.op](read, leaf.value)
    return LEAVES[leaf.op](read, leaf.value, kind)


def _read_month_day(read: Read) -> Read:
    def read_month_day(subject: Any) -> int | None:
        day = read(subject)
        return None if day is None else day.month * 100 + day.day

    return read_month_day


def _equal(read: Read, wanted: Any, kind: Kind) -> Test:
    # None equals no constant, so that a missing value needs no test of its own; the same in _in.
    return lambda subject, moment=None: read(subject) == wanted


def _different(read: Read, wanted: Any, kind: Kind) -> Test:
    if kind.blank:
        return lambda subject, moment=None: bool(value := read(subject)) and value != wanted
    return lambda subject, moment=None: (value := read(subject)) is not None and value != wanted


def _in(read: Read, wanted: tuple[Any, ...], kind: Kind) -> Test:
    values = frozenset(wanted)
    return lambda subject, moment=None: read(subject) in values


def _not_in(read: Read, wanted: tuple[Any, ...], kind: Kind) -> Test:
    values = frozenset(wanted)
    if kind.blank:
        return lambda subject, moment=None: bool(value := read(subject)) and value not in values
    return lambda subject, moment=None: (value := read(subject)) is not None and value not in values


def _below(read: Read, bound: Any, kind: Kind) -> Test:
    return lambda subject, moment=None: (value := read(subject)) is not None and value < bound


def _at_most(read: Read, bound: Any, kind: Kind) -> Test:
    return lambda subject, moment=None: (value := read(subject)) is not None and value <= bound


def _above(read: Read, bound: Any, kind: Kind) -> Test:
    return lambda subject, moment=None: (value := read(subject)) is not None and value > bound


def _at_least(read: Read, bound: Any, kind: Kind) -> Test:
    return lambda subject, moment=None: (value := read(subject)) is not None and value >= bound


def _between(read: Read, bounds: tuple[Any, Any], kind: Kind) -> Test:
    first, last = bounds
    return lambda subject, moment=None: (value := read(subject)) is not None and first <= value <= last


def _contains(read: Read, part: str, kind: Kind) -> Test:
    return lambda subject, moment=None: (value := read(subject)) is not None and part in value


def _starts_with(read: Read, part: str, kind: Kind) -> Test:
    return lambda subject, moment=None: (value := read(subject)) is not None and value.startswith(part)


def _is_missing(kind: Kind) -> Callable[[Any], bool]:
    if kind.name == "set":
        return lambda value: value is None or len(value) == 0
    if kind.blank:
        return lambda value: value is None or value == ""
    return lambda value: value is None


def _is_set(read: Read, _value: None, kind: Kind) -> Test:
    missing = _is_missing(kind)
    return lambda subject, moment=None: not missing(read(subject))


def _is_not_set(read: Read, _value: None, kind: Kind) -> Test:
    missing = _is_missing(kind)
    return lambda subject, moment=None: missing(read(subject))


def _has_any(read: Read, wanted: tuple[str, ...], kind: Kind) -> Test:
    values = frozenset(wanted)
    return lambda subject, moment=None: (found := read(subject)) is not None and not values.isdisjoint(found)


def _has_all(read: Read, wanted: tuple[str, ...], kind: Kind) -> Test:
    values = frozenset(wanted)
    return lambda subject, moment=None: (found := read(subject)) is not None and values.issubset(found)


def _within_last(read: Read, days: int, kind: Kind) -> Test:
    return _within(read, -days, 0, kind)


def _within_next(read: Read, days: int, kind: Kind) -> Test:
    return _within(read, 0, days, kind)


def _within(read: Read, first: int, last: int, kind: Kind) -> Test:
    by_day = kind.name == "date"

    def test_within(subject: Any, moment: Moment | None = None) -> bool:
        value = read(subject)
        if value is None or moment is None:
            return False
        return in_window(value, moment.today if by_day else moment.at, first, last)

    return test_within


def in_window(value: Any, start: Any, first: int, last: int) -> bool:
    return bool(shift(start, first) <= value <= shift(start, last))


def shift[T: (date, datetime)](start: T, days: int) -> T:
    """Whole days of 24 hours away; what would leave the calendar stops at its end."""
    try:
        return start + timedelta(days=days)
    except OverflowError:
        edge = type(start).min if days < 0 else type(start).max
        return edge.replace(tzinfo=UTC) if isinstance(edge, datetime) else edge


@lru_cache(maxsize=1024)
def days_of_year(today: date, first: int, last: int) -> tuple[int, int] | None:
    """Month-days from `first` to `last` days away, both ends in; None is every day of the year.

    The first may stand above the last, where New Year lies between. A 29 February is kept on the 28th
    of a common year (SEMANTICS 10).
    """
    if last - first >= 365:
        return None
    start, end = shift(today, first), shift(today, last)
    end_number = end.month * 100 + end.day
    if end_number == 228 and (end + timedelta(days=1)).month == 3:
        end_number = 229
    return start.month * 100 + start.day, end_number


def in_days_of_year(value: int, bounds: tuple[int, int]) -> bool:
    first, last = bounds
    return first <= value <= last if first <= last else value >= first or value <= last


def _month_day_between(read: Read, bounds: tuple[int, int]) -> Test:
    return lambda subject, moment=None: (
        (value := read(subject)) is not None and in_days_of_year(value, bounds)
    )


def _month_day_within(read: Read, first: int, last: int) -> Test:
    def test_within(subject: Any, moment: Moment | None = None) -> bool:
        value = read(subject)
        if value is None or moment is None:
            return False
        bounds = days_of_year(moment.today, first, last)
        return bounds is None or in_days_of_year(value, bounds)

    return test_within


MONTH_DAY_LEAVES: dict[Op, Callable[[Read, Any], Test]] = {
    Op.BETWEEN: _month_day_between,
    Op.WITHIN_LAST: lambda read, days: _month_day_within(read, -days, 0),
    Op.WITHIN_NEXT: lambda read, days: _month_day_within(read, 0, days),
}

LEAVES: dict[Op, Callable[[Read, Any, Kind], Test]] = {
    Op.EQUAL: _equal,
    Op.DIFFERENT: _different,
    Op.IN: _in,
    Op.NOT_IN: _not_in,
    Op.BELOW: _below,
    Op.AT_MOST: _at_most,
    Op.ABOVE: _above,
    Op.AT_LEAST: _at_least,
    Op.BETWEEN: _between,
    Op.CONTAINS: _contains,
    Op.STARTS_WITH: _starts_with,
    Op.IS_SET: _is_set,
    Op.IS_NOT_SET: _is_not_set,
    Op.HAS_ANY: _has_any,
    Op.HAS_ALL: _has_all,
    Op.WITHIN_LAST: _within_last,
    Op.WITHIN_NEXT: _within_next,
}
