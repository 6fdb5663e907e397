"""Spending and adjusting by hand. Numbers in comments are lines of SEMANTICS."""

import dataclasses

import pytest
from django_scopes import scope

from members.models import Member
from rewards import ledger
from rewards.models import Lot
from tests.rewards import builders as b

pytestmark = pytest.mark.django_db


@pytest.fixture
def program():
    return b.open_program(stores=["north", "south"])


def points(program, member: str = "anna") -> int:
    return b.balance(program, member).active


def test_spending_takes_soonest_expiry_then_oldest(program):
    b.change_unit(program, expiry={"kind": "days", "count": 100})
    b.record(program, b.order("late", "2026-02-01", 1000))
    b.record(program, b.order("early", "2026-01-01", 1000), now="2026-02-01")
    b.change_unit(program, expiry={})
    b.record(program, b.order("never", "2025-01-01", 1000), now="2026-02-02")

    b.spend(program, 25, "2026-02-03")

    assert [lot.remaining for lot in b.lots(program)] == [0, 0, 5]  # 5: never-expiring last
    assert sorted(b.allocations(b.entries(program)[-1]).values()) == [5, 10, 10]


def test_more_than_there_is_cannot_be_spent(program):
    b.record(program, b.order("A", "2026-01-10", 10_000))

    with pytest.raises(ledger.InsufficientPoints) as refusal:
        b.spend(program, 101, "2026-01-11")

    assert refusal.value.params == {"missing": 1}
    assert points(program) == 100


def test_a_spend_told_twice_has_effect_once(program):
    b.record(program, b.order("A", "2026-01-10", 10_000))
    first = b.spend(program, 60, "2026-01-11", key="k")

    again = b.spend(program, 60, "2026-01-12", key="k")

    assert again == dataclasses.replace(first, repeated=True)  # 15
    assert points(program) == 40


def test_a_key_used_for_something_else_is_refused(program):
    b.record(program, b.order("A", "2026-01-10", 10_000))
    b.spend(program, 60, "2026-01-11", key="k")

    with pytest.raises(ledger.KeyReused):
        b.spend(program, 61, "2026-01-11", key="k")


@pytest.mark.parametrize("state", ["blocked", "closed"])
def test_who_is_not_active_cannot_spend(program, state):
    b.record(program, b.order("A", "2026-01-10", 10_000))
    with scope(program=program):
        Member.objects.update(state=state)

    with pytest.raises(ledger.MemberNotActive):  # 12
        b.spend(program, 1, "2026-01-11")


def test_nobody_spends_in_another_program(program):
    b.record(program, b.order("A", "2026-01-10", 10_000))
    anna, other = b.find(program, "anna"), b.open_program()

    with pytest.raises(ledger.NotFound):
        ledger.spend(program=other, member=anna, unit="points", amount=1, key="k", now=b.moment("2026-01-11"))

    assert points(program) == 100


def test_an_adjustment_moves_either_way_and_is_audited(program):
    from members.models import AuditEntry

    b.join(program, "anna")

    up = b.adjust(program, 30, "2026-01-10")
    down = b.adjust(program, -20, "2026-01-11")

    assert (up.active, down.active) == (30, 10)
    with scope(program=program):
        audited = list(AuditEntry.objects.order_by("at").values_list("action", "after__amount", "reason"))
    assert audited == [("points.adjust", 30, "a kindness"), ("points.adjust", -20, "a kindness")]


def test_no_more_is_taken_by_hand_than_there_is(program):
    b.join(program, "anna")
    b.adjust(program, 30, "2026-01-10")

    with pytest.raises(ledger.InsufficientPoints):
        b.adjust(program, -31, "2026-01-11")


def test_a_spend_over_many_lots_uses_them_in_order():
    """More lots than are read at first (5)."""
    program = b.open_program()
    b.record(program, *(b.order(f"A{n}", f"2026-01-{10 + n:02}", 1000) for n in range(12)))

    ledger.spend(
        program=program,
        member=b.find(program, "anna"),
        unit="points",
        amount=95,
        key="k",
        now=b.moment("2026-02-01"),
    )

    with scope(program=program):
        left = list(Lot.objects.order_by("earned_at").values_list("remaining", flat=True))
    assert left == [0] * 9 + [5, 10, 10]
    assert not b.wrong_wallets(program)
