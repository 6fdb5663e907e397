"""What winning a customer may cost, and whether a program is worth it: yearly margin that goes on with a chance each year.

value = m · f · Σ (r ÷ (1 + d))^t over the years t = 0, 1, … = m · f · (1 + d) ÷ (1 + d − r): the usual formula of customer
lifetime value with constant retention r and discount d (Gupta and Lehmann 2003). A program raises orders by `more` and
retention by `longer` and costs so much for each customer and year.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Inputs:
    """Money in minor units, shares from 0 to 1 for a year; `acquisition` is what winning one customer costs, `cost` what the
    program costs for one and year."""

    margin: int
    orders: Decimal
    retention: Decimal
    discount: Decimal
    acquisition: int
    more: Decimal
    longer: Decimal
    cost: int


@dataclass(frozen=True, slots=True)
class Answer:
    """In minor units; `pays_back` are the months until the margin has brought in what winning the customer cost."""

    without: int
    with_program: int
    worth_without: int
    worth_with: int
    pays_back: float | None
    pays_back_with: float | None

    @property
    def gain(self) -> int:
        return self.with_program - self.without


# A consumers' shop (margin of an order 12.00) and a seller to businesses (240.00), both to be written over.
SHOP = Inputs(
    1_200, Decimal(3), Decimal("0.45"), Decimal("0.10"), 1_500, Decimal("0.06"), Decimal("0.04"), 150
)
B2B = Inputs(
    24_000, Decimal(10), Decimal("0.85"), Decimal("0.10"), 120_000, Decimal("0.02"), Decimal("0.02"), 4_000
)


def work_out(inputs: Inputs) -> Answer:
    """Exact until it is rounded. Retention with the program is less than one."""
    yearly = inputs.margin * Fraction(inputs.orders)
    better = yearly * (1 + Fraction(inputs.more)) - inputs.cost
    kept = min(Fraction(inputs.retention) + Fraction(inputs.longer), Fraction(99, 100))
    without = lasting(yearly, Fraction(inputs.retention), Fraction(inputs.discount))
    with_program = lasting(better, kept, Fraction(inputs.discount))
    return Answer(
        without=round(without),
        with_program=round(with_program),
        worth_without=round(without) - inputs.acquisition,
        worth_with=round(with_program) - inputs.acquisition,
        pays_back=_months(inputs.acquisition, yearly),
        pays_back_with=_months(inputs.acquisition, better),
    )


def lasting(yearly: Fraction, retention: Fraction, discount: Fraction) -> Fraction:
    """Today's value of a yearly margin that goes on with this chance each year, the first year certain."""
    return yearly * (1 + discount) / (1 + discount - retention)


def _months(cost: int, yearly: Fraction) -> float | None:
    return float(Fraction(cost) / yearly * 12) if yearly > 0 else None
