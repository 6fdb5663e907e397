"""The life table of points: shares by age, what is held led through them, and cohorts whose life is over."""

from datetime import date

import pytest

from analytics.liability import breakage, forecasts, triangles
from analytics.liability.triangles import NEVER, first_of, number_of

UNTIL = date(2026, 6, 30)
USED = (0.1, 0.2, 0.4)


def history(*, first=date(2025, 1, 1), until=UNTIL, life=3, granted=10_000, used=USED):
    """Cohorts that all behave alike: of what is left, `used` at each age; the rest ends after `life` months."""
    rows = []
    for cohort in range(number_of(first), number_of(until) + 1):
        left = granted
        for age in range(life):
            month = cohort + age
            if month > number_of(until):
                break
            use = round(left * used[min(age, len(used) - 1)])
            gained = granted if age == 0 else 0
            ends = first_of(cohort + life - 1)
            rows.append((first_of(cohort), ends, first_of(month), gained, use, 0, 0, gained - use))
            left -= use
        over = cohort + life
        if over <= number_of(until):
            rows.append((first_of(cohort), first_of(over - 1), first_of(over), 0, 0, left, 0, -left))
    return triangles.build(rows, until=until)


def test_what_is_held_is_led_through_the_shares_of_its_age():
    triangle = history()

    found = forecasts.forecast(triangle)

    # June's 9,000 have two months of life, May's 7,200 have one, and what is left of April's ends with the day.
    assert {key: round(amount) for key, amount in triangle.cells.items()} == {
        (number_of(date(2026, 4, 1)), number_of(date(2026, 6, 1))): 4_320,
        (number_of(date(2026, 5, 1)), number_of(date(2026, 7, 1))): 7_200,
        (number_of(date(2026, 6, 1)), number_of(date(2026, 8, 1))): 9_000,
    }
    assert found.first == number_of(date(2026, 6, 1))
    assert found.used == pytest.approx([0, 7_200 * 0.4 + 9_000 * 0.2, 7_200 * 0.4])
    assert found.ended == pytest.approx([4_320, 7_200 * 0.6, 7_200 * 0.6])
    assert found.unused == pytest.approx(4_320 + 8_640)
    assert found.left == 0


def test_in_the_middle_of_a_month_the_rest_of_its_share_is_to_come():
    triangle = history(until=date(2026, 6, 15))

    found = forecasts.forecast(triangle)

    # Half of April's third month, of May's second and of June's first.
    assert found.used[0] == pytest.approx((4_320 * 0.4 + 7_200 * 0.2 + 9_000 * 0.1) / 2)


def test_alike_cohorts_leave_no_doubt_and_unlike_ones_do():
    assert forecasts.forecast(history()).low == pytest.approx(forecasts.forecast(history()).high)

    rows = history()
    rows.used[::2] *= 0.5
    rows.lapsed[::2] += rows.used[::2]
    found = forecasts.forecast(rows)

    assert found.low[1] < found.used[1] < found.high[1]
    assert found.unused_low < found.unused < found.unused_high
    again = forecasts.forecast(rows)
    assert list(found.low) == list(again.low)  # the draws are fixed


def test_what_never_ends_goes_on_by_the_latest_ages_and_is_given_up_after_years():
    rows = []
    for cohort in range(24_000, 24_024):
        rows.append((first_of(cohort), NEVER, first_of(cohort), 1_000, 0, 0, 0, 1_000))
        left = 1_000.0
        for age in range(1, 24_023 - cohort + 1):
            use = round(left * 0.01)
            rows.append((first_of(cohort), NEVER, first_of(cohort + age), 0, use, 0, 0, -use))
            left -= use
    until = triangles.last_of(24_023)

    found = forecasts.forecast(triangles.build(rows, until=until))

    assert len(found.used) == forecasts.HORIZON
    assert found.left > 0.4 * sum(found.by_cohort.values())
    assert found.unused == pytest.approx(found.left)


def test_too_little_to_go_by_says_so_and_counts_all_as_to_be_used():
    triangle = history(first=date(2026, 5, 1))

    found = forecasts.forecast(triangle)

    assert not found.is_known
    assert sum(found.by_cohort.values()) == triangle.held.sum() == 16_200


def test_breakage_comes_from_cohorts_whose_life_is_over():
    triangle = history()

    found = breakage.read(triangle, forecasts.forecast(triangle))

    assert found.complete == pytest.approx(0.9 * 0.8 * 0.6)
    assert found.complete_count == 12
    assert [cohort.is_complete for cohort in found.cohorts[-4:]] == [True, False, False, False]
    assert found.expected == pytest.approx(0.432, abs=0.001)
    assert found.cohorts[-1].unused_share == pytest.approx(0.432, abs=0.001)


def test_what_is_taken_back_is_neither_used_nor_broken():
    rows = [
        (first_of(24_000), first_of(24_001), first_of(24_000), 100, 20, 0, 30, 50),
        (first_of(24_000), first_of(24_001), first_of(24_002), 0, 0, 50, 0, -50),
    ]
    triangle = triangles.build(rows, until=triangles.last_of(24_003))

    found = breakage.read(triangle, forecasts.forecast(triangle))

    assert (found.complete, found.complete_count) == (50 / 70, 1)


def test_nothing_at_all():
    triangle = triangles.build([], until=UNTIL)

    found = breakage.read(triangle, forecasts.forecast(triangle))

    assert triangle.is_empty
    assert (found.complete, found.expected, found.cohorts) == (None, None, ())


def test_the_next_months_with_as_much_given_as_of_late():
    triangle = history()

    found = forecasts.outlook(triangle, months=6)

    # Each month gives 10,000 and each cohort behaves alike: everything goes on as it is.
    assert found.fresh == 10_000
    assert found.used[1:] == pytest.approx([10_000 * 0.1 + 9_000 * 0.2 + 7_200 * 0.4] * 6)
    assert found.ended[1:] == pytest.approx([4_320] * 6)
    assert found.held[1:] == pytest.approx([9_000 + 7_200] * 6)
    assert found.held_within[3] == pytest.approx([16_200, 16_200])
    assert forecasts.outlook(history(first=date(2026, 5, 1))) is None
