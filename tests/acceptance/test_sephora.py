"""Tiers by yearly spend (P4): a member's years, day by day. Numbers in comments are lines of SEMANTICS.md."""

import pytest
import time_machine

from loyaltysite.kit import clock
from members import followers
from tests.acceptance.years import Year

pytestmark = pytest.mark.django_db


@pytest.fixture
def year():
    with time_machine.travel("2026-01-05T08:00:00Z", tick=False) as traveller:
        found = Year("sephora", traveller)
        yield found
        found.close()


def standing(year):
    found = year.tier
    return found["tier"], found["total"], found["next_tier"], found["missing"]


def to_silver(year):
    """410 points, 410.00 spent, Silver confirmed."""
    year.order("2026-01-10", 36_000)
    year.night("2026-01-26")
    year.order("2026-01-27", 4_000)


def to_gold(year):
    year.order("2026-01-10", 110_000)
    year.night("2026-01-26")


def test_a_point_for_every_unit_and_nothing_for_pennies(year):
    year.order("2026-01-10", 10_099)

    assert year.balance == 100  # 19: rounded down once
    assert standing(year) == ("member", 10_099, "silver", 24_901)  # 37


def test_silver_and_gold_earn_faster_from_the_next_order_on(year):
    year.order("2026-01-10", 35_000)
    assert (year.balance, standing(year)) == (350, ("silver", 35_000, "gold", 65_000))  # 33

    year.order("2026-01-12", 10_000)
    assert year.balance == 350 + 125

    year.order("2026-01-13", 60_000)
    assert (year.balance, standing(year)[0]) == (475 + 750, "gold")

    year.order("2026-01-14", 1_001)
    assert year.balance == 1225 + 15  # 10.01 × 3/2


def test_a_cent_below_the_threshold_is_not_enough(year):
    year.order("2026-01-10", 34_999)

    assert standing(year) == ("member", 34_999, "silver", 1)


def test_a_return_ends_a_tier_that_is_not_confirmed(year):
    year.order("2026-01-10", 10_000)
    big = year.order("2026-02-01", 26_000)
    assert (year.balance, year.tier["tier"], year.tier["is_provisional"]) == (360, "silver", True)

    year.order("2026-02-03", 4_000)
    assert year.balance == 410  # 50 of them as Silver

    year.give_back("2026-02-05", big)
    assert (year.balance, year.tier["tier"]) == (150, "member")  # 24, 33

    year.order("2026-02-06", 10_000)
    assert year.balance == 250


def test_a_confirmed_tier_outlives_a_return(year):
    first = year.order("2026-01-10", 36_000)
    year.night("2026-01-24T12:00")
    assert year.tier["is_provisional"]
    year.night("2026-01-25T00:00")  # 33: the 14 days to return are over
    assert not year.tier["is_provisional"]

    year.give_back("2026-01-26", first)
    assert (year.balance, standing(year)[:2]) == (0, ("silver", 0))

    year.order("2026-01-27", 10_000)
    assert year.balance == 125


def test_a_tier_holds_to_the_end_of_the_following_year(year):
    to_silver(year)
    assert year.tier["valid_until"].startswith("2028-01-01T00:00")

    year.night("2027-12-31T23:59")
    assert year.tier["tier"] == "silver"

    year.night("2028-01-01T00:00")
    assert year.tier["tier"] == "member"  # 34: to the level earned, and nothing was
    year.order("2028-01-02", 10_000)
    assert year.wallet["lots"][-1]["granted"] == 100


def test_gold_falls_to_what_the_last_year_earned(year):
    to_gold(year)
    assert year.tier["valid_until"].startswith("2028-01-01T00:00")
    year.order("2027-03-01", 40_000)
    assert year.wallet["lots"][-1]["granted"] == 600

    year.night("2028-01-01T00:00")
    assert year.tier["tier"] == "silver"
    year.order("2028-01-10", 10_000)
    assert year.wallet["lots"][-1]["granted"] == 125


def test_qualifying_again_extends_at_once(year):
    to_gold(year)

    year.order("2027-11-01", 100_000)

    assert year.tier["tier"] == "gold"
    assert year.tier["valid_until"].startswith("2029-01-01T00:00")  # 33


def test_spending_points_never_lowers_the_tier(year):
    to_silver(year)
    total = year.tier["total"]

    year.redeem("2026-02-01", "gift-set")

    assert (year.tier["tier"], year.tier["total"]) == ("silver", total)  # 31


def test_members_choose_among_what_they_can_have(year):
    year.order("2026-01-10", 26_000)
    assert year.offers() == {
        "sample": [],
        "ten-off": ["insufficient_points"],
        "gift-set": ["reward_not_eligible"],  # kept for Silver and Gold
    }

    year.order("2026-01-11", 10_000)
    year.at("2026-01-11T12:01")
    assert year.offers() == {"sample": [], "ten-off": ["insufficient_points"], "gift-set": []}

    sample = year.redeem("2026-01-12", "sample")
    assert (sample["state"], year.balance, year.wallet["reserved"]) == ("reserved", 260, 100)
    assert year.hand_over(year.code_of(sample)) == 200
    assert (year.balance, year.wallet["reserved"]) == (260, 0)


def test_one_gift_set_a_year(year):
    to_gold(year)
    first = year.redeem("2026-02-01T10:00", "gift-set")
    assert year.hand_over(year.code_of(first)) == 200
    assert year.balance == 850

    refused = year.redeem("2026-12-31T10:00", "gift-set")
    assert (refused["status"], year.balance) == (422, 850)

    second = year.redeem("2027-01-01T10:00", "gift-set")
    assert (second["state"], year.balance) == ("reserved", 600)


def test_money_off_is_given_back_and_taken_again(year):
    to_gold(year)
    first = year.redeem("2026-02-01T10:00", "ten-off")
    assert (first["state"], first["benefit"]["value_minor"], year.balance) == ("issued", 1_000, 600)

    year.at("2026-02-02")
    assert (year.cancel(first), year.balance) == ("cancelled", 1_100)  # 39

    second = year.redeem("2026-02-03T10:00", "ten-off")
    code = year.code_of(second)
    assert (year.use(code), year.use(code), year.balance) == ("fulfilled", "code_invalid", 600)


def test_money_off_pays_in_the_shop_and_comes_back_with_the_order(year):
    to_gold(year)
    code = year.code_of(year.redeem("2026-02-01T10:00", "ten-off"))

    seen = year.try_order("2026-02-02T10:00", 3_000, codes=(code,), to="orders/preview").json()
    sent = year.try_order("2026-02-02T10:00", 3_000, number="N-off", codes=(code,)).json()
    assert seen["codes"] == sent["codes"]
    assert (sent["codes"][0]["reward"], sent["codes"][0]["discount_minor"]) == ("ten-off", 1_000)
    assert year.balance == 600 + 30  # 20.00 × 3/2
    again = year.try_order("2026-02-03", 3_000, codes=(code,)).json()
    assert again["code"] == "code_invalid"

    year.give_back("2026-02-05", "N-off")
    followers.deliver(clock=clock.now, seconds=60)
    assert year.balance == 1_100  # 27


def test_a_return_after_the_points_are_spent_is_paid_by_the_next_order(year):
    to_silver(year)
    late = year.order("2026-02-02", 8_000)
    assert year.balance == 510
    gift = year.redeem("2026-02-03T10:00", "gift-set")
    assert year.hand_over(year.code_of(gift)) == 200
    for moment in ("2026-02-03T11:00", "2026-02-03T12:00"):
        assert year.hand_over(year.code_of(year.redeem(moment, "sample"))) == 200
    assert year.balance == 60

    year.give_back("2026-02-05", late)
    assert (year.balance, year.wallet["arrears"]) == (0, 40)  # 25, 26

    year.order("2026-02-06", 4_000)
    assert (year.balance, year.wallet["arrears"]) == (10, 0)


def test_points_end_after_eighteen_months_without_activity(year):
    year.order("2026-01-10", 10_000)

    year.night("2027-07-10T23:59")
    assert year.balance == 100

    year.night("2027-07-11T00:00")
    assert year.balance == 0
