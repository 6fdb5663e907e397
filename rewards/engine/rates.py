"""How the factors of a tier and of plans make one: of those that do not add to others only the highest counts."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from rewards.engine.facts import Context

# Numerator and denominator, and the trail: None, (numerator, denominator), or that with its parts after it.
type Factor = tuple[int, int, tuple[Any, ...] | None]
type Part = tuple[str, str, int, int]


def combine(unit: str, own: Fraction | None, context: Context) -> Factor:
    """`own` is the tier's factor. Those "on top" multiply the highest of the others."""
    best, parts = own or Fraction(1), list[Part]()
    if best != 1:
        parts = [("tier", context.tier, *best.as_integer_ratio())]
    rates = list(_rates(unit, context))
    for source, key, factor, is_on_top in rates:
        if not is_on_top and factor > best:
            best, parts = factor, [(source, key, *factor.as_integer_ratio())]
    for source, key, factor, is_on_top in rates:
        if is_on_top:
            best *= factor
            parts.append((source, key, *factor.as_integer_ratio()))
    numerator, denominator = best.as_integer_ratio()
    if numerator == denominator:
        return 1, 1, None
    if all(part[0] == "tier" for part in parts):
        return numerator, denominator, (numerator, denominator)
    return numerator, denominator, (numerator, denominator, *parts)


def _rates(unit: str, context: Context) -> Iterator[tuple[str, str, Fraction, bool]]:
    for perk in context.perks:
        benefit = perk.benefit
        if benefit.get("kind") == "rate" and benefit["unit"] == unit:
            yield perk.source, perk.key, Fraction(str(benefit["factor"])), bool(benefit.get("on_top"))
