"""From an order or event to awards: the occasion and the context of its moment, priced, and the lots it opens."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from operator import attrgetter

from rewards.engine.facts import Context, Counter, Line, Occasion
from rewards.engine.pricing import Award, Pricing
from rewards.intake.state import OrderRow, Person, Posted, State
from rewards.lots import LotRow
from rewards.plans import holdings
from rewards.policies import local_time
from rewards.rulebook import Engine


def occasion_of(order: OrderRow, state: State, *, left: bool = False) -> Occasion:
    """The order as the engine sees it; with `left`, without what has been given back."""
    return Occasion(
        "order",
        order.occurred_at,
        local_time(order.occurred_at, state.rulebook.zone),
        state.rulebook.store_codes.get(order.store_id or 0, ""),
        order.channel,
        tuple(_left_lines(order)) if left else _all_lines(order),
    )


ALL_OF_LINE = attrgetter("position", "sku", "name", "category", "quantity", "basis_minor", "is_counted")


def _all_lines(order: OrderRow) -> tuple[Line, ...]:
    return tuple([Line._make(ALL_OF_LINE(line)) for line in order.lines])


def _left_lines(order: OrderRow) -> Iterable[Line]:
    for line in order.lines:
        basis = line.left_basis
        if line.left and (line.left_minor or not line.refunded_minor):
            yield Line(
                line.position,
                line.sku,
                line.name,
                line.category,
                line.left,
                basis,
                line.is_counted and basis > 0,
            )


def context_of(person: Person, occasion: Occasion, engine: Engine, state: State) -> Context:
    """What was known of the member at the occasion's moment: the standing then, and the counters of its periods."""
    known = person.counters
    counters = {key: known[key] for key in engine.program.counter_keys(occasion) if key in known}
    for rule_id in engine.budgets:
        counters[f"{rule_id}:budget"] = Counter(amount=state.budgets.get(rule_id, 0))
    course = state.course(person)
    level = course.level_at(occasion.occurred_at) if course else None
    facts = {name: person.facts[name] for name in engine.member_facts} if engine.member_facts else {}
    held = holdings.plans_at(person.terms, state.rulebook.plans, occasion.occurred_at) if person.terms else {}
    perks = holdings.pricing(holdings.perks_of(level, held)) if held or (level and level.perks) else ()
    plans = {key: term.id for key, term in held.items()}
    if level is None:
        return Context(counters=counters, member=facts, plans=plans, perks=perks)
    return Context(level.key, level.rank, level.multipliers, counters, member=facts, plans=plans, perks=perks)


def grant(
    pricing: Pricing, person: Person, state: State, posted: Posted, *, order_id: int | None, awaits: str = ""
) -> list[LotRow]:
    """Open one lot per grant. `awaits` holds everything back until that event, whatever the policies say."""
    lots = []
    course = state.course(person) if state.rulebook.has_tier_expiry else None
    level = course.level_at(posted.at) if course else None
    for unit_key, amount, own_terms, version_id in pricing.grants:
        if amount <= 0:
            continue
        unit = state.rulebook.units[unit_key]
        terms = own_terms if level is None else state.rulebook.lasting(own_terms, unit, level)
        active_at, event, expires_at = state.rulebook.terms(unit, terms, posted.at)
        if awaits:
            active_at, event, expires_at = None, awaits, None
        book = state.book(person, unit)
        book.settle(posted.moment)
        lot = book.credit(
            "earn",
            amount,
            at=posted.at,
            moment=posted.moment,
            active_at=active_at,
            expires_at=expires_at,
            awaits=event,
            terms=terms,
            fact_id=posted.fact_id,
            order_id=order_id,
            version_id=version_id,
        )
        state.lots[lot.id] = lot
        lots.append(lot)
    return lots


def count(awards: Iterable[Award], person: Person, state: State, at: datetime) -> None:
    """Add what was awarded to the counters of its periods, and to the budgets."""
    for award in awards:
        if not award.counter_keys:
            continue
        own = own_keys(award.counter_keys)
        if len(own) < len(award.counter_keys):
            state.spend_budget(award.rule_id, award.awarded)
        if own:
            person.count(own, award.awarded, 1, at)


@lru_cache(maxsize=4096)
def own_keys(keys: tuple[str, ...]) -> tuple[str, ...]:
    """The counters of the member; a budget is everybody's."""
    return tuple(key for key in keys if not key.endswith(":budget"))


def recount(before: Pricing, after: Pricing, person: Person, state: State, at: datetime) -> None:
    """Correct the counters by the difference of two pricings of one occasion (29)."""
    old = {award.rule_id: award for award in before.awards if award.counter_keys}
    new = {award.rule_id: award for award in after.awards if award.counter_keys}
    for rule_id in old.keys() | new.keys():
        first, second = old.get(rule_id), new.get(rule_id)
        amount = (second.awarded if second else 0) - (first.awarded if first else 0)
        times = (second is not None) - (first is not None)
        keys = (second or first).counter_keys  # type: ignore[union-attr]
        own = own_keys(keys)
        if len(own) < len(keys):
            state.spend_budget(rule_id, amount)
        if own and (amount or times):
            person.count(own, amount, times, at)


def balances(person: Person, state: State) -> dict[str, int]:
    """The member's usable points, {unit key: ledger units}."""
    return {state.rulebook.units_by_id[unit].key: book.active for unit, book in person.books.items()}


def points(totals: dict[str, int], state: State) -> int:
    """What counts as points earned for the tiers."""
    scheme = state.rulebook.scheme
    if scheme is None or scheme.counted != "points":
        return 0
    return totals.get(scheme.unit_key, 0) if scheme.unit_key else sum(totals.values())
