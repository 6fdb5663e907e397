"""What the processes that are killed do: tick and carry out chunks, and die at the points of campaigns/marks.py."""

from __future__ import annotations

import os
import signal
import time
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import connection

from campaigns import marks
from campaigns.journeys import chunks, ticking
from tests.faults import leases
from tests.rewards import builders as b

NOW = b.moment("2026-03-02T10:00")
# A second of the test is a minute of the journey, so that nobody waits for long.
SPEED = 60


class Clock:
    """All processes see the same moment, which runs faster than ours."""

    def __init__(self, began: float) -> None:
        self.began = began

    def __call__(self) -> datetime:
        return NOW + timedelta(seconds=(time.time() - self.began) * SPEED)


def deadly(folder: Path, times: int, points=marks.POINTS):
    """Kill -9 of this process at each point, so many times in all processes together: each death is a file."""

    def at(point: str) -> None:
        for number in range(times if point in points else 0):
            try:
                os.close(os.open(folder / f"{point}-{number}", os.O_CREAT | os.O_EXCL))
            except FileExistsError:
                continue
            os.kill(os.getpid(), signal.SIGKILL)

    return at


def careless(path: Path, at):
    """What a worker would do that acts before it is committed: it says so in a file, then goes on as before."""

    def act(point: str) -> None:
        if point == "chunk.stepped":
            with connection.cursor() as cursor:
                cursor.execute("SELECT enrolment_id, hop FROM journey_chunk")
                lines = "".join(f"{enrolment}:{hop}\n" for enrolment, hop in cursor.fetchall())
            with path.open("a") as file:
                file.write(lines)
        at(point)

    return act


def walk(began: float, deaths: str, times: int, seen: str) -> str:
    """Work as a worker does, until everything is done or this process is killed."""
    settings.JOURNEY_LEASE_SECONDS = leases.SECONDS * SPEED
    clock = Clock(began)
    marks.put(careless(Path(seen), deadly(Path(deaths), times)))
    while not is_done():
        for chunk in ticking.tick(now=clock()):
            chunks.work(chunk=chunk, clock=clock)
        time.sleep(0.02)
    return "done"


def is_done() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT NOT EXISTS (SELECT FROM campaigns_enrolment WHERE status = 'waiting')"
            " AND NOT EXISTS (SELECT FROM campaigns_arrival)"
        )
        return bool(cursor.fetchone()[0])
