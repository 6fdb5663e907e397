"""What is never used, from cohorts whose life is over; and what the forecast says of those that still live.

A cohort (what was first earned in one month) is complete when its month is over and no more is held of it than a 200th of
what it was granted. Breakage is what ended of complete cohorts together, divided by what they were granted, less what was
taken back. It is the ultimate share; what ended so far of everything ever given is another figure (kpis).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from analytics.liability.forecasts import Forecast
from analytics.liability.triangles import Triangle, number_of

# Held of what was granted, at most, for a cohort to be complete.
REST = 0.005
# The latest so many complete cohorts count: what was long ago had other rules.
LATEST = 12


@dataclass(frozen=True, slots=True)
class Cohort:
    """In ledger units: `to_use` is the forecast of what is held."""

    month: int
    granted: int
    used: int
    ended: int
    held: int
    to_use: int
    is_complete: bool

    @property
    def expected(self) -> int:
        """What will have been used of it in the end."""
        return self.used + self.to_use

    @property
    def unused_share(self) -> float | None:
        return None if self.granted <= 0 else 1 - self.expected / self.granted


@dataclass(frozen=True, slots=True)
class Breakage:
    """`complete` is None without a complete cohort; `expected` is of all cohorts, by the forecast where they still live."""

    cohorts: tuple[Cohort, ...]
    complete: float | None
    complete_count: int
    expected: float | None


def read(triangle: Triangle, forecast: Forecast) -> Breakage:
    over = number_of(triangle.until + timedelta(days=1))
    granted, held = triangle.granted, triangle.held
    used, ended = triangle.used.sum(axis=1), (triangle.ended + triangle.lapsed).sum(axis=1)
    cohorts = tuple(
        Cohort(
            month=month,
            granted=round(granted[row]),
            used=round(used[row]),
            ended=round(ended[row]),
            held=round(held[row]),
            to_use=min(round(held[row]), round(forecast.by_cohort.get(month, 0.0))),
            is_complete=bool(month < over and granted[row] > 0 and held[row] <= REST * granted[row]),
        )
        for row, month in enumerate(triangle.cohorts)
        if triangle.gained[row].any() or held[row]
    )
    done = [cohort for cohort in cohorts if cohort.is_complete][-LATEST:]
    return Breakage(
        cohorts=cohorts,
        complete=share(sum(cohort.ended for cohort in done), sum(cohort.granted for cohort in done)),
        complete_count=len(done),
        expected=_expected(cohorts),
    )


def _expected(cohorts: tuple[Cohort, ...]) -> float | None:
    granted = sum(cohort.granted for cohort in cohorts)
    return share(granted - sum(cohort.expected for cohort in cohorts), granted)


def share(part: int, whole: int) -> float | None:
    return part / whole if whole > 0 else None
