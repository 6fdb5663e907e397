"""Whether a day is unusual against the program's own past: the median of its weekday, and the median absolute deviation
(MAD) from it. Both hold still when a few days of the past were unusual themselves (Hampel 1974)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import median

WEEK = 7
# So many weeks are looked at, and with fewer there is no judgement.
WEEKS, LEAST_WEEKS = 12, 8
# A deviation of so many robust standard deviations, and of such a share of what is usual, is an alarm.
FAR, LEAST_SHARE = 5.0, 0.3
# Where fewer are usual, a day says nothing.
LEAST_USUAL = 10
# The MAD of a normal distribution times this is its standard deviation.
SCALE = 1.4826
# Money varies at least by this share from one day to the next.
LEAST_SPREAD = 0.1


@dataclass(frozen=True, slots=True)
class Unusual:
    """`usual` is the median of the weekday, `spread` the robust standard deviation, `score` how many of them it is off."""

    value: float
    usual: float
    spread: float
    score: float

    @property
    def is_high(self) -> bool:
        return self.value > self.usual


def judge(days: Sequence[float], *, is_count: bool = True) -> Unusual | None:
    """The last of these consecutive days against those before it; None where it is usual or the past is too short.

    A count varies at least as chance makes it (its root), an amount by a tenth."""
    past, value = list(days[:-1])[-WEEK * WEEKS :], float(days[-1])
    past = past[len(past) % WEEK :]
    if len(past) < WEEK * LEAST_WEEKS:
        return None
    medians = [float(median(past[weekday::WEEK])) for weekday in range(WEEK)]
    # The day after whole weeks has the weekday of the first.
    usual = medians[0]
    if usual < LEAST_USUAL:
        return None
    # Of what varies by chance the deviation grows with the root of its mean: so busy and quiet days are one sample.
    deviations = [
        abs(day - mean) / sqrt(mean) for place, day in enumerate(past) if (mean := medians[place % WEEK]) > 0
    ]
    least = sqrt(usual) if is_count else LEAST_SPREAD * usual
    spread = max(SCALE * float(median(deviations)) * sqrt(usual), least)
    score = (value - usual) / spread
    if abs(score) < FAR or abs(value - usual) < LEAST_SHARE * usual:
        return None
    return Unusual(value, usual, spread, score)
