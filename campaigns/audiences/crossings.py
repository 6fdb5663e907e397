"""Whom time alone may have moved: members of whom a date came into or out of a window since a segment was last looked at.

A relative condition (“within the last 30 days”) is a window that moves along with now. Between two moments only those can
have changed whose value lies where the window has gained or lost; that is a condition without any window, made from the
same tree. It may find too many, never too few.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Q

from loyaltysite.kit.conditions import Condition, sql
from loyaltysite.kit.conditions.kinds import MONTH_DAY, RELATIVE, Op
from loyaltysite.kit.conditions.nodes import All, AnyOf, Count, Has, Leaf, Node, Not, is_timed
from loyaltysite.kit.conditions.predicate import Moment, shift

# Between two looks farther apart everybody is asked.
LONGEST = timedelta(days=40)


def between(condition: Condition, since: datetime, until: datetime) -> Q | None:
    """Who may have changed after `since` and up to `until` (both in the program's time zone); None when all may have."""
    if until - since > LONGEST or is_timed(condition.simple):
        return None
    nodes = list(_crossing(condition.simple, Moment.of(since), Moment.of(until)))
    return sql.compile_node(AnyOf(tuple(nodes)), None) if nodes else Q(pk__in=[])


def has_moments(node: Node) -> bool:
    """Whether a window is on moments, which end at any time, and not only on days."""
    return any(leaf.field.kind.name == "datetime" for leaf in _windows(node))


def _windows(node: Node) -> Iterator[Leaf]:
    match node:
        case All(children) | AnyOf(children):
            for child in children:
                yield from _windows(child)
        case Not(child):
            yield from _windows(child)
        case Has(_, where) | Count(_, where, _, _):
            yield from _windows(where)
        case Leaf(_, op, _) if op in RELATIVE:
            yield node


def _crossing(node: Node, since: Moment, until: Moment) -> Iterator[Node]:
    match node:
        case All(children) | AnyOf(children):
            for child in children:
                yield from _crossing(child, since, until)
        case Not(child):
            yield from _crossing(child, since, until)
        case Has(collection, where) | Count(collection, where, _, _):
            inner = tuple(_crossing(where, since, until))
            if inner:
                yield Has(collection, AnyOf(inner))
        case Leaf(field, op, days) if op in RELATIVE:
            for first, last in _edges(field.kind is MONTH_DAY, field.kind.name, op, days, since, until):
                yield Leaf(field, Op.BETWEEN, (first, last))


def _edges(
    is_yearly: bool, kind: str, op: Op, days: int, since: Moment, until: Moment
) -> Iterator[tuple[Any, Any]]:
    """Where the window's two ends went, each from its former place to its present one."""
    first, last = (-days, 0) if op is Op.WITHIN_LAST else (0, days)
    for offset in (first, last):
        if kind == "datetime":
            yield shift(since.at, offset), shift(until.at, offset)
        elif since.today != until.today:
            ends = shift(since.today, offset), shift(until.today, offset)
            yield (_of_year(ends[0] - DAY), _of_year(ends[1] + DAY)) if is_yearly else ends


# A birthday on 29 February is kept on another day in other years.
DAY = timedelta(days=1)


def _of_year(day: date) -> int:
    return day.month * 100 + day.day
