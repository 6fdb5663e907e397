"""BG/NBD: customers buy at a steady own rate and may drop out after any purchase.

Fader, Hardie and Lee, "Counting your customers" the easy way (Marketing Science 24(2), 2005). Rates follow a gamma
distribution (`r`, `alpha`), chances of dropping out a beta distribution (`a`, `b`). Who never came back counts as
alive: the model lets nobody drop out before a second purchase.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betaln, digamma, gammaln, hyp2f1

from analytics.lifetime.fitting import Fit, climb
from analytics.lifetime.histories import Column, Floats, Histories

STARTS = ((1.0, 1.0, 1.0, 1.0), (0.5, 10.0, 0.5, 2.0), (2.0, 20.0, 1.0, 5.0))
# At a = 1 the formulas of expectation divide by zero; so close to it they are read a little beside.
TOO_CLOSE = 1e-7
LARGE = 50.0


@dataclass(frozen=True, slots=True)
class BgNbd:
    """Times are in the unit of the histories it was fitted on."""

    r: float
    alpha: float
    a: float
    b: float

    @classmethod
    def fit(cls, histories: Histories) -> tuple[BgNbd, Fit]:
        """The model of greatest likelihood and how it was found. Raises NoFit."""
        customers = histories.customers
        kinds = Kinds.of(histories.grouped())
        found = climb(
            lambda p: _loss(p, kinds, customers),
            names=("r", "alpha", "a", "b"),
            starts=STARTS,
            customers=customers,
        )
        return cls(*found.parameters), found

    def log_likelihood(self, histories: Histories) -> float:
        """Of all the customers together."""
        customers = histories.customers
        parameters = np.array([self.r, self.alpha, self.a, self.b])
        return -_loss(parameters, Kinds.of(histories), customers)[0] * customers

    def alive(self, histories: Histories) -> Floats:
        """The chance that each one still buys."""
        return 1 / (1 + self._odds_gone(histories))

    def expected(self, time: ArrayLike) -> Floats:
        """Purchases of somebody new within `time`, the first one not counted."""
        a = self._a
        time = np.asarray(time, dtype=np.float64)
        share = time / (self.alpha + time)
        series = hyp2f1(self.r, self.b, a + self.b - 1, share)
        grown = 1 - (self.alpha / (self.alpha + time)) ** self.r * series
        return np.asarray((a + self.b - 1) / (a - 1) * grown)

    def expected_from(self, histories: Histories, time: float) -> Floats:
        """Purchases of each one within the next `time`."""
        a, x, age = self._a, histories.frequency, histories.age
        stays = (self.alpha + age) / (self.alpha + age + time)
        # Turned by Euler's formula, so that nothing grows with the number of purchases.
        series = _gauss(a + self.b - 1 - self.r, a - 1, a + self.b + x - 1, 1 - stays)
        grown = 1 - stays ** (a - 1) * series
        return np.asarray((a + self.b + x - 1) / (a - 1) * grown / (1 + self._odds_gone(histories)))

    def silent(self, histories: Histories, time: float) -> Floats:
        """The chance that each one buys nothing within the next `time`: gone, or still there and waiting. Who still buys
        does so at a rate of gamma distribution (r + x, alpha + age)."""
        waits = ((self.alpha + histories.age) / (self.alpha + histories.age + time)) ** (
            self.r + histories.frequency
        )
        alive = self.alive(histories)
        return np.asarray(1 - alive + alive * waits)

    def chance_of(self, count: int, time: float) -> float:
        """The chance that somebody new buys exactly `count` times within `time`, the first one not counted."""
        stays = self.alpha / (self.alpha + time)
        buys = time / (self.alpha + time)
        numbers = np.arange(count + 1)
        terms = gammaln(self.r + numbers) - gammaln(self.r) - gammaln(numbers + 1)
        each = (
            np.exp(terms + self.r * np.log(stays) + numbers * np.log(buys)) if time else (numbers == 0) * 1.0
        )
        chance = np.exp(betaln(self.a, self.b + count) - betaln(self.a, self.b)) * each[count]
        if count:
            ended = np.exp(betaln(self.a + 1, self.b + count - 1) - betaln(self.a, self.b))
            chance += ended * (1 - each[:count].sum())
        return float(chance)

    @property
    def _a(self) -> float:
        return self.a + TOO_CLOSE if abs(self.a - 1) < TOO_CLOSE else self.a

    def _odds_gone(self, histories: Histories) -> Floats:
        x = histories.frequency
        logs = (self.r + x) * (np.log(self.alpha + histories.age) - np.log(self.alpha + histories.recency))
        with np.errstate(divide="ignore", over="ignore"):
            odds = self.a / (self.b + np.maximum(x, 1) - 1) * np.exp(logs)
        return np.where(histories.returned, odds, 0.0)


def _gauss(p: float, q: float, c: Floats, z: Floats) -> Floats:
    """2F1(p, q; c; z). Where `c` is large scipy runs over, but few terms of the series are enough."""
    is_large = c > LARGE
    found = np.ones_like(c)
    found[~is_large] = hyp2f1(p, q, c[~is_large], z[~is_large])
    if is_large.any():
        few, share = c[is_large], z[is_large]
        term, total, k = np.ones_like(few), np.ones_like(few), 0
        while np.abs(term).max() > 1e-17 * np.abs(total).min() and k < 1000:
            term = term * (p + k) * (q + k) / ((few + k) * (k + 1)) * share
            total += term
            k += 1
        found[is_large] = total
    return found


@dataclass(frozen=True, slots=True)
class Kinds:
    """Histories with each column's different values, whose logarithms and gamma functions are computed once."""

    histories: Histories
    frequency: Column
    recency: Column
    age: Column

    @classmethod
    def of(cls, histories: Histories) -> Kinds:
        columns = (histories.frequency, histories.recency, histories.age)
        return cls(histories, *(Column.of(column) for column in columns))


def _loss(parameters: Floats, kinds: Kinds, customers: int) -> tuple[float, Floats]:
    """The mean negative log-likelihood and its slopes by r, alpha, a and b."""
    r, alpha, a, b = parameters
    x, weights, returned = kinds.histories.frequency, kinds.histories.weights, kinds.histories.returned
    log_age = kinds.age.spread(np.log(alpha + kinds.age.values))
    log_last = kinds.recency.spread(np.log(alpha + kinds.recency.values))
    counts = kinds.frequency.values
    before = np.maximum(b + counts - 1, 1e-300)
    # Either bought until the end, or dropped out with the last purchase.
    stays = -(r + x) * log_age
    gone = kinds.frequency.spread(np.log(a) - np.log(before)) - (r + x) * log_last
    either = np.logaddexp(stays, np.where(returned, gone, -np.inf))
    by_count = (
        gammaln(r + counts) - gammaln(r) + r * np.log(alpha)
        + gammaln(a + b) + gammaln(b + counts) - gammaln(b) - gammaln(a + b + counts)
    )  # fmt: skip
    # How much each of the two has to say.
    by_stays = np.exp(stays - either)
    by_gone = np.where(returned, 1 - by_stays, 0.0)
    in_age = kinds.age.spread(1 / (alpha + kinds.age.values))
    in_last = kinds.recency.spread(1 / (alpha + kinds.recency.values))
    of_count = np.bincount(kinds.frequency.at, weights=weights, minlength=len(counts))
    gone_of_count = np.bincount(kinds.frequency.at, weights=weights * by_gone, minlength=len(counts))
    both = digamma(a + b) - digamma(a + b + counts)
    slopes = np.array([
        of_count @ (digamma(r + counts) - digamma(r) + np.log(alpha)) - weights @ (by_stays * log_age + by_gone * log_last),
        of_count.sum() * r / alpha - weights @ ((r + x) * (by_stays * in_age + by_gone * in_last)),
        of_count @ both + gone_of_count.sum() / a,
        of_count @ (both + digamma(b + counts) - digamma(b)) - gone_of_count @ (1 / before),
    ])  # fmt: skip
    value = of_count @ by_count + weights @ either
    return -float(value) / customers, -slopes / customers
