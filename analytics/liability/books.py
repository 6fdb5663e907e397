"""What should have been booked for each month's points by the end of a day, in all units together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction

from analytics.liability import breakage, forecasts, revenue, sales, sources, triangles
from analytics.liability.position import worth_of
from analytics.liability.revenue import Balances
from analytics.liability.triangles import first_of
from analytics.models import CohortShare
from members.models import Program
from rewards.models import Unit

# (unit, first day of the month in which the points were earned)
type Key = tuple[int, date]


@dataclass(frozen=True, slots=True)
class Estimate:
    """What prices are shared by: which share of the points will be used, and minor units for one ledger unit."""

    share: Fraction
    worth: Fraction


type Shares = dict[Key, Estimate]


@dataclass(frozen=True, slots=True)
class Books:
    """By unit and month; `shares` are the estimates that prices were shared by, kept ones or of now."""

    balances: dict[Key, Balances]
    shares: Shares
    counts: dict[Key, tuple[int, int]]

    def total(self, unit_id: int | None = None) -> Balances:
        """Of one unit or all, summed."""
        rows = [one for (unit, _month), one in self.balances.items() if unit_id in (None, unit)]
        names = ("allocated", "redeemed", "broken", "cost", "served")
        return Balances(*(sum(getattr(row, name) for row in rows) for name in names))


def kept_shares(program: Program) -> Shares:
    """Of the months that were closed."""
    rows = CohortShare.objects.filter(program=program)
    return {
        (row.unit_id, row.cohort): Estimate(
            _ratio(row.expected, row.granted), Fraction(row.worth_numerator, row.worth_denominator)
        )
        for row in rows
    }


def read(*, program: Program, units: Sequence[Unit], until: date, shares: Shares) -> Books:
    """As of the end of `until`, by what is known now. Months without a kept share go by the estimate of `until`."""
    bought = sales.by_month(program)
    sold = sources.sold_shares(sources.by_month(program=program, until=until))
    found: dict[Key, revenue.Cohort] = {}
    used: Shares = {}
    for unit in units:
        for cohort in _cohorts(program, unit, until):
            key = unit.pk, first_of(cohort.month)
            used[key] = shares.get(key, Estimate(_ratio(cohort.expected, cohort.granted), worth_of(unit)))
            found[key] = revenue.Cohort(
                month=cohort.month,
                granted=cohort.granted,
                used=cohort.used,
                expected=cohort.expected,
                sold=_ratio(*sold.get(key, (0, 0))),
                share=used[key].share,
                sales_minor=max(0, bought.get(key[1], 0)),
                worth=worth_of(unit),
                priced=used[key].worth,
            )
    balances = {key: revenue.balances(replace(one, others=_beside(key, found))) for key, one in found.items()}
    return Books(balances, used, {key: (one.granted, one.expected) for key, one in found.items()})


def _cohorts(program: Program, unit: Unit, until: date) -> Iterable[breakage.Cohort]:
    triangle = triangles.load(program=program, unit_id=unit.pk, until=until)
    return breakage.read(triangle, forecasts.forecast(triangle, draws=0)).cohorts


def _beside(key: Key, found: dict[Key, revenue.Cohort]) -> Fraction:
    """The stand-alone price of other units' points of the same month."""
    unit, month = key
    prices = (one.price for (other, on), one in found.items() if on == month and other != unit)
    return sum(prices, Fraction(0))


def _ratio(part: int, whole: int) -> Fraction:
    return min(Fraction(1), max(Fraction(0), Fraction(part, whole))) if whole > 0 else Fraction(0)
