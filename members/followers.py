"""Followers are told every event once: beside the event a trigger writes what each has still to deal with, and that is
deleted in the transaction of its effect.

An app above registers a Follower at start-up and follows a program with it. A follower may be told events in any order
and, after a failure, one again of which nothing has happened yet; what it does must depend on neither. What fails is
tried again later and later and at last set aside, where operators see it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from celery import current_app
from django.conf import settings
from django.db import connection, transaction
from django_scopes import scope

from members import programs
from members.models import Delivery, Event, Following, Program

log = logging.getLogger(__name__)

# After so many failures an event is set aside; until then the pause doubles.
TRIES = 8
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=5), timedelta(hours=1)
TASK = "members.tasks.deliver_events"

type Handle = Callable[[Program, Sequence[Event], datetime], None]


@dataclass(frozen=True, slots=True)
class Follower:
    """`handle` is given events of one program, in no promised order, at most `batch` in one transaction; what it writes
    stands or falls with the delivery. It is called within the program's scope. Who follows all kinds is told what it
    writes to the log itself, too. With `is_alone` only one
    worker at a time deals with a program."""

    name: str
    handle: Handle
    batch: int = 200
    is_alone: bool = False


class Unfinished(Exception):
    """Raised by `handle` when a part of what it had to do was refused with `cause`, and the rest is to stand: the event
    is told again, as after a failure."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(repr(cause))
        self.cause = cause


_followers: dict[str, Follower] = {}


def register(follower: Follower) -> None:
    """Called at start-up; the last one of a name holds."""
    _followers[follower.name] = follower


@transaction.atomic
def follow(*, program: Program, follower: str, kinds: Collection[str] = ()) -> None:
    """From now on the follower is told the program's events of these kinds, or of all. A repeat sets the kinds anew."""
    with scope(program=program):
        wanted = sorted(set(kinds))
        kept, is_new = Following.objects.get_or_create(
            program=program, follower=follower, defaults={"kinds": wanted}
        )
        if is_new:
            # Processes remember whether a program is followed at all.
            programs.touch(program)
        elif kept.kinds != wanted:
            Following.objects.filter(pk=kept.pk).update(kinds=wanted)


@transaction.atomic
def unfollow(*, program: Program, follower: str) -> None:
    """It is told nothing more, not even what waits. A repeat changes nothing."""
    with scope(program=program):
        gone, _rows = Following.objects.filter(program=program, follower=follower).delete()
        Delivery.objects.filter(program=program, follower=follower).delete()
        if gone:
            programs.touch(program)


def is_followed(program: Program) -> bool:
    with scope(program=program):
        return Following.objects.filter(program=program).exists()


# --- since when -------------------------------------------------------------------------------------------------------


def horizon() -> int:
    """A mark of this moment: taken after follow() was committed, it will be past once no event can be missed any more."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint")
        return int(cursor.fetchone()[0])


def is_past(mark: int) -> bool:
    """Whether every transaction that may have written an event before the mark, seen by no follower, has ended: what it
    wrote can be read now. Those of other databases on the same server do not count."""
    with connection.cursor() as cursor:
        cursor.execute(PAST, {"mark": mark})
        return bool(cursor.fetchone()[0])


# The lock that a transaction holds on itself bears its number in 32 bits. One that began before the mark and is not seen
# in a snapshot any more has ended; else those of this database are looked for.
PAST = """
    SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint >= %(mark)s OR NOT EXISTS (
        SELECT FROM pg_locks l JOIN pg_stat_activity a USING (pid)
        WHERE l.locktype = 'transactionid' AND l.mode = 'ExclusiveLock' AND l.granted AND a.datname = current_database()
            AND l.pid <> pg_backend_pid()
            AND (%(mark)s - l.transactionid::text::bigint) %% 4294967296 BETWEEN 1 AND 2147483648)
"""


# --- delivering -------------------------------------------------------------------------------------------------------

# The pairs that something waits for, by jumping from one to the next in the index.
WAITING = """
    WITH RECURSIVE pair AS (
        (SELECT program_id, follower FROM members_delivery WHERE parked_at IS NULL
         ORDER BY program_id, follower LIMIT 1)
        UNION ALL
        SELECT n.program_id, n.follower FROM pair p CROSS JOIN LATERAL (
            SELECT d.program_id, d.follower FROM members_delivery d
            WHERE d.parked_at IS NULL AND (d.program_id, d.follower) > (p.program_id, p.follower)
            ORDER BY d.program_id, d.follower LIMIT 1) n
    )
    SELECT program_id, follower FROM pair
"""
# What another worker holds is passed over.
CLAIM = """
    SELECT id, event_id, tries FROM members_delivery
    WHERE program_id = %(program)s AND follower = %(follower)s AND parked_at IS NULL
        AND (due_at IS NULL OR due_at <= %(now)s) AND (%(ids)s::bigint[] IS NULL OR id = ANY (%(ids)s::bigint[]))
    ORDER BY id LIMIT %(most)s FOR UPDATE SKIP LOCKED
"""

LOCK = "hashtext('wafa-follower-' || %s), (%s %% 2147483647)::int"

type Row = tuple[int, int, int]


def deliver(*, clock: Callable[[], datetime], seconds: float) -> int:
    """Deliver what is due, a batch of each program and follower in turn, for so long at most; how many events.

    Safe to run twice, late, or on any number of workers."""
    until, done = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        taken = 0
        for program, follower in _waiting():
            taken += deliver_some(program=program, follower=follower, now=clock())
            if time.monotonic() >= until:
                break
        if not taken:
            break
        done += taken
    return done


def _waiting() -> list[tuple[Program, str]]:
    with connection.cursor() as cursor:
        cursor.execute(WAITING)
        found = [(number, name) for number, name in cursor.fetchall() if name in _followers]
    programs_by_id = Program.objects.in_bulk({number for number, _name in found})
    return [(programs_by_id[number], name) for number, name in found]


def deliver_some(*, program: Program, follower: str, now: datetime) -> int:
    """Deliver one batch that is due; how many events it had. Where a batch fails, each of it is tried by itself."""
    known = _followers[follower]
    with scope(program=program):
        with transaction.atomic():
            if known.is_alone and not _hold(program, follower):
                return 0
            rows = _claim(program, known, now)
            is_done = _try(program, known, rows, now)
        if not is_done:
            for number, _event, _tries in rows:
                with transaction.atomic():
                    if known.is_alone:
                        keep_out(program=program, follower=follower)
                    _try(program, known, _claim(program, known, now, ids=[number]), now)
    return len(rows)


def _hold(program: Program, follower: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_try_advisory_xact_lock({LOCK})", [follower, program.pk])
        return bool(cursor.fetchone()[0])


def keep_out(*, program: Program, follower: str) -> None:
    """Until this transaction ends no worker deals with the program for a follower that is alone. Raises OperationalError
    when one is at it for too long."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_advisory_xact_lock({LOCK})", [follower, program.pk])


def _try(program: Program, follower: Follower, rows: list[Row], now: datetime) -> bool:
    """Whether these rows are dealt with: done, or the only one put off. Several that failed are as they were."""
    try:
        with transaction.atomic():
            _handle(program, follower, rows, now)
    except Exception as error:  # noqa: BLE001 - whatever it was, it must not hold up the others
        if len(rows) > 1:
            log.info("events are told one by one", extra={"follower": follower.name, "error": repr(error)})
            return False
        _put_off(rows[0], follower, error, now)
    return True


def _claim(program: Program, follower: Follower, now: datetime, ids: list[int] | None = None) -> list[Row]:
    values: dict[str, Any] = {
        "program": program.pk,
        "follower": follower.name,
        "now": now,
        "ids": ids,
        "most": follower.batch,
    }
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, values)
        return list(cursor.fetchall())


def _handle(program: Program, follower: Follower, rows: list[Row], now: datetime) -> None:
    if rows:
        events = Event.objects.filter(pk__in=[event for _id, event, _tries in rows]).order_by("pk")
        try:
            follower.handle(program, list(events), now)
        except Unfinished as error:
            if len(rows) > 1:
                raise
            _put_off(rows[0], follower, error.cause, now)
            return
        Delivery.objects.filter(pk__in=[row[0] for row in rows]).delete()


def _put_off(row: Row, follower: Follower, error: Exception, now: datetime) -> None:
    """Later and later; what is set aside is not tried again until somebody asks for it."""
    number, event, tries = row
    is_over = tries + 1 >= TRIES and not getattr(error, "is_transient", False)
    pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(tries, 20))
    Delivery.objects.filter(pk=number).update(
        tries=min(tries + 1, 1000),
        due_at=now + pause,
        parked_at=now if is_over else None,
        error=type(error).__name__[:120],
    )
    told = {"follower": follower.name, "event_id": event, "tries": tries + 1}
    log.log(
        logging.ERROR if is_over else logging.WARNING,
        "an event could not be delivered",
        extra=told,
        exc_info=error,
    )


def try_again(*, program: Program, ids: Collection[int]) -> int:
    """Take up again what was set aside; how many."""
    with scope(program=program):
        parked = Delivery.objects.filter(pk__in=ids, parked_at__isnull=False)
        return parked.update(parked_at=None, due_at=None, tries=0)


# --- waking up --------------------------------------------------------------------------------------------------------

# When this process may send another message, by its own clock.
_asleep: dict[str, float] = {}


def wake() -> None:
    """Once this transaction is committed, let somebody deliver soon. It may be lost: the next tick does the same."""
    pause = settings.FOLLOWERS_WAKE_AFTER
    if pause is not None:
        transaction.on_commit(partial(_send, pause), robust=True)


def _send(pause: float) -> None:
    """One message for all that this process commits until it is taken up, since they all are there by then."""
    now = time.monotonic()
    if now >= _asleep.get(TASK, 0):
        _asleep[TASK] = now + pause
        current_app.send_task(TASK, countdown=pause, expires=30, retry=False)
