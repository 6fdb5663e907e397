"""What a member's orders come to and which tier they stand in, as expressions over Member.

A program that is watched has them counted in Figures; for another they are asked of the rows themselves, which is as right
and slower.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import (
    BigIntegerField,
    Case,
    CharField,
    DateTimeField,
    F,
    Func,
    IntegerField,
    OuterRef,
    Subquery,
    Value,
    When,
)
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce, Greatest
from django_scopes import get_scope

from campaigns.audiences import elements
from campaigns.models import Watch
from members.models import Program
from rewards import queries
from rewards.models import Standing, Tier

# Each column of Figures as an aggregate of orders; what there is without any order.
AGGREGATES: dict[str, tuple[str, Any, Any]] = {
    "orders": ("count(*)", IntegerField(), 0),
    "spend_minor": ("coalesce(sum(total_minor - returned_minor), 0)", BigIntegerField(), 0),
    "first_at": ("min(occurred_at)", DateTimeField(), None),
    "last_at": ("max(occurred_at)", DateTimeField(), None),
}


def is_counted() -> bool:
    """Whether the figures of the program in scope are there."""
    return Watch.objects.filter(counted_at__isnull=False).exists()


def column(name: str) -> Callable[[], Combinable]:
    _sql, _output, empty = AGGREGATES[name]

    def expression() -> Combinable:
        if not is_counted():
            return _counted(name)
        return F(f"figures__{name}") if empty is None else Coalesce(F(f"figures__{name}"), Value(empty))

    return expression


def _counted(name: str) -> Combinable:
    """A plain function, not Django's aggregate, which would group by the order."""
    sql, output, _empty = AGGREGATES[name]
    found = elements.orders().order_by().annotate(figure_=Func(template=sql, output_field=output))
    return Subquery(found.values("figure_"), output_field=output)


def average() -> Combinable:
    """Spend by order in whole minor units, rounded down; missing without orders."""
    spend, orders = column("spend_minor")(), column("orders")()
    return Func(
        spend,
        Func(orders, Value(0), function="NULLIF", output_field=BigIntegerField()),
        template="(%(expressions)s)",
        arg_joiner=" / ",
        output_field=BigIntegerField(),
    )


def rank() -> Combinable:
    """The rank of the highest standing that has not ended, or of the base; missing without tiers."""
    tiers = _tiers()
    if not tiers:
        return Value(None, output_field=IntegerField())
    base, found = queries.base_of(tiers), F("figures__rank") if is_counted() else _highest(tiers)
    if base is None:
        return found
    floor = Value(base.rank, output_field=IntegerField())
    return Greatest(Coalesce(found, floor), floor, output_field=IntegerField())


def base_rank() -> int | None:
    """The rank below which nobody is; None without a base."""
    base = queries.base_of(_tiers())
    return None if base is None else base.rank


def tier() -> Combinable:
    """The key of the tier of that rank."""
    tiers = _tiers()
    if not tiers:
        return Value(None, output_field=CharField())
    return KeyOf(rank(), *(Value(part) for one in tiers for part in (one.rank, one.key)))


class KeyOf(Func):
    """CASE rank WHEN 0 THEN 'base' … END, which reckons the rank once."""

    output_field = CharField()

    def as_sql(self, compiler: Any, connection: Any, *args: Any, **context: Any) -> Any:
        subject, *pairs = [compiler.compile(each) for each in self.get_source_expressions()]
        whens = zip(pairs[::2], pairs[1::2], strict=True)
        text = " ".join(f"WHEN {number[0]} THEN {key[0]}" for number, key in whens)
        params = [*subject[1], *(value for pair in pairs for value in pair[1])]
        return f"(CASE {subject[0]} {text} END)", params


def _highest(tiers: list[Tier]) -> Combinable:
    ranks = Case(*(When(tier_id=one.pk, then=Value(one.rank)) for one in tiers), output_field=IntegerField())
    open_now = Standing.objects.filter(member_id=OuterRef("pk"), ended_at=None)
    highest = Func(ranks, function="max", output_field=IntegerField())
    return Subquery(open_now.annotate(highest_=highest).values("highest_"), output_field=IntegerField())


def _tiers() -> list[Tier]:
    program = get_scope().get("program")
    return queries.tiers_of(program) if isinstance(program, Program) else []
