"""The arithmetic of an award, folded small for storing and unfolded for people."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

# The formula with name, precision, value and minor units it is per; the selection; the tier's factor as a
# pair (followed by its parts, where plans have one) or None; what was desired as numerator and denominator; the room that the cap had.
Trail = tuple[Any, ...]

Step = dict[str, object]

MAX_DIGITS = 18


def unfold(trail: Sequence[Any], *, cut_by: str, awarded: int) -> tuple[Step, ...]:
    """The steps from a trail, also from one that was stored as JSON: base, tier, plans, cap, rounding.

    The factor is [numerator, denominator], and where a plan has a part in it, […, [source, key, numerator, denominator]…].

    Amounts are exact texts in units ("16.2", or "5/3" where no decimal is exact), money is in minor units.
    """
    (name, precision, value, per_minor), found, tier, numerator, denominator, left = trail
    units = 10**precision
    basis, quantity, _counted, _once, positions = found
    desired = Fraction(numerator, denominator) / units
    base = desired / Fraction(*tier[:2]) if tier else desired
    first: Step = {"step": name, "value": plain(Fraction(value)), "amount": plain(base)}
    if name in {"per_amount", "whole_steps", "percent"}:
        first |= {"basis_minor": basis}
    if name in {"per_amount", "whole_steps"}:
        first |= {"per_minor": per_minor}
    if name == "per_item":
        first |= {"quantity": quantity}
    if positions:
        first |= {"lines": list(positions)}
    steps = [first]
    if tier:
        steps += _factors(tier, base)
    final = Fraction(awarded, units)
    if cut_by == "group":
        steps.append({"step": "group", "amount": plain(final)})
    elif cut_by:
        steps.append(_cap(cut_by, Fraction(left, units), final))
    elif final != desired:
        steps.append({"step": "rounding", "amount": plain(final)})
    return tuple(steps)


def _factors(tier: Sequence[Any], base: Fraction) -> Iterator[Step]:
    """One step for the tier and one for each plan, each with the amount after it."""
    parts = tier[2:] or (("tier", "", *tier),)
    for source, key, *factor in parts:
        base *= Fraction(*factor)
        named = {source: key} if key else {}
        yield {"step": source, **named, "factor": plain(Fraction(*factor)), "amount": plain(base)}


def _cap(cut_by: str, left: Fraction, final: Fraction) -> Step:
    step: Step = {"step": "cap", "by": cut_by, "amount": plain(final)}
    return step if cut_by == "unit_order" else step | {"left": plain(left)}


def plain(value: Fraction) -> str:
    """An exact text: a plain decimal where there is one, else a fraction."""
    digits, scaled = 0, value
    while scaled.denominator != 1 and digits < MAX_DIGITS:
        digits, scaled = digits + 1, scaled * 10
    if scaled.denominator != 1:
        return str(value)
    text = str(abs(scaled.numerator)).zfill(digits + 1)
    sign = "-" if value < 0 else ""
    return sign + (f"{text[:-digits]}.{text[-digits:]}" if digits else text)
