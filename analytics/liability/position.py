"""The liability of one unit at the end of a day: what is held, by its month of end and by age, what of it will be used, and
what it is worth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

import numpy as np

from analytics.liability import breakage, forecasts, triangles
from analytics.liability.breakage import Breakage
from analytics.liability.forecasts import Forecast
from analytics.liability.triangles import Triangle, number_of
from members.models import Program
from rewards.models import Unit

# Months of age, each band up to and without its number.
AGES = (3, 6, 12, 24)


def worth_of(unit: Unit) -> Fraction:
    """Minor units for one ledger unit."""
    return Fraction(unit.worth_numerator, unit.worth_denominator * 10**unit.precision)


@dataclass(frozen=True, slots=True)
class Position:
    """Amounts in ledger units; `money` turns them into minor units."""

    program: Program
    unit: Unit
    until: date
    triangle: Triangle
    forecast: Forecast
    breakage: Breakage

    @property
    def held(self) -> int:
        return sum(self.triangle.cells.values())

    @property
    def to_use(self) -> int:
        """Of what is held, as far as anybody can tell."""
        return min(self.held, round(sum(self.forecast.by_cohort.values())))

    def money(self, amount: float) -> int:
        """Rounded to the minor unit."""
        return round(Fraction(amount) * worth_of(self.unit))

    def by_end(self) -> dict[int, int]:
        """What is held by the last month in which it can be used, the soonest first (triangles.NEVER_MONTH: without end)."""
        return self._by(lambda cohort, ends: ends)

    def by_age(self) -> list[int]:
        """What is held by how many months ago it was earned: a band for each of AGES, and one for all older."""
        now = number_of(self.until)
        found = self._by(lambda cohort, ends: sum(now - cohort >= edge for edge in AGES))
        return [found.get(band, 0) for band in range(len(AGES) + 1)]

    def _by(self, key: Callable[[int, int], int]) -> dict[int, int]:
        found: dict[int, int] = {}
        for (cohort, ends), amount in self.triangle.cells.items():
            found[key(cohort, ends)] = found.get(key(cohort, ends), 0) + amount
        return dict(sorted(found.items()))

    def course(self, months: int) -> list[int]:
        """What was held at the end of each of the latest months, the last at the end of `until`."""
        change = self.triangle.gained - (
            self.triangle.used + self.triangle.lapsed + self.triangle.ended + self.triangle.taken
        )
        size = len(change)
        by_month = np.array([np.fliplr(change).trace(size - 1 - month) for month in range(size)])
        held = [round(amount) for amount in np.cumsum(by_month)]
        return [0] * max(0, months - size) + held[-months:]


def read(*, program: Program, unit: Unit, until: date) -> Position:
    """Two statements; the rest is arithmetic on some hundred rows. The forecast is without its interval."""
    triangle = triangles.load(program=program, unit_id=unit.pk, until=until)
    forecast = forecasts.forecast(triangle, draws=0)
    return Position(program, unit, until, triangle, forecast, breakage.read(triangle, forecast))
