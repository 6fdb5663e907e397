"""Deferred revenue of points by IFRS 15 (B39 to B42, B44 to B47; example 52, IE267 to IE270).

Points that come with a sale are a material right, a promise of its own. The price of the sale is shared between goods and
points in proportion to their stand-alone prices; that of points is their worth times the share that is expected to be used.
What is allocated becomes revenue as points are used: allocated × used so far / expected to be used in all, made true again
in each period. What the estimate or the worth changes later moves when it is recognised, never what was allocated.
What is provided for points without a sale goes by what they are worth now.
Everything is exact until it is rounded at the end.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


def allocate(*, sales: Fraction, points: Fraction, others: Fraction = Fraction(0)) -> Fraction:
    """The part of `sales` that belongs to points whose stand-alone price is `points`, beside points of other units that
    came with the same sales; all in one currency."""
    whole = sales + points + others
    return sales * points / whole if sales > 0 and points > 0 else Fraction(0)


def recognized(*, allocated: Fraction, used: Fraction, expected: Fraction) -> Fraction:
    """Of what was allocated, how much is revenue so far. Where no more use is expected, all of it is."""
    if expected <= 0 or used >= expected:
        return allocated
    return allocated * max(used, Fraction(0)) / expected


@dataclass(frozen=True, slots=True)
class Cohort:
    """The points of one month in one unit. `granted`, `used` and `expected` in ledger units; `sold` is the share of those
    granted that came with sales; `share` is the share that was expected to be used when the month was closed; `worth` is
    minor units for one ledger unit now, `priced` what it was then, and `others` the stand-alone price of other units' points with the same sales."""

    month: int
    granted: int
    used: int
    expected: int
    sold: Fraction
    share: Fraction
    sales_minor: int
    worth: Fraction
    others: Fraction = Fraction(0)
    priced: Fraction | None = None

    @property
    def price(self) -> Fraction:
        """The stand-alone price of the points that came with sales, in minor units."""
        worth = self.worth if self.priced is None else self.priced
        return max(Fraction(0), self.granted * self.sold * worth * self.share)


@dataclass(frozen=True, slots=True)
class Balances:
    """What has been booked for one cohort from its beginning on, in minor units, each rounded once. Points of sales:
    `allocated` was taken out of sales, of which `redeemed` and `broken` are revenue again. Points given without a sale:
    `cost` was provided for, of which `served` became revenue when they were used."""

    allocated: int
    redeemed: int
    broken: int
    cost: int
    served: int

    @property
    def deferred(self) -> int:
        return self.allocated - self.redeemed - self.broken

    @property
    def provided(self) -> int:
        return self.cost - self.served


def balances(cohort: Cohort) -> Balances:
    """Revenue of the used ones is their part of the allocated by number; the rest of what is recognised is breakage."""
    granted, used, expected = Fraction(cohort.granted), Fraction(cohort.used), Fraction(cohort.expected)
    sales = Fraction(cohort.sales_minor)
    allocated = allocate(sales=sales, points=cohort.price, others=cohort.others)
    done = recognized(allocated=allocated, used=used, expected=expected)
    redeemed = min(done, allocated * used / granted) if granted > 0 else done
    free = (1 - cohort.sold) * cohort.worth
    rounded = round(allocated), round(max(redeemed, Fraction(0)))
    return Balances(
        allocated=rounded[0],
        redeemed=rounded[1],
        broken=round(done) - rounded[1],
        cost=round(free * max(expected, Fraction(0))),
        served=round(free * max(used, Fraction(0))),
    )
