"""What a draft would do: the same SQL as in earnest, over the whole audience, with a clock that is moved, and rolled back.

Nobody can foresee events: a journey that begins with one is played as if it happened to its whole audience today, and who
waits for an event waits until the time is over. Points and rewards are counted, not posted.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django_scopes import scope

from campaigns.journeys import checking, chunks, compiling, counts, doors, entering, scanning
from campaigns.journeys import graph as graphs
from campaigns.models import Enrolment, Journey, JourneyStep, JourneyVersion
from members.models import Program, User
from rewards.models import Reward, Unit

# A journey that moves somebody at more moments than this is cut off there, and says so.
MOST_MOMENTS = 2_000
MOST_DAYS = 366

SENT = """
    SELECT (m.not_before AT TIME ZONE %(zone)s)::date, m.channel, count(*) FROM campaigns_message m
    JOIN campaigns_enrolment e ON e.id = m.enrolment_id WHERE e.version_id = %(version)s GROUP BY 1, 2
"""
UNSENT = """
    SELECT (d.at AT TIME ZONE %(zone)s)::date, d.channel, d.reason, count(*) FROM campaigns_decision d
    JOIN campaigns_enrolment e ON e.id = d.enrolment_id WHERE e.version_id = %(version)s GROUP BY 1, 2, 3
"""
NEXT = """
    SELECT min(due_at) FROM campaigns_journeystep s CROSS JOIN LATERAL (
        SELECT due_at FROM campaigns_enrolment e WHERE e.status = 'waiting' AND e.step_id = s.id ORDER BY due_at LIMIT 1
    ) first WHERE s.version_id = %(version)s
"""
DUE = """
    SELECT s.id, lo, hi FROM campaigns_journeystep s CROSS JOIN LATERAL (
        SELECT min(e.id) AS lo, max(e.id) AS hi FROM campaigns_enrolment e
        WHERE e.status = 'waiting' AND e.step_id = s.id AND e.due_at <= %(now)s
    ) due WHERE s.version_id = %(version)s AND lo IS NOT NULL ORDER BY s.position
"""


@dataclass(slots=True)
class Forecast:
    """`sent` counts messages by local day and channel, `unsent` by day, channel and reason; `points` are ledger units by
    unit and `cost_minor` what points and rewards cost; `steps` are the counts at the end, by key."""

    entered: int = 0
    sent: Counter[tuple[date, str]] = field(default_factory=Counter)
    unsent: Counter[tuple[date, str, str]] = field(default_factory=Counter)
    points: Counter[str] = field(default_factory=Counter)
    rewards: Counter[str] = field(default_factory=Counter)
    cost_minor: int = 0
    steps: dict[str, counts.AtStep] = field(default_factory=dict)
    is_cut: bool = False


def play(*, program: Program, draft: Any, by: User, now: datetime, days: int = 30) -> Forecast:
    """Raises GraphInvalid. Nothing stays; it holds no wallet."""
    graph = checking.check(program, draft)
    found = Forecast()
    until = now + timedelta(days=min(days, MOST_DAYS))
    with scope(program=program), transaction.atomic():
        version = _stage(program, graph, by, now)
        _enter(version, graph, now)
        _run(version, graph, now, until, found)
        _read(version, graph, found)
        transaction.set_rollback(True)
    return found


def _stage(program: Program, graph: graphs.Graph, by: User, now: datetime) -> JourneyVersion:
    journey = Journey.objects.create(
        program=program, key=f"dry-run-{by.pk}-{int(now.timestamp())}", name="-", salt="dry", scanned_at=now,
    )  # fmt: skip
    version = JourneyVersion.objects.create(
        program=program,
        journey=journey,
        number=1,
        graph=graphs.data(graph),
        published_at=now,
        published_by=by,
    )
    compiling.build(version, graph)
    Journey.objects.filter(pk=journey.pk).update(current=version, state=Journey.State.LIVE)
    return version


AUDIENCE = """
    SELECT f.member_id, NULL::bigint AS event_id, NULL::bigint AS order_id, %(now)s::timestamptz AS at, 'dry' AS name,
        '{{}}'::jsonb AS context FROM ({found}) f
"""


def _enter(version: JourneyVersion, graph: graphs.Graph, now: datetime) -> None:
    """Everybody at once, unless a clock lets them in."""
    if graph.trigger.kind in scanning.KINDS:
        return
    door = doors.of(version.journey)
    if door is None:
        return
    is_inside = graph.trigger.kind == "segment_entered"
    source = AUDIENCE.format(found=scanning.SEGMENT if is_inside else scanning.EVERYBODY)
    values = {"now": now, "segment": graph.trigger.settings.get("segment")}
    entering.enter(door, source=source, values=values, now=now)


def _run(
    version: JourneyVersion, graph: graphs.Graph, now: datetime, until: datetime, found: Forecast
) -> None:
    steps = {
        step.pk: step
        for step in JourneyStep.objects.select_related("program", "version__journey").filter(version=version)
    }
    moment: datetime | None = now
    for _number in range(MOST_MOMENTS):
        if moment is None or moment > until:
            return
        while due := _ask(DUE, {"version": version.pk, "now": moment}):
            for step, lo, hi in due:
                chunks.carry_out(steps[step], lo=lo, hi=hi, now=moment, is_dry=True)
        moment = _next(version, graph, moment)
    found.is_cut = True


def _next(version: JourneyVersion, graph: graphs.Graph, now: datetime) -> datetime | None:
    """The next moment at which somebody is due, or comes in."""
    due: datetime | None
    ((due,),) = _ask(NEXT, {"version": version.pk})
    if graph.trigger.kind not in scanning.KINDS:
        return due
    comes = scanning.next_hour(version.program, graph.trigger.settings["hour"], now)
    moment = comes if due is None else min(comes, due)
    scanning.scan_one(version.journey, moment)
    return moment


def _read(version: JourneyVersion, graph: graphs.Graph, found: Forecast) -> None:
    values = {"version": version.pk, "zone": version.program.time_zone}
    found.entered = Enrolment.objects.filter(version=version).count()
    found.sent.update({(day, channel): number for day, channel, number in _ask(SENT, values)})
    found.unsent.update({(day, channel, why): number for day, channel, why, number in _ask(UNSENT, values)})
    found.steps = counts.of_steps(version=version)
    for step in graph.walk():
        done = found.steps[step.key].by("outcome").get("done", 0)
        if step.kind == "points":
            unit = Unit.objects.get(key=step.settings["unit"])
            amount = done * step.settings["amount"]
            found.points.update({unit.key: amount} if amount else {})
            found.cost_minor += -(
                -amount * unit.worth_numerator // (unit.worth_denominator * 10**unit.precision)
            )
        elif step.kind == "reward":
            reward = Reward.objects.get(pk=step.settings["reward"])
            found.rewards.update({reward.key: done} if done else {})
            found.cost_minor += done * (reward.cost_minor or 0)


def _ask(statement: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())
