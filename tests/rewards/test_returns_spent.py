"""Points spent on an order that comes back. Numbers in comments are lines of SEMANTICS."""

import pytest
from django_scopes import scope

from rewards import settling
from rewards.models import Settlement
from tests.rewards import builders as b
from tests.rewards.builders import Balance

pytestmark = pytest.mark.django_db

MUG, TEA = b.line(6000, "mug"), b.line(4000, "tea")


@pytest.fixture
def program():
    return b.open_program()


def points(program, member: str = "anna") -> int:
    return b.balance(program, member).active


def spent_on(program, amount: int = 60, **lot):
    """100 points earned by A, some of them spent on B of 100.00."""
    b.change_unit(program, **lot)
    b.record(program, b.order("A", "2026-01-01", 10_000))
    b.publish(program, "base", {"amount": {**b.ONE_PER_MAJOR, "per_minor": 10**12}}, since="2026-01-02T00:00")
    b.record(program, b.order("B", "2026-01-02", MUG, TEA))
    b.spend(program, amount, "2026-01-02", order="B")


def test_points_spent_on_a_cancelled_order_go_back_to_their_lots(program):
    spent_on(program)

    b.record(program, b.cancel("B", "2026-01-03"))

    assert points(program) == 100
    (lot,) = b.lots(program)
    assert lot.remaining == 100  # 27
    assert b.movements(program)[-1] == ("restore", 0, 60, 0)


def test_a_partial_refund_restores_in_proportion_in_the_members_favour(program):
    spent_on(program, 59)

    b.record(program, b.bring_back("R", "2026-01-03", "tea", order="B"))
    partly = points(program)
    b.record(program, b.bring_back("S", "2026-01-04", "mug", order="B"))

    assert partly == 41 + 24  # 28: 23.6 rounded up
    assert points(program) == 100  # 28: never more than was spent


def test_many_small_refunds_never_restore_more_than_was_spent(program):
    spent_on(program, 7)

    for number in range(30):
        b.record(program, b.bring_back(f"R{number}", "2026-01-03", order="B", amount_minor=777))

    assert points(program) == 100
    assert b.wrong_wallets(program) == []


def test_points_go_back_last_taken_first_with_their_old_dates(program):
    b.change_unit(program, expiry={"kind": "days", "count": 100})
    b.record(program, b.order("one", "2026-01-01", 1000), b.order("two", "2026-01-05", 1000))
    b.publish(program, "base", {"amount": {**b.ONE_PER_MAJOR, "per_minor": 10**12}}, since="2026-01-06T00:00")
    b.record(program, b.order("B", "2026-01-06", MUG, TEA))
    b.spend(program, 20, "2026-01-06", order="B")

    b.record(program, b.bring_back("R", "2026-01-07", "tea", order="B"))

    assert [lot.remaining for lot in b.lots(program)] == [0, 8]  # 27
    assert b.lots(program)[1].expires_at == b.moment("2026-04-16T00:00")


def test_a_lot_that_has_ended_comes_back_with_grace(program):
    spent_on(program, expiry={"kind": "days", "count": 10})

    b.record(program, b.cancel("B", "2026-02-01"))

    assert points(program) == 60  # 27; the 40 that were not spent expired
    old, new = b.lots(program)
    assert (new.granted, new.origin_id) == (60, old.pk)
    assert new.expires_at == b.moment("2026-02-16T00:00")


def test_grace_counts_from_when_it_is_known(program):
    spent_on(program, expiry={"kind": "days", "count": 10})

    b.record(program, b.cancel("B", "2026-02-01"), now="2026-03-01")

    assert points(program) == 60


def test_a_lot_that_came_back_belongs_to_the_order_that_earned_it(program):
    b.change_unit(program, expiry={"kind": "days", "count": 10})
    b.record(program, b.order("A", "2026-01-01", 10_000))
    b.record(program, b.order("B", "2026-01-09", b.line(5000, "x"), b.line(5000, "y")))
    b.spend(program, 100, "2026-01-09", order="B")
    b.record(program, b.bring_back("R", "2026-01-13", "x", order="B"))  # 50 points of A come back with grace
    b.spend(program, 50, "2026-01-13")  # B's own lot goes first: it ends sooner
    before = b.balance(program)

    b.record(program, b.cancel("A", "2026-01-14"))

    with scope(program=program):
        settled = Settlement.objects.filter(order_id=b.stored_order(program, "A").pk).get()
    assert before == Balance(active=50)
    assert (settled.from_own, settled.to_arrears) == (50, 50)  # 25: A's points, wherever they have been


def test_grace_that_ends_unused_absorbs_nothing_of_the_order_it_was_spent_on(program):
    b.change_unit(program, expiry={"kind": "days", "count": 10})
    b.record(program, b.order("A", "2026-01-01", 10_000))
    b.record(program, b.order("B", "2026-01-09", b.line(5000, "x"), b.line(5000, "y")))
    b.spend(program, 100, "2026-01-09", order="B")
    b.spend(program, 100, "2026-01-10")
    b.record(program, b.bring_back("R", "2026-01-13", "x", order="B"))
    settling.settle_due(program=program, now=b.moment("2026-02-20"))
    before = b.balance(program)

    b.record(program, b.bring_back("S", "2026-02-21", "y", order="B"))

    with scope(program=program):
        second = (
            Settlement.objects.filter(order_id=b.stored_order(program, "B").pk)
            .order_by("reversed_total")
            .last()
        )
    assert (second.reversed, second.from_ended) == (50, 0), before


def test_restored_points_repay_arrears_first(program):
    spent_on(program)
    b.spend(program, 40, "2026-01-03")
    b.record(program, b.cancel("A", "2026-01-04"))
    arrears = b.balance(program)

    b.record(program, b.cancel("B", "2026-01-05"))

    assert arrears == Balance(arrears=100)
    assert b.balance(program) == Balance(arrears=40)  # 26


def test_a_change_of_the_order_restores_no_more_than_was_spent(program):
    spent_on(program, 60)
    b.record(program, b.bring_back("R", "2026-01-03", "tea", order="B"))

    b.record(program, b.order("B", "2026-01-04", MUG, TEA, b.line(90_000, "sofa"), revision=1))
    b.record(program, b.cancel("B", "2026-01-05"))

    assert points(program) == 100  # 28
    assert b.wrong_wallets(program) == []


def test_points_spent_on_a_free_order_come_back_with_it(program):
    b.record(program, b.order("A", "2026-01-01", 10_000))
    b.record(program, b.order("B", "2026-01-02", b.line(0, "gift", is_reward=True)))
    b.spend(program, 60, "2026-01-02", order="B")

    b.record(program, b.cancel("B", "2026-01-03"))

    assert points(program) == 100  # 27


@pytest.mark.parametrize("buyer", ["ben", None])
def test_points_spent_on_somebody_elses_order_go_back_to_who_spent_them(program, buyer):
    b.record(program, b.order("A", "2026-01-01", 10_000))
    b.spend(program, 60, "2026-01-02", order="B")
    b.record(program, b.order("B", "2026-01-02", 10_000, member=buyer))

    b.record(program, b.cancel("B", "2026-01-03"))

    assert points(program) == 100  # 27
    assert buyer is None or b.balance(program, buyer) == Balance()


def test_points_spent_before_the_order_came_go_back_too(program):
    b.record(program, b.order("A", "2026-01-01", 10_000))
    b.spend(program, 60, "2026-01-02", order="B")
    b.record(program, b.cancel("B", "2026-01-03"))

    b.record(program, b.order("B", "2026-01-02", b.line(1, "x")), now="2026-01-04")

    assert points(program) == 100
