"""The models against figures that others published, with the versions installed here (requirement N8).

The data are not shipped (their licence does not say that they may be), so the checks are points that papers, their authors'
spreadsheets and other packages' tests print: given parameters and a customer, what comes out. That a fit finds its way is
checked on customers drawn from known parameters with a fixed seed. tests/analytics/lifetime fits the data themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from importlib.metadata import version
from time import perf_counter

import numpy as np

from analytics.lifetime.bgnbd import BgNbd
from analytics.lifetime.gammagamma import GammaGamma
from analytics.lifetime.histories import Histories
from analytics.lifetime.paretonbd import ParetoNbd
from analytics.models import SelfTest

PACKAGES = ("numpy", "scipy")
# As published for the 2,357 customers of the CDNOW sample.
BGNBD = BgNbd(0.243, 4.414, 0.793, 2.426)
# To as many digits as another package's tests hold them.
BGNBD_EXACT = BgNbd(0.2425945, 4.4136019, 0.7929199, 2.4258881)
PARETONBD = ParetoNbd(0.553, 10.578, 0.606, 11.669)
GAMMAGAMMA = GammaGamma(6.25, 3.74, 15.44)
ONE, BUSIEST = ([2], [30.43], [38.86]), ([26], [30.86], [31.0])
# Weeks ahead, and the purchases of somebody new within them.
EXPECTED = ((0.1429, 0.0078), (1, 0.0532), (3, 0.1506), (31.8571, 1.0405), (32, 1.0437), (78, 1.8576))
# Of ten customers: purchases after the first, their mean, and what a purchase to come is worth.
AMOUNTS = ((2, 22.35, 24.65), (1, 11.77, 18.91), (0, 0, 35.17), (7, 73.74, 71.46), (2, 25.55, 27.28))


@dataclass(frozen=True, slots=True)
class Check:
    """`key` names the words of the page; `source` where the figure was published."""

    key: str
    model: str
    source: str
    published: float
    computed: float
    tolerance: float
    detail: str = ""

    @property
    def is_good(self) -> bool:
        return abs(self.computed - self.published) <= self.tolerance


def checks() -> list[Check]:
    """All of them, computed now. Takes about a second."""
    return [*_bgnbd(), *_paretonbd(), *_gammagamma(), *_found_again()]


def carry_out(*, now: datetime) -> SelfTest:
    """Compute all checks and keep what came out."""
    begin = perf_counter()
    found = checks()
    return SelfTest.objects.create(
        at=now,
        is_good=all(check.is_good for check in found),
        seconds=perf_counter() - begin,
        versions={name: version(name) for name in PACKAGES},
        checks=[asdict(check) | {"is_good": check.is_good} for check in found],
    )


def newest() -> SelfTest | None:
    return SelfTest.objects.order_by("-pk").first()


def _bgnbd() -> Iterator[Check]:
    paper, book = "Fader, Hardie, Lee 2005", "Hardie"
    one = Histories.of(*ONE)
    yield Check("expected_from", "BG/NBD", book, 1.226, float(BGNBD.expected_from(one, 39)[0]), 5e-4, "39")
    for time, published in EXPECTED:
        yield Check(
            "expected", "BG/NBD", paper, published, float(BGNBD_EXACT.expected(time)), 5e-4, str(time)
        )
    yield Check("chance_of", "BG/NBD", "lifetimes 0.11.3", 0.5737864, BGNBD.chance_of(0, 39), 1e-6, "39")


def _paretonbd() -> Iterator[Check]:
    busiest = float(PARETONBD.expected_from(Histories.of(*BUSIEST), 52)[0])
    yield Check("expected_from", "Pareto/NBD", "BTYD", 25.46, busiest, 5e-3, "52")


def _gammagamma() -> Iterator[Check]:
    for count, mean, published in AMOUNTS:
        computed = float(GAMMAGAMMA.expected([count], [mean])[0])
        yield Check("amount", "Gamma-Gamma", "Fader, Hardie 2013", published, computed, 0.1, str(count))
    yield Check("mean_amount", "Gamma-Gamma", "Fader, Hardie 2013", 35.17, GAMMAGAMMA.mean, 0.1)


def _found_again() -> Iterator[Check]:
    """Customers drawn from parameters: the fit must find purchases and their course again."""
    chance = np.random.default_rng(2005)
    fits: tuple[tuple[str, Callable[[], float]], ...] = (
        ("BG/NBD", lambda: _refit(BGNBD, chance)),
        ("Gamma-Gamma", lambda: _refit_amounts(chance)),
    )
    for model, refit in fits:
        yield Check("found_again", model, "", 1.0, refit(), 0.06)


def _refit(model: BgNbd, chance: np.random.Generator) -> float:
    """Purchases of a year as fitted, to those of the parameters the customers were drawn from."""
    many, weeks = 6_000, 39.0
    rates, leaving = chance.gamma(model.r, 1 / model.alpha, many), chance.beta(model.a, model.b, many)
    at, last, count = np.zeros(many), np.zeros(many), np.zeros(many)
    there = np.ones(many, dtype=bool)
    while there.any():
        at[there] += chance.exponential(1 / np.maximum(rates[there], 1e-12))
        there &= at < weeks
        count[there] += 1
        last[there] = at[there]
        there &= chance.random(many) >= leaving
    found, _fit = BgNbd.fit(Histories.of(count, last, np.full(many, weeks)))
    return float(found.expected(52) / model.expected(52))


def _refit_amounts(chance: np.random.Generator) -> float:
    """The mean amount as fitted, to that of the parameters the amounts were drawn from."""
    many = 6_000
    counts = chance.integers(1, 12, many).astype(float)
    means = (
        chance.gamma(GAMMAGAMMA.p * counts, 1 / chance.gamma(GAMMAGAMMA.q, 1 / GAMMAGAMMA.gamma, many))
        / counts
    )
    found, _fit = GammaGamma.fit(counts, means)
    return found.mean / GAMMAGAMMA.mean
