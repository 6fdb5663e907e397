"""How many messages went and will go on which day, by journey, and which journey's message gave way to which."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import connection

from campaigns import foresight
from campaigns.foresight import Said, Seen, Standing, World
from campaigns.journeys import dues
from campaigns.messages import manners
from campaigns.models import Journey, JourneyStep
from members.models import Program

# By the member's local day, as caps count it. What no journey said has no journey.
SENT = """
    SELECT m.day, v.journey_id, count(*) FILTER (WHERE m.state IN ('sent', 'delivered', 'bounced', 'unknown', 'sending')),
        count(*) FILTER (WHERE m.state IN ('queued', 'held'))
    FROM campaigns_message m LEFT JOIN campaigns_journeyversion v ON v.id = m.version_id
    WHERE m.program_id = %(program)s AND m.day BETWEEN %(first)s AND %(last)s GROUP BY 1, 2
"""
KEPT_BACK = """
    SELECT d.day, v.journey_id, d.reason, count(DISTINCT (d.member_id, d.channel, d.step))
    FROM campaigns_decision d LEFT JOIN campaigns_journeyversion v ON v.id = d.version_id
    WHERE d.program_id = %(program)s AND d.day BETWEEN %(first)s AND %(last)s GROUP BY 1, 2, 3
"""
# Whoever had enough had it from somebody: the messages of the same day on the same channel that did go.
LOST = """
    SELECT d.day, v.journey_id, w.journey_id, d.channel, count(DISTINCT d.member_id)
    FROM campaigns_decision d
    JOIN campaigns_journeyversion v ON v.id = d.version_id
    JOIN campaigns_message m ON m.member_id = d.member_id AND m.day = d.day AND m.channel = d.channel
        AND m.state <> 'cancelled'
    JOIN campaigns_journeyversion w ON w.id = m.version_id AND w.journey_id <> v.journey_id
    WHERE d.program_id = %(program)s AND d.reason = 'capped' AND d.day BETWEEN %(first)s AND %(last)s
    GROUP BY 1, 2, 3, 4 ORDER BY 1, 5 DESC
"""
# Who waits where and until which hour, never cut back to before quiet hours began; who is held out gets nothing.
STANDING = """
    SELECT e.step_id,
        greatest(date_trunc('hour', w.at, %(zone)s), CASE WHEN w.clock >= %(quiet)s THEN w.at - (w.clock - %(quiet)s) END),
        e.woken, count(*), {said}
    FROM campaigns_enrolment e CROSS JOIN LATERAL (
        SELECT greatest(e.due_at, %(now)s) AS at, (greatest(e.due_at, %(now)s) AT TIME ZONE %(zone)s)::time AS clock
    ) w
    WHERE e.step_id = ANY (%(steps)s) AND e.status = 'waiting' AND NOT e.holdout AND e.due_at < %(until)s
    GROUP BY 1, 2, 3, 5
"""
# What they were sent or are to be sent lately, by whichever journey: caps count it.
SAID = """(
    SELECT jsonb_agg(jsonb_build_array(t.day, t.channel, t.kind, t.n) ORDER BY t.day, t.channel, t.kind)
    FROM campaigns_touch t WHERE t.member_id = e.member_id AND t.day > %(since)s
)"""
# Of so many at most it is looked up; of more, only what they are sent from now on counts.
MOST_KNOWN = 10_000
# Of those who passed a step before; a message that is put off is asked for again, and what caps and quiet hours hold back is
# reckoned anew.
SEEN = """
    SELECT t.step_id, t.outcome, t.way, sum(t.number) FROM campaigns_steptally t
    WHERE t.step_id = ANY (%(steps)s) AND t.outcome NOT IN ('deferred', 'held_out') AND t.reason NOT IN ('capped', 'quiet')
    GROUP BY 1, 2, 3
"""
LEFT = """
    SELECT e.step_id, count(*) FROM campaigns_enrolment e
    WHERE e.version_id = ANY (%(versions)s) AND e.step_id = ANY (%(waits)s) AND e.status = 'exited' GROUP BY 1
"""


@dataclass(slots=True)
class Volume:
    """Of one journey on one day. `expected` is an estimate of what those who are on the way will be sent."""

    sent: int = 0
    queued: int = 0
    expected: int = 0
    kept_back: dict[str, int] = field(default_factory=dict)

    @property
    def ahead(self) -> int:
        return self.queued + self.expected


@dataclass(frozen=True, slots=True)
class Loss:
    """On a day so many members got the message of `winner` and not that of `loser`, ids of journeys."""

    day: date
    loser: int
    winner: int
    channel: str
    members: int


type Days = Mapping[date, Mapping[int | None, Volume]]


def between(*, program: Program, first: date, last: date, now: datetime) -> Days:
    """By day and journey. A fixed number of statements."""
    found: dict[date, dict[int | None, Volume]] = defaultdict(lambda: defaultdict(Volume))
    asked: dict[str, Any] = {
        "program": program.pk,
        "first": first,
        "last": last,
        "now": now,
        "zone": program.time_zone,
    }
    with connection.cursor() as cursor:
        cursor.execute(SENT, asked)
        for day, journey, sent, queued in cursor.fetchall():
            found[day][journey].sent += sent
            found[day][journey].queued += queued
        cursor.execute(KEPT_BACK, asked)
        for day, journey, reason, number in cursor.fetchall():
            found[day][journey].kept_back[reason] = number
    for (day, journey), number in _whole(foreseen(program=program, last=last, now=now)):
        if first <= day:
            found[day][journey].expected += number
    return found


def _whole(expected: Mapping[tuple[date, int], float]) -> Iterator[tuple[tuple[date, int], int]]:
    """In whole messages; what is left of a day goes over to the journey's next, so that small numbers do not vanish."""
    so_far: dict[int, float] = defaultdict(float)
    for (day, journey), number in sorted(expected.items()):
        shown = round(so_far[journey])
        so_far[journey] += number
        if more := round(so_far[journey]) - shown:
            yield (day, journey), more


def losses(*, program: Program, first: date, last: date) -> list[Loss]:
    """Who gave way to whom, by day."""
    with connection.cursor() as cursor:
        cursor.execute(LOST, {"program": program.pk, "first": first, "last": last})
        return [Loss(*row) for row in cursor.fetchall()]


def foreseen(*, program: Program, last: date, now: datetime) -> dict[tuple[date, int], float]:
    """By day and journey the messages to come up to a day, of those who are in a journey now. See foresight.py."""
    found: dict[tuple[date, int], float] = defaultdict(float)
    until = datetime.combine(last + timedelta(days=1), time(), tzinfo=program.zone)
    rows = JourneyStep.objects.filter(program=program, version__journey__state=Journey.State.LIVE)
    steps = {step.pk: step for step in rows.select_related("version")}
    if until <= now or not steps:
        return found
    world = foresight.World(steps, _seen(steps), manners.rules_of(program), program.zone)
    standing = _standing(world, program, now, until)
    for (day, step), number in foresight.follow(world=world, standing=standing, now=now, until=until).items():
        found[day, steps[step].version.journey_id] += number
    return found


def _standing(world: World, program: Program, now: datetime, until: datetime) -> list[Standing]:
    """Those who wait, told apart by what they were sent lately where there are caps and not too many wait."""
    caps = world.rules.manners.caps
    since = now.astimezone(program.zone).date() - timedelta(
        days=max((cap["days"] for cap in caps), default=0)
    )
    steps = sorted(foresight.reaching(world.steps))
    asked: dict[str, Any] = {
        "steps": steps,
        "now": now,
        "until": until,
        "zone": program.time_zone,
        "quiet": world.rules.manners.quiet_from,
        "since": since,
    }
    with connection.cursor() as cursor:
        cursor.execute(STANDING.format(said="NULL"), asked)
        rows = cursor.fetchall()
        if caps and sum(row[3] for row in rows) <= MOST_KNOWN:
            cursor.execute(STANDING.format(said=SAID), asked)
            rows = cursor.fetchall()
    return [
        Standing(step, at, woken, number, _said(told, world.rules)) for step, at, woken, number, told in rows
    ]


def _said(told: str | None, rules: manners.Rules) -> Said:
    """As far as caps count it."""
    rows = json.loads(told) if told else ()
    return tuple(
        (date.fromisoformat(day), channel, kind)
        for day, channel, kind, n in rows
        if rules.caps_for(channel, kind)
        for _ in range(n)
    )


def _seen(steps: Mapping[int, JourneyStep]) -> defaultdict[int, Seen]:
    found: defaultdict[int, Seen] = defaultdict(Seen)
    waits = [pk for pk, step in steps.items() if not dues.is_immediate(step)]
    asked: dict[str, Any] = {
        "steps": list(steps),
        "waits": waits,
        "versions": list({one.version_id for one in steps.values()}),
    }
    with connection.cursor() as cursor:
        cursor.execute(SEEN, asked)
        for step, outcome, way, number in cursor.fetchall():
            found[step].add(outcome, way, int(number))
        cursor.execute(LEFT, asked)
        for step, number in cursor.fetchall():
            found[step].left = number
    return found


def days_of(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]
