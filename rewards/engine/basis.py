"""What earns (SEMANTICS 17): lines net of discounts, without tax, shipping, tips, gift cards and what points paid."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction

from rewards.engine.facts import Line

PRODUCT = "product"
NOT_EARNING = frozenset({"shipping", "tip", "gift_card"})

# Wide enough that a product of two database decimals is exact and only the one rounding below changes it.
_EXACT = Context(prec=100)


@dataclass(frozen=True, slots=True)
class RawLine:
    """A line as a shop sends it, money in minor units. `tax_minor` is the part contained in the amount, or
    comes on top of it, as the policy says. `kind` is product, shipping, tip, gift_card or another name."""

    position: int
    sku: str
    name: str
    category: str
    quantity: int
    gross_minor: int
    discount_minor: int = 0
    tax_minor: int = 0
    kind: str = PRODUCT
    is_paid_by_reward: bool = False


@dataclass(frozen=True, slots=True)
class BasisPolicy:
    """What a program lets earn; the defaults are those of SEMANTICS 17."""

    prices_include_tax: bool = True
    earns_on_tax: bool = False
    earns_on_points_paid: bool = False
    excluded_kinds: frozenset[str] = NOT_EARNING


def amount_minor(
    *, quantity: Decimal | int, unit_price: Decimal, discount: Decimal = Decimal(0), digits: int = 2
) -> int:
    """A line's amount in minor units of a currency with so many digits, rounded half-even once."""
    product = _EXACT.multiply(Decimal(quantity), unit_price)
    exact = _EXACT.scaleb(_EXACT.subtract(product, discount), digits)
    return int(exact.to_integral_value(rounding=ROUND_HALF_EVEN))


def tax_contained(*, gross_minor: int, rate: Decimal) -> int:
    """The tax in an amount typed at a till, at the program's rate in percent, rounded half-even."""
    part = Fraction(rate)
    return round(gross_minor * part / (100 + part))


def earning_lines(
    lines: Sequence[RawLine], *, policy: BasisPolicy, points_paid_minor: int = 0
) -> tuple[Line, ...]:
    """The lines with what earns of each. The part paid with points or credit is spread over all lines by
    what they cost, and takes its share of their tax with it."""
    costs = [_cost(line, policy) for line in lines]
    shares = shares_of(points_paid_minor, costs, policy)
    return tuple(
        _line(line, policy, cost, share) for line, cost, share in zip(lines, costs, shares, strict=True)
    )


def shares_of(points_paid_minor: int, costs: Sequence[int], policy: BasisPolicy) -> list[int]:
    """What of each line was paid with points or credit, as far as that does not earn."""
    if not points_paid_minor or policy.earns_on_points_paid:
        return [0] * len(costs)
    return spread(points_paid_minor, [max(0, cost) for cost in costs])


def spread(amount: int, weights: Sequence[int]) -> list[int]:
    """Whole shares of an amount by weight, largest remainder first, ties by position; never above a weight."""
    total = sum(weights)
    amount = min(amount, total)
    if amount <= 0:
        return [0] * len(weights)
    shares = [amount * weight // total for weight in weights]
    order = sorted(range(len(weights)), key=lambda index: (-(amount * weights[index] % total), index))
    for index in order[: amount - sum(shares)]:
        shares[index] += 1
    return shares


def _cost(line: RawLine, policy: BasisPolicy) -> int:
    """What the customer owes for the line, tax included."""
    net = line.gross_minor - line.discount_minor
    return net if policy.prices_include_tax else net + line.tax_minor


def _line(line: RawLine, policy: BasisPolicy, cost: int, share: int) -> Line:
    basis_minor, is_counted = basis_of(
        policy, line.kind, cost, line.tax_minor, share=share, is_reward=line.is_paid_by_reward
    )
    return Line(
        position=line.position,
        sku=line.sku,
        name=line.name,
        category=line.category,
        quantity=line.quantity,
        basis_minor=basis_minor,
        is_counted=is_counted,
    )


def basis_of(
    policy: BasisPolicy, kind: str, cost: int, tax_minor: int, *, share: int = 0, is_reward: bool = False
) -> tuple[int, bool]:
    """What earns of a line that costs so much, and whether it counts; `share` of it was paid with points."""
    if is_reward or kind in policy.excluded_kinds:
        return 0, False
    left = cost - share
    if policy.earns_on_tax or not cost:
        return left, left > 0
    tax = round(Fraction(tax_minor * left, cost)) if share else tax_minor
    return left - tax, left > 0
