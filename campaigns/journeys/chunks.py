"""A chunk of work: a range of enrolments that are due at a step, carried out in one transaction.

Claimed with a lease and a fence. Whoever dies inside leaves nothing behind and the next tick takes the chunk again;
whoever was only thought dead finds the fence moved at the end, and undoes everything.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django_scopes import scope, scopes_disabled

from campaigns import marks
from campaigns.journeys import dues, steps, tables
from campaigns.models import Journey, JourneyStep, WorkChunk
from members.models import Program

log = logging.getLogger(__name__)

# The most in one transaction; what holds wallets is shorter, so that no till waits for it.
MOST = 10_000
MOST_OF = {"points": 1_000, "reward": 100, "tier": 500, "tag": 5_000, "segment": 5_000}
# These move a member's points, rewards or tier: the holder is held before the enrolment.
HOLDING = frozenset({"points", "reward", "tier"})
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=5), timedelta(hours=1)

CLAIM = """
    UPDATE campaigns_workchunk SET lease_until = %(until)s, fence = fence + 1, tries = least(tries + 1, 1000)
    WHERE id = %(chunk)s AND (lease_until IS NULL OR lease_until <= %(now)s)
    RETURNING step_id, lo, hi, fence
"""


class Overtaken(Exception):
    """Somebody else has the chunk meanwhile: nothing of this transaction may stay."""


@dataclass(frozen=True, slots=True)
class Claim:
    chunk: int
    step: int
    lo: int
    hi: int
    fence: int


@dataclass(frozen=True, slots=True)
class Done:
    """How many members a transaction moved, and the chunks that follow from it."""

    members: int
    follow: tuple[int, ...]


def work(*, chunk: int, clock: Callable[[], datetime], until: datetime | None = None) -> int:
    """Carry out a chunk and what follows from it at once, for so long; how many members were moved. A chunk that somebody
    else works on is nothing to do."""
    left, moved = [chunk], 0
    while left and (until is None or clock() < until):
        claim = take(chunk=left.pop(), now=clock())
        if claim is None:
            continue
        marks.reached("chunk.claimed")
        try:
            done = finish(claim, now=clock())
        except Overtaken:
            log.warning("a chunk was taken over", extra={"chunk": claim.chunk})
            continue
        except Exception as error:  # noqa: BLE001 - whatever it was, the next tick tries again
            put_off(claim, error, clock())
            continue
        marks.reached("chunk.committed")
        left += done.follow
        moved += done.members
    return moved


def take(*, chunk: int, now: datetime) -> Claim | None:
    lease = timedelta(seconds=settings.JOURNEY_LEASE_SECONDS)
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, {"chunk": chunk, "now": now, "until": now + lease})
        row = cursor.fetchone()
    return Claim(chunk, *row) if row else None


def finish(claim: Claim, *, now: datetime) -> Done:
    """The one transaction. Raises Overtaken, and whatever a step raises."""
    with scopes_disabled():
        rows = JourneyStep.objects.select_related("program", "version__journey")
        step = rows.get(pk=claim.step)
    with scope(program=step.program), transaction.atomic():
        # Nobody waits for a pause: a chunk that began before it is finished, and the next one sees it.
        state = Journey.objects.values_list("state", flat=True).get(pk=step.version.journey_id)
        done = Done(0, ())
        if state == Journey.State.LIVE:
            done = carry_out(step, lo=claim.lo, hi=claim.hi, now=now)
        gone, _rows = WorkChunk.objects.filter(pk=claim.chunk, fence=claim.fence).delete()
        if not gone:
            raise Overtaken
        marks.reached("chunk.finished")
    return done


def carry_out(step: JourneyStep, *, lo: int, hi: int, now: datetime, is_dry: bool = False) -> Done:
    """Carry out a step for those who are due in a range: the same few statements for ten members or ten thousand. For the
    caller's transaction, within the program's scope."""
    most = MOST_OF.get(step.kind, MOST)
    graph = step.version.graph
    values: dict[str, Any] = {
        "program": step.program_id, "step": step.pk, "lo": lo, "hi": hi, "now": now, "most": most, "full": most,
        "onward": step.onward, "priority": graph["priority"],
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(tables.PREPARE)
        if step.kind in HOLDING:
            cursor.execute(tables.HOLD, values)
        cursor.execute(tables.FILL, values)
        filled = cursor.rowcount
        if not filled:
            return Done(0, ())
        if step.kind in HOLDING:
            cursor.execute(tables.ONE_EACH)
    marks.reached("chunk.filled")
    steps.carry_out(
        steps.Work(
            step.program, step, step.version.journey.key, graph["window"]["late_hours"], now, is_dry=is_dry
        )
    )
    marks.reached("chunk.stepped")
    return _move(step, values, filled)


def _move(step: JourneyStep, values: dict[str, Any], filled: int) -> Done:
    ids = {step.onward, *(way["step"] for way in step.ways)} - {None}
    after = list(JourneyStep.objects.filter(pk__in=ids))
    due, more = _dues(after, step.program, values["now"])
    with connection.cursor() as cursor:
        cursor.execute(tables.RECORD, values)
        marks.reached("chunk.recorded")
        cursor.execute(tables.MOVE.format(due=due), values | more)
        cursor.execute(tables.QUIT)
        marks.reached("chunk.moved")
        immediate = [each.pk for each in after if dues.is_immediate(each)]
        cursor.execute(tables.FOLLOW, values | {"immediate": immediate})
        follow = tuple(row[0] for row in cursor.fetchall())
        # The tallies last: they are shared by all who work on this step.
        cursor.execute(tables.TALLY, values)
        marks.reached("chunk.followed")
    return Done(filled, follow)


def _dues(after: list[JourneyStep], program: Program, now: datetime) -> tuple[str, dict[str, Any]]:
    """When those who arrive at each of these steps are due there."""
    if not after:
        return "%(now)s::timestamptz", {}
    cases, values = [], dict[str, Any]()
    for each in after:
        moment, bound = dues.expression(each, program, now, member="c.member_id")
        cases.append(f"WHEN {each.pk} THEN {moment}")
        values |= bound
    return f"CASE c.next_id {' '.join(cases)} END", values


def put_off(claim: Claim, error: Exception, now: datetime) -> None:
    """Later and later, never given up: what waits here is seen in the admin, and the log says why."""
    log.error("a chunk failed", exc_info=error, extra={"chunk": claim.chunk, "step": claim.step})
    with scopes_disabled():
        mine = WorkChunk.objects.filter(pk=claim.chunk, fence=claim.fence)
        tries = mine.values_list("tries", flat=True).first() or 1
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(tries - 1, 20))
        mine.update(error=type(error).__name__[:120], lease_until=now + pause)
