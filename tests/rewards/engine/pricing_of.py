"""Turns the plain cases into what the engine takes, and folds a member's orders one after the other."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

from rewards.engine.basis import BasisPolicy, RawLine, earning_lines
from rewards.engine.compilation import Program, UnitTerms, compile_rules
from rewards.engine.facts import Context, Counter, Line, Occasion
from rewards.engine.pricing import Pricing
from rewards.engine.rules import Rule, parse
from tests.rewards.engine.cases import Case, Order


def rules_of(definitions: Mapping[str, Mapping[str, Any]]) -> list[Rule]:
    return [
        parse(
            {"trigger": {"on": "order"}, "unit": "points", **definition},
            rule_id=number,
            version_id=number * 10,
            key=key,
        )
        for number, (key, definition) in enumerate(definitions.items(), start=1)
    ]


def program_of(case: Case) -> Program:
    units = {key: UnitTerms(precision, cap) for key, (precision, cap) in case.units.items()}
    return compile_rules(rules_of(case.rules), units=units)


def lines_of(order: Order) -> tuple[Line, ...]:
    raw = [
        RawLine(
            position=position,
            sku=item.sku,
            name="A thing",
            category=item.category,
            quantity=item.quantity,
            gross_minor=item.amount_minor,
            is_paid_by_reward=item.is_paid_by_reward,
        )
        for position, item in enumerate(order.items, start=1)
    ]
    return earning_lines(raw, policy=BasisPolicy())


def occasion_of(order: Order, *, without: tuple[int, ...] = ()) -> Occasion:
    at = datetime.fromisoformat(order.at).replace(tzinfo=UTC)
    return Occasion(
        kind=order.kind,
        occurred_at=at,
        local=at,
        store=order.store,
        channel=order.channel,
        lines=tuple(line for line in lines_of(order) if line.position not in without),
        data=order.data,
    )


def context_of(case: Case, counters: Mapping[str, Counter]) -> Context:
    return Context(
        tier=case.tier,
        rank=1 if case.tier else 0,
        multipliers={unit: Fraction(factor) for unit, factor in case.multipliers.items()},
        counters=dict(counters),
        segments=case.segments,
        member=case.member,
    )


def count(counters: dict[str, Counter], pricing: Pricing, at: datetime) -> None:
    """Add the awards to the counters as the intake does."""
    for award in pricing.awards:
        for key in award.counter_keys:
            old = counters.get(key, Counter())
            counters[key] = Counter(old.amount + award.awarded, old.times + 1, at.timestamp())


def fold(case: Case) -> Iterator[tuple[Order, Occasion, Context, Pricing, Pricing]]:
    """Each order of the case with its context, its price, and its price without what comes back."""
    program = program_of(case)
    counters: dict[str, Counter] = {}
    for order in case.orders:
        occasion = occasion_of(order)
        wanted = program.counter_keys(occasion)
        context = context_of(case, {key: counters[key] for key in wanted if key in counters})
        pricing = program.price(occasion, context)
        rest = program.price(occasion_of(order, without=order.returned), context)
        yield order, occasion, context, pricing, rest
        count(counters, pricing, occasion.occurred_at)
