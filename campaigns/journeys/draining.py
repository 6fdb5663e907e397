"""After the end: whoever is still in a stopped journey leaves, and versions that nobody is in any more listen no longer."""

from __future__ import annotations

from datetime import datetime

from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q
from django_scopes import scope

from campaigns.models import Enrolment, Journey, Listener, WorkChunk
from members.models import Program

CHUNK = 10_000
LEAVE = """
    WITH gone AS (
        UPDATE campaigns_enrolment SET status = 'exited', reason = 'stopped', ended_at = %(now)s, due_at = NULL
        WHERE id IN (
            SELECT id FROM campaigns_enrolment WHERE status = 'waiting' AND step_id IN (
                SELECT s.id FROM campaigns_journeystep s JOIN campaigns_journeyversion v ON v.id = s.version_id
                WHERE v.journey_id = %(journey)s)
            LIMIT %(most)s FOR UPDATE SKIP LOCKED)
        RETURNING id
    ), told AS (SELECT wafa_left(array_agg(id)) FROM gone)
    SELECT count(*), (SELECT count(*) FROM told) FROM gone
"""


def drain(*, program: Program, now: datetime) -> int:
    """Let everybody out of stopped journeys, some at a time; how many left. A repeat does the rest."""
    with scope(program=program):
        waiting = Enrolment.objects.filter(journey=OuterRef("pk"), status=Enrolment.Status.WAITING)
        stopped = Journey.objects.filter(Exists(waiting), state=Journey.State.STOPPED)
        left = sum(_empty(journey, now) for journey in stopped)
        WorkChunk.objects.filter(step__version__journey__state=Journey.State.STOPPED).delete()
        here = Enrolment.objects.filter(version=OuterRef("version"), status=Enrolment.Status.WAITING)
        old = Listener.objects.filter(~Exists(here)).exclude(
            Q(version=F("version__journey__current")) & ~Q(version__journey__state=Journey.State.STOPPED)
        )
        old.delete()
    return left


def _empty(journey: Journey, now: datetime) -> int:
    left = 0
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(LEAVE, {"journey": journey.pk, "now": now, "most": CHUNK})
            number = int(cursor.fetchone()[0])
        left += number
        if number < CHUNK:
            return left
