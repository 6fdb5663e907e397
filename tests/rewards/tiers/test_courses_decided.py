"""The course of tiers where something decides besides orders: reviews, staff, new thresholds (34 to 36)."""

import pytest

from rewards.tiers.courses import Course
from rewards.tiers.schemes import TICK
from tests.rewards.tiers.timeline import Timeline, midnight, moment, scheme_of


class TestReviews:
    """SEMANTICS 34."""

    def test_lead_to_the_level_earned(self):
        member = Timeline().buy("2026-02-01", 500).buy("2027-05-01", 250)

        assert member.tiers("2027-12-31", "2028-01-01", "2028-12-31", "2029-01-01") == [
            "gold",
            "silver",
            "silver",
            "basic",
        ]

    def test_lead_one_level_down_at_a_time(self):
        member = Timeline(scheme_of(review="one_down")).buy("2026-02-01", 500)

        assert member.tiers("2028-01-01", "2028-12-31", "2029-01-01") == ["silver", "silver", "basic"]

    def test_lead_one_level_down_but_not_below_what_is_earned(self):
        member = Timeline(scheme_of(review="one_down")).buy("2026-02-01", 500).buy("2027-02-01", 500)

        assert member.tier("2028-06-01") == "gold"

    def test_may_keep(self):
        member = Timeline(scheme_of(review="keep")).buy("2026-02-01", 500)

        assert member.tiers("2028-01-01", "2029-01-01", "2035-01-01") == ["gold"] * 3

    def test_spare_a_tier_that_is_never_lost(self):
        member = Timeline(scheme_of(never_lost="gold")).buy("2026-02-01", 500)

        assert member.tier("2040-01-01") == "gold"
        assert member.progress("2026-03-01").valid_until is None

    def test_stop_at_a_lower_tier_that_is_never_lost(self):
        member = Timeline(scheme_of(never_lost="silver")).buy("2026-02-01", 500)

        assert member.tiers("2027-12-31", "2028-01-01", "2040-01-01") == ["gold", "silver", "silver"]

    def test_a_tier_never_lost_may_still_fall_while_provisional(self):
        member = Timeline(scheme_of(never_lost="gold")).buy("2026-02-01", 500)
        member.bring_back("2026-02-10", 400, bought="2026-02-01")

        assert member.tier("2026-02-11") == "basic"

    def test_come_after_the_days_of_grace(self):
        member = Timeline(scheme_of(grace_days=30)).buy("2026-02-01", 500)

        assert member.tiers("2028-01-01", "2028-01-30", "2028-01-31") == ["gold", "gold", "basic"]

    @pytest.mark.parametrize("window", ["calendar_year", "membership_year", "rolling", "since_reached"])
    def test_count_what_was_bought_in_the_days_of_grace(self, window):
        ends = {"calendar_year": "2028-01-01", "membership_year": "2027-06-01"}.get(window, "2027-02-02")
        year = ends[:4]
        member = Timeline(scheme_of(window, grace_days=30)).buy("2026-02-01", 500)
        member.buy({"2028": "2027-05-01"}.get(year, "2027-01-15"), 300).buy(ends[:8] + "10", 200)

        assert member.tier(f"{year}-12-01") == "gold"

    def test_show_what_is_missing_until_the_days_of_grace_are_over(self):
        member = Timeline(scheme_of(grace_days=30)).buy("2026-02-01", 500).buy("2027-05-01", 300)

        assert member.progress("2028-01-05").keep_missing == 200
        assert member.progress("2028-01-05").keep_by == midnight("2028-01-31")

    def test_what_a_review_gives_for_late_orders_is_provisional(self):
        """Bought on the last days, brought back on the first: refund farming must not carry a tier on."""
        member = Timeline().buy("2026-02-01", 500).buy("2027-12-30", 250)

        assert member.tier("2028-01-02") == "silver"
        member.bring_back("2028-01-05", 250, bought="2027-12-30")
        assert member.tier("2028-01-06") == "basic"

    def test_late_and_twice_are_the_same(self):
        timely, late, twice = (Timeline().buy("2026-02-01", 500).buy("2027-05-01", 250) for _ in range(3))

        for day in ("2028-01-01", "2029-01-01"):
            timely.course.review(moment(day))
        late.course.review(moment("2031-05-05"))
        twice.course.review(moment("2029-01-01"))
        twice.course.review(moment("2029-01-01"))

        rows = [
            [
                (row.tier_id, row.origin, row.since, row.valid_until, row.ended_at)
                for row in one.course.standings
            ]
            for one in (timely, late, twice)
        ]
        assert rows[0] == rows[1] == rows[2]

    def test_asking_for_a_day_to_come_changes_nothing(self):
        member = Timeline().buy("2026-02-01", 500)

        assert member.tier("2035-01-01") == "basic"
        member.buy("2026-05-01", 1)
        assert member.tier("2027-05-01") == "gold"

    def test_changes_are_told_once_with_their_moment(self):
        member = Timeline().buy("2026-02-01", 500)
        member.course.review(moment("2028-06-01"))

        moves = [(move.at, move.before, move.after) for move in member.course.moves]
        assert moves == [(moment("2026-02-01") + TICK, 1, 3), (midnight("2028-01-01"), 3, 1)]


class TestManualTiers:
    """SEMANTICS 35: never silently undone."""

    def test_hold_to_their_end_whatever_is_brought_back(self):
        member = Timeline().buy("2026-02-01", 100).place("2026-02-02", "gold", until="2026-08-01")
        member.bring_back("2026-02-05", 100, bought="2026-02-01")

        assert member.tiers("2026-02-03", "2026-07-31", "2026-08-01") == ["gold", "gold", "basic"]

    def test_fall_back_to_what_was_earned_below(self):
        member = Timeline().place("2026-02-02", "gold", until="2026-08-01").buy("2026-03-01", 250)

        assert member.tiers("2026-03-02", "2026-08-01", "2027-12-31") == ["gold", "silver", "silver"]

    def test_stand_below_a_higher_tier_that_is_earned(self):
        member = Timeline().place("2026-02-02", "silver", until="2027-08-01").buy("2026-03-01", 500)
        member.bring_back("2026-03-05", 500, bought="2026-03-01")

        assert member.tiers("2026-02-03", "2026-03-02", "2026-03-06") == ["silver", "gold", "silver"]

    def test_outlast_a_review(self):
        member = Timeline().buy("2026-02-01", 500).place("2026-05-01", "gold", until="2029-01-01")

        assert member.tiers("2028-06-01", "2028-12-31", "2029-01-01") == ["gold", "gold", "basic"]

    def test_know_no_grace(self):
        member = Timeline(scheme_of(grace_days=30)).place("2026-02-02", "gold", until="2026-08-01")

        assert member.tier("2026-08-01") == "basic"

    def test_a_new_one_replaces_the_old(self):
        member = (
            Timeline()
            .place("2026-02-02", "gold", until="2026-08-01")
            .place("2026-03-01", "silver", until="2027-01-01")
        )

        assert member.tiers("2026-02-03", "2026-03-02") == ["gold", "silver"]

    def test_end_early_on_purpose(self):
        member = Timeline().place("2026-02-02", "gold", until="2026-08-01")

        ended = member.course.withdraw(now=moment("2026-03-01"))

        assert ended is not None
        assert member.tiers("2026-03-01", "2026-03-02") == ["gold", "basic"]


class TestRegrading:
    """SEMANTICS 36: only when the merchant orders it."""

    def test_changed_thresholds_leave_the_tier_until_its_validity_ends(self):
        member = Timeline().buy("2026-02-01", 500)
        dearer = Course(
            scheme_of(thresholds={"basic": 0, "silver": 400, "gold": 900}),
            member.course.joined_on,
            member.course.standings,
            member.course.metrics,
        )

        assert dearer.level_at(moment("2027-12-31")).key == "gold"

    @pytest.mark.parametrize(
        ("thresholds", "after"),
        [
            ({"basic": 0, "silver": 400, "gold": 900}, "silver"),
            ({"basic": 0, "silver": 800, "gold": 900}, "basic"),
            ({"basic": 0, "silver": 100, "gold": 200}, "gold"),
        ],
    )
    def test_gives_what_the_metric_earns_now(self, thresholds, after):
        member = Timeline().buy("2026-02-01", 500)
        changed = Course(
            scheme_of(thresholds=thresholds),
            member.course.joined_on,
            member.course.standings,
            member.course.metrics,
        )

        changed.regrade(now=moment("2026-06-01"))

        assert changed.level_at(moment("2026-06-01")).key == "gold"
        assert changed.level_at(moment("2026-06-02")).key == after
