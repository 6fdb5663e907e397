"""Points per order (P1): a member's year, day by day. Numbers in comments are lines of SEMANTICS.md."""

import pytest
import time_machine
from django_scopes import scope

from members.models import Event
from rewards import tasks
from tests.acceptance.years import Year

pytestmark = pytest.mark.django_db


@pytest.fixture
def year():
    with time_machine.travel("2026-01-01T00:00:00Z", tick=False) as traveller:
        found = Year("dominos", traveller)
        yield found
        found.close()


def collect(year, *days):
    """An order of 10.00 on each day, none of them a Tuesday."""
    for day in days:
        year.order(day, 1000)


def test_orders_earn_above_the_minimum_and_more_on_tuesdays(year):
    year.order("2026-01-05", 800, 400)  # a Monday
    assert year.balance == 10

    year.order("2026-01-06", 1500)  # a Tuesday
    assert year.balance == 25

    year.order("2026-01-07", 999)  # below the minimum
    assert year.balance == 25

    year.order("2026-01-13", 999)  # on a Tuesday too
    assert year.balance == 25

    year.order("2026-01-14", 9000)  # per order, whatever it costs
    assert year.balance == 35


def test_the_till_earns_as_the_shop_does_and_is_undone(year):
    year.order("2026-01-05", 1000)
    number = year.member.number

    year.sell("2026-01-07T18:00", number, 2000, key="0b7fd0ab-0000-4000-8000-000000000001")
    assert year.balance == 20

    year.at("2026-01-07T18:05")
    assert year.undo("0b7fd0ab-0000-4000-8000-000000000001") == 200
    assert year.balance == 10

    year.sell("2026-01-07T18:06", number, 999)
    assert year.balance == 10


def test_a_return_takes_the_points_where_too_little_is_left(year):
    first = year.order("2026-01-05", 800, 400)
    second = year.order("2026-01-07", 2000, 500)
    assert year.balance == 20

    year.give_back("2026-01-08", second, "sku-500")  # 20.00 are left of it
    assert year.balance == 20

    year.give_back("2026-01-09", first, "sku-400")  # 8.00 are left of it (24)
    assert year.balance == 10

    year.give_back("2026-01-10", second)
    assert year.balance == 0


def test_sixty_points_buy_a_pizza_whose_code_is_good_once(year):
    collect(year, "2026-01-05", "2026-01-07", "2026-01-08", "2026-01-09", "2026-01-12")
    assert (year.balance, year.offers()) == (50, {"pizza": ["insufficient_points"]})
    assert year.redeem("2026-01-12T13:00", "pizza")["code"] == "insufficient_points"

    collect(year, "2026-01-14")
    assert year.offers() == {"pizza": []}
    pizza = year.redeem("2026-01-14T13:00", "pizza")
    assert (pizza["state"], year.balance) == ("issued", 0)

    code = year.code_of(pizza)
    year.at("2026-02-01")
    assert year.use(code) == "fulfilled"
    assert year.use(code) == "code_invalid"
    assert year.balance == 0


def test_a_pizza_given_back_and_one_never_fetched(year):
    collect(
        year, "2026-01-05", "2026-01-07", "2026-01-08", "2026-01-09", "2026-01-12", "2026-01-14", "2026-01-15"
    )
    pizza = year.redeem("2026-01-16", "pizza")
    assert year.balance == 10

    year.at("2026-01-17")
    assert (year.cancel(pizza), year.balance) == ("cancelled", 70)  # 39
    assert year.state_of(pizza) == "cancelled"

    forgotten = year.redeem("2026-01-18", "pizza")
    code = year.code_of(forgotten)
    year.night("2026-02-16")  # the 29th day
    assert year.state_of(forgotten) == "issued"
    year.night("2026-02-19")
    assert (year.state_of(forgotten), year.balance) == ("expired", 10)  # 39: gives nothing back
    assert year.use(code) == "code_invalid"


def test_the_pizza_is_handed_over_at_the_till(year):
    collect(year, "2026-01-05", "2026-01-07", "2026-01-08", "2026-01-09", "2026-01-12", "2026-01-14")
    pizza = year.redeem("2026-01-16", "pizza")

    assert year.hand_over(year.code_of(pizza)) == 200

    assert (year.state_of(pizza), year.balance) == ("fulfilled", 0)


def test_a_return_after_the_points_are_spent_is_paid_by_the_next_orders(year):
    first = year.order("2026-01-05", 1000)
    collect(year, "2026-01-07", "2026-01-08", "2026-01-09", "2026-01-12", "2026-01-14")
    year.redeem("2026-01-16", "pizza")

    year.give_back("2026-01-17", first)
    assert (year.balance, year.wallet["arrears"]) == (0, 10)  # 26

    year.order("2026-01-20", 1500)  # a Tuesday
    assert (year.balance, year.wallet["arrears"]) == (5, 0)


def test_points_end_together_after_180_days_without_activity(year):
    collect(year, "2026-01-05", "2026-02-02", "2026-04-01")
    year.night("2026-09-28T23:59")  # 180 days after 1 April: the last day (9, 10)
    assert year.balance == 30

    year.night("2026-09-29T00:00")
    assert year.balance == 0

    collect(year, "2026-10-05")
    assert year.balance == 10
    year.night("2026-12-31")
    assert year.balance == 10


def test_an_order_or_a_reward_in_time_keeps_them(year):
    collect(
        year, "2026-01-05", "2026-01-07", "2026-01-08", "2026-01-09", "2026-01-12", "2026-01-14", "2026-01-15"
    )
    year.order("2026-07-14", 500)  # 180 days after; it earns nothing and keeps all
    year.night("2026-07-15")
    assert year.balance == 70

    year.redeem("2027-01-10", "pizza")  # again 180 days after
    year.night("2027-01-11")
    assert year.balance == 10

    year.night("2027-07-10T00:00")
    assert year.balance == 0


def test_who_is_about_to_lose_points_is_told_once(year):
    collect(year, "2026-04-01")

    year.at("2026-09-14")  # 15 days before
    assert tasks.announce_endings() == 0
    year.at("2026-09-16")
    assert (tasks.announce_endings(), tasks.announce_endings()) == (1, 0)

    with scope(program=year.program):
        told = Event.objects.get(kind="points.lapsing")
    assert (told.data["amount"], told.data["ends_at"][:10]) == (10, "2026-09-29")


def test_a_promotion_by_code_is_for_members_once(year):
    """Told in every language, refused to strangers, off the price before points, and back after a cancellation."""
    stranger = year.try_order("2026-01-05", 2000, who=None, codes=("PIECE",))
    assert (stranger.status_code, stranger.json()["code"]) == (422, "coupon_needs_member")
    small = year.try_order("2026-01-05", 1499, codes=("PIECE",), to="orders/preview").json()["codes"][0]
    assert (small["refusal"]["code"], small["refusal"]["missing_minor"]) == ("coupon_below_minimum", 1)

    paid = year.try_order("2026-01-05", 800, 900, number="P-1", codes=("piece",))
    assert paid.status_code == 201
    lines = [(one["position"], one["discount_minor"]) for one in paid.json()["codes"][0]["lines"]]
    assert lines == [(1, 141), (2, 159)]  # 3.00 by value, to the cent
    assert year.balance == 10
    assert year.try_order("2026-01-07", 2000, codes=("PIECE",)).json()["code"] == "coupon_limit_reached"

    year.cancel_order("2026-01-08", "P-1")
    assert year.balance == 0
    assert year.try_order("2026-01-09", 1500, codes=("PIECE",)).status_code == 201
    assert year.balance == 10  # 12.00 are left of it, which is above the minimum


def test_the_promotion_works_at_the_till_and_undo_gives_it_back(year):
    year.order("2026-01-05", 1000)
    number = year.member.number

    year.sell("2026-01-07T18:00", number, 2000, code="PIECE", key="0b7fd0ab-0000-4000-8000-000000000002")
    assert year.balance == 20
    assert year.try_order("2026-01-07T18:01", 2000, codes=("PIECE",)).json()["code"] == "coupon_limit_reached"

    assert year.undo("0b7fd0ab-0000-4000-8000-000000000002") == 200
    assert year.try_order("2026-01-07T18:02", 2000, codes=("PIECE",)).status_code == 201
