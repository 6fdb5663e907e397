"""An end is announced once, and in time."""

import pytest
from django_scopes import scope

from members.models import Event
from rewards import notices
from tests.rewards import builders as b

pytestmark = pytest.mark.django_db


@pytest.fixture
def program():
    return b.open_program(units={"points": {"expiry": {"kind": "days", "count": 30}, "notice_days": 7}})


def announce(program, at):
    return notices.announce(program=program, now=b.moment(at))


def told(program, kind="points.expiring"):
    with scope(program=program):
        return [event.data for event in Event.objects.filter(kind=kind).order_by("pk")]


def test_what_ends_together_is_announced_together_and_once(program):
    b.record(program, b.order("A", "2026-01-10", 10_000), b.order("B", "2026-01-10", 5000))
    b.record(program, b.order("C", "2026-01-12", 1000))
    first, second, _third = b.lots(program)

    early = announce(program, "2026-02-02")
    due = announce(program, "2026-02-04")
    again = announce(program, "2026-02-04")
    later = announce(program, "2026-02-06")

    assert (early, due, again, later) == (0, 2, 0, 1)
    event, other = told(program)
    assert event == {
        "unit": "points",
        "amount": 150,
        "ends_at": "2026-02-10T00:00:00+00:00",
        "lots": [[first.pk, 100], [second.pk, 50]],
    }
    assert other["amount"] == 10


def test_only_what_can_still_be_used_is_announced(program):
    b.record(program, b.order("A", "2026-01-10", 10_000))
    b.spend(program, 100, "2026-01-20")

    assert announce(program, "2026-02-04") == 0
    assert announce(program, "2026-02-20") == 0


def test_nothing_is_announced_without_days_of_notice(program):
    b.change_unit(program, notice_days=0)
    b.record(program, b.order("A", "2026-01-10", 10_000))

    assert announce(program, "2026-02-04") == 0


def test_a_lapse_is_announced_for_each_of_its_dates(program):
    b.change_unit(program, expiry={}, lapse={"days": 30, "by": ["order"]})
    b.record(program, b.order("A", "2026-01-10", 10_000))

    first = announce(program, "2026-02-04"), announce(program, "2026-02-05")
    b.record(program, b.order("B", "2026-02-06", 5000))
    second = announce(program, "2026-02-07"), announce(program, "2026-03-04")

    assert (first, second) == ((1, 0), (0, 1))
    assert [event["amount"] for event in told(program, "points.lapsing")] == [100, 150]


def test_other_programs_are_left_alone(program):
    other = b.open_program(units={"points": {"expiry": {"kind": "days", "count": 30}, "notice_days": 7}})
    b.record(other, b.order("A", "2026-01-10", 10_000))

    assert announce(program, "2026-02-04") == 0
    assert told(other) == []
