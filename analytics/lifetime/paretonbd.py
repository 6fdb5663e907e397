"""Pareto/NBD: customers buy at a steady own rate and leave at some unseen moment.

Schmittlein, Morrison and Colombo (Management Science 33(1), 1987), with the likelihood as Fader and Hardie write it
(note 009, 2005). Rates of buying follow a gamma distribution (`r`, `alpha`), rates of leaving another (`s`, `beta`).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import digamma, gammaln

from analytics.lifetime.fitting import Fit, climb
from analytics.lifetime.histories import Floats, Histories

STARTS = ((1.0, 10.0, 1.0, 10.0), (0.5, 5.0, 0.5, 20.0), (2.0, 30.0, 1.0, 40.0))
TOO_CLOSE = 1e-7
# e^-y is nothing beyond; most of it is near the beginning, where the three pieces are short.
FARTHEST = 60.0
PIECES = (0.0, 1 / 16, 1 / 4, 1.0)
_points, _shares = np.polynomial.legendre.leggauss(12)
NODES = np.concatenate([a + (b - a) * (_points + 1) / 2 for a, b in pairwise(PIECES)])
WEIGHTS = np.concatenate([(b - a) * _shares / 2 for a, b in pairwise(PIECES)])


@dataclass(frozen=True, slots=True)
class ParetoNbd:
    """Times are in the unit of the histories it was fitted on."""

    r: float
    alpha: float
    s: float
    beta: float

    @classmethod
    def fit(cls, histories: Histories) -> tuple[ParetoNbd, Fit]:
        """The model of greatest likelihood and how it was found. Raises NoFit."""
        kinds = histories.grouped()
        customers = histories.customers
        found = climb(
            lambda p: _loss(p, kinds, customers),
            names=("r", "alpha", "s", "beta"),
            starts=STARTS,
            customers=customers,
        )
        return cls(*found.parameters), found

    @property
    def _parameters(self) -> Floats:
        return np.array([self.r, self.alpha, self.s, self.beta])

    def log_likelihood(self, histories: Histories) -> float:
        """Of all the customers together."""
        return float(histories.weights @ _logs(self._parameters, histories))

    def alive(self, histories: Histories) -> Floats:
        """The chance that each one still buys."""
        with np.errstate(over="ignore"):
            odds_gone = np.exp(_Left.of(self._parameters, histories).log - _here(self._parameters, histories))
        return np.asarray(1 / (1 + odds_gone))

    def expected(self, time: ArrayLike) -> Floats:
        """Purchases of somebody new within `time`, the first one not counted."""
        s = self._s
        time = np.asarray(time, dtype=np.float64)
        left = 1 - (self.beta / (self.beta + time)) ** (s - 1)
        return np.asarray(self.r * self.beta / (self.alpha * (s - 1)) * left)

    def expected_from(self, histories: Histories, time: float) -> Floats:
        """Purchases of each one within the next `time`."""
        s, x, age = self._s, histories.frequency, histories.age
        left = 1 - ((self.beta + age) / (self.beta + age + time)) ** (s - 1)
        rate = (self.r + x) * (self.beta + age) / ((self.alpha + age) * (s - 1))
        return np.asarray(rate * left * self.alive(histories))

    def silent(self, histories: Histories, time: float) -> Floats:
        """The chance that each one buys nothing within the next `time`: gone, or still there and waiting, or leaving before
        the next purchase. Who still buys does so at a rate of gamma distribution (r + x, alpha + age) and leaves at one
        of (s, beta + age); the moment of leaving is summed over by Gauss and Legendre."""
        buys, leaves = self.r + histories.frequency, self.s
        alpha, beta = self.alpha + histories.age, self.beta + histories.age
        waits = np.exp(-buys * np.log1p(time / alpha) - leaves * np.log1p(time / beta))
        for node, weight in zip(NODES, WEIGHTS, strict=True):
            at = node * time
            ends = -buys * np.log1p(at / alpha) - (leaves + 1) * np.log1p(at / beta)
            waits += weight * time * leaves / beta * np.exp(ends)
        alive = self.alive(histories)
        return np.asarray(1 - alive + alive * np.minimum(waits, 1.0))

    @property
    def _s(self) -> float:
        return self.s + TOO_CLOSE if abs(self.s - 1) < TOO_CLOSE else self.s


def _logs(parameters: Floats, histories: Histories) -> Floats:
    """The log-likelihood of each one."""
    r, alpha, s, beta = parameters
    here, left = _here(parameters, histories), _Left.of(parameters, histories).log
    common = gammaln(r + histories.frequency) - gammaln(r) + r * np.log(alpha) + s * np.log(beta)
    return np.asarray(common + np.logaddexp(here, left))


def _here(parameters: Floats, histories: Histories) -> Floats:
    """The logarithm of the part that is still there."""
    r, alpha, s, beta = parameters
    return np.asarray(
        -(r + histories.frequency) * np.log(alpha + histories.age) - s * np.log(beta + histories.age)
    )


def _loss(parameters: Floats, kinds: Histories, customers: int) -> tuple[float, Floats]:
    """The mean negative log-likelihood and its slopes by r, alpha, s and beta."""
    r, alpha, s, beta = parameters
    x, age, weights = kinds.frequency, kinds.age, kinds.weights
    here, left = _here(parameters, kinds), _Left.of(parameters, kinds)
    either = np.logaddexp(here, left.log)
    by_here, by_left = np.exp(here - either), np.exp(left.log - either)
    values = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + s * np.log(beta) + either
    slopes = np.array([
        weights @ (digamma(r + x) - digamma(r) + np.log(alpha) - by_here * np.log(alpha + age) - by_left * left.log_alpha),
        weights @ (r / alpha - (r + x) * (by_here / (alpha + age) + by_left * left.by_alpha)),
        weights @ (np.log(beta) - by_here * np.log(beta + age) + by_left * (1 / s - left.log_beta)),
        weights @ (s / beta - s * by_here / (beta + age) - (s + 1) * by_left * left.by_beta),
    ])  # fmt: skip
    return -float(weights @ values) / customers, -slopes / customers


@dataclass(frozen=True, slots=True)
class _Left:
    """The part that left at some time u between the last purchase and the end: s times the integral of
    (alpha + u)^-(r + x) (beta + u)^-(s + 1). `log` is its logarithm; the rest are means over that time, weighed by the
    integrand: of log(alpha + u), log(beta + u), 1 / (alpha + u) and 1 / (beta + u)."""

    log: Floats
    log_alpha: Floats
    log_beta: Floats
    by_alpha: Floats
    by_beta: Floats

    @classmethod
    def of(cls, parameters: Floats, histories: Histories) -> _Left:
        """By Gauss and Legendre over y, where base + u = (base + recency) e^(y / k) and k = r + s + x: what is left is e^-y
        times something that changes less. The base is alpha or beta, whichever factor falls faster. Good to 1e-4 for the
        oddest parameters that the tests try, to 1e-8 for ordinary ones."""
        r, alpha, s, beta = parameters
        x, recency = histories.frequency, histories.recency
        k = r + s + x
        is_alpha = (r + x) / (alpha + recency) >= (s + 1) / (beta + recency)
        base, power = np.where(is_alpha, alpha, beta), np.where(is_alpha, s + 1, r + x)
        other = np.where(is_alpha, beta, alpha) - base
        begin = base + recency
        length = np.minimum(k * np.log((base + histories.age) / begin), FARTHEST)
        sums = np.zeros((5, len(k)))
        for node, weight in zip(NODES, WEIGHTS, strict=True):
            y = node * length
            plus_base = begin * np.exp(y / k)
            plus_alpha, plus_beta = plus_base + (alpha - base), plus_base + (beta - base)
            part = weight * length * np.exp(power * np.log(plus_base / (plus_base + other)) - y)
            logs = np.log(plus_alpha), np.log(plus_beta)
            for row, factor in enumerate((1.0, *logs, 1 / plus_alpha, 1 / plus_beta)):
                sums[row] += part * factor
        with np.errstate(divide="ignore", invalid="ignore"):
            means = np.where(sums[0] > 0, sums[1:] / sums[0], 0.0)
            log = np.log(s) - np.log(k) - k * np.log(begin) + np.log(sums[0])
        return cls(log, *means)
