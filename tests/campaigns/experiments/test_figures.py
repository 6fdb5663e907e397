"""The figures are those of scipy, and the bounds hold however often one looks."""

import math

import numpy as np
import pytest
from scipy import stats

from campaigns.experiments import figures
from campaigns.experiments.figures import Sums

CASES = [(1000, 120, 1000, 151), (17, 3, 4000, 800), (50_000, 2_500, 2_500, 110), (100, 0, 90, 4)]


def sums(values):
    whole = [int(value) for value in values]
    return Sums(len(whole), sum(whole), sum(value * value for value in whole))


@pytest.mark.parametrize("case", CASES)
def test_two_shares_are_compared_as_scipy_does_it(case):
    n, hits, m, others = case

    found = figures.proportions(Sums(n, hits, hits), Sums(m, others, others))

    table = [[hits, n - hits], [others, m - others]]
    assert found.p == pytest.approx(stats.chi2_contingency(table, correction=False).pvalue, rel=1e-9)
    p, q = hits / n, others / m
    low, high = stats.norm.interval(0.95, loc=p - q, scale=math.sqrt(p * (1 - p) / n + q * (1 - q) / m))
    assert (found.low, found.high) == pytest.approx((low, high), rel=1e-9)


@pytest.mark.parametrize("sizes", [(2, 3), (40, 900), (30_000, 2_000)])
def test_two_means_are_compared_as_scipy_does_it(sizes):
    rng = np.random.default_rng(sizes[0])
    first, second = (rng.lognormal(8, 1.5, size).round() * (rng.random(size) < 0.6) for size in sizes)

    found = figures.means(sums(first), sums(second))

    expected = stats.ttest_ind(first, second, equal_var=False)
    interval = expected.confidence_interval(0.95)
    assert found.p == pytest.approx(expected.pvalue, rel=1e-9)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high), rel=1e-9)


def test_large_sums_lose_nothing():
    large = 10**12

    found = sums([large + 1, large + 2, large + 3])

    assert found.variance == 1.0


def test_an_uneven_split_is_told_as_scipy_tells_it():
    found = figures.mismatch([5_210, 4_790], [50, 50])

    assert found == pytest.approx(stats.chisquare([5_210, 4_790]).pvalue, rel=1e-9)
    assert found < 0.001 < figures.mismatch([5_030, 4_970], [50, 50])
    assert figures.mismatch([0, 0], [50, 50]) == 1.0


@pytest.mark.parametrize("skewed", [False, True])
def test_looking_every_day_raises_no_more_false_alarms_than_promised(skewed):
    """2,000 tests without any effect, looked at on each of 60 days: shares of 10 %, or money that few spend much of."""
    rng = np.random.default_rng(7 + skewed)
    runs, days, a_day = 2_000, 60, 100
    daily = [_days_of(rng, runs, days, a_day, skewed) for _arm in range(2)]
    looks = np.arange(1, days + 1) * a_day

    ever, naive = np.zeros(runs, bool), np.zeros(runs, bool)
    (t, tt), (c, cc) = ((np.cumsum(total, 1), np.cumsum(squares, 1)) for total, squares in daily)
    for day, n in enumerate(looks):
        spread = [
            (squares - total**2 / n) / (n - 1)
            for total, squares in ((t[:, day], tt[:, day]), (c[:, day], cc[:, day]))
        ]
        value = (t[:, day] - c[:, day]) / n
        ever |= np.abs(value) > _half(spread, n)
        naive |= np.abs(value) > 1.96 * np.sqrt((spread[0] + spread[1]) / n)

    assert ever.mean() <= 0.05
    # The control: whoever looks daily at the plain interval is misled far more often.
    assert naive.mean() > 0.2


def test_the_bounds_tell_an_effect_and_are_those_of_the_formula():
    treated, control = Sums(4_000, 520, 520), Sums(4_000, 400, 400)

    found = figures.sequence(treated, control)

    half = float(_half([np.array([treated.variance]), np.array([control.variance])], 4_000)[0])
    assert (found.high - found.low) / 2 == pytest.approx(half, rel=1e-12)
    assert found.low > 0
    assert figures.sequence(control, control).low < 0 < figures.sequence(control, control).high


def _days_of(rng, runs, days, a_day, skewed):
    """Sums and sums of squares by run and day."""
    if not skewed:
        hits = rng.binomial(a_day, 0.1, (runs, days)).astype(float)
        return hits, hits
    values = rng.lognormal(3, 1, (runs, days, a_day)).astype(np.float32) * (
        rng.random((runs, days, a_day), np.float32) < 0.2
    )
    return values.sum(2, dtype=float), (values**2).sum(2, dtype=float)


def _half(spread, n):
    """The formula written out a second time, for columns."""
    now = (spread[0] + spread[1]) / n
    x = figures.tuning(0.05)
    mixture = x * (spread[0] + spread[1]) / 1_000
    return np.sqrt(now * (1 + now / mixture) * np.log((1 + mixture / now) / 0.05**2))
