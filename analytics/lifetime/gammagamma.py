"""Gamma-Gamma: what a purchase of a customer is worth on average, from those seen so far.

Fader and Hardie, note 025 (2013). Amounts vary around an own mean, and these means around that of everybody (`p`, `q`,
`gamma`). It holds where who buys more often does not buy larger; `dependence` measures that.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import digamma, gammaln

from analytics.lifetime.fitting import Fit, NoFit, climb
from analytics.lifetime.histories import Column, Floats

STARTS = ((1.0, 2.0, 10.0), (5.0, 4.0, 20.0), (2.0, 3.0, 100.0))


@dataclass(frozen=True, slots=True)
class GammaGamma:
    """`gamma` is in the unit of the amounts it was fitted on, over 1."""

    p: float
    q: float
    gamma: float

    @classmethod
    def fit(cls, counts: ArrayLike, means: ArrayLike) -> tuple[GammaGamma, Fit]:
        """From the number of purchases and their mean amount, a customer each; whoever has none is left out.
        Raises NoFit, ValueError for amounts that are not above zero."""
        x, mean = _bought(counts, means)
        if len(x) and (mean <= 0).any():
            raise ValueError("a mean amount is above zero")
        scale = float(mean.mean()) if len(mean) else 1.0
        # By the common mean, so that it does not matter in which currency and minor unit they come.
        amounts = Amounts.of(x, mean / scale)
        found = climb(
            lambda p: _loss(p, amounts),
            names=("p", "q", "gamma"),
            starts=[(p, q, gamma / 35) for p, q, gamma in STARTS],
            customers=len(x),
        )
        p, q, gamma = found.parameters
        if q <= 1:
            raise NoFit("amounts differ so much that they have no mean")
        log_likelihood = found.log_likelihood - len(x) * float(np.log(scale))
        true = Fit((p, q, gamma * scale), log_likelihood, found.customers, found.evaluations, found.slope)
        return cls(*true.parameters), true

    @property
    def mean(self) -> float:
        """Of a purchase of somebody unknown."""
        return self.p * self.gamma / (self.q - 1)

    def log_likelihood(self, counts: ArrayLike, means: ArrayLike) -> float:
        x, mean = _bought(counts, means)
        return -_loss(np.array([self.p, self.q, self.gamma]), Amounts.of(x, mean))[0] * len(x)

    def expected(self, counts: ArrayLike, means: ArrayLike) -> Floats:
        """The mean amount of each one's purchases to come: between the own mean and that of everybody."""
        x = np.asarray(counts, dtype=np.float64)
        mean = np.where(x > 0, np.asarray(means, dtype=np.float64), 0.0)
        return np.asarray(self.p * (self.gamma + x * mean) / (self.p * x + self.q - 1))


def dependence(counts: ArrayLike, means: ArrayLike) -> float:
    """The correlation of how often and how much; near zero the model may be used. NaN for fewer than two customers."""
    x, mean = _bought(counts, means)
    if len(x) < 2 or x.std() == 0 or mean.std() == 0:
        return float("nan")
    return float(np.corrcoef(x, mean)[0, 1])


def _bought(counts: ArrayLike, means: ArrayLike) -> tuple[Floats, Floats]:
    x, mean = np.asarray(counts, dtype=np.float64), np.asarray(means, dtype=np.float64)
    if x.shape != mean.shape:
        raise ValueError("counts and means must be of equal length")
    return x[x > 0], mean[x > 0]


@dataclass(frozen=True, slots=True)
class Amounts:
    """What the likelihood needs of counts and means: the different counts with how many have each, and sums over all."""

    counts: Column
    numbers: Floats
    totals: Floats
    log_means: float
    counts_by_log: float

    @classmethod
    def of(cls, x: Floats, mean: Floats) -> Amounts:
        counts, logs = Column.of(x), np.log(mean)
        numbers = np.bincount(counts.at, minlength=len(counts.values)).astype(np.float64)
        return cls(counts, numbers, x * mean, float(logs.sum()), float(x @ (logs + np.log(x))))


def _loss(parameters: Floats, amounts: Amounts) -> tuple[float, Floats]:
    """The mean negative log-likelihood and its slopes by p, q and gamma."""
    p, q, gamma = parameters
    x, numbers = amounts.counts.values, amounts.numbers
    customers = numbers.sum()
    logs, parts = np.log(gamma + amounts.totals), 1 / (gamma + amounts.totals)
    logs_of = np.bincount(amounts.counts.at, weights=logs, minlength=len(x))
    parts_of = np.bincount(amounts.counts.at, weights=parts, minlength=len(x))
    value = (
        numbers @ (gammaln(p * x + q) - gammaln(p * x)) + customers * (q * np.log(gamma) - gammaln(q))
        + p * amounts.counts_by_log - amounts.log_means - (p * x + q) @ logs_of
    )  # fmt: skip
    slopes = np.array([
        numbers @ (x * (digamma(p * x + q) - digamma(p * x))) + amounts.counts_by_log - x @ logs_of,
        numbers @ digamma(p * x + q) + customers * (np.log(gamma) - digamma(q)) - logs.sum(),
        customers * q / gamma - (p * x + q) @ parts_of,
    ])  # fmt: skip
    return -float(value) / customers, -slopes / customers
