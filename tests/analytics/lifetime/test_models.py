"""The models give the published figures, and find again what drawn customers were made of."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import gammaln, hyp2f1

from analytics.lifetime.bgnbd import BgNbd, Kinds
from analytics.lifetime.bgnbd import _loss as bgnbd_loss
from analytics.lifetime.fitting import NoFit
from analytics.lifetime.gammagamma import Amounts, GammaGamma, dependence
from analytics.lifetime.gammagamma import _loss as gammagamma_loss
from analytics.lifetime.histories import Histories
from analytics.lifetime.paretonbd import ParetoNbd
from analytics.lifetime.paretonbd import _loss as paretonbd_loss
from analytics.lifetime.value import lifetime_value
from tests.analytics.lifetime.customers import cdnow, drawn, summary

PAPER = BgNbd(0.243, 4.414, 0.793, 2.426)
FITTED = BgNbd(0.242593, 4.413532, 0.792886, 2.425754)
NOTE = GammaGamma(6.25, 3.74, 15.44)


# --- published figures ------------------------------------------------------------------------------------------------


def test_bgnbd_on_cdnow_is_what_was_published():
    model, fit = BgNbd.fit(cdnow().histories)

    assert (model.r, model.alpha, model.a, model.b) == pytest.approx(
        (0.242595, 4.413602, 0.792922, 2.425907), rel=1e-3
    )
    assert fit.log_likelihood == pytest.approx(-9582.4292, abs=1e-3)
    assert fit.customers == 2357


def test_bgnbd_on_the_rounded_summary():
    model, fit = BgNbd.fit(summary().histories)

    assert (model.r, model.alpha, model.a, model.b) == pytest.approx(
        (0.242593, 4.413532, 0.792886, 2.425754), rel=1e-3
    )
    assert fit.log_likelihood == pytest.approx(-9582.4256, abs=1e-3)


def test_paretonbd_on_cdnow_is_what_was_published():
    model, fit = ParetoNbd.fit(cdnow().histories)

    assert (model.r, model.alpha, model.s, model.beta) == pytest.approx(
        (0.553277, 10.577683, 0.606240, 11.668734), rel=1e-3
    )
    assert fit.log_likelihood == pytest.approx(-9594.9762, abs=1e-3)


def test_gammagamma_on_cdnow_is_what_was_published():
    sample = cdnow()

    model, fit = GammaGamma.fit(sample.counts, sample.means)

    assert fit.customers == 946
    assert (model.p, model.q, model.gamma) == pytest.approx((6.249574, 3.744224, 15.443513), rel=1e-3)
    assert fit.log_likelihood == pytest.approx(-4055.9177, abs=1e-3)
    assert model.mean == pytest.approx(35.171, rel=1e-3)


def test_points_that_the_papers_print():
    one = Histories.of([2], [30.43], [38.86])
    times = np.array([0.1429, 1, 3, 31.8571, 32, 78])

    assert PAPER.expected_from(one, 39)[0] == pytest.approx(1.226, abs=5e-4)
    assert FITTED.expected(times) == pytest.approx([0.0078, 0.0532, 0.1506, 1.0405, 1.0437, 1.8576], abs=5e-4)
    assert PAPER.chance_of(0, 39) == pytest.approx(0.5737864, abs=1e-7)


def test_what_somebody_will_spend_lies_between_own_and_all():
    sample = summary()

    amounts = NOTE.expected(sample.counts[:10], sample.means[:10])

    assert amounts == pytest.approx(
        [24.65, 18.91, 35.17, 35.17, 35.17, 71.46, 18.91, 35.17, 27.28, 35.17], abs=0.1
    )


def test_the_months_held_out():
    sample = cdnow()
    model, _ = BgNbd.fit(sample.histories)

    foreseen = model.expected_from(sample.histories, 39)

    assert foreseen.sum() == pytest.approx(1653.42, rel=1e-3)
    assert sample.later.sum() == 1882
    assert np.abs(foreseen - sample.later).mean() == pytest.approx(0.785457, rel=1e-3)
    assert np.corrcoef(foreseen, sample.later)[0, 1] == pytest.approx(0.625633, rel=1e-3)
    assert model.alive(sample.histories).mean() == pytest.approx(0.813439, rel=1e-3)


def test_the_busiest_customer():
    busiest = Histories.of([26], [30.86], [31.0])
    pareto = ParetoNbd(0.553, 10.578, 0.606, 11.669)

    assert pareto.expected_from(busiest, 52)[0] == pytest.approx(25.46, abs=5e-3)
    assert FITTED.expected_from(busiest, 52)[0] == pytest.approx(25.759473, abs=1e-5)
    assert FITTED.alive(busiest)[0] == pytest.approx(0.968920, abs=1e-6)
    assert float(FITTED.expected(52)) == pytest.approx(1.444021, abs=1e-6)


def test_value_of_a_year_as_another_library_has_it():
    sample = summary()
    counts, _ = BgNbd.fit(sample.histories)
    amounts, _ = GammaGamma.fit(sample.counts, sample.means)

    worth = lifetime_value(
        counts,
        sample.histories,
        amounts.expected(sample.counts, sample.means),
        ends=[4.345 * month for month in range(1, 13)],
        discount=0.01,
    )

    assert worth[:3] == pytest.approx([36.278496, 4.637466, 8.344093], rel=1e-3)
    assert worth.sum() == pytest.approx(71_509.8993, rel=1e-3)


# --- what must hold of any customers ------------------------------------------------------------------------------------


def test_bgnbd_finds_what_customers_were_drawn_from():
    model, fit = BgNbd.fit(drawn(20_000, seed=3, leave="after"))

    assert (model.r, model.alpha, model.a, model.b) == pytest.approx((0.5, 6, 0.8, 2.5), rel=0.15)
    assert fit.slope < 1e-4


def test_paretonbd_finds_what_customers_were_drawn_from():
    model, _ = ParetoNbd.fit(drawn(20_000, seed=4, leave="between"))

    assert (model.r, model.alpha) == pytest.approx((0.55, 10), rel=0.1)
    assert model.s / model.beta == pytest.approx(0.6 / 12, rel=0.3)


POSITIVE = st.floats(0.05, 30)


def slopes_beside(value, point):
    """The slope by each parameter from two values beside it."""
    slopes = []
    for place in range(len(point)):
        step = np.zeros_like(point)
        step[place] = 1e-6 * point[place]
        slopes.append((value(point + step) - value(point - step)) / (2 * step[place]))
    return np.array(slopes)


@pytest.mark.parametrize(("loss", "prepare"), [(bgnbd_loss, Kinds.of), (paretonbd_loss, lambda kinds: kinds)])
@settings(deadline=None, max_examples=60)
@given(parameters=st.tuples(POSITIVE, POSITIVE, POSITIVE, POSITIVE))
def test_the_slopes_are_those_of_the_likelihood(loss, prepare, parameters):
    kinds = prepare(drawn(200, seed=5, leave="after").grouped())
    point = np.array(parameters)

    _, slopes = loss(point, kinds, 200)
    beside = slopes_beside(lambda p: loss(p, kinds, 200)[0], point)

    assert slopes == pytest.approx(beside, rel=5e-3, abs=1e-3)


@settings(deadline=None, max_examples=60)
@given(st.tuples(POSITIVE, POSITIVE, POSITIVE))
def test_the_slopes_of_amounts(parameters):
    chance = np.random.default_rng(8)
    x, means = chance.integers(1, 20, 50).astype(float), chance.gamma(5, 7, 50)
    point = np.array(parameters)

    amounts = Amounts.of(x, means)

    _, slopes = gammagamma_loss(point, amounts)
    beside = slopes_beside(lambda p: gammagamma_loss(p, amounts)[0], point)

    assert slopes == pytest.approx(beside, rel=1e-4, abs=1e-5)


@settings(deadline=None, max_examples=60)
@given(st.tuples(*[st.floats(0.1, 10)] * 4), st.floats(0.5, 60))
def test_all_counts_together_are_certain_and_give_the_expectation(parameters, time):
    model = BgNbd(parameters[0], parameters[1] * 10, parameters[2] + 1.5, parameters[3])

    chances = np.array([model.chance_of(count, time) for count in range(600)])

    rest = 1 - chances.sum()
    assert -1e-9 < rest < 0.02
    if rest < 1e-9:
        assert float(chances @ np.arange(600)) == pytest.approx(float(model.expected(time)), rel=1e-4)


@settings(deadline=None, max_examples=60)
@given(st.tuples(*[st.floats(0.1, 20)] * 4), st.integers(0, 400), st.floats(0, 1), st.floats(1, 300))
def test_chances_stay_chances_for_any_customer(parameters, count, share, age):
    one = Histories.of([count], [age * max(share, 1e-3) if count else 0.0], [age])

    for model in (BgNbd(*parameters), ParetoNbd(*parameters)):
        alive, foreseen = model.alive(one)[0], model.expected_from(one, 26.0)[0]
        assert 0 <= alive <= 1
        assert 0 <= foreseen < (count + 100) * 300
        assert np.isfinite(model.log_likelihood(one))


def test_paretonbd_is_its_formula():
    """As Fader and Hardie write it with 2F1, for parameters and customers as shops have them."""
    chance = np.random.default_rng(9)
    for _ in range(300):
        r, s = np.exp(chance.uniform(np.log(0.2), np.log(4), 2))
        alpha, beta = np.exp(chance.uniform(np.log(2), np.log(40), 2))
        count, age = int(chance.integers(0, 25)), chance.uniform(5, 150)
        recency = age * chance.uniform(0.1, 0.98) if count else 0.0
        n, larger, m = r + s + count, max(alpha, beta), s + 1 if alpha >= beta else r + count
        last, end = (
            hyp2f1(n, m, n + 1, abs(alpha - beta) / (larger + time)) / (larger + time) ** n
            for time in (recency, age)
        )
        here = (alpha + age) ** -(r + count) * (beta + age) ** -s
        whole = np.log(here + s / n * (last - end))
        expected = gammaln(r + count) - gammaln(r) + r * np.log(alpha) + s * np.log(beta) + whole

        found = ParetoNbd(r, alpha, s, beta).log_likelihood(Histories.of([count], [recency], [age]))

        assert found == pytest.approx(expected, abs=1e-8)


def test_paretonbd_is_smooth_where_alpha_meets_beta():
    one = Histories.of([5], [20.0], [30.0])

    below, at, above = (ParetoNbd(0.5, 10.0, 0.6, 10.0 + by).alive(one)[0] for by in (-1e-6, 0, 1e-6))

    assert at == pytest.approx((below + above) / 2, abs=1e-8)


@pytest.mark.parametrize("model", [BgNbd(0.5, 6, 0.8, 2.5), ParetoNbd(0.55, 10, 0.6, 12)])
def test_silence_is_what_follows_from_many_lives(model):
    """Lives drawn on from where a customer stands, by nothing but the story of each model."""
    one, time, lives = Histories.of([3], [20.0], [26.0]), 13.0, 200_000
    chance = np.random.default_rng(11)
    alive = chance.random(lives) < model.alive(one)[0]
    rates = chance.gamma(model.r + 3, 1 / (model.alpha + 26), lives)
    next_one = chance.exponential(1 / rates)
    if isinstance(model, ParetoNbd):
        leaving = chance.exponential(1 / chance.gamma(model.s, 1 / (model.beta + 26), lives))
        next_one = np.where(leaving < next_one, np.inf, next_one)

    silent = np.mean(~alive | (next_one > time))

    assert model.silent(one, time)[0] == pytest.approx(silent, abs=0.004)


def test_kinds_lead_back_to_each_customer():
    many = drawn(500, seed=12, leave="after")

    kinds, where = many.kinds()

    assert (kinds.frequency[where] == many.frequency).all()
    assert (kinds.recency[where] == many.recency).all()
    assert (kinds.age[where] == many.age).all()


def test_equal_customers_count_as_often_as_there_are():
    many = drawn(2_000, seed=6, leave="after")

    assert many.grouped().customers == 2_000
    assert len(many.grouped().age) < 2_000
    assert PAPER.log_likelihood(many.grouped()) == pytest.approx(PAPER.log_likelihood(many), rel=1e-12)


def test_amounts_in_pence_give_the_same_as_in_pounds():
    sample = cdnow()

    pounds, by_pounds = GammaGamma.fit(sample.counts, sample.means)
    pence, by_pence = GammaGamma.fit(sample.counts, sample.means * 100)

    assert (pence.p, pence.q, pence.gamma / 100) == pytest.approx(
        (pounds.p, pounds.q, pounds.gamma), rel=1e-5
    )
    assert by_pence.log_likelihood == pytest.approx(by_pounds.log_likelihood - 946 * np.log(100), abs=1e-5)
    assert by_pence.log_likelihood == pytest.approx(pence.log_likelihood(sample.counts, sample.means * 100))


# --- what does not fit says so ------------------------------------------------------------------------------------------


def test_nobody_fits_no_model():
    nobody = Histories.of([], [], [])

    with pytest.raises(NoFit, match="no customers"):
        BgNbd.fit(nobody)
    with pytest.raises(NoFit, match="no customers"):
        GammaGamma.fit([], [])


def test_who_never_came_back_gives_no_model():
    once = Histories.of(np.zeros(300), np.zeros(300), np.linspace(5, 50, 300))

    with pytest.raises(NoFit, match=r"grows without end|no summit"):
        BgNbd.fit(once)


@pytest.mark.parametrize(
    ("frequency", "recency", "age", "told"),
    [
        ([1], [5], [4], "between zero and the age"),
        ([1.5], [1], [4], "whole number"),
        ([-1], [0], [4], "whole number"),
        ([0], [1], [4], "zero exactly"),
        ([1, 2], [1], [4], "equal length"),
        ([1], [float("nan")], [4], "finite"),
    ],
)
def test_what_cannot_have_happened_is_refused(frequency, recency, age, told):
    with pytest.raises(ValueError, match=told):
        Histories.of(frequency, recency, age)


def test_whether_often_means_much():
    assert dependence([1, 2, 3], [10, 20, 30]) == pytest.approx(1)
    assert np.isnan(dependence([1, 1], [10, 20]))
    assert abs(dependence(*cdnow()[1:3])) < 0.12


def test_a_margin_and_a_discount_make_less_of_it():
    one = Histories.of([2], [30.43], [38.86])

    plain = lifetime_value(PAPER, one, [10.0], ends=[26, 52], discount=0)
    less = lifetime_value(PAPER, one, [10.0], ends=[26, 52], discount=0.1, margin=0.3)

    assert plain[0] == pytest.approx(10 * PAPER.expected_from(one, 52)[0])
    first, second = PAPER.expected_from(one, 26)[0], PAPER.expected_from(one, 52)[0]
    assert less[0] == pytest.approx(3 * (first / 1.1 + (second - first) / 1.21))
