"""What a member holds at a moment: the benefits of the tier and of the plans whose terms run then."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from rewards.benefits import kinds
from rewards.engine.facts import Perk
from rewards.plans import records
from rewards.plans.records import TermRow

if TYPE_CHECKING:
    from rewards.rulebook import PlanInfo
    from rewards.tiers.schemes import Level


def plans_at(terms: Iterable[TermRow], plans: Mapping[int, PlanInfo], moment: datetime) -> dict[str, TermRow]:
    """The terms in force at a moment by the key of their plan."""
    running = records.in_force(list(terms), moment)
    return {plans[term.plan_id].key: term for term in running if term.plan_id in plans}


def perks_of(level: Level | None, held: Mapping[str, TermRow]) -> tuple[Perk, ...]:
    """Every benefit that does something, of the tier first."""
    own = level.perks if level is not None else ()
    if not held:
        return own
    bought = (
        Perk("plan", key, term.id, benefit)
        for key, term in held.items()
        for benefit in term.benefits
        if kinds.kind_of(benefit) != kinds.PROMISE
    )
    return (*own, *bought)


def pricing(perks: Iterable[Perk]) -> tuple[Perk, ...]:
    """Those that the price of an order depends on."""
    return tuple(perk for perk in perks if kinds.kind_of(perk.benefit) in kinds.PRICING)
