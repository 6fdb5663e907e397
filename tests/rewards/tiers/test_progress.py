"""What a member sees. SEMANTICS 37."""

import pytest

from tests.rewards.tiers.timeline import Timeline, midnight, scheme_of


def test_a_newcomer_sees_the_whole_way():
    progress = Timeline().progress("2026-03-01")

    assert progress.level.key == "basic"
    assert progress.standing is None
    assert (progress.total, progress.next_level.key, progress.missing) == (0, "silver", 200)
    assert progress.next_by == midnight("2027-01-01")
    assert progress.keep_missing is None
    assert progress.share == 0


def test_what_is_missing_for_the_next_level_and_by_when():
    progress = Timeline().buy("2026-02-01", 350).progress("2026-03-01")

    assert (progress.level.key, progress.next_level.key, progress.missing) == ("silver", "gold", 150)
    assert progress.next_by == midnight("2027-01-01")
    assert progress.share == 0.7


def test_in_the_year_of_winning_keeping_begins_with_the_next():
    progress = Timeline().buy("2026-02-01", 500).progress("2026-03-01")

    assert progress.next_level is None
    assert progress.missing is None
    assert progress.share == 1
    assert (progress.keep_missing, progress.keep_from, progress.keep_by) == (
        500,
        midnight("2027-01-01"),
        midnight("2028-01-01"),
    )


def test_in_the_year_after_what_is_bought_counts_for_keeping():
    progress = Timeline().buy("2026-02-01", 500).buy("2027-02-01", 120).progress("2027-03-01")

    assert (progress.keep_missing, progress.keep_from, progress.keep_by) == (
        380,
        None,
        midnight("2028-01-01"),
    )


@pytest.mark.parametrize(
    ("window", "next_by", "keep_missing", "keep_from", "keep_by"),
    [
        ("calendar_year", "2027-01-01", 200, "2027-01-01", "2028-01-01"),
        ("membership_year", "2026-06-01", 200, "2026-06-01", "2027-06-01"),
        ("rolling", "2027-01-11", 200, None, "2027-03-02"),
        ("since_reached", "2027-02-02", 160, None, "2027-02-02"),
        ("lifetime", None, None, None, None),
    ],
)
def test_every_window_has_its_dates(window, next_by, keep_missing, keep_from, keep_by):
    member = Timeline(scheme_of(window)).buy("2026-01-10", 100).buy("2026-02-01", 100).buy("2026-03-01", 40)

    progress = member.progress("2026-04-01")

    assert progress.level.key == "silver"
    assert progress.missing == (460 if window == "since_reached" else 260)
    assert progress.next_by == (midnight(next_by) if next_by else None)
    assert progress.keep_missing == keep_missing
    assert progress.keep_from == (midnight(keep_from) if keep_from else None)
    assert progress.keep_by == (midnight(keep_by) if keep_by else None)


def test_a_provisional_tier_says_until_when():
    member = Timeline().buy("2026-02-01", 500)

    assert member.progress("2026-02-10").confirms_at == midnight("2026-02-16")
    assert member.progress("2026-02-16").confirms_at is None


def test_where_the_review_keeps_nothing_is_needed():
    progress = Timeline(scheme_of(review="keep")).buy("2026-02-01", 500).progress("2026-03-01")

    assert progress.keep_missing is None
    assert progress.keep_by is None


def test_a_tier_never_lost_has_nothing_to_keep():
    progress = Timeline(scheme_of(never_lost="gold")).buy("2026-02-01", 500).progress("2026-03-01")

    assert progress.valid_until is None
    assert progress.keep_missing is None


def test_a_manual_tier_shows_its_end_and_what_would_earn_it():
    member = Timeline().buy("2026-02-01", 180).place("2026-02-02", "gold", until="2026-08-01")

    progress = member.progress("2026-03-01")

    assert progress.is_manual
    assert (progress.valid_until, progress.keep_missing, progress.keep_by) == (
        midnight("2026-08-01"),
        320,
        midnight("2026-08-01"),
    )


def test_a_review_that_nobody_ran_is_seen_all_the_same():
    member = Timeline().buy("2026-02-01", 500)

    assert member.progress("2028-03-01").level.key == "basic"
    assert member.course.changed == member.course.standings
    assert member.course.standings[0].ended_at is None


def test_a_negative_total_shows_no_more_than_the_whole_way_and_its_debt():
    member = Timeline().buy("2026-02-01", 100).bring_back("2026-03-01", 150, bought="2026-02-01")

    progress = member.progress("2026-03-02")

    assert progress.missing == 250
    assert progress.share == 0


def test_the_answer_to_an_order_shows_what_it_won():
    member = Timeline().buy("2026-02-01", 500)

    assert member.tier("2026-02-01") == "basic"
    assert member.course.level.key == "gold"
    assert member.progress("2026-02-01").level.key == "gold"
