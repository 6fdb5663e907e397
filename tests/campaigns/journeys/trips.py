"""What tests of journeys build with: a journey of a few steps, and a worker that does everything due at a moment."""

from __future__ import annotations

from datetime import timedelta

from django_scopes import scope

from campaigns.journeys import chunks, editing, ticking
from campaigns.models import Enrolment, StepExecution
from members.models import Event, Role
from tests.members.teams import hire
from tests.rewards import builders as b

NOW = b.moment("2026-03-02T10:00")  # a Monday
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def graph(*steps, trigger=None, **more):
    """JSON of a journey that an event `event.start` lets into, unless told otherwise. Steps are (key, kind, settings)."""
    return {
        "trigger": trigger or {"kind": "event", "event": "event.start"},
        "steps": [{"key": key, "kind": kind, **settings} for key, kind, settings in steps],
        **more,
    }


def launch(program, draft, now=NOW):
    """A live journey with this graph."""
    with scope(program=program):
        by = hire(program, Role.MANAGER)
        journey = editing.create(program=program, name="Trip", draft=draft, by=by, now=now)
        editing.publish(journey=journey, by=by, now=now)
    journey.refresh_from_db()
    return journey


def happen(program, *members, kind="event.start", now=NOW, data=None):
    """An event of each of these members is in the log."""
    with scope(program=program):
        return Event.objects.bulk_create(
            Event(
                program=program,
                holder_id=member,
                kind=kind,
                occurred_at=now,
                recorded_at=now,
                data=data or {},
            )
            for member in members
        )


def work(now=NOW):
    """Tick and carry out until nothing is due at this moment any more; how many moves."""
    moves = 0
    while found := ticking.tick(now=now):
        moves += sum(chunks.work(chunk=chunk, clock=lambda: now) for chunk in found)
    return moves


def people(program, number):
    with scope(program=program):
        return [b.join(program, f"p{i}", at="2026-01-01").pk for i in range(number)]


def enrolments(program):
    with scope(program=program):
        return list(Enrolment.objects.order_by("pk"))


def executed(program):
    """Keys of the steps carried out, with outcome and path, in order."""
    with scope(program=program):
        rows = StepExecution.objects.order_by("enrolment_id", "hop").values_list(
            "step__key", "outcome", "way"
        )
        return list(rows)
