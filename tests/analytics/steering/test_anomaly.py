"""Unusual days: found where something happened, and hardly ever where nothing did."""

import numpy as np
import pytest

from analytics.alerts import anomaly

# A shop that is twice as busy on Saturdays and shut on Sundays.
WEEK = [100, 100, 100, 120, 160, 200, 0]


def weeks(count, week=WEEK):
    return [float(value) for value in week * count]


def test_a_usual_day_is_none():
    assert anomaly.judge([*weeks(12), 100]) is None


def test_a_day_is_held_against_its_own_weekday():
    past = weeks(12)[:-2]  # the next day is a Saturday

    assert anomaly.judge([*past, 200]) is None
    found = anomaly.judge([*past, 60])
    assert (found.usual, found.is_high) == (200, False)


def test_a_quarter_less_is_no_alarm_however_steady_the_past():
    assert anomaly.judge([*weeks(12), 75]) is None
    assert anomaly.judge([*weeks(12), 45]).score == pytest.approx(-5.5)


def test_few_weeks_say_nothing():
    assert anomaly.judge([*weeks(7), 0]) is None
    assert anomaly.judge([*weeks(8), 0]) is not None


def test_where_little_is_usual_nothing_is_unusual():
    assert anomaly.judge([9.0] * 84 + [0.0]) is None
    assert anomaly.judge([9.0] * 84 + [90.0]) is None


def test_a_few_wild_days_of_the_past_do_not_hide_a_fall():
    past = weeks(12)
    past[14], past[35] = 2000.0, 0.0

    assert anomaly.judge([*past, 20]).usual == 100


def test_a_shop_with_its_doors_shut_is_found_the_day_after():
    rng = np.random.default_rng(6)
    past = rng.poisson(np.tile(WEEK, 13)[:91]).astype(float).tolist()

    assert anomaly.judge([*past[:84], 0.0]).value == 0


def test_a_steady_program_is_hardly_ever_alarmed():
    """Twelve programs for a year and more: orders by chance, sales that vary with them, a growth of a third a year."""
    rng = np.random.default_rng(20_261_122)
    alarms = judged = 0
    for size in (0.3, 1, 5, 25) * 3:
        rates = np.tile(WEEK, 66)[:460] * size * np.linspace(1, 1.4, 460)
        orders = rng.poisson(rates)
        sales = np.array([rng.lognormal(3, 0.6, count).sum() for count in orders])
        for series, is_count in ((orders, True), (sales, False)):
            days = series.astype(float).tolist()
            for end in range(90, 460):
                judged += 1
                alarms += anomaly.judge(days[end - 84 : end + 1], is_count=is_count) is not None

    assert judged == 8_880
    assert alarms <= 4  # not one in three years of one program
