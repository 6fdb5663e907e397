"""From pasts to figures: which model speaks, or a plain estimate that says so, and what each customer will do and be worth.

Pure: no database, no clock. A model speaks only where there is enough to learn from (ENOUGH) and where it converges.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from time import perf_counter
from typing import Protocol

import numpy as np
from scipy.special import betainc

from analytics.lifetime.bgnbd import BgNbd
from analytics.lifetime.fitting import Fit, NoFit
from analytics.lifetime.gammagamma import GammaGamma, dependence
from analytics.lifetime.histories import Floats, Histories
from analytics.lifetime.paretonbd import ParetoNbd
from analytics.scores.pasts import WEEK, Purchases

# Fewer customers, or a shorter past in days, or fewer who came back, and a model would only seem to know.
LEAST_CUSTOMERS, LEAST_DAYS, LEAST_RETURNED = 500, 180, 50
# The second model is fitted to every so-manieth customer where there are more, and compared on these.
SAMPLE = 50_000
YEAR = 365 / WEEK
QUARTERS = tuple(YEAR * part / 4 for part in range(1, 5))
# What everybody's mean counts for beside one's own days, where no model of amounts speaks.
PRIOR_DAYS = 2.0
# Where who buys more often also buys much larger, amounts cannot be told apart from rates.
MOST_DEPENDENT = 0.4


class Counts(Protocol):
    """A model of how often somebody buys."""

    def alive(self, histories: Histories) -> Floats: ...
    def expected_from(self, histories: Histories, time: float) -> Floats: ...
    def silent(self, histories: Histories, time: float) -> Floats: ...


@dataclass(frozen=True, slots=True)
class Plain:
    """The plain estimate: everybody keeps the own rate of purchases, drawn towards the common one by as much as one
    purchase would say (a gamma prior of shape 1). It knows of nobody leaving, so nobody is told to have left."""

    rate: float

    @classmethod
    def of(cls, histories: Histories) -> Plain:
        watched = float(histories.weights @ histories.age)
        bought = float(histories.weights @ histories.frequency)
        return cls((bought + 1) / (watched + YEAR))

    def alive(self, histories: Histories) -> Floats:
        return np.ones_like(histories.age)

    def expected_from(self, histories: Histories, time: float) -> Floats:
        return np.asarray((histories.frequency + 1) / (histories.age + 1 / self.rate) * time)

    def silent(self, histories: Histories, time: float) -> Floats:
        base = histories.age + 1 / self.rate
        return np.asarray((base / (base + time)) ** (histories.frequency + 1))


@dataclass(frozen=True, slots=True)
class Told:
    """How a fit went: a model's name, its parameters by name where it converged, else the reason."""

    model: str
    fit: Fit | None
    names: tuple[str, ...]
    reason: str
    seconds: float

    @property
    def parameters(self) -> dict[str, float]:
        return dict(zip(self.names, self.fit.parameters, strict=True)) if self.fit else {}


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which model of counts speaks; `why` tells by a code where it is the plain estimate."""

    name: str
    counts: Counts
    why: str = ""
    fits: tuple[Told, ...] = ()


@dataclass(frozen=True, slots=True)
class Terms:
    """How money is reckoned: the share of an amount that is kept, what a year's waiting costs, and the days of silence."""

    margin: float = 1.0
    discount: float = 0.1
    horizon: int = 90


@dataclass(frozen=True, slots=True)
class Foretold:
    """For each customer. `amount_minor` is what a day with a purchase will bring, `value_minor` the margin of the coming
    year as it is worth today."""

    chosen: Chosen
    alive: Floats
    expected: Floats
    silent: Floats
    amount_minor: Floats
    value_minor: Floats
    upgrade: Floats
    spend_model: str
    fits: tuple[Told, ...] = field(default=())


def shortage(histories: Histories) -> str:
    """What there is too little of for a model, as a code; nothing where there is enough."""
    if histories.customers < LEAST_CUSTOMERS:
        return "few_customers"
    if histories.age.max() * WEEK < LEAST_DAYS:
        return "short_past"
    return "few_returned" if int(histories.returned.sum()) < LEAST_RETURNED else ""


def choose(histories: Histories) -> Chosen:
    """BG/NBD or Pareto/NBD, whichever makes the same customers more likely (both have four parameters), or the plain
    estimate."""
    why = shortage(histories)
    if why:
        return Chosen("plain", Plain.of(histories), why)
    first, told = _fit(BgNbd, "bgnbd", ("r", "alpha", "a", "b"), histories)
    part = sample(histories, SAMPLE)
    second, also = _fit(ParetoNbd, "paretonbd", ("r", "alpha", "s", "beta"), part)
    fits = (told, also)
    if first is None and second is None:
        return Chosen("plain", Plain.of(histories), "not_converged", fits)
    if second is None or (first is not None and first.log_likelihood(part) >= second.log_likelihood(part)):
        assert first is not None  # noqa: S101 - one of the two is there
        return Chosen("bgnbd", first, fits=fits)
    return Chosen("paretonbd", second, fits=fits)


def _fit[M: (BgNbd, ParetoNbd)](
    model: type[M], name: str, names: tuple[str, ...], histories: Histories
) -> tuple[M | None, Told]:
    begin = perf_counter()
    try:
        found, fit = model.fit(histories)
    except NoFit as error:
        return None, Told(name, None, names, error.reason, perf_counter() - begin)
    return found, Told(name, fit, names, "", perf_counter() - begin)


def sample(histories: Histories, most: int) -> Histories:
    """Every so-manieth, so that at most so many are left."""
    step = max(1, -(-len(histories.age) // most))
    parts = (histories.frequency, histories.recency, histories.age, histories.weights)
    return histories if step == 1 else Histories(*(part[::step] for part in parts))


def foretell(purchases: Purchases, *, terms: Terms, chosen: Chosen | None = None) -> Foretold:
    """What is to be expected of each customer."""
    histories = purchases.histories
    chosen = chosen or choose(histories)
    kinds, where = histories.kinds()
    alive = np.clip(chosen.counts.alive(kinds), 0, 1)[where]
    silent = np.clip(chosen.counts.silent(kinds, terms.horizon / WEEK), 0, 1)[where]
    untils = [chosen.counts.expected_from(kinds, end) for end in QUARTERS]
    steps = np.diff(np.vstack([np.zeros_like(kinds.age), *untils]), axis=0)
    quarterly = (1 + terms.discount) ** 0.25
    worth = sum(step / quarterly**number for number, step in enumerate(steps, start=1))
    amounts, spend_model, told = amounts_of(purchases)
    expected = untils[-1][where]
    return Foretold(
        chosen, alive, expected, silent, amounts,
        np.asarray(worth)[where] * amounts * terms.margin,
        _upgrade(purchases, alive, expected), spend_model, (*chosen.fits, *told),
    )  # fmt: skip


def amounts_of(purchases: Purchases) -> tuple[Floats, str, tuple[Told, ...]]:
    """What a day with a purchase of each will bring: by Gamma-Gamma from the days after the first, else the own mean drawn
    towards everybody's."""
    counts, means = purchases.repeats, purchases.means
    paid = (counts > 0) & (means > 0)
    told: tuple[Told, ...] = ()
    if int(paid.sum()) >= LEAST_RETURNED and abs(dependence(counts[paid], means[paid])) <= MOST_DEPENDENT:
        begin = perf_counter()
        try:
            model, fit = GammaGamma.fit(counts[paid], means[paid])
        except NoFit as error:
            told = (Told("gammagamma", None, ("p", "q", "gamma"), error.reason, perf_counter() - begin),)
        else:
            told = (Told("gammagamma", fit, ("p", "q", "gamma"), "", perf_counter() - begin),)
            return model.expected(np.where(paid, counts, 0), means), "gammagamma", told
    days, totals = purchases.days, purchases.total_minor
    common = float(totals.sum()) / max(int(days.sum()), 1)
    return np.asarray((totals + PRIOR_DAYS * common) / (days + PRIOR_DAYS)), "plain", told


def _upgrade(purchases: Purchases, alive: Floats, expected: Floats) -> Floats:
    """The chance of more days with a purchase in the coming year than in the last: a negative binomial of the expected
    mean, given that the member still is a customer, with the own past as its shape."""
    shape = purchases.days.astype(np.float64)
    mean = expected / np.maximum(alive, 1e-9)
    share = mean / (shape + mean)
    return np.asarray(alive * betainc(purchases.year + 1.0, shape, np.clip(share, 0, 1)))
