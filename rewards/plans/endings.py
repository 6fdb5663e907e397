"""What happens to terms by time: they are announced, and they end. Set-based, safe to run twice, late, or on many workers."""

from __future__ import annotations

from datetime import datetime

from django.db import connection

from members.models import Program

CHUNK = 5_000


def end_due(*, program: Program, now: datetime) -> int:
    """End the terms whose time is over, with an event `plan.ended` for whoever has no next one; how many."""
    return _run("SELECT wafa_end_terms(%s, %s, %s)", program, now)


def announce(*, program: Program, now: datetime) -> int:
    """Write `plan.ending` once for each term that ends within its plan's days of notice and is not renewed; how many
    terms were looked at."""
    return _run("SELECT wafa_announce_terms(%s, %s, %s)", program, now)


def _run(statement: str, program: Program, now: datetime) -> int:
    """Chunk by chunk, each its own transaction."""
    done = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(statement, [program.pk, now, CHUNK])
            (count,) = cursor.fetchone() or (0,)
        if not count:
            return done
        done += count
