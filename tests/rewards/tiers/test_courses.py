"""The life of a tier, told in days. SEMANTICS 21 and 31 to 35."""

import pytest

from rewards.tiers.courses import Course
from rewards.tiers.schemes import TICK
from tests.rewards.tiers.timeline import Timeline, midnight, moment, scheme_of

WINDOWS = ["calendar_year", "membership_year", "rolling", "since_reached", "lifetime"]


def test_the_worked_member():
    """The table at the end of SEMANTICS, its rows that touch the tier."""
    member = Timeline(scheme_of(thresholds={"basic": 0, "gold": 50000}))

    member.buy("2026-01-10", 10000)
    assert member.tier("2026-01-10") == "basic"
    member.buy("2026-02-01", 42000)
    assert member.tier("2026-02-01") == "basic"  # the order that qualifies is not yet priced as gold
    assert member.tier("2026-02-02") == "gold"
    member.buy("2026-02-02", 1080)
    assert member.progress("2026-02-15").is_provisional
    assert member.progress("2026-02-15").confirms_at == midnight("2026-02-16")
    assert not member.progress("2026-02-16").is_provisional
    assert member.progress("2026-02-16").valid_until == midnight("2028-01-01")
    member.bring_back("2026-03-05", 4000, bought="2026-01-10")
    assert member.progress("2026-03-05").total == 49080
    assert member.tier("2026-03-06") == "gold"
    member.buy("2026-03-06", 10000)
    assert member.tier("2027-03-07") == "gold"
    assert member.tier("2028-01-01") == "basic"


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("counted", ["spend", "orders", "visits", "points"])
def test_every_metric_raises_a_tier_in_every_window(window, counted):
    """SEMANTICS 31, 32."""
    member = Timeline(scheme_of(window, counted=counted, thresholds={"basic": 0, "gold": 3}))
    figures = {"spend": "spend_minor", "orders": "orders", "visits": "visits", "points": "points"}

    for day in ("2026-01-10", "2026-01-11", "2026-01-12"):
        assert member.tier(day) == "basic"
        member.course.add(moment(day), now=moment(day), **{figures[counted]: 1})

    assert member.tier("2026-01-13") == "gold"


@pytest.mark.parametrize(
    ("window", "last_day", "next_day"),
    [
        ("calendar_year", "2027-12-31", "2028-01-01"),
        ("membership_year", "2027-05-31", "2027-06-01"),
        ("rolling", "2027-02-01", "2027-02-02"),
        ("since_reached", "2027-02-01", "2027-02-02"),
    ],
)
def test_a_confirmed_tier_holds_to_the_end_of_its_validity(window, last_day, next_day):
    """SEMANTICS 33."""
    member = Timeline(scheme_of(window)).buy("2026-02-01", 500)

    assert member.tiers(last_day, next_day) == ["gold", "basic"]


def test_a_tier_of_a_lifetime_holds_for_ever():
    member = Timeline(scheme_of("lifetime")).buy("2026-02-01", 500)
    member.bring_back("2026-03-01", 500, bought="2026-02-01")

    assert member.tier("2046-02-01") == "gold"


def test_the_next_order_has_the_tier_and_the_same_instant_has_not():
    member = Timeline().buy("2026-02-01", 500)

    assert member.course.at(moment("2026-02-01")) is None
    assert member.course.at(moment("2026-02-01") + TICK) is not None


def test_several_levels_at_once_lead_to_the_highest():
    member = Timeline().buy("2026-02-01", 900)

    assert member.claims == ["gold"]


def test_levels_one_after_another_leave_the_lower_one_standing_below():
    member = Timeline().buy("2026-02-01", 200).buy("2026-03-01", 300)

    assert member.tiers("2026-02-02", "2026-03-02") == ["silver", "gold"]
    assert member.claims == ["silver", "gold"]


class TestReturns:
    """SEMANTICS 29, 33."""

    def test_a_provisional_tier_falls_for_later_orders(self):
        member = Timeline().buy("2026-02-01", 500).bring_back("2026-02-10", 400, bought="2026-02-01")

        assert member.tiers("2026-02-05", "2026-02-10", "2026-02-11") == ["gold", "gold", "basic"]

    def test_a_confirmed_tier_stays(self):
        member = Timeline().buy("2026-02-01", 500).bring_back("2026-02-16", 500, bought="2026-02-01")

        assert member.tier("2027-12-31") == "gold"

    def test_what_counts_is_when_it_was_brought_back_not_when_we_heard(self):
        member = Timeline().buy("2026-02-01", 500)
        member.bring_back("2026-02-15", 500, bought="2026-02-01", posted="2026-02-20")

        assert member.tiers("2026-02-20", "2026-02-21") == ["gold", "basic"]

    def test_the_fall_ends_at_the_level_still_earned(self):
        member = Timeline().buy("2026-02-01", 500).bring_back("2026-02-10", 250, bought="2026-02-01")

        assert member.tier("2026-02-11") == "silver"
        assert member.course.at(moment("2026-02-11")).valid_until == midnight("2028-01-01")

    def test_the_fall_ends_at_an_earlier_tier_that_is_still_valid(self):
        member = Timeline().buy("2025-11-01", 200).buy("2026-02-01", 500)
        member.bring_back("2026-02-10", 450, bought="2026-02-01")

        assert member.tiers("2026-02-11", "2026-12-31", "2027-01-01") == ["silver", "silver", "basic"]

    def test_a_return_that_leaves_enough_changes_nothing(self):
        member = Timeline().buy("2026-02-01", 600).bring_back("2026-02-10", 100, bought="2026-02-01")

        assert member.tier("2026-02-11") == "gold"

    def test_a_later_order_that_now_carries_the_tier_prolongs_the_doubt(self):
        """Or two orders, each returned in its own window, would leave a confirmed tier behind."""
        member = Timeline().buy("2026-02-01", 500).buy("2026-02-11", 500)
        member.bring_back("2026-02-14", 500, bought="2026-02-01")

        assert member.progress("2026-02-20").confirms_at == midnight("2026-02-26")
        member.bring_back("2026-02-21", 500, bought="2026-02-11")
        assert member.tier("2026-02-22") == "basic"

    def test_of_another_year_do_not_shake_the_tier(self):
        member = Timeline().buy("2024-05-01", 300).buy("2026-02-01", 500)
        member.bring_back("2026-02-10", 300, bought="2024-05-01")

        assert member.tier("2026-02-11") == "gold"

    def test_a_prolongation_that_falls_leaves_the_first_validity(self):
        member = Timeline().buy("2026-02-01", 500).buy("2027-03-01", 500)
        assert member.progress("2027-03-02").valid_until == midnight("2029-01-01")

        member.bring_back("2027-03-10", 100, bought="2027-03-01")

        assert member.progress("2027-03-11").valid_until == midnight("2028-01-01")
        assert member.tiers("2027-12-31", "2028-01-01") == ["gold", "silver"]

    def test_the_tier_comes_back_when_enough_is_bought_again(self):
        member = Timeline().buy("2026-02-01", 500).bring_back("2026-02-10", 10, bought="2026-02-01")
        member.buy("2026-02-12", 10)

        assert member.tiers("2026-02-11", "2026-02-13") == ["silver", "gold"]
        assert member.progress("2026-02-13").confirms_at == midnight("2026-02-27")

    @pytest.mark.parametrize("window", WINDOWS)
    def test_a_fall_in_every_window(self, window):
        member = Timeline(scheme_of(window)).buy("2026-02-01", 100).buy("2026-02-02", 400)
        member.bring_back("2026-02-10", 400, bought="2026-02-02")

        assert member.tiers("2026-02-03", "2026-02-11") == ["gold", "basic"]
        member.buy("2026-02-12", 400)
        assert member.tier("2026-02-13") == "gold"


class TestQualifyingAgain:
    """SEMANTICS 33: it extends at once."""

    def test_in_the_next_year(self):
        member = Timeline().buy("2026-02-01", 500).buy("2027-02-01", 499)
        assert member.progress("2027-02-02").valid_until == midnight("2028-01-01")

        member.buy("2027-03-01", 1)

        assert member.progress("2027-03-02").valid_until == midnight("2029-01-01")

    def test_while_the_tier_is_still_provisional(self):
        member = Timeline().buy("2026-12-30", 500).buy("2027-01-05", 500)

        assert member.progress("2027-01-06").valid_until == midnight("2029-01-01")
        member.bring_back("2027-01-10", 500, bought="2026-12-30")
        assert member.progress("2027-01-11").valid_until == midnight("2029-01-01")
        member.bring_back("2027-01-11", 500, bought="2027-01-05")
        assert member.tier("2027-01-12") == "basic"

    def test_in_a_rolling_window_by_a_later_order(self):
        member = Timeline(scheme_of("rolling")).buy("2026-02-01", 500).buy("2026-06-01", 1)

        assert member.progress("2026-06-02").valid_until == midnight("2027-06-02")

    def test_a_regular_customer_does_not_heap_up_claims(self):
        member = Timeline(scheme_of("rolling"))
        for month in range(1, 13):
            for day in ("01", "11", "21"):
                member.buy(f"2026-{month:02}-{day}", 500)

        still_open = [row for row in member.course.standings if row.ended_at is None]

        assert len(still_open) <= 2
        assert member.tier("2027-12-01") == "gold"

    def test_since_the_tier_was_reached_counts_anew(self):
        member = Timeline(scheme_of("since_reached")).buy("2026-02-01", 500).buy("2026-05-01", 499)
        assert member.progress("2026-05-02").valid_until == midnight("2027-02-02")

        member.buy("2026-06-01", 1)

        assert member.progress("2026-06-02").valid_until == midnight("2027-06-02")
        assert member.progress("2026-06-02").keep_missing == 500

    def test_since_reached_counts_the_next_level_from_the_last(self):
        member = Timeline(scheme_of("since_reached")).buy("2026-02-01", 200).buy("2026-03-01", 499)
        assert member.tier("2026-03-02") == "silver"

        member.buy("2026-03-03", 1)

        assert member.tier("2026-03-04") == "gold"

    def test_since_reached_counts_on_when_the_tier_is_earned_again(self):
        """Silver again after 200 more must not take away what counts towards gold."""
        member = Timeline(scheme_of("since_reached")).buy("2026-02-01", 200)
        for day in ("2026-03-01", "2026-04-01", "2026-05-01", "2026-06-01"):
            member.buy(day, 100)
        assert member.progress("2026-06-02").missing == 100

        member.buy("2026-07-01", 100)

        assert member.tier("2026-07-02") == "gold"

    def test_since_reached_begins_anew_after_a_loss(self):
        member = Timeline(scheme_of("since_reached")).buy("2026-02-01", 200).buy("2026-05-01", 150)

        member.buy("2027-03-01", 100)

        assert member.tier("2027-03-02") == "basic"
        assert member.course.total(moment("2027-03-02")) == 100


class TestLateOrders:
    """SEMANTICS 21: from now on, never backwards."""

    def test_raise_the_tier_from_now_on(self):
        member = Timeline().buy("2026-02-20", 100).buy("2026-02-01", 400, posted="2026-03-01")

        assert member.tiers("2026-02-02", "2026-02-25", "2026-03-01", "2026-03-02") == [
            "basic",
            "basic",
            "basic",
            "gold",
        ]

    def test_of_last_year_raise_it_until_the_end_of_this(self):
        member = Timeline().buy("2026-12-31", 500, posted="2027-01-05")

        assert member.tiers("2027-01-05", "2027-01-06") == ["basic", "gold"]
        assert member.progress("2027-01-06").valid_until == midnight("2028-01-01")
        assert member.progress("2027-01-06").confirms_at == midnight("2027-01-15")

    def test_of_long_ago_change_nothing(self):
        member = Timeline().buy("2023-05-01", 500, posted="2026-01-05")

        assert member.course.standings == []

    def test_are_priced_with_the_standing_of_their_moment(self):
        member = Timeline().buy("2026-02-01", 500).bring_back("2026-02-10", 500, bought="2026-02-01")

        assert member.tiers("2026-01-31", "2026-02-05", "2026-02-12") == ["basic", "gold", "basic"]

    def test_do_not_reopen_a_review_that_time_has_passed(self):
        member = Timeline().buy("2026-02-01", 500)

        member.buy("2027-06-01", 500, posted="2028-03-01")

        assert member.tiers("2028-01-15", "2028-03-02") == ["basic", "gold"]
        assert member.progress("2028-03-02").valid_until == midnight("2029-01-01")

    def test_without_a_known_day_the_return_window_counts_from_today(self):
        """The buckets of old may not know the day of their latest order: then the doubt is as long as it may be."""
        member = Timeline().buy("2026-02-20", 300)
        member.course.metrics[moment("2026-01-01").date()].last_on = None

        member.buy("2026-02-01", 200, posted="2026-03-01")

        assert member.progress("2026-03-02").confirms_at == midnight("2026-03-16")


def test_without_a_base_there_is_no_level_until_one_is_earned():
    member = Timeline(scheme_of(thresholds={"gold": 500}))

    assert member.tier("2026-01-01") == ""
    member.buy("2026-02-01", 500)
    assert member.tiers("2026-02-02", "2028-01-01") == ["gold", ""]


def test_only_what_changed_is_written():
    member = Timeline().buy("2026-02-01", 500)
    loaded = Course(member.scheme, member.course.joined_on, member.course.standings, member.course.metrics)

    loaded.add(moment("2026-02-05"), spend_minor=5, now=moment("2026-02-05"))

    assert loaded.changed == []
    assert list(loaded.touched_metrics) == [moment("2026-01-01").date()]
    assert loaded.touched_metrics[moment("2026-01-01").date()].spend_minor == 505


@pytest.mark.parametrize(
    ("posted", "tier_next_day"), [("2026-02-15T21:59:59", "basic"), ("2026-02-15T22:00:00", "gold")]
)
def test_the_return_window_ends_at_midnight_of_the_program(posted, tier_next_day):
    member = Timeline(scheme_of(zone="Africa/Cairo")).buy("2026-02-01", 500)

    member.bring_back(posted, 500, bought="2026-02-01")

    assert member.tier("2026-02-17") == tier_next_day
