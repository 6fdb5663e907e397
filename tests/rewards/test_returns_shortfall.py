"""Where a return takes its points, and what happens when they are gone. Numbers in comments are lines of SEMANTICS."""

import pytest
from django_scopes import scope

from rewards import settling
from rewards.models import Counter, Settlement
from tests.rewards import builders as b
from tests.rewards.builders import Balance

pytestmark = pytest.mark.django_db

MUG, TEA = b.line(6000, "mug"), b.line(4000, "tea")


@pytest.fixture
def program():
    return b.open_program()


def points(program, member: str = "anna") -> int:
    return b.balance(program, member).active


# --- where it is taken (25, 26) ---


def test_own_lots_come_first_pending_before_active(program):
    b.publish(program, "slow", {"amount": b.ONE_PER_MAJOR, "pending": {"kind": "days", "count": 30}})
    b.record(program, b.order("first", "2026-01-01", 10_000))
    settling.settle_due(program=program, now=b.moment("2026-02-05"))
    b.record(program, b.order("A", "2026-02-05", MUG, TEA))

    b.record(program, b.bring_back("R", "2026-02-06", "mug", order="A"))

    entry = b.entries(program)[-1]
    assert (entry.kind, entry.pending_change, entry.active_change) == ("reverse", -100, -20)  # 25
    own = {lot.pk for lot in b.lots(program) if lot.order_id == b.stored_order(program, "A").pk}
    assert set(b.allocations(entry)) <= own


def test_then_other_lots_in_order_of_use(program):
    b.record(program, b.order("A", "2026-01-01", 10_000))
    b.spend(program, 100, "2026-01-02")
    b.record(program, b.order("late", "2026-01-05", 3000), b.order("early", "2026-01-03", 3000))

    b.record(program, b.bring_back("R", "2026-01-12", order="A", amount_minor=4000))

    assert {lot.granted - lot.remaining for lot in b.lots(program)[1:]} == {30, 10}
    early = next(lot for lot in b.lots(program) if lot.earned_at == b.moment("2026-01-03"))
    assert early.remaining == 0  # 25, 5


def test_what_expired_is_not_taken_again(program):
    b.change_unit(program, expiry={"kind": "days", "count": 10})
    b.record(program, b.order("A", "2026-01-01", 10_000))
    b.spend(program, 30, "2026-01-02")
    b.record(program, b.order("B", "2026-01-20", 10_000))

    b.record(program, b.cancel("A", "2026-01-21"))

    assert points(program) == 70  # 25: 70 expired, 30 were spent
    with scope(program=program):
        settled = Settlement.objects.get()
    assert (settled.reversed, settled.from_ended, settled.from_others) == (100, 70, 30)


def test_what_expired_is_absorbed_once(program):
    b.change_unit(program, expiry={"kind": "days", "count": 10})
    b.record(program, b.order("A", "2026-01-01", b.line(5000, "x"), b.line(5000, "y")))
    b.spend(program, 40, "2026-01-02")
    b.record(program, b.order("B", "2026-01-20", 10_000))

    b.record(program, b.bring_back("R", "2026-01-21", "x", order="A"))
    first = points(program)
    b.record(program, b.bring_back("S", "2026-01-21", "y", order="A"))

    assert (first, points(program)) == (100, 60)  # 25: 60 expired, 40 spent


def shortfall(program, mode, limit=None):
    b.change_unit(program, shortfall=mode, arrears_limit=limit)
    b.record(program, b.order("A", "2026-01-01", 10_000))
    b.spend(program, 80, "2026-01-02")
    b.record(program, b.cancel("A", "2026-01-03"))
    return b.balance(program), b.movements(program)[2:]


def test_a_shortfall_becomes_arrears(program):
    assert shortfall(program, "arrears") == (Balance(arrears=80), [("reverse", 0, -20, 80)])  # 26


def test_arrears_beyond_the_limit_are_forgiven_with_an_entry(program):
    found = shortfall(program, "arrears", 50)

    assert found == (Balance(arrears=50), [("reverse", 0, -20, 80), ("forgive", 0, 0, -30)])  # 26


def test_the_limit_holds_for_all_arrears_together(program):
    shortfall(program, "arrears", 50)
    b.record(program, b.order("B", "2026-01-04", 10_000))
    b.spend(program, 50, "2026-01-04")

    b.record(program, b.cancel("B", "2026-01-05"))

    assert b.balance(program) == Balance(arrears=50)


def test_a_shortfall_may_be_forgiven(program):
    balance, moved = shortfall(program, "forgive")

    assert balance == Balance()
    assert moved == [("reverse", 0, -20, 80), ("forgive", 0, 0, -80)]  # 26


def test_a_shortfall_may_stay_within_the_balance(program):
    balance, moved = shortfall(program, "within")

    assert balance == Balance()
    assert sum(row[2] for row in moved) == -20  # 26


@pytest.mark.parametrize("rise", ["earn", "adjust", "activate", "paid"])
def test_every_rise_repays_arrears_first(program, rise):
    if rise == "activate":
        b.change_unit(program, pending={"kind": "days", "count": 5})
    b.record(program, b.order("A", "2026-01-01", 10_000))
    settling.settle_due(program=program, now=b.moment("2026-01-10"))
    b.spend(program, 80, "2026-01-10")
    b.record(program, b.cancel("A", "2026-01-11"))

    if rise == "adjust":
        b.adjust(program, 100, "2026-01-12")
    else:
        b.record(program, b.order("B", "2026-01-12", 10_000, is_paid=rise != "paid"))
    if rise == "paid":
        b.record(program, b.paid("B", "2026-01-13"))
    settling.settle_due(program=program, now=b.moment("2026-01-20"))

    assert b.balance(program) == Balance(active=20)  # 26
    assert b.movements(program)[-1][3] == -80
    assert list(b.allocations(b.entries(program)[-1]).values())[-1] == 80


def test_pending_points_repay_nothing_yet(program):
    shortfall(program, "arrears")

    b.record(program, b.order("B", "2026-01-12", 10_000, is_paid=False))

    assert b.balance(program) == Balance(pending=100, arrears=80)


def test_what_repaid_arrears_is_no_gift_when_its_order_comes_back(program):
    shortfall(program, "arrears")
    b.record(program, b.order("B", "2026-01-12", 10_000))

    b.record(program, b.cancel("B", "2026-01-13"))

    assert b.balance(program) == Balance(arrears=80)


def test_buying_and_returning_ten_times_leaves_nothing():
    program = b.open_program(tiers={"basic": (0, {}), "gold": (50_000, {"points": "2"})})

    for number in range(10):
        b.record(program, b.order(f"O{number}", f"2026-01-{10 + number}", 60_000))
        b.record(program, b.cancel(f"O{number}", f"2026-01-{10 + number}T13:00"))

    assert b.balance(program) == Balance()
    assert b.metric(program) == (0, 0, 0, 0)  # 29
    assert [standing for standing in b.standings(program) if standing.ended_at is None] == []  # 33


# --- what else a return corrects (29) ---


def test_a_return_corrects_metric_and_counters():
    program = b.open_program(
        rules={"base": {"amount": b.ONE_PER_MAJOR, "caps": {"month": "150"}}},
        tiers={"basic": (0, {}), "gold": (10**9, {})},
        scheme={"counted": "points"},
    )
    b.record(program, b.order("A", "2026-01-10", MUG, TEA))

    b.record(program, b.bring_back("R", "2026-01-12", "tea", order="A"))

    assert b.metric(program) == (6000, 1, 0, 60)  # 29
    with scope(program=program):
        (counter,) = Counter.objects.filter(key__contains=":m")
    assert (counter.amount, counter.times) == (60, 1)


def test_a_welcome_bonus_taken_back_may_be_earned_again(program):
    b.publish(program, "welcome", {"amount": {"kind": "fixed", "points": "500"}, "frequency": {"once": True}})
    b.record(program, b.order("A", "2026-01-10", 10_000))
    b.record(program, b.cancel("A", "2026-01-11"))

    (again,) = b.record(program, b.order("B", "2026-01-12", 10_000))

    assert again.awarded == {"points": 600}  # 29


def test_a_return_within_the_doubt_ends_the_tier():
    program = b.open_program(tiers={"basic": (0, {}), "gold": (9_000, {"points": "2"})})
    b.record(program, b.order("A", "2026-01-10", MUG, TEA))

    b.record(program, b.bring_back("R", "2026-01-12", "tea", order="A"))
    (later,) = b.record(program, b.order("B", "2026-01-13", 1000))

    assert later.awarded == {"points": 10}  # 33
