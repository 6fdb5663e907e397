"""Two-sided referral from the link to both prizes (E7), and back when the purchase is returned (29)."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_scopes import scope

from members.models import Event, Member
from rewards import checking, merging, redemptions
from rewards.models import Redemption, Referral
from tests.members import teams
from tests.rewards import builders as b
from tests.rewards import catalogue as rewards
from tests.rewards.referrals import friends as f
from tests.rewards.referrals.friends import BEFORE, BOUGHT, PAID

pytestmark = pytest.mark.django_db


def test_both_get_their_prize_once_the_first_purchase_cannot_come_back():
    program = f.open_program()
    referral = f.bring(program)
    f.buy(program)

    f.advance(program, BEFORE)
    waiting = f.again(referral), f.points(program, "anna", "ben")
    f.advance(program, PAID)
    paid = f.again(referral), f.points(program, "anna", "ben")

    assert (waiting[0].state, waiting[1]) == ("waiting", [0, 0])
    assert (paid[0].state, paid[0].referrer_side, paid[0].friend_side) == ("paid", "paid", "paid")
    assert paid[1] == [500, 200]
    assert checking.run(program=program, verify=True).faults == []


def test_it_pays_once_however_often_it_runs():
    program = f.open_program()
    referral = f.bring(program)
    f.buy(program)
    f.advance(program, PAID)

    with scope(program=program):
        # Even if the row forgot what was done.
        Referral.objects.filter(pk=referral.pk).update(
            state="waiting", closed_at=None, referrer_side="", friend_side=""
        )
    f.advance(program, PAID)
    f.advance(program, "2026-04-17")

    assert f.points(program, "anna", "ben") == [500, 200]
    assert f.again(referral).state == "paid"


def test_the_days_to_wait_are_whole_days_of_the_program():
    program = f.open_program(time_zone="Asia/Tehran", wait_days=0)
    referral = f.bring(program)
    f.buy(program, at="2026-03-02T21:00:00")  # 00:30 on the 3rd in Tehran

    f.advance(program, "2026-03-03T20:29:59")
    before = f.again(referral).state
    f.advance(program, "2026-03-03T20:30:00")

    assert (before, f.again(referral).state) == ("waiting", "paid")


@pytest.mark.parametrize(("amount", "state"), [(999, "joined"), (1000, "waiting")])
def test_a_first_purchase_must_reach_the_minimum(amount, state):
    program = f.open_program()
    referral = f.bring(program)

    f.buy(program, amount=amount)
    f.advance(program, BEFORE)

    assert f.again(referral).state == state


def test_what_is_not_paid_yet_is_no_purchase():
    program = f.open_program()
    referral = f.bring(program)
    b.record(program, b.order("O", BOUGHT, 5000, member="ben", is_paid=False))
    f.advance(program, BEFORE)
    unpaid = f.again(referral).state

    b.record(program, b.paid("O", "2026-03-10"))
    f.advance(program, BEFORE)

    assert (unpaid, f.again(referral).state) == ("joined", "waiting")


def test_a_purchase_that_came_back_in_time_pays_nobody_and_the_next_one_counts():
    program = f.open_program()
    referral = f.bring(program)
    first = f.buy(program)
    f.advance(program, "2026-03-05")
    b.record(program, b.bring_back("R", "2026-03-06", order=first))

    f.advance(program, PAID)
    after_return = f.again(referral).state, f.points(program, "anna", "ben")
    f.buy(program, at="2026-03-20")
    f.advance(program, "2026-04-03")
    waiting = f.again(referral).state
    f.advance(program, "2026-04-04")

    assert after_return == ("joined", [0, 0])
    assert (waiting, f.again(referral).state) == ("waiting", "paid")


def test_a_return_after_the_prize_takes_both_back():
    program = f.open_program()
    referral = f.bring(program)
    order = f.buy(program)
    f.advance(program, PAID)
    b.spend(program, 100, "2026-03-18", member="ben")

    b.record(program, b.bring_back("R", "2026-03-19", order=order))
    moved = f.look_again(program, "ben", at="2026-03-19"), f.look_again(program, "ben", at="2026-03-19")

    found = f.again(referral)
    assert moved == (1, 0)
    assert (found.state, found.referrer_side, found.friend_side) == ("taken_back", "taken_back", "taken_back")
    assert b.balance(program, "anna") == b.Balance()
    assert b.balance(program, "ben") == b.Balance(arrears=100)
    assert checking.run(program=program, verify=True).faults == []


def test_what_had_ended_of_a_prize_is_not_taken_from_other_points():
    program = f.open_program(units={"points": {"expiry": {"kind": "days", "count": 30}}})
    f.bring(program)
    order = f.buy(program)
    f.advance(program, PAID)
    b.adjust(program, 100, "2026-04-01")

    b.record(program, b.bring_back("R", "2026-04-20", order=order))
    f.look_again(program, "ben", at="2026-04-20")

    assert b.balance(program) == b.Balance(active=100)


def test_members_are_held_before_their_referrals_whoever_asks():
    """As erasing and merging do, so that nobody waits in a ring."""
    program = f.open_program()
    f.bring(program)
    order = f.buy(program)

    with CaptureQueriesContext(connection) as paying:
        f.advance(program, PAID)
    b.record(program, b.bring_back("R", "2026-03-19", order=order))
    with CaptureQueriesContext(connection) as taking:
        f.look_again(program, "ben", at="2026-03-19")

    assert locked(paying)[:2] == locked(taking)[:2] == ["members_holder", "rewards_referral"]


def locked(queries):
    """The tables of which rows were locked, in the order of the statements."""
    statements = [each["sql"] for each in queries.captured_queries if "FOR NO KEY UPDATE" in each["sql"]]
    return [statement.split(' FROM "')[1].split('"')[0] for statement in statements]


def test_a_partial_return_above_the_minimum_changes_nothing():
    program = f.open_program()
    f.bring(program)
    b.record(program, b.order("O", BOUGHT, 5000, 900, member="ben"))
    f.advance(program, PAID)

    b.record(program, b.bring_back("R", "2026-03-19", "sku-900", order="O"))

    assert f.look_again(program, "ben", at="2026-03-19") == 0
    assert f.points(program, "anna", "ben") == [500, 200]


def test_another_purchase_that_stands_keeps_the_prize():
    program = f.open_program()
    referral = f.bring(program)
    first = f.buy(program)
    f.buy(program, at="2026-03-10")
    f.advance(program, PAID)

    b.record(program, b.bring_back("R", "2026-03-19", order=first))
    f.look_again(program, "ben", at="2026-03-19")

    found = f.again(referral)
    assert (found.state, found.bought_at) == ("paid", b.moment("2026-03-10"))
    assert f.points(program, "anna", "ben") == [500, 200]


def test_who_buys_nothing_in_time_brings_nothing():
    program = f.open_program(buy_days=10)
    referral = f.bring(program)
    f.advance(program, "2026-03-14")
    in_time = f.again(referral).state

    f.advance(program, "2026-03-16")
    f.buy(program, at="2026-03-17")
    f.advance(program, "2026-05-01")

    found = f.again(referral)
    assert in_time == "joined"
    assert (found.state, found.refused_for, f.points(program, "anna", "ben")) == ("refused", "late", [0, 0])


def test_a_friend_is_promised_what_holds_on_the_day_of_joining():
    program = f.open_program()
    f.bring(program)
    f.change(program, friend_prize={"unit": "points", "amount": 1}, referrer_prize={}, minimum_minor=10**6)

    f.buy(program)
    f.advance(program, PAID)

    assert f.points(program, "anna", "ben") == [500, 200]


def test_beyond_the_cap_only_the_friend_is_paid():
    program = f.open_program(most=2, period="year")
    for name in ("ben", "cleo", "dan"):
        f.bring(program, name)
        f.buy(program, name)

    f.advance(program, PAID)

    assert f.points(program, "anna", "ben", "cleo", "dan") == [1000, 200, 200, 200]
    with scope(program=program):
        sides = Referral.objects.order_by("pk").values_list("referrer_side", flat=True)
        assert list(sides) == ["paid", "paid", "capped"]


def test_two_accounts_of_one_person_have_one_cap():
    program = f.open_program(most=1, period="year")
    f.bring(program, "ben")
    f.buy(program, "ben")
    b.join(program, "carla")
    f.bring(program, "dan", by="carla")
    f.advance(program, PAID)
    f.buy(program, "dan")
    merging.merge(
        program=program, kept=b.find(program, "carla"), gone=b.find(program, "anna"), by=teams.hire(program, "owner"), reason="one",
        key="one", now=b.moment(PAID),
    )  # fmt: skip

    f.advance(program, "2026-12-30")

    with scope(program=program):
        sides = Referral.objects.order_by("pk").values_list("referrer_side", flat=True)
        assert list(sides) == ["paid", "capped"]


def test_a_new_year_has_a_new_cap():
    program = f.open_program(most=1, period="year")
    f.bring(program, "ben")
    f.buy(program, "ben")
    f.advance(program, PAID)

    f.bring(program, "cleo", at="2027-01-02")
    f.buy(program, "cleo", at="2027-01-03")
    f.advance(program, "2027-01-18")

    assert f.points(program, "anna") == [1000]


def test_who_is_blocked_gets_nothing_and_the_friend_does():
    program = f.open_program()
    referral = f.bring(program)
    f.buy(program)
    with scope(program=program):
        Member.objects.filter(pk=referral.referrer_id).update(state="blocked")

    f.advance(program, PAID)

    found = f.again(referral)
    assert (found.state, found.referrer_side, found.friend_side) == ("paid", "inactive", "paid")
    assert f.points(program, "anna", "ben") == [0, 200]


def test_a_prize_may_be_a_reward_that_costs_nothing():
    program = f.open_program()
    rewards.put_up(program, "mug", price={"points": 5000}, stock=5)
    f.change(program, friend_prize={"reward": "mug"})
    referral = f.bring(program)
    f.buy(program)

    f.advance(program, PAID)

    with scope(program=program):
        one = Redemption.objects.select_related("reward").get(member=referral.friend)
    assert (one.state, one.price, one.parts, one.reward.taken) == ("issued", {}, [], 1)
    assert f.points(program, "anna") == [500]
    assert checking.run(program=program, verify=True).faults == []


@pytest.mark.parametrize("is_used", [False, True])
def test_a_reward_is_taken_back_unless_it_was_used(is_used):
    program = f.open_program()
    rewards.put_up(program, "mug", price={"points": 5000}, stock=5)
    f.change(program, friend_prize={"reward": "mug"})
    referral = f.bring(program)
    order = f.buy(program)
    f.advance(program, PAID)
    number = f.again(referral).friend_fact
    if is_used:
        redemptions.fulfil(program=program, redemption_id=number, now=b.moment("2026-03-18"))

    b.record(program, b.bring_back("R", "2026-03-19", order=order))
    f.look_again(program, "ben", at="2026-03-19")

    found = f.again(referral)
    with scope(program=program):
        one = Redemption.objects.select_related("reward").get(pk=number)
    expected = ("kept", "fulfilled", 1) if is_used else ("taken_back", "cancelled", 0)
    assert (found.friend_side, one.state, one.reward.taken) == expected


def test_a_reward_of_which_nothing_is_left_is_said_and_the_other_side_paid():
    program = f.open_program()
    rewards.put_up(program, "mug", price={}, per_member=9, stock=1)
    redemptions.reserve(
        program=program, member=b.find(program, "anna"), reward="mug", key="k", now=b.moment("2026-02-01")
    )
    f.change(program, friend_prize={"reward": "mug"})
    referral = f.bring(program)
    f.buy(program)

    f.advance(program, PAID)

    found = f.again(referral)
    assert (found.state, found.referrer_side, found.friend_side) == ("paid", "paid", "sold_out")


def test_orders_and_returns_are_followed():
    """Nobody waits for the next run."""
    program = f.open_program()
    referral = f.bring(program)
    order = f.buy(program)
    f.deliver(BOUGHT)
    bought = f.again(referral).state
    f.advance(program, PAID)
    b.record(program, b.bring_back("R", "2026-03-19", order=order))

    f.deliver("2026-03-19")

    assert (bought, f.again(referral).state) == ("waiting", "taken_back")
    assert f.points(program, "anna", "ben") == [0, 0]


def test_a_cancellation_is_followed_too():
    program = f.open_program()
    referral = f.bring(program)
    order = f.buy(program)
    f.advance(program, PAID)

    b.record(program, b.cancel(order, "2026-03-19"))
    f.deliver("2026-03-19")

    assert f.again(referral).state == "taken_back"


def test_a_program_without_referrals_follows_nothing():
    program = b.open_program()
    b.record(program, b.order("O", BOUGHT, 5000))

    assert f.deliver(BOUGHT) == 0


def test_each_step_is_an_event_of_both():
    program = f.open_program()
    f.bring(program)
    f.buy(program)
    f.advance(program, PAID)

    with scope(program=program):
        told = Event.objects.filter(kind__startswith="referral.").order_by("pk")
        kinds = [(event.kind, event.data["as"]) for event in told]

    steps = ("referral.joined", "referral.bought", "referral.paid")
    assert kinds == [(step, side) for step in steps for side in ("referrer", "friend")]
