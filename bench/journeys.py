"""A journey for a million members: letting them in, one step for all of them on two workers, and a tick with nothing to do.

The floor of the step is the bare move: the same rows found, recorded and moved, with no step, no chunks and no lease. That
of the enrolment is the bare insertion of as many rows.
"""

from __future__ import annotations

import multiprocessing
import os
import statistics
import sys
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Any

from bench import worlds
from loyaltysite.embedded.postgres import OWNER

MEMBERS = int(os.environ.get("WAFA_BENCH_MEMBERS", "1000000"))
WORKERS, TICKS = 2, 200
NOW = datetime(2026, 6, 1, 10, tzinfo=UTC)
DUE = NOW + timedelta(days=2)
STEP_GOAL, ENTER_GOAL, TICK_GOAL = 15_000, 10.0, 5.0

FILL = """
    INSERT INTO members_holder (id, program_id, kind, seq)
    SELECT n, p.id, 'member', 0 FROM members_program p, generate_series(1, %(members)s) n;
    INSERT INTO members_member (holder_id, program_id, number, name, language, state, tags, source, joined_at)
    SELECT n, p.id, lpad(n::text, 12, '0'), '', '', 'active', '{}', 'import', '2026-01-01'
    FROM members_program p, generate_series(1, %(members)s) n;
    ANALYZE;
"""
ENTRY = """
    INSERT INTO campaigns_enrolment (program_id, journey_id, version_id, member_id, entry_key, step_id, status, due_at, hop,
        holdout, woken, context, entered_at, reason)
    SELECT program_id, 0, 0, holder_id, 'once', 0, 'waiting', %(now)s, 0, false, false, '{}', %(now)s, ''
    FROM members_member ORDER BY holder_id
"""
FLOOR = """
    WITH due AS (
        SELECT id, member_id, program_id, step_id, hop FROM campaigns_enrolment
        WHERE id BETWEEN %(lo)s AND %(hi)s AND step_id = %(step)s AND status = 'waiting' AND due_at <= %(now)s
    ), done AS (
        INSERT INTO campaigns_stepexecution (enrolment_id, step_id, hop, program_id, member_id, outcome, reason, way, at)
        SELECT id, step_id, hop, program_id, member_id, 'done', '', '', %(now)s FROM due
    )
    UPDATE campaigns_enrolment e SET step_id = %(onward)s, hop = e.hop + 1, due_at = %(until)s FROM due WHERE e.id = due.id
"""


def run() -> list[dict[str, Any]]:
    with worlds.world() as made:
        made.run(["-m", "bench.shops", "plain"])
        with made.connect() as connection:
            connection.execute(FILL.replace("%(members)s", str(MEMBERS)))
        bare_entry = _bare_entry(made)
        entered = made.python("bench.journeys", "enter")
        idle = made.python("bench.journeys", "tick")
        step = made.python("bench.journeys", "step")
        bare = _bare(made)
    rows, seconds = MEMBERS, step["seconds"]
    return [
        _figure("enrolment of a segment", entered["seconds"], "s", bare_entry, ENTER_GOAL * MEMBERS / 10**6, entered["seconds"]),
        _figure("idle tick, all waiting", idle["ms"], "ms", None, TICK_GOAL, idle["ms"] / 1000),
        {
            "name": f"one step of a journey, {WORKERS} workers", "value": round(rows / seconds), "unit": "members/s",
            "floor": round(rows / bare), "ratio": round(bare / seconds, 2), "goal": STEP_GOAL,
            "met": rows / seconds >= STEP_GOAL, "rows": rows, "seconds": round(seconds, 1),
        },
    ]  # fmt: skip


def _figure(
    name: str, value: float, unit: str, floor: float | None, goal: float, seconds: float
) -> dict[str, Any]:
    return {
        "name": name, "value": round(value, 2), "unit": unit, "floor": floor and round(floor, 2),
        "ratio": floor and round(value / floor, 2), "goal": round(goal, 2),
        "met": value < goal, "rows": MEMBERS, "seconds": round(seconds, 1),
    }  # fmt: skip


# --- inside the world -------------------------------------------------------------------------------------------------


def enter() -> dict[str, float]:
    """Publish a journey by schedule and let everybody in, as the scan does it."""
    from django_scopes import scope

    from campaigns.journeys import editing, scanning
    from members.models import Program, User

    program, by = Program.objects.get(), User.objects.create_user("olga@example.com")
    draft = {
        "trigger": {"kind": "schedule", "every": "day", "hour": 9},
        "steps": [
            {"key": "pause", "kind": "wait", "days": 2},
            {"key": "call", "kind": "wait", "days": 3},
            {"key": "end", "kind": "exit"},
        ],
    }
    with scope(program=program):
        journey = editing.create(program=program, name="Everybody", draft=draft, by=by, now=NOW)
        editing.publish(journey=journey, by=by, now=NOW - timedelta(hours=10))
    begin = perf_counter()
    entered = scanning.scan(program=program, now=NOW)
    seconds = perf_counter() - begin
    assert entered == MEMBERS, entered
    return {"seconds": seconds}


def tick() -> dict[str, float]:
    """The median of many ticks while everybody waits for the day after tomorrow."""
    from django.db import connection

    from campaigns.journeys import ticking

    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM campaigns_enrolment WHERE status = 'waiting'")
        assert cursor.fetchone()[0] == MEMBERS
    times = []
    for _each in range(TICKS):
        begin = perf_counter()
        assert ticking.tick(now=NOW) == []
        times.append(perf_counter() - begin)
    return {"ms": statistics.median(times) * 1000}


def step() -> dict[str, float]:
    """Everybody is due: cut into chunks by one tick and carried out by two workers."""
    from django.db import connection, connections

    from campaigns.journeys import ticking

    begin = perf_counter()
    chunks = ticking.tick(now=DUE)
    connections.close_all()
    workers = [multiprocessing.Process(target=_carry_out, args=(chunks[n::WORKERS],)) for n in range(WORKERS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    seconds = perf_counter() - begin
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*), count(DISTINCT enrolment_id) FROM campaigns_stepexecution")
        assert cursor.fetchone() == (MEMBERS, MEMBERS)
    return {"seconds": seconds}


def _carry_out(chunks: list[int]) -> None:
    from campaigns.journeys import chunks as work

    for chunk in chunks:
        work.work(chunk=chunk, clock=lambda: DUE)


# --- the floor --------------------------------------------------------------------------------------------------------


def _bare_entry(made: worlds.World) -> float:
    """Seconds to insert as many rows that say nothing; they are gone afterwards."""
    with made.connect() as connection:
        begin = perf_counter()
        connection.execute(ENTRY, {"now": NOW})
        seconds = perf_counter() - begin
        connection.execute("TRUNCATE campaigns_enrolment")
    return seconds


def _bare(made: worlds.World) -> float:
    """Seconds for the same with nothing but the rows; the next step's, so that the tables are as large."""
    with made.connect() as connection:
        row = connection.execute(
            "SELECT step_id, min(id), max(id) FROM campaigns_enrolment GROUP BY step_id"
        ).fetchone()
        assert row
        (end,) = connection.execute("SELECT id FROM campaigns_journeystep WHERE key = 'end'").fetchone() or (
            0,
        )
    place, low, high = row
    size = -(-(high - low + 1) // WORKERS)
    parts = [(low + n * size, min(high, low + (n + 1) * size - 1)) for n in range(WORKERS)]
    workers = [
        multiprocessing.Process(target=_move, args=(made.cluster.url(OWNER), place, end, *part))
        for part in parts
    ]
    begin = perf_counter()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return perf_counter() - begin


def _move(url: str, place: int, end: int, low: int, high: int) -> None:
    import psycopg

    later = DUE + timedelta(days=9)
    with psycopg.connect(url, autocommit=True, cursor_factory=psycopg.ClientCursor) as connection:
        for first in range(low, high + 1, 10_000):
            last = min(first + 9_999, high)
            values = {"lo": first, "hi": last, "step": place, "onward": end, "now": later, "until": later}
            connection.execute(FLOOR, values)


if __name__ == "__main__":
    import json

    from bench import shops

    shops.setup()
    print(json.dumps({"enter": enter, "tick": tick, "step": step}[sys.argv[1]]()))
