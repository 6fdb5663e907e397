"""The tick: who came is let in, who is due is cut into chunks, and chunks that nobody works on are found again.

It may be doubled, late or lost: the database knows what is due, a message to a worker only says where to look.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Exists, OuterRef
from django_scopes import scope, scopes_disabled

from campaigns import marks
from campaigns.journeys import chunks, entering
from campaigns.journeys.doors import of as door_of
from campaigns.models import Journey, JourneyStep, WorkChunk

ARRIVALS = 5_000

# From one step to the next in the index of those who wait, each with its first who is due: a million who wait for tomorrow,
# or in a journey that is paused, are not looked at.
DUE = """
    WITH RECURSIVE first AS (
        (SELECT step_id, due_at FROM campaigns_enrolment WHERE status = 'waiting' ORDER BY step_id, due_at LIMIT 1)
        UNION ALL
        SELECT n.step_id, n.due_at FROM first f CROSS JOIN LATERAL (
            SELECT e.step_id, e.due_at FROM campaigns_enrolment e
            WHERE e.status = 'waiting' AND e.step_id > f.step_id ORDER BY e.step_id, e.due_at LIMIT 1
        ) n
    )
    SELECT step_id FROM first WHERE due_at <= %(now)s
"""
# In the order of ids, not of the queue: neighbours lie on the same pages. What a failing chunk holds is left to it.
CUT = """
    INSERT INTO campaigns_workchunk (program_id, step_id, lo, hi, made_at, fence, tries, error)
    SELECT %(program)s, %(step)s, min(id), max(id), %(now)s, 0, 0, '' FROM (
        SELECT e.id, (row_number() OVER (ORDER BY e.id) - 1) / %(most)s AS n FROM campaigns_enrolment e
        WHERE e.status = 'waiting' AND e.step_id = %(step)s AND e.due_at <= %(now)s AND NOT EXISTS (
            SELECT FROM campaigns_workchunk c
            WHERE c.step_id = %(step)s AND c.error <> '' AND e.id BETWEEN c.lo AND c.hi)
    ) numbered GROUP BY n
"""
OPEN = """
    SELECT id FROM campaigns_workchunk WHERE lease_until IS NULL OR lease_until <= %(now)s ORDER BY id LIMIT 1000
"""
WAITING = "SELECT DISTINCT version_id FROM campaigns_arrival"
# Taken and let in by one statement: there is no moment at which somebody is neither here nor there.
CAME = """
    came AS (
        DELETE FROM campaigns_arrival WHERE id IN (
            SELECT id FROM campaigns_arrival WHERE version_id = %(version)s ORDER BY id LIMIT %(most)s
            FOR UPDATE SKIP LOCKED)
        RETURNING member_id, event_id, order_id, at, NULL::text AS name, context
    )
"""


def tick(*, now: datetime) -> list[int]:
    """Let in who came and cut what is due; the chunks that somebody should work on."""
    let_in(now=now)
    with connection.cursor() as cursor:
        cursor.execute(DUE, {"now": now})
        due = [row[0] for row in cursor.fetchall()]
    if due:
        for step in _steps(due):
            _cut(step, now)
    marks.reached("tick.chunks")
    with connection.cursor() as cursor:
        cursor.execute(OPEN, {"now": now})
        return [row[0] for row in cursor.fetchall()]


def let_in(*, now: datetime) -> int:
    """Take up everybody whom an event lets in; how many came."""
    with connection.cursor() as cursor:
        cursor.execute(WAITING)
        versions = {row[0] for row in cursor.fetchall()}
    if not versions:
        return 0
    with scopes_disabled():
        journeys = list(Journey.objects.select_related("program").filter(current__in=versions))
    came = 0
    for journey in journeys:
        with scope(program=journey.program):
            while taken := _take(journey, now):
                came += taken
                if taken < ARRIVALS:
                    break
    return came


def _take(journey: Journey, now: datetime) -> int:
    with transaction.atomic():
        door = door_of(journey)
        if door is None:
            return 0
        came, _entered = entering.enter(
            door, source="SELECT * FROM came", before=CAME, values={"most": ARRIVALS}, now=now
        )
        marks.reached("arrivals.taken")
    marks.reached("arrivals.entered")
    return came


def _steps(ids: list[int]) -> list[JourneyStep]:
    """Those of live journeys that are not cut already, of journeys that matter most first: who had enough hears these."""
    with scopes_disabled():
        cut = WorkChunk.objects.filter(step=OuterRef("pk"), error="")
        live = JourneyStep.objects.filter(pk__in=ids, version__journey__state=Journey.State.LIVE)
        return list(live.filter(~Exists(cut)).order_by("version__graph__priority", "pk"))


def _cut(step: JourneyStep, now: datetime) -> None:
    most = chunks.MOST_OF.get(step.kind, chunks.MOST)
    values: dict[str, Any] = {"program": step.program_id, "step": step.pk, "now": now, "most": most}
    with connection.cursor() as cursor:
        cursor.execute(CUT, values)
