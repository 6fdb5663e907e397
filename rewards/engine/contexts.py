"""A context as compact JSON and back, exactly: what a return or a later revision prices with."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from rewards.engine.facts import Context, Counter, Perk

# Values that JSON does not know are objects of one key: {"$date": "2026-01-31"}.
_WRITERS: tuple[tuple[type, str, Any], ...] = (
    (datetime, "$moment", datetime.isoformat),
    (date, "$date", date.isoformat),
    (Decimal, "$decimal", str),
    (Fraction, "$fraction", str),
    (frozenset, "$set", sorted),
    (set, "$set", sorted),
)
_READERS: dict[str, Any] = {
    "$moment": datetime.fromisoformat,
    "$date": date.fromisoformat,
    "$decimal": Decimal,
    "$fraction": Fraction,
    "$set": frozenset,
    "$object": dict,
}


def dump(context: Context) -> dict[str, Any]:
    """JSON-ready; what is empty is left out, lists become tuples on the way back."""
    found: dict[str, Any] = {}
    if context.tier:
        found["tier"] = context.tier
    if context.rank:
        found["rank"] = context.rank
    if context.multipliers:
        found["multipliers"] = {unit: str(factor) for unit, factor in context.multipliers.items()}
    if context.counters:
        found["counters"] = {key: _dump_counter(counter) for key, counter in context.counters.items()}
    if context.segments:
        found["segments"] = sorted(context.segments)
    if context.member:
        found["member"] = {name: _dump_value(value) for name, value in context.member.items()}
    if context.plans:
        found["plans"] = dict(context.plans)
    if context.perks:
        found["perks"] = [list(perk) for perk in context.perks]
    if context.coupons:
        found["coupons"] = sorted(context.coupons)
    return found


def load(stored: Mapping[str, Any]) -> Context:
    return Context(
        tier=stored.get("tier", ""),
        rank=stored.get("rank", 0),
        multipliers={unit: Fraction(factor) for unit, factor in stored.get("multipliers", {}).items()},
        counters={key: Counter(*values) for key, values in stored.get("counters", {}).items()},
        segments=frozenset(stored.get("segments", ())),
        member={name: _load_value(value) for name, value in stored.get("member", {}).items()},
        plans=stored.get("plans", {}),
        perks=tuple(Perk(*perk) for perk in stored.get("perks", ())),
        coupons=frozenset(stored.get("coupons", ())),
    )


def _dump_counter(counter: Counter) -> list[int | float | None]:
    values = [counter.amount, counter.times, counter.last]
    return values if counter.last is not None else values[:2]


def _dump_value(value: Any) -> Any:
    for kind, name, write in _WRITERS:
        if isinstance(value, kind):
            return {name: write(value)}
    if isinstance(value, Mapping):
        return {"$object": {name: _dump_value(item) for name, item in value.items()}}
    if isinstance(value, list | tuple):
        return [_dump_value(item) for item in value]
    return value


def _load_value(value: Any) -> Any:
    if isinstance(value, dict):
        ((name, inner),) = value.items()
        if name == "$object":
            return {key: _load_value(item) for key, item in inner.items()}
        return _READERS[name](inner)
    if isinstance(value, list):
        return tuple(_load_value(item) for item in value)
    return value
