"""Facts that come late, and a budget that members share. Numbers in comments are lines of SEMANTICS."""

import pytest
from django_scopes import scope

from rewards.models import Award, Counter
from tests.rewards import builders as b

pytestmark = pytest.mark.django_db


@pytest.fixture
def program():
    return b.open_program(stores=["north", "south"])


# --- late orders (21) ---


def test_a_late_order_is_priced_by_the_versions_of_its_moment(program):
    b.publish(program, "base", {"amount": {**b.ONE_PER_MAJOR, "points": "3"}}, since="2026-02-01T00:00")

    (late, fresh) = b.record(
        program,
        b.order("A", "2026-01-31T23:59:59", 10_000),
        b.order("B", "2026-02-01T00:00:00", 10_000),
        now="2026-03-01",
    )

    assert late.awarded == {"points": 100}
    assert fresh.awarded == {"points": 300}


def test_a_late_order_is_priced_by_the_standing_of_its_moment_and_raises_from_now_on():
    program = b.open_program(tiers={"basic": (0, {}), "gold": (50_000, {"points": "2"})})
    b.record(program, b.order("A", "2026-02-01", 60_000))

    before, after, late = b.record_each(
        program,
        b.order("B", "2026-02-02", 10_000),
        b.order("C", "2026-02-03", 10_000),
        b.order("D", "2026-01-15", 10_000),
    )

    assert (before.awarded, after.awarded) == ({"points": 200}, {"points": 200})
    assert late.awarded == {"points": 100}  # 21: no gold yet on 15 January


def test_a_late_order_never_raises_the_past():
    program = b.open_program(tiers={"basic": (0, {}), "gold": (50_000, {"points": "2"})})
    b.record(program, b.order("A", "2026-02-01", 10_000))
    b.record(program, b.order("B", "2026-01-05", 60_000), now="2026-02-10")

    (between, later) = b.record(
        program,
        b.order("C", "2026-02-05", 10_000),
        b.order("D", "2026-02-11", 10_000),
        now="2026-02-11",
    )

    assert between.awarded == {"points": 100}
    assert later.awarded == {"points": 200}


def test_counters_belong_to_the_period_of_the_order(program):
    b.publish(program, "base", {"amount": b.ONE_PER_MAJOR, "caps": {"month": "120"}})
    b.record(program, b.order("A", "2026-02-10", 10_000))

    late, full = b.record(
        program,
        b.order("B", "2026-01-31", 10_000),
        b.order("C", "2026-02-28", 10_000),
        now="2026-02-28",
    )

    assert late.awarded == {"points": 100}  # January's own counter
    assert full.awarded == {"points": 20}
    with scope(program=program):
        months = dict(Counter.objects.filter(key__contains=":m").values_list("key", "amount"))
    assert sorted(months.values()) == [100, 120]


def test_periods_follow_the_programs_time_zone():
    program = b.open_program(
        rules={"base": {"amount": b.ONE_PER_MAJOR, "caps": {"day": "100"}}}, time_zone="Asia/Tehran"
    )

    outcomes = b.record_each(
        program,
        b.order("A", "2026-01-10T20:00", 10_000),  # 23:30 on the 10th in Tehran
        b.order("B", "2026-01-10T20:29", 10_000),
        b.order("C", "2026-01-10T20:30", 10_000),  # midnight there
    )

    assert [outcome.awarded.get("points", 0) for outcome in outcomes] == [100, 0, 100]


# --- a budget shared by members ---


def test_a_budget_is_spent_exactly_to_its_limit_by_all_members():
    program = b.open_program(rules={"base": {"amount": b.ONE_PER_MAJOR, "budget": "250"}})

    outcomes = b.record(program, *(b.order(f"O{n}", "2026-01-10", 10_000, member=f"m{n}") for n in range(5)))

    assert [outcome.awarded.get("points", 0) for outcome in outcomes] == [100, 100, 50, 0, 0]  # 18
    with scope(program=program):
        rule = program.rules.get()
        award = Award.objects.get(fact_id=outcomes[2].fact_id)
    assert (rule.spent, rule.budget) == (250, 250)
    assert (award.desired, award.awarded, award.cut_by) == (100, 50, "budget")  # 20


def test_a_return_gives_the_budget_back():
    program = b.open_program(rules={"base": {"amount": b.ONE_PER_MAJOR, "budget": "100"}})
    b.record(program, b.order("A", "2026-01-10", 10_000))
    b.record(program, b.cancel("A", "2026-01-11"))

    (outcome,) = b.record(program, b.order("B", "2026-01-12", 10_000, member="ben"))

    assert outcome.awarded == {"points": 100}
