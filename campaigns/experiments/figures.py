"""The arithmetic of a comparison, from counts and sums alone: proportions, means, shares, and what holds at every look.

Intervals are of 95 % unless `alpha` says otherwise. Everything is about the treated minus the control.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from scipy import special

ALPHA = 0.05
# The confidence sequence is narrowest when each arm has about so many members; it holds at any size.
TUNED_FOR = 1_000

type Number = int | Decimal | Fraction


@dataclass(frozen=True, slots=True)
class Sums:
    """How many members, the sum of a figure over them, and the sum of its squares."""

    n: int
    total: Number
    squares: Number

    @property
    def mean(self) -> float:
        return float(Fraction(self.total) / self.n) if self.n else 0.0

    @property
    def variance(self) -> float:
        """Of the sample (n − 1). In exact numbers until the end, so that large sums lose nothing."""
        if self.n < 2:
            return 0.0
        total = Fraction(self.total)
        return float(max(Fraction(0), Fraction(self.squares) - total * total / self.n) / (self.n - 1))

    def __add__(self, other: Sums) -> Sums:
        return Sums(self.n + other.n, self.total + other.total, self.squares + other.squares)  # type: ignore[operator]


@dataclass(frozen=True, slots=True)
class Difference:
    """By how much the treated differ per member, with its interval and how probable so much is by chance."""

    value: float
    low: float
    high: float
    p: float
    treated: float
    control: float

    @property
    def is_clear(self) -> bool:
        return self.low > 0 or self.high < 0


@dataclass(frozen=True, slots=True)
class Band:
    """A difference with bounds that hold at all looks together."""

    value: float
    low: float
    high: float


def proportions(treated: Sums, control: Sums, *, alpha: float = ALPHA) -> Difference | None:
    """Two shares: the test with the pooled share (chi-square of the two-by-two table without correction) and the
    interval of Wald with the shares' own variances. None where an arm is empty."""
    if not treated.n or not control.n:
        return None
    first, second = treated.mean, control.mean
    value = first - second
    pooled = float(Fraction(treated.total) + Fraction(control.total)) / (treated.n + control.n)
    error = math.sqrt(pooled * (1 - pooled) * (1 / treated.n + 1 / control.n))
    p = float(2 * special.ndtr(-abs(value) / error)) if error else 1.0
    own = math.sqrt(first * (1 - first) / treated.n + second * (1 - second) / control.n)
    half = float(special.ndtri(1 - alpha / 2)) * own
    return Difference(value, value - half, value + half, p, first, second)


def means(treated: Sums, control: Sums, *, alpha: float = ALPHA) -> Difference | None:
    """Two means with variances of their own (Welch 1947, degrees of freedom by Satterthwaite). None where an arm has
    fewer than two members."""
    if treated.n < 2 or control.n < 2:
        return None
    value = treated.mean - control.mean
    first, second = treated.variance / treated.n, control.variance / control.n
    error = math.sqrt(first + second)
    if not error:
        return Difference(value, value, value, 1.0 if not value else 0.0, treated.mean, control.mean)
    freedom = (first + second) ** 2 / (first**2 / (treated.n - 1) + second**2 / (control.n - 1))
    p = float(2 * special.stdtr(freedom, -abs(value) / error))
    half = float(special.stdtrit(freedom, 1 - alpha / 2)) * error
    return Difference(value, value - half, value + half, p, treated.mean, control.mean)


def sequence(treated: Sums, control: Sums, *, alpha: float = ALPHA) -> Band | None:
    """The confidence sequence of the mixture sequential probability ratio test with a normal mixture (Robbins 1970,
    Johari et al. 2017), its variance estimated as it goes (Waudby-Smith et al. 2024): its bounds hold at every look
    together, so that one may look each day and stop when one likes. None where an arm has fewer than two members."""
    if treated.n < 2 or control.n < 2:
        return None
    value = treated.mean - control.mean
    first, second = treated.variance, control.variance
    spread = first / treated.n + second / control.n
    if not spread:
        return Band(value, value, value) if not value else Band(value, -math.inf, math.inf)
    mixture = tuning(alpha) * (first + second) / TUNED_FOR
    half = math.sqrt(
        spread * (spread + mixture) / mixture * math.log((spread + mixture) / (spread * alpha**2))
    )
    return Band(value, value - half, value + half)


def tuning(alpha: float) -> float:
    """How much wider the mixture is than the spread at which the bounds are narrowest."""
    return float(-special.lambertw(-(alpha**2) / math.e, -1).real - 1)


def mismatch(counts: Sequence[int], shares: Sequence[int]) -> float:
    """How probable so uneven a split is, if it was by these shares (chi-square; Fabijan et al. 2019)."""
    whole, parts = sum(counts), sum(shares)
    if not whole or len(counts) < 2:
        return 1.0
    expected = [whole * share / parts for share in shares]
    distance = sum((seen - due) ** 2 / due for seen, due in zip(counts, expected, strict=True))
    return float(special.chdtrc(len(counts) - 1, distance))
