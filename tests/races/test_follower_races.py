"""Several workers deliver to one follower, and some of them are killed: every event has effect once."""

import os
import signal
import time

import pytest
from django_scopes import scope

from members import followers
from members.models import Delivery, Event, Program
from tests.fixtures.waiting import until
from tests.races.actors import NOW, holds
from tests.rewards import builders as b

pytestmark = [pytest.mark.races, pytest.mark.slow]

WORKERS, EVENTS, BATCH = 4, 40, 4


def echo(program, events, now):
    """Says each event once more; slowly, so that workers overlap."""
    for event in events:
        Event.objects.create(program=program, kind="echo", occurred_at=now, data={"of": event.pk})
    time.sleep(0.02)


def die(program, events, now):
    echo(program, events, now)
    os.kill(os.getpid(), signal.SIGKILL)


def work(handle, *, guarded=True):
    """Deliver until nothing is left, as a worker does."""
    if not guarded:
        followers.CLAIM = followers.CLAIM.replace("FOR UPDATE SKIP LOCKED", "")
    followers.register(followers.Follower("echo", handle, BATCH))
    return followers.deliver(clock=lambda: NOW, seconds=60)


def open_shop(count=EVENTS):
    program = b.open_program()
    followers.follow(program=program, follower="echo", kinds=["order"])
    b.record(program, *(b.order(str(n), "2026-01-10", 1000, member=f"m{n % 7}") for n in range(count)))
    return program


def is_told_once(program):
    with scope(program=program):
        told = sorted(event.data["of"] for event in Event.objects.filter(kind="echo"))
        return told == sorted(Event.objects.filter(kind="order").values_list("pk", flat=True))


def left(program):
    with scope(program=program):
        return Delivery.objects.count()


@pytest.mark.parametrize("guarded", [True, False], ids=["guarded", "control"])
def test_workers_share_the_events(fresh_database, processes, guarded):
    def once(_number):
        program = open_shop()
        told = processes(WORKERS, work, echo, guarded=guarded)
        # Without the claim they may even stumble over each other.
        return not any(isinstance(each, BaseException) for each in told) and is_told_once(program)

    assert holds(once, guarded=guarded) is guarded


def test_a_worker_killed_in_mid_work_has_done_nothing(fresh_database, processes):
    program = open_shop(10)

    killed = processes.start(work, die)
    assert isinstance(killed.result(), ProcessLookupError)
    assert Program.objects.filter(pk=program.pk).exists()
    assert left(program) == 10

    # The server may need a moment to notice that its client is gone.
    until(lambda: processes(2, work, echo) and left(program) == 0, what=lambda: left(program))

    assert is_told_once(program)


def test_a_horizon_is_past_when_what_was_under_way_has_ended(fresh_database):
    """A transaction that wrote before the follower was there, and commits after it began to count."""
    program = b.open_program()
    with fresh_database.connect(autocommit=False) as other:
        other.execute("SELECT pg_current_xact_id()")
        followers.follow(program=program, follower="echo")
        mark = followers.horizon()

        assert not followers.is_past(mark)
        other.rollback()

    assert followers.is_past(mark)
