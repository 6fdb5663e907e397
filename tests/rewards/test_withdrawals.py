"""An event taken back takes along what it gave: points, counters, tier and badges."""

import pytest
from django_scopes import scope

from loyaltysite.kit.errors import NotFound
from members.models import Activity, Event
from rewards import checking, withdrawals
from tests.rewards import builders as b
from tests.rewards.badges.shop import goal, put_up, run, value, wins

pytestmark = pytest.mark.django_db

REVIEW = {
    "trigger": {"on": "event", "kind": "review"},
    "amount": {"kind": "fixed", "points": "20"},
    "caps": {"month": "30"},
}


@pytest.fixture
def program():
    return b.open_program(rules={**b.BASE, "review": REVIEW})


def withdraw(program, number="1", kind="review", at="2026-02-05"):
    return withdrawals.withdraw(
        program=program, source="shop", kind=kind, external_id=number, now=b.moment(at)
    )


def test_its_points_are_taken_back_once(program):
    b.record(program, b.event("1", "review", "2026-02-01"))
    assert b.balance(program).active == 20

    outcome = withdraw(program)

    assert (outcome.status, outcome.reversed, outcome.balance) == ("recorded", {"points": 20}, {"points": 0})
    again = withdraw(program, at="2026-02-06")
    assert (again.status, again.fact_id, again.reversed) == ("repeated", outcome.fact_id, {"points": 20})
    assert b.balance(program).active == 0
    assert checking.run(program=program, verify=True).faults == []


def test_what_was_spent_of_them_is_owed(program):
    b.record(program, b.event("1", "review", "2026-02-01"))
    b.spend(program, 15, "2026-02-02")

    withdraw(program)

    assert (b.balance(program).active, b.balance(program).arrears) == (0, 15)


EXPIRING = {"expiry": {"kind": "days", "count": 30}}


def test_what_had_ended_meanwhile_is_not_taken_from_other_points():
    program = b.open_program(rules={**b.BASE, "review": REVIEW}, units={"points": EXPIRING})
    b.record(program, b.event("1", "review", "2026-02-01"))
    b.adjust(program, 100, "2026-02-20")

    withdraw(program, at="2026-03-10")

    assert (b.balance(program).active, b.balance(program).arrears) == (100, 0)
    assert checking.run(program=program, verify=True).faults == []


def test_the_cap_has_room_again(program):
    b.record(program, b.event("1", "review", "2026-02-01"), b.event("2", "review", "2026-02-02"))
    assert b.balance(program).active == 30

    withdraw(program)
    b.record(program, b.event("3", "review", "2026-02-08"))

    # The second keeps what it got; the third finds twenty of the thirty free.
    assert b.balance(program).active == 30


def test_an_activity_deleted_counts_for_no_badge(program):
    put_up(program, definition=goal("sum", 10, event="run", field="km"))
    b.record(program, b.event("1", "run", "2026-02-01", km=6), b.event("2", "run", "2026-02-02", km=6))
    run()
    assert (value(program), wins(program)) == (12, ["one"])

    withdraw(program, "2", "run")
    run()

    assert (value(program), wins(program)) == (6, [])
    with scope(program=program):
        assert Activity.objects.get(withdrawn_at__isnull=False).data == {"km": 6}
        assert Event.objects.filter(kind="undo.run").count() == 1


def test_what_nobody_sent_cannot_be_withdrawn(program):
    other = b.open_program()
    b.record(other, b.event("1", "review", "2026-02-01"))

    with pytest.raises(NotFound):
        withdraw(program)


def test_a_lower_tier_follows(program):
    tiers = {"base": (0, {}), "gold": (15, {})}
    program = b.open_program(rules={"review": REVIEW}, tiers=tiers, scheme={"counted": "points"})
    b.record(program, b.event("1", "review", "2026-02-01"))
    run()

    withdraw(program)

    assert b.metric(program)[-1] == 0
