"""Periods: the days shown, cut into steps, and as many before them."""

from datetime import date, timedelta

import pytest

from analytics import periods

TODAY = date(2026, 11, 21)


@pytest.mark.parametrize(
    ("key", "steps", "first", "before"),
    [
        ("7", 7, date(2026, 11, 15), date(2026, 11, 8)),
        ("30", 30, date(2026, 10, 23), date(2026, 9, 23)),
        ("90", 13, date(2026, 8, 23), date(2026, 5, 24)),
        ("year", 12, date(2025, 11, 22), date(2024, 11, 22)),
    ],
)
def test_a_period_ends_with_today_and_has_as_many_steps_before(key, steps, first, before):
    period = periods.period_of(key, today=TODAY)

    assert len(period.steps) == len(period.earlier) - 1 == steps
    assert (period.first, period.last, period.before) == (first, TODAY, before)
    assert not period.is_over(TODAY)


@pytest.mark.parametrize(
    ("days", "unit", "steps"),
    [(1, "day", 1), (45, "day", 45), (46, "week", 7), (190, "week", 28), (191, "month", 7)],
)
def test_chosen_days_are_cut_by_their_number(days, unit, steps):
    last = date(2026, 6, 30)

    period = periods.between(last - timedelta(days=days - 1), last)

    assert (period.unit, len(period.steps)) == (unit, steps)
    assert (period.end - period.first).days == days
    assert (period.first - period.before).days == days
    assert list(period.edges) == sorted(set(period.edges))
    assert period.earlier[-1] == period.first
    assert period.is_over(TODAY)
