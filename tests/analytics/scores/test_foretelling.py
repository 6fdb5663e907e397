"""Which model speaks, what is told where none can, and the arithmetic of budget and check; no database."""

import numpy as np
import pytest

from analytics.lifetime.histories import Histories
from analytics.scores import actions, calibration, foretelling
from analytics.scores.pasts import Purchases
from tests.analytics.lifetime.customers import drawn


def past(days, spans, idle, repeats_minor):
    """Customers seen by days: purchase days, from first to last, since the last, and what the repeats brought."""
    days, spans, idle = (np.array(each, dtype=np.int64) for each in (days, spans, idle))
    last = 9_000 - idle
    repeats = np.array(repeats_minor, dtype=np.int64)
    return Purchases(
        9_000,
        8_910,
        np.arange(len(days)),
        days,
        last - spans,
        last,
        repeats + 1_000,
        repeats,
        days,
        days,
        last,
    )


def test_the_likelier_model_speaks():
    after = foretelling.choose(drawn(4_000, seed=21, leave="after"))
    between = foretelling.choose(drawn(4_000, seed=23, leave="between"))

    for chosen in (after, between):
        likelihoods = {told.model: told.fit.log_likelihood for told in chosen.fits if told.fit}
        assert len(likelihoods) == 2
        assert chosen.name == max(likelihoods, key=likelihoods.get)
    assert (after.name, after.why) == ("bgnbd", "")


@pytest.mark.parametrize(
    ("histories", "why"),
    [
        (drawn(499, seed=1, leave="after"), "few_customers"),
        (Histories.of(np.ones(600), np.ones(600), np.full(600, 20.0)), "short_past"),
        (Histories.of(np.zeros(600), np.zeros(600), np.full(600, 40.0)), "few_returned"),
    ],
)
def test_too_little_is_told_plainly(histories, why):
    chosen = foretelling.choose(histories)

    assert (chosen.name, chosen.why, chosen.fits) == ("plain", why, ())


def test_amounts_that_go_with_how_often_are_told_plainly():
    counts = np.arange(2, 202)
    together = past(counts, counts * 3, np.zeros(200), (counts - 1) * counts * 100)

    amounts, model, told = foretelling.amounts_of(together)

    assert (model, told) == ("plain", ())
    common = together.total_minor.sum() / together.days.sum()
    assert amounts[0] == pytest.approx((together.total_minor[0] + 2 * common) / (2 + 2))


def test_the_budget_goes_to_the_most_urgent_until_the_next_would_pass_it():
    wanted = np.array([50, 0, 40, 30, 5])

    given = actions.within(wanted, np.array([1.0, 9.0, 8.0, 7.0, 0.5]), 80)

    assert given.tolist() == [0, 0, 40, 30, 0]


def test_the_own_gap_and_that_of_everybody():
    gaps = actions.gaps(past([3, 1, 2], [40, 0, 30], [0, 0, 0], [0, 0, 0]))

    # Two gaps in 40 days and one in 30: 70 days for three.
    assert gaps.tolist() == pytest.approx([20, 70 / 3, 30])


def test_a_check_compares_tenths():
    told = np.array([0.1] * 10 + [0.9] * 10)
    happened = np.array([False] * 9 + [True] + [True] * 8 + [False] * 2)

    found = calibration.compare(told, happened)

    assert found["brier"] == pytest.approx((9 * 0.01 + 0.81 + 8 * 0.01 + 2 * 0.81) / 20)
    assert found["of_all"] == pytest.approx(0.45 * 0.55)
    assert [part[2] for part in found["parts"]] == [2] * 10
    assert sum(part[1] * part[2] for part in found["parts"]) == pytest.approx(9)


def test_upgrade_is_the_chance_of_more_purchases_than_last_year():
    one = past([5], [200], [10], [4_000])

    chance = foretelling._upgrade(one, np.array([0.8]), np.array([4.0]))[0]

    draws = np.random.default_rng(2)
    rates = draws.gamma(5, (4.0 / 0.8) / 5, 400_000)
    assert chance == pytest.approx(0.8 * np.mean(draws.poisson(rates) > 5), abs=0.004)
