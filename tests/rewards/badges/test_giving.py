"""Prizes follow wins: given once, and taken back with a badge that a return takes (29)."""

import pytest
from django_scopes import scope

from members import followers
from members.models import Delivery, Member
from rewards import catalogue, merging, redemptions
from rewards.badges import counting, editing, giving
from rewards.models import BadgeWin, Entry, Redemption
from tests.rewards import builders as b
from tests.rewards.badges.shop import goal, levels, put_up, run, told, wins
from tests.rewards.catalogue import put_up as offer

pytestmark = pytest.mark.django_db

UNITS = [{"kind": "units", "name": "points", "amount": 50}]


@pytest.fixture
def program():
    found = b.open_program()
    b.join(found, "anna")
    return found


def with_prizes(*prizes, count="orders", target=1, **more):
    return {"count": count, "levels": levels(target, one=list(prizes))} | more


def buy(program, number="1", amount=1000, at="2026-02-01"):
    b.record(program, b.order(number, at, amount))
    run(at)


def give_back(program, number="1", at="2026-02-05"):
    b.record(program, b.bring_back(f"r{number}", at, order=number))
    run(at)


def kinds(program):
    with scope(program=program):
        return list(Entry.objects.order_by("seq").values_list("kind", "active_change"))


def test_points_are_given_once_and_taken_back(program):
    put_up(program, definition=with_prizes(*UNITS))

    buy(program)
    run()
    assert kinds(program) == [("earn", 10), ("bonus", 50)]

    give_back(program)
    run()
    assert b.balance(program).active == 0
    assert kinds(program)[2:] == [("reverse", -10), ("reverse", -50)]
    assert b.wrong_wallets(program) == []


def test_what_was_spent_of_a_prize_is_owed(program):
    put_up(program, definition=with_prizes(*UNITS))
    buy(program)
    b.spend(program, 60, "2026-02-02")

    give_back(program)

    assert (b.balance(program).active, b.balance(program).arrears) == (0, 60)


def test_a_kept_badge_keeps_its_prize(program):
    put_up(program, definition=with_prizes(*UNITS), is_kept=True)
    buy(program)

    give_back(program)

    assert b.balance(program).active == 50


def test_each_level_gives_its_own_prize(program):
    prizes = {"one": UNITS, "two": [{"kind": "units", "name": "points", "amount": 200}]}
    put_up(program, definition={"count": "orders", "levels": levels(1, 2, **prizes)})

    buy(program)
    assert b.balance(program).active == 60
    buy(program, "2")

    assert b.balance(program).active == 270


def test_a_reward_is_given_without_a_price_and_cancelled_with_the_badge(program):
    offer(program, "coffee", price={"points": 500})
    put_up(program, definition=with_prizes({"kind": "reward", "name": "coffee"}))

    buy(program)

    with scope(program=program):
        one = Redemption.objects.get()
        assert (one.state, one.price, one.member_id) == ("issued", {}, b.find(program, "anna").pk)
    assert b.balance(program).active == 10

    give_back(program)
    with scope(program=program):
        assert Redemption.objects.get().state == "cancelled"


def test_a_reward_that_was_used_stays_used(program):
    offer(program, "coffee", price={"points": 500})
    put_up(program, definition=with_prizes({"kind": "reward", "name": "coffee"}))
    buy(program)
    with scope(program=program):
        number = Redemption.objects.get().pk
    redemptions.fulfil(program=program, redemption_id=number, now=b.moment("2026-02-02"))

    give_back(program)

    assert wins(program) == []
    with scope(program=program):
        assert Redemption.objects.get().state == "fulfilled"
        assert BadgeWin.objects.get().prizes[0]["was_used"]
        assert not Delivery.objects.exists()


def test_a_tag_is_given_and_taken_unless_it_was_there(program):
    put_up(program, definition=with_prizes({"kind": "tag", "name": "runner"}))
    buy(program)
    with scope(program=program):
        assert Member.objects.get().tags == ["runner"]

    give_back(program)
    with scope(program=program):
        assert Member.objects.get().tags == []


def test_a_prize_of_a_blocked_member_waits_for_an_operator(program):
    put_up(program, definition=with_prizes(*UNITS))
    b.record(program, b.order("1", "2026-02-01", 1000))
    with scope(program=program):
        Member.objects.update(state="blocked")
    run("2026-02-01")

    assert wins(program) == ["one"]
    with scope(program=program):
        assert Delivery.objects.get().error == "MemberNotActive"
        Member.objects.update(state="active")
    run("2026-02-02")
    assert b.balance(program).active == 60


def test_a_badge_works_without_any_unit():
    program = b.open_program(units={}, rules={})
    put_up(program, definition=goal("orders", 1))

    buy(program)

    assert told(program) == [("badge.won", "one")]


def test_what_a_prize_lost_by_time_is_not_taken_from_other_points():
    program = b.open_program(units={"points": {"expiry": {"kind": "days", "count": 30}}})
    b.join(program, "anna")
    put_up(program, definition=with_prizes(*UNITS))
    buy(program, at="2026-02-01")
    b.adjust(program, 100, "2026-02-20")
    b.record(program, b.bring_back("r", "2026-03-02", order="1"))

    # By now the fifty have ended, and nobody has written that yet.
    run("2026-03-10")

    assert (b.balance(program).active, b.balance(program).arrears) == (100, 0)


# --- once and for all -------------------------------------------------------------------------------------------------


def again(program, at="2026-02-08"):
    buy(program, "again", at=at)


@pytest.fixture
def stars():
    found = b.open_program(units={"points": {}, "stars": {}})
    b.join(found, "anna")
    offer(found, "swap", kind="units", price={"points": 100}, gives={"stars": 5})
    put_up(found, definition=with_prizes({"kind": "reward", "name": "swap"}))
    return found


def test_points_given_as_a_reward_are_taken_back(stars):
    buy(stars)
    assert b.balance(stars, unit="stars").active == 5

    give_back(stars)
    assert b.balance(stars, unit="stars").active == 0
    again(stars)

    assert b.balance(stars, unit="stars").active == 5
    with scope(program=stars):
        assert sorted(Redemption.objects.values_list("state", flat=True)) == ["failed", "fulfilled"]


def test_what_a_member_kept_of_a_lost_win_is_not_given_again(stars):
    buy(stars)
    b.spend(stars, 5, "2026-02-02", unit="stars")

    give_back(stars)
    again(stars)
    b.record(stars, b.bring_back("r2", "2026-02-09", order="again"))
    run("2026-02-09")
    buy(stars, "third", at="2026-02-10")

    assert wins(stars) == ["one"]
    assert b.balance(stars, unit="stars").active == 0
    with scope(program=stars):
        assert Redemption.objects.count() == 1


def test_a_new_win_heard_of_before_the_lost_one_gives_no_second_prize(stars):
    buy(stars)
    b.spend(stars, 5, "2026-02-02", unit="stars")
    b.record(stars, b.bring_back("r", "2026-02-05", order="1"))
    count(stars, "2026-02-05")
    b.record(stars, b.order("2", "2026-02-06", 1000))
    count(stars, "2026-02-06")

    with scope(program=stars):
        giving.settle(stars, BadgeWin.objects.get(lost_at=None), now=b.moment("2026-02-06"))

        assert Redemption.objects.count() == 1


def count(program, at):
    """Only the follower that counts hears of what happened, not the one that gives."""
    while followers.deliver_some(program=program, follower=counting.FOLLOWER, now=b.moment(at)):
        pass


def merge(program):
    return merging.merge(
        program=program, kept=b.find(program, "anna"), gone=b.find(program, "ben"), reason="One person",
        by=b.staff(), key="m", now=b.moment("2026-03-01"),
    )  # fmt: skip


def test_a_kept_badge_of_a_merged_account_is_shown_and_paid_once(program):
    put_up(program, definition=with_prizes(*UNITS), is_kept=True)
    b.record(program, b.order("1", "2026-02-01", 1000, member="ben"))
    run("2026-02-01")

    merge(program)
    run("2026-03-01")

    assert wins(program) == ["one"]
    assert b.balance(program).active == 60


def test_a_badge_that_is_not_kept_moves_with_its_prize(program):
    put_up(program, definition=with_prizes(*UNITS))
    b.record(program, b.order("1", "2026-02-01", 1000, member="ben"))
    run("2026-02-01")

    merge(program)
    run("2026-03-01")

    assert (wins(program), wins_of_gone(program)) == (["one"], [])
    assert b.balance(program).active == 60


def wins_of_gone(program):
    with scope(program=program):
        return list(BadgeWin.objects.filter(lost_at=None).exclude(member=b.find(program, "anna")))


def test_a_refused_prize_waits_and_the_others_are_given(program):
    offer(program, "coffee", price={"points": 500}, stock=1)
    redemptions.reserve(
        program=program,
        member=b.join(program, "ben"),
        reward="coffee",
        key="k",
        now=b.moment("2026-01-02"),
        at_once=True,
        is_free=True,
    )
    put_up(program, definition=with_prizes({"kind": "reward", "name": "coffee"}, *UNITS))

    buy(program)

    assert b.balance(program).active == 60
    with scope(program=program):
        assert Delivery.objects.get().error == "OutOfStock"
    catalogue.change(program=program, key="coffee", by=None, now=b.moment("2026-02-01"), stock=2)
    run("2026-02-02")

    assert b.balance(program).active == 60
    with scope(program=program):
        assert Redemption.objects.filter(member=b.find(program, "anna")).count() == 1
        assert not Delivery.objects.exists()


def test_a_prize_must_be_a_reward_that_can_be_given(program):
    offer(program, "coffee", price={"points": 500})
    catalogue.end(program=program, key="coffee", by=None, now=b.moment("2026-01-01"))

    with pytest.raises(editing.BadgeRefused) as refused:
        put_up(program, definition=with_prizes({"kind": "reward", "name": "coffee"}))

    assert refused.value.field == "levels[0].prizes[0].name"
