"""Inactivity: what is usable ends together when nobody did anything for so long (9)."""

import pytest
from django_scopes import scope

from rewards import checking, settling, units
from rewards.models import Unit
from rewards.policies import PolicyError
from tests.rewards import builders as b
from tests.rewards.builders import Balance

pytestmark = pytest.mark.django_db

LAPSE = {"months": 6, "by": ["order", "spend", "visit"]}
RULES = {
    **b.BASE,
    "gift": {"trigger": {"on": "event", "kind": "gift"}, "amount": {"kind": "fixed", "points": "5"}},
}


@pytest.fixture
def program():
    return b.open_program(rules=RULES, units={"points": {"lapse": LAPSE}})


def settle(program, at):
    return settling.settle_due(program=program, now=b.moment(at))


def is_right(program):
    report = checking.run(program=program, verify=True)
    return report.faults == []


def lapses(program):
    return b.wallet(program).lapses_at


def test_everything_usable_ends_after_the_last_activity(program):
    b.record(program, b.order("A", "2026-01-10", 10_000))
    b.record(program, b.order("B", "2026-02-10", 5000))

    early = settle(program, "2026-08-10T23:59")
    late = settle(program, "2026-08-11T00:00")

    assert (early, late) == (0, 1)
    assert b.movements(program)[-2:] == [("expire", 0, -100, 0), ("expire", 0, -50, 0)]  # 9
    assert b.entries(program)[-1].at == b.moment("2026-08-11T00:00")
    assert b.balance(program) == Balance()
    assert lapses(program) is None
    assert is_right(program)


@pytest.mark.parametrize(
    ("act", "until"),
    [
        (lambda p: b.record(p, b.event("V", "visit", "2026-03-05")), "2026-09-06T00:00"),
        (lambda p: b.spend(p, 10, "2026-03-05"), "2026-09-06T00:00"),
        (lambda p: b.record(p, b.order("0", "2026-03-05", 10)), "2026-09-06T00:00"),  # earns nothing
        (lambda p: b.record(p, b.event("G", "gift", "2026-03-05")), "2026-07-11T00:00"),  # not named
        (lambda p: b.adjust(p, 10, "2026-03-05"), "2026-07-11T00:00"),
        (lambda p: b.record(p, b.order("late", "2025-12-01", 100), now="2026-03-05"), "2026-07-11T00:00"),
    ],
)
def test_named_activities_push_it_forward(program, act, until):
    b.record(program, b.order("A", "2026-01-10", 10_000))

    act(program)

    assert lapses(program) == b.moment(until)
    assert is_right(program)


def test_an_activity_after_the_lapse_finds_nothing(program):
    b.record(program, b.order("A", "2026-01-10", 10_000))

    b.record(program, b.event("V", "visit", "2026-08-01"))

    assert b.balance(program) == Balance()
    assert b.movements(program)[-1] == ("expire", 0, -100, 0)


def test_an_order_after_the_lapse_earns_anew(program):
    b.record(program, b.order("A", "2026-01-10", 10_000))

    b.record(program, b.order("B", "2026-08-01", 2000))

    assert b.balance(program) == Balance(active=20)
    assert lapses(program) == b.moment("2027-02-02T00:00")
    assert is_right(program)


def test_what_comes_late_takes_nothing_that_was_there():
    program = b.open_program()
    b.record(program, b.order("A", "2026-01-10", 10_000))
    b.change_unit(program, lapse=LAPSE, expiry={"kind": "days", "count": 400})

    b.record(program, b.order("old", "2025-03-01", 5000), now="2026-02-01")

    assert b.balance(program) == Balance(active=150)
    assert lapses(program) == b.moment("2026-08-02T00:00")
    assert is_right(program)


def test_lots_keep_their_own_dates(program):
    b.change_unit(program, expiry={"kind": "days", "count": 30})
    b.record(program, b.order("A", "2026-01-10", 10_000))
    b.record(program, b.event("V", "visit", "2026-02-01"))

    settle(program, "2026-02-10")

    assert b.movements(program)[-1] == ("expire", 0, -100, 0)
    assert b.entries(program)[-1].at == b.moment("2026-02-10T00:00")
    assert is_right(program)


def test_what_is_pending_does_not_lapse_and_starts_the_clock_when_it_wakes(program):
    b.change_unit(program, pending={"kind": "days", "count": 300})
    b.record(program, b.order("A", "2026-01-10", 10_000))

    settle(program, "2026-12-01")

    assert b.balance(program) == Balance(active=100)
    assert lapses(program) == b.moment("2027-05-07T00:00")
    assert is_right(program)


def test_a_policy_that_is_gone_ends_nothing(program):
    b.record(program, b.order("A", "2026-01-10", 10_000))
    b.change_unit(program, lapse={})

    settle(program, "2026-12-01")

    assert b.balance(program) == Balance(active=100)
    assert lapses(program) is None


def test_a_new_policy_begins_to_count_for_those_who_have_points():
    program = b.open_program(units={"points": {"names": {"en": {"other": "points"}}}})
    b.record(program, b.order("A", "2020-01-10", 10_000))
    units.change(program=program, key="points", by=b.staff(), now=b.moment("2026-01-10"), lapse=LAPSE)

    first = settling.start_lapses(program=program, now=b.moment("2026-01-10"))
    again = settling.start_lapses(program=program, now=b.moment("2026-02-10"))

    assert (first, again) == (1, 0)
    assert lapses(program) == b.moment("2026-07-11T00:00")
    with scope(program=program):
        assert Unit.objects.get().is_lapse_begun
    assert settle(program, "2026-07-11") == 1
    assert b.balance(program) == Balance()
    assert is_right(program)


@pytest.mark.parametrize(
    "policy",
    [
        {"months": 0, "by": ["order"]},
        {"months": 6, "days": 3, "by": ["order"]},
        {"months": 6, "by": []},
        {"months": 6},
        {"by": ["order"]},
        {"months": True, "by": ["order"]},
        {"months": 6, "by": [""]},
        {"months": 6, "by": ["order"], "else": 1},
    ],
)
def test_policies_that_cannot_be_are_refused(program, policy):
    with pytest.raises(PolicyError) as refused:
        units.change(program=program, key="points", by=b.staff(), now=b.moment("2026-01-10"), lapse=policy)

    assert refused.value.field == "lapse"
