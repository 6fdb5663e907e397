"""Who came to an event earns by the rule for it, once, wherever the code was used (E9)."""

import importlib

import pytest
from django.db import connection
from django_scopes import scope

from members import followers
from members.models import Event, Fact, Following
from rewards import attendance, redemptions
from rewards.redemptions import moves, tickets
from tests.rewards import builders as b
from tests.rewards import catalogue as rewards

pytestmark = pytest.mark.django_db

NOW = b.moment("2026-03-01")
RULES = {
    "came": {
        "trigger": {"on": "event", "kind": "event.attended"},
        "amount": {"kind": "fixed", "points": "250"},
    }
}


@pytest.fixture
def program():
    program = b.open_program(rules=RULES)
    b.join(program, "anna")
    return program


def take(program, key, **values):
    rewards.put_up(program, key, price={}, per_member=5, **values)
    return redemptions.reserve(
        program=program, member=b.find(program, "anna"), reward=key, key=key, now=NOW, at_once=True
    )


def scan(program, one):
    code = tickets.unseal(program_id=program.pk, sealed=bytes(one.code_sealed))
    moves.use(program=program, code=code, now=NOW)


def deliver():
    return followers.deliver(clock=lambda: NOW, seconds=60)


def test_whose_code_was_scanned_at_an_event_was_there(program):
    one = take(program, "premiere", kind="event", stock=50)
    deliver()
    before = b.balance(program).active

    scan(program, one)
    deliver()

    assert (before, b.balance(program).active) == (0, 250)
    with scope(program=program):
        fact = Fact.objects.get(kind="event.event.attended")
    assert (fact.source, fact.external_id, fact.holder_id) == ("wafa", f"redemption-{one.pk}", one.member_id)


def test_told_twice_it_counts_once(program):
    one = take(program, "premiere", kind="event")
    scan(program, one)
    deliver()

    with scope(program=program):
        event = Event.objects.get(kind="reward.fulfilled")
        attendance.handle(program, [event], NOW)

    assert b.balance(program).active == 250


def test_another_kind_of_reward_is_no_event(program):
    take(program, "premiere", kind="event")
    one = take(program, "mug")

    scan(program, one)
    deliver()

    assert b.balance(program).active == 0


def test_a_program_without_events_follows_nothing(program):
    one = take(program, "mug")

    scan(program, one)

    assert deliver() == 0


def test_events_put_up_before_an_update_are_followed_too(program):
    migration = importlib.import_module("rewards.migrations.0036_attendance_followed")
    one = take(program, "premiere", kind="event")
    other = b.open_program()
    with scope(program=program):
        Following.objects.all().delete()

    with connection.cursor() as cursor:
        cursor.execute(migration.FOLLOW)
        cursor.execute(migration.FOLLOW)
    scan(program, one)
    deliver()

    assert b.balance(program).active == 250
    with scope(program=other):
        assert not Following.objects.exists()
