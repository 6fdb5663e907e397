"""What a term was worth on one order or event: member prices, free shipping, and the points that would not have been without it.

A function of the order as it stands, so that a return takes back exactly what it undid.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from rewards.benefits import discounts, kinds
from rewards.engine.facts import Context, Occasion
from rewards.intake import rows
from rewards.intake.state import OrderRow, Posted, State, share
from rewards.models import Saving
from rewards.rulebook import Engine

# {(id of the term, kind of benefit): minor units}
type Worth = Mapping[tuple[int, str], int]
NOTHING: Worth = {}


def of_order(order: OrderRow, occasion: Occasion, engine: Engine, state: State, *, left: bool) -> Worth:
    """What the order's plans saved; with `left`, without what has been given back."""
    context = order.context
    if context is None or not context.plans:
        return NOTHING
    found: Counter[tuple[int, str]] = Counter()
    kept = {line.position: line for line in order.lines}
    for discount in discounts.of(order.lines, context.perks):
        line, amount = kept[discount.position], discount.given_minor
        if left:
            amount = share(amount, line.left, line.quantity)
            whole = share(line.amount_minor, line.left, line.quantity)
            amount = share(amount, line.left_minor, whole) if line.refunded_minor and whole else amount
        if discount.perk.term:
            found[discount.perk.term, kinds.kind_of(discount.perk.benefit)] += amount
    _add_points(found, occasion, context, engine, state)
    return {key: amount for key, amount in found.items() if amount}


def of_event(occasion: Occasion, context: Context, engine: Engine, state: State) -> Worth:
    """What an event gave because of the member's plans."""
    if not context.plans:
        return NOTHING
    found: Counter[tuple[int, str]] = Counter()
    _add_points(found, occasion, context, engine, state)
    return {key: amount for key, amount in found.items() if amount}


def take_back(fact_id: int, state: State, posted: Posted) -> None:
    """Undo what the points of an event were worth."""
    for row in Saving.objects.filter(fact_id=fact_id, kind=kinds.RATE):
        rows.add_saving(state, row.term_id, row.kind, -row.amount_minor, posted, order_id=None)


def _add_points(
    found: Counter[tuple[int, str]], occasion: Occasion, context: Context, engine: Engine, state: State
) -> None:
    """What each plan adds beside all the others, so that no two are told the same point."""
    rated = {perk.term for perk in context.perks if kinds.kind_of(perk.benefit) == kinds.RATE}
    terms = set(context.plans.values()) if engine.asks_plans else rated & set(context.plans.values())
    if not terms:
        return
    whole = engine.program.price(occasion, context).totals
    for term in terms:
        without = engine.program.price(occasion, context.without(term)).totals
        for key in whole.keys() | without.keys():
            gained = whole.get(key, 0) - without.get(key, 0)
            found[term, kinds.RATE] += state.rulebook.units[key].worth_minor(gained)


def record(before: Worth, after: Worth, state: State, posted: Posted, *, order_id: int | None) -> None:
    """Note the difference."""
    for key in sorted(before.keys() | after.keys()):
        change = after.get(key, 0) - before.get(key, 0)
        if change:
            rows.add_saving(state, *key, change, posted, order_id=order_id)
