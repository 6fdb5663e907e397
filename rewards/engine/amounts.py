"""The arithmetic of amounts: what a rule measures, times a whole numerator over the unit's denominator."""

from fractions import Fraction

from rewards.engine.rules import Amount
from rewards.engine.situations import BASIS, ONCE, QUANTITY

MEASURES = {"per_amount": BASIS, "percent": BASIS, "per_item": QUANTITY}


def measure(amount: Amount) -> int:
    """Which place of a selection the amount depends on."""
    return MEASURES.get(amount.kind, ONCE)


def step_minor(amount: Amount) -> int:
    """Whole steps are counted in minor units of this size; everything else one by one."""
    return amount.per_minor if amount.is_whole else 1


def coefficient(amount: Amount, *, precision: int) -> Fraction:
    """Ledger units for one of what the amount measures: a minor unit, a whole step, an item, an order."""
    if amount.kind == "percent":
        return amount.value / 100
    scaled: Fraction = amount.value * 10**precision
    return scaled / amount.per_minor if amount.kind == "per_amount" and not amount.is_whole else scaled
