"""When points become usable and when they end. Numbers in comments are lines of SEMANTICS."""

import pytest

from rewards import ledger, settling
from tests.rewards import builders as b
from tests.rewards.builders import Balance

pytestmark = pytest.mark.django_db

BONUS = {"amount": {"kind": "fixed", "points": "50"}}


@pytest.fixture
def program():
    return b.open_program(stores=["north", "south"])


def points(program, member: str = "anna") -> int:
    return b.balance(program, member).active


@pytest.mark.parametrize(
    ("pending", "active_at"),
    [
        ({"kind": "days", "count": 14}, "2026-01-24T12:00"),
        ({"kind": "hours", "count": 36}, "2026-01-12T00:00"),
        ({"kind": "date", "on": "2026-03-01"}, "2026-03-01T00:00"),
        ({"kind": "date", "on": "2026-01-01"}, "2026-01-10T12:00"),
        ({"kind": "none"}, "2026-01-10T12:00"),
        ({"kind": "event", "event": "delivered"}, None),
    ],
)
def test_pending_policies(program, pending, active_at):
    b.change_unit(program, pending=pending, expiry={"kind": "days", "count": 5})

    b.record(program, b.order("A", "2026-01-10", 10_000))

    (lot,) = b.lots(program)
    assert lot.active_at == (active_at and b.moment(active_at))
    assert lot.is_active is (active_at == "2026-01-10T12:00")
    assert (lot.expires_at is None) is (active_at is None)


def test_what_was_pending_becomes_active_at_its_own_moment(program):
    b.change_unit(program, pending={"kind": "days", "count": 14})
    b.record(program, b.order("A", "2026-01-10", 10_000))

    early = settling.settle_due(program=program, now=b.moment("2026-01-24T11:59"))
    moved = settling.settle_due(program=program, now=b.moment("2026-02-01"))
    again = settling.settle_due(program=program, now=b.moment("2026-02-01"))

    assert (early, moved, again) == (0, 1, 0)
    assert b.movements(program)[-1] == ("activate", -100, 100, 0)
    assert b.entries(program)[-1].at == b.moment("2026-01-24")
    assert b.balance(program) == Balance(active=100)


def test_a_rule_may_override_pending_and_expiry(program):
    b.publish(
        program,
        "base",
        {
            "amount": b.ONE_PER_MAJOR,
            "pending": {"kind": "days", "count": 1},
            "expiry": {"kind": "days", "count": 2},
        },
    )
    b.publish(program, "bonus", BONUS)

    b.record(program, b.order("A", "2026-01-10", 10_000))

    ends = {lot.granted: (lot.active_at, lot.expires_at) for lot in b.lots(program)}
    assert ends == {
        100: (b.moment("2026-01-11"), b.moment("2026-01-14T00:00")),  # 9: the last day is the 13th
        50: (b.moment("2026-01-10"), None),
    }


@pytest.mark.parametrize(
    ("expiry", "earned", "ends"),
    [
        ({}, "2026-01-10", None),
        ({"kind": "none"}, "2026-01-10", None),
        ({"kind": "days", "count": 30}, "2026-01-10", "2026-02-10T00:00"),
        ({"kind": "days", "count": 1}, "2026-01-10T00:00", "2026-01-12T00:00"),
        ({"kind": "months", "count": 1}, "2026-01-31", "2026-03-01T00:00"),  # the 28th is its last day
        ({"kind": "months", "count": 1}, "2024-01-31", "2024-03-01T00:00"),  # the 29th is
        ({"kind": "months", "count": 12}, "2024-02-29", "2025-03-01T00:00"),
        ({"kind": "months", "count": 48}, "2024-02-29", "2028-03-01T00:00"),
        ({"kind": "end_of", "period": "month"}, "2026-01-10", "2026-02-01T00:00"),
        ({"kind": "end_of", "period": "month"}, "2026-01-31T23:59", "2026-02-01T00:00"),
        ({"kind": "end_of", "period": "quarter"}, "2026-02-10", "2026-04-01T00:00"),
        ({"kind": "end_of", "period": "year", "after": 1}, "2026-02-10", "2028-01-01T00:00"),
        ({"kind": "dates", "dates": ["06-30", "12-31"]}, "2026-06-30", "2026-07-01T00:00"),
        ({"kind": "dates", "dates": ["06-30", "12-31"]}, "2026-07-01", "2027-01-01T00:00"),
        ({"kind": "dates", "dates": ["02-29"]}, "2025-03-01", "2026-03-01T00:00"),
    ],
)
def test_expiry_policies(program, expiry, earned, ends):
    b.change_unit(program, expiry=expiry)

    b.record(program, b.order("A", earned, 10_000))

    (lot,) = b.lots(program)
    assert lot.expires_at == (ends and b.moment(ends))  # 9, 10


@pytest.mark.parametrize(
    ("zone", "earned", "ends"),
    [
        ("Asia/Tehran", "2026-01-10T12:00", "2026-01-11T20:30"),
        ("Asia/Tehran", "2026-01-10T20:30", "2026-01-12T20:30"),  # already the 11th there
        ("America/New_York", "2026-03-07T12:00", "2026-03-09T04:00"),  # summer time begins on the 8th
        ("America/New_York", "2026-10-31T12:00", "2026-11-02T05:00"),  # and ends on 1 November
        ("Africa/Cairo", "2026-04-22T12:00", "2026-04-23T22:00"),  # midnight is left out on the 24th
        ("Pacific/Apia", "2026-01-10T12:00", "2026-01-12T11:00"),
    ],
)
def test_a_lot_ends_with_its_last_local_day(zone, earned, ends):
    program = b.open_program(units={"points": {"expiry": {"kind": "days", "count": 1}}}, time_zone=zone)

    b.record(program, b.order("A", earned, 10_000))

    (lot,) = b.lots(program)
    assert lot.expires_at == b.moment(ends)  # 10


def test_a_lot_can_be_spent_until_the_end_of_its_last_day(program):
    b.change_unit(program, expiry={"kind": "days", "count": 1})
    b.record(program, b.order("A", "2026-01-10", 10_000))

    b.spend(program, 60, "2026-01-11T23:59:59.999999")
    with pytest.raises(ledger.InsufficientPoints):
        b.spend(program, 1, "2026-01-12T00:00")

    settling.settle_due(program=program, now=b.moment("2026-01-12T00:00"))
    assert [row[0] for row in b.movements(program)] == ["earn", "spend", "expire"]


def test_a_lot_born_past_its_date_posts_earn_and_expire(program):
    b.change_unit(program, expiry={"kind": "days", "count": 10})

    (outcome,) = b.record(program, b.order("A", "2026-01-10", 10_000), now="2026-03-01")

    assert b.movements(program) == [("earn", 0, 100, 0), ("expire", 0, -100, 0)]  # 10
    assert b.entries(program)[1].at == b.moment("2026-01-21T00:00")
    assert outcome.awarded == {"points": 100}
    assert outcome.balance == {"points": 0}


def test_a_lot_born_past_its_date_leaves_the_others_their_dates(program):
    b.change_unit(program, expiry={"kind": "days", "count": 10})
    b.record(program, b.order("A", "2026-02-25", 10_000))

    b.record(program, b.order("B", "2026-01-10", 5000), now="2026-03-01")
    moved = settling.settle_due(program=program, now=b.moment("2026-03-20"))

    assert moved == 1  # 10: A's lot is still due
    assert b.balance(program) == Balance()


def test_what_is_due_goes_before_what_comes(program):
    b.change_unit(program, expiry={"kind": "days", "count": 10})
    b.record(program, b.order("A", "2026-01-10", 10_000))

    b.record(program, b.order("B", "2026-02-10", 2000))

    assert [row[0] for row in b.movements(program)] == ["earn", "expire", "earn"]  # 10
    assert points(program) == 20


def test_settling_is_over_when_nothing_is_due(program):
    b.change_unit(program, expiry={"kind": "days", "count": 10})
    b.record(program, b.order("A", "2026-01-10", 10_000))
    b.spend(program, 100, "2026-01-11")

    moved = settling.settle_due(program=program, now=b.moment("2026-03-01"))

    assert moved == 0
    assert b.wallet(program).next_due_at is None  # or it would be read again at every round
