"""The arithmetic of each amount: whole numerators over the denominator that all rules of a unit share."""

from collections.abc import Callable, Sequence
from fractions import Fraction

from rewards.engine.rules import Amount
from rewards.engine.situations import Selection, Situation

Measure = Callable[[Selection], int]
Calculate = Callable[[Situation, Selection], int]
# A rule that a multiplier acts on: its bit, its measure, the lines both look at, numerator, is per amount.
Target = tuple[int, Measure, int, int, bool]


def coefficient(amount: Amount, *, precision: int) -> Fraction:
    """Ledger units for one of what the amount measures: a minor unit, a whole step, an item, an order."""
    if amount.kind == "percent":
        return amount.value / 100
    scaled = amount.value * 10**precision
    return scaled / amount.per_minor if amount.kind == "per_amount" and not amount.is_whole else scaled


def measure(amount: Amount) -> Measure:
    if amount.kind == "per_item":
        return lambda found: found[1]
    if amount.kind in {"per_amount", "percent"}:
        if amount.is_whole:
            per_minor = amount.per_minor
            return lambda found: found[0] // per_minor
        return lambda found: found[0]
    return lambda found: 1


def calculate(amount: Amount, numerator: int) -> Calculate:
    """A function of the situation and the rule's lines that gives the numerator of its award."""
    if amount.kind == "per_amount":
        if amount.is_whole:
            per_minor = amount.per_minor
            return lambda situation, found: found[0] // per_minor * numerator * situation.factor
        return lambda situation, found: found[0] * numerator * situation.factor
    if amount.kind == "percent":
        return lambda situation, found: found[0] * numerator * situation.scale
    if amount.kind == "per_item":
        return lambda situation, found: found[1] * numerator * situation.scale
    return lambda situation, found: numerator * situation.scale


def multiply(targets: Sequence[Target]) -> Calculate:
    """What the multiplied rules gave on the lines that both look at, times (factor - 1)."""

    def calculate_extra(situation: Situation, _found: Selection) -> int:
        extra = 0
        for bit, measured, index, numerator, is_tiered in targets:
            if situation.applied & bit:
                base = measured(situation.selection(index)) * numerator
                extra += base * (situation.factor if is_tiered else situation.scale)
        return extra

    return calculate_extra
