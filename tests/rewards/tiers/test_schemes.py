from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from rewards.tiers.records import Totals
from tests.rewards.tiers.timeline import midnight, moment, scheme_of

JOINED = date(2024, 2, 29)


@pytest.mark.parametrize(
    ("window", "day", "bucket"),
    [
        ("calendar_year", date(2026, 12, 31), date(2026, 1, 1)),
        ("membership_year", date(2026, 2, 27), date(2025, 2, 28)),
        ("membership_year", date(2026, 2, 28), date(2026, 2, 28)),
        ("membership_year", date(2028, 2, 28), date(2027, 2, 28)),
        ("membership_year", date(2028, 2, 29), date(2028, 2, 29)),
        ("membership_year", date(2023, 5, 1), date(2023, 2, 28)),
        ("lifetime", date(2026, 5, 5), date.min),
        ("rolling", date(2026, 5, 5), date(2026, 5, 5)),
        ("since_reached", date(2026, 5, 5), date(2026, 5, 5)),
    ],
)
def test_a_day_belongs_to_the_bucket_of_its_window(window, day, bucket):
    """SEMANTICS 32, and 10 for who joined on a leap day."""
    assert scheme_of(window).bucket(day, JOINED) == bucket


@pytest.mark.parametrize(
    ("window", "reached", "until"),
    [
        ("calendar_year", "2026-02-01", "2028-01-01"),
        ("calendar_year", "2026-12-31", "2028-01-01"),
        ("membership_year", "2026-02-27", "2027-02-28"),
        ("membership_year", "2026-02-28", "2028-02-29"),
        ("membership_year", "2024-02-29", "2026-02-28"),
        ("rolling", "2026-02-01", "2027-02-02"),
        ("rolling", "2024-02-29", "2025-03-01"),
        ("since_reached", "2026-08-31", "2027-09-01"),
    ],
)
def test_a_tier_holds_for_the_rest_of_the_period_and_the_next(window, reached, until):
    """SEMANTICS 33 and 10."""
    assert scheme_of(window).validity(moment(reached), JOINED) == midnight(until)


def test_month_arithmetic_clamps():
    """SEMANTICS 10: six months after 31 August is the last of February."""
    scheme = scheme_of("rolling", months=6)

    assert scheme.validity(moment("2026-08-31"), JOINED) == midnight("2027-03-01")
    assert scheme.validity(moment("2027-08-31"), JOINED) == midnight("2028-03-01")


def test_a_lifetime_has_no_end():
    assert scheme_of("lifetime").validity(moment("2026-02-01"), JOINED) is None


@pytest.mark.parametrize(
    ("zone", "reached", "until"),
    [
        (
            "Asia/Tehran",
            datetime(2026, 12, 31, 20, 29, tzinfo=UTC),
            datetime(2027, 12, 31, 20, 30, tzinfo=UTC),
        ),
        (
            "Asia/Tehran",
            datetime(2026, 12, 31, 20, 30, tzinfo=UTC),
            datetime(2028, 12, 31, 20, 30, tzinfo=UTC),
        ),
        ("America/New_York", datetime(2026, 6, 1, tzinfo=UTC), datetime(2028, 1, 1, 5, tzinfo=UTC)),
    ],
)
def test_a_year_ends_at_midnight_of_the_program(zone, reached, until):
    assert scheme_of(zone=zone).validity(reached, JOINED) == until


def test_days_end_at_midnight_on_either_side_of_a_clock_change():
    scheme = scheme_of("rolling", months=6, zone="Europe/Berlin")

    assert scheme.validity(moment("2026-01-10"), JOINED) == datetime(2026, 7, 10, 22, tzinfo=UTC)
    assert scheme.validity(moment("2026-07-10"), JOINED) == datetime(2027, 1, 10, 23, tzinfo=UTC)


def test_a_day_without_midnight_begins_when_the_clocks_change():
    scheme = scheme_of(zone="Africa/Cairo")

    begins = scheme.confirmation(date(2026, 4, 9))

    assert begins == datetime(2026, 4, 23, 22, tzinfo=UTC)
    assert begins.astimezone(ZoneInfo("Africa/Cairo")).hour == 1


@pytest.mark.parametrize(("counted", "total"), [("spend", 700), ("orders", 5), ("visits", 3), ("points", 90)])
@pytest.mark.parametrize(
    "window", ["calendar_year", "membership_year", "lifetime", "rolling", "since_reached"]
)
def test_every_metric_is_added_up_in_every_window(window, counted, total):
    """SEMANTICS 31 and 32."""
    scheme = scheme_of(window, counted=counted)
    days = [date(2026, 5, 1), date(2026, 6, 30)]
    buckets = {scheme.bucket(day, JOINED) for day in days}
    parts = [Totals(300, 2, 1, 40), Totals(400, 3, 2, 50)] if len(buckets) == 2 else [Totals(700, 5, 3, 90)]
    metrics = dict(zip(sorted(buckets), parts, strict=True))

    assert scheme.total(metrics, moment("2026-07-01"), JOINED) == total


@pytest.mark.parametrize(
    ("on", "total"),
    [("2026-03-31", 1), ("2027-03-30", 3), ("2027-03-31", 2), ("2027-04-01", 2), ("2028-04-01", 0)],
)
def test_a_rolling_window_lets_go_of_days(on, total):
    scheme = scheme_of("rolling", counted="orders")
    metrics = {date(2026, 3, 31): Totals(orders=1), date(2026, 4, 30): Totals(orders=2)}

    assert scheme.total(metrics, moment(on), JOINED) == total


@pytest.mark.parametrize(
    ("review", "earned", "after"),
    [
        ("to_earned", 0, "basic"),
        ("to_earned", 250, "silver"),
        ("one_down", 0, "silver"),
        ("one_down", 600, "gold"),
        ("keep", 0, "gold"),
    ],
)
def test_a_review_leads_to_a_level(review, earned, after):
    """SEMANTICS 34."""
    scheme = scheme_of(review=review)

    found = scheme.after_review(scheme.levels[-1], scheme.earned(earned))

    assert found is not None
    assert found.key == after


def test_a_level_below_that_is_never_lost_stops_the_fall():
    scheme = scheme_of(never_lost="silver")

    found = scheme.after_review(scheme.levels[-1], scheme.earned(0))

    assert found is not None
    assert found.key == "silver"


def test_without_a_level_that_needs_nothing_there_is_no_base():
    scheme = scheme_of(thresholds={"gold": 500})

    assert scheme.base is None
    assert scheme.earned(499) is None


def test_a_negative_total_is_still_at_the_base():
    scheme = scheme_of()

    assert scheme.earned(-10) is scheme.base
