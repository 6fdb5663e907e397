"""Who is in which segment, kept right: by what changed, by time, and proven against a full count every night.

All of it is the one question whether a segment's conditions hold, asked of some members or of all. A program's work is one
transaction under one lock, so a killed worker leaves nothing half done and two never work on the same.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Q
from django_scopes import scope

from campaigns.audiences import course, crossings, fields, figures, nesting
from campaigns.models import Dirty, Segment, Watch
from loyaltysite.kit.conditions import Condition
from members import audiences, followers
from members.audiences import Moves
from members.models import AudienceMember, Member, Program
from rewards.policies import day_start

log = logging.getLogger(__name__)

# Whoever left or was merged is in no segment; whoever is blocked may be.
POPULATION = Q(merged_into__isnull=True) & ~Q(state=Member.State.CLOSED)
# Notes taken at once; members asked for by their ids, more are asked for as all.
CHUNK = 10_000
MOST_IDS = 20_000
# How often windows on moments are looked at; those on days, each midnight.
PAUSE = timedelta(minutes=5)
LOCK = "hashtext('wafa-segments'), (%s %% 2147483647)::int"
TAKE = """
    WITH taken AS (
        DELETE FROM campaigns_dirty WHERE id IN (
            SELECT id FROM campaigns_dirty WHERE program_id = %s ORDER BY id LIMIT %s
        ) RETURNING member_id
    )
    SELECT count(*), array_agg(DISTINCT member_id) FROM taken
"""


@dataclass(slots=True)
class Outcome:
    """`taken` notes were looked at; `entered` and `left` over all segments."""

    taken: int = 0
    entered: int = 0
    left: int = 0


@dataclass(slots=True)
class Changed:
    """Whose membership this run has changed, for the segments that ask for others; `all` where they were too many."""

    ids: set[int] = field(default_factory=set)
    is_all: bool = False

    def add(self, moves: Moves) -> None:
        if moves.came is None or moves.went is None:
            self.is_all = True
        else:
            self.ids.update(moves.came, moves.went)


def begin(program: Program) -> None:
    """From now on changes of this program's members are noted. A repeat changes nothing."""
    with scope(program=program):
        Watch.objects.get_or_create(program=program)


def hold(program: Program, *, waits: bool = True) -> bool:
    """Until this transaction ends nobody else works on the program's segments."""
    function = "pg_advisory_xact_lock" if waits else "pg_try_advisory_xact_lock"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}({LOCK})", [program.pk])
        return waits or bool(cursor.fetchone()[0])


# --- refreshing -------------------------------------------------------------------------------------------------------


def refresh(*, program: Program, now: datetime, limit: int = CHUNK) -> Outcome:
    """Look at up to `limit` notes, at segments whose time has come and at those to be gathered, in one transaction.

    Somebody else at it: nothing is done. Proportional to what changed."""
    outcome = Outcome()
    with scope(program=program), transaction.atomic():
        if hold(program, waits=False) and _is_counted(program, now):
            outcome.taken, ids = take(program, limit)
            figures.count(program=program, members=ids)
            _look(program, ids, now, outcome)
    return outcome


def take(program: Program, limit: int) -> tuple[int, set[int]]:
    """Take so many notes: how many there were, and of whom."""
    with connection.cursor() as cursor:
        cursor.execute(TAKE, [program.pk, limit])
        number, ids = cursor.fetchone()
    return number, set(ids or ())


def _is_counted(program: Program, now: datetime) -> bool:
    """Whether every change is noted and all figures are there; brings it one step further. What was being written when
    the watch began has no note, so all is counted, and every segment gathered anew, once that has ended."""
    watch = Watch.objects.filter(program=program).first()
    if watch is None:
        return False
    if watch.counted_at is None:
        if watch.horizon is None:
            Watch.objects.filter(pk=watch.pk).update(horizon=followers.horizon())
            return False
        if not followers.is_past(watch.horizon):
            return False
        figures.count_all(program=program)
        figures.score(program=program)
        Segment.objects.exclude(gathered_at=None).update(gathered_at=None)
        Watch.objects.filter(pk=watch.pk).update(
            counted_at=now, scored_on=now.astimezone(program.zone).date()
        )
    return True


def _look(program: Program, ids: set[int], now: datetime, outcome: Outcome) -> None:
    changed = Changed()
    for segment in live(program):
        among = _candidates(program, segment, ids, changed, now)
        if among is None or among:
            moves = settle(program, segment, among, now)
            changed.add(moves)
            outcome.entered += moves.entered
            outcome.left += moves.left


def live(program: Program) -> list[Segment]:
    """The segments by conditions that are in force, those that others ask for first."""
    found = Segment.objects.filter(program=program, state=Segment.State.LIVE, kind=Segment.Kind.CONDITION)
    return nesting.in_order(found)


def _candidates(
    program: Program, segment: Segment, ids: set[int], changed: Changed, now: datetime
) -> set[int] | None:
    """Who is to be asked; None for everybody."""
    nested = nesting.asks_any(segment.tree)
    if segment.gathered_at is None or (nested and changed.is_all):
        return None
    found = ids | changed.ids if nested else ids
    if segment.due_at is None or segment.due_at > now:
        return found
    crossed = _crossed(program, segment, now)
    return None if crossed is None else found | crossed


def _crossed(program: Program, segment: Segment, now: datetime) -> set[int] | None:
    zone = program.zone
    condition = fields.parse(segment.tree)
    if segment.seen_at is None:
        return None
    who = crossings.between(condition, segment.seen_at.astimezone(zone), now.astimezone(zone))
    if who is None:
        return None
    ids = list(Member.objects.filter(who).values_list("pk", flat=True)[: MOST_IDS + 1])
    if len(ids) > MOST_IDS:
        return None
    Segment.objects.filter(pk=segment.pk).update(seen_at=now, due_at=due(condition, program, now))
    return set(ids)


def due(condition: Condition, program: Program, now: datetime) -> datetime | None:
    """When time alone may change who is in it next."""
    if not condition.is_relative:
        return None
    if crossings.has_moments(condition.simple):
        return now + PAUSE
    return day_start(now.astimezone(program.zone).date() + timedelta(days=1), program.zone)


# --- one segment ------------------------------------------------------------------------------------------------------


def settle(
    program: Program, segment: Segment, among: Collection[int] | None, now: datetime, *, spared: str = ""
) -> Moves:
    """Let in and out whom the conditions say, of these members or of all; within the program's scope and lock."""
    condition = fields.parse(segment.tree)
    moves = audiences.settle(
        program=program, audience=segment.pk, key=segment.key, inside=inside(condition, program, now, among),
        among=among, now=now, most=MOST_IDS, spared=spared,
    )  # fmt: skip
    _note(program, segment, moves, now, condition if among is None else None)
    return moves


def inside(
    condition: Condition, program: Program, now: datetime, among: Collection[int] | None = None
) -> tuple[str, tuple[Any, ...]]:
    """SQL of the ids of those whom the condition holds for, with its parameters."""
    question = condition.q(now.astimezone(program.zone), whole=among is None)
    found = Member.objects.filter(POPULATION, question)
    if among is not None:
        found = found.filter(pk__in=sorted(among))
    text, params = found.order_by().values("pk").query.sql_with_params()
    return text, tuple(params)


def _note(
    program: Program, segment: Segment, moves: Moves, now: datetime, gathered: Condition | None
) -> None:
    """The segment's own row, its course and who moved. The first gathering is no coming of anybody."""
    changes: dict[str, Any] = {}
    if moves.entered or moves.left:
        changes["size"] = F("size") + moves.entered - moves.left
    if gathered is not None:
        changes |= {"gathered_at": now, "seen_at": now, "due_at": due(gathered, program, now)}
    if changes:
        Segment.objects.filter(pk=segment.pk).update(**changes)
    if moves.entered or moves.left:
        course.note(program, segment, moves, now)


# --- proof ------------------------------------------------------------------------------------------------------------

WAITING = "SELECT member_id FROM campaigns_dirty WHERE program_id = {program}"


def prove(*, program: Program, now: datetime) -> int:
    """Count the program's figures and segments in full and mend what was not as it should be; how many members that were
    (0 is the proof). Those of whom a change is still to be looked at are left to the next refresh."""
    while refresh(program=program, now=now).taken:
        pass
    with scope(program=program), transaction.atomic():
        hold(program)
        if not _is_counted(program, now):
            return 0
        wrong = _prove(program, live(program), now)
        Watch.objects.filter(program=program).update(proven_on=now.astimezone(program.zone).date())
    return wrong


def _prove(program: Program, segments: Iterable[Segment], now: datetime) -> int:
    wrong = 0
    for segment in segments:
        if segment.gathered_at is None:
            settle(program, segment, None, now)
            continue
        if segment.due_at is not None and segment.due_at <= now:
            _settle_crossed(program, segment, now)
        moves = settle(program, segment, None, now, spared=WAITING.format(program=int(program.pk)))
        found = moves.entered + moves.left
        size = AudienceMember.objects.filter(audience_id=segment.pk).count()
        Segment.objects.filter(pk=segment.pk).update(proven_at=now, mended=found, size=size)
        if found:
            log.error(
                "a segment was not as a full count has it", extra={"segment": segment.pk, "members": found}
            )
        wrong += found
    return wrong


def _settle_crossed(program: Program, segment: Segment, now: datetime) -> None:
    crossed = _crossed(program, segment, now)
    if crossed is None or crossed:
        settle(program, segment, crossed, now)


def score(*, program: Program, now: datetime) -> int:
    """Score the customers anew; how many changed."""
    with scope(program=program), transaction.atomic():
        hold(program)
        if not _is_counted(program, now):
            return 0
        done = figures.score(program=program)
        Watch.objects.filter(program=program).update(scored_on=now.astimezone(program.zone).date())
    return done


def waiting(*, program: Program, most: int = CHUNK) -> int:
    """How many notes are to be looked at; `most` + 1 stands for more."""
    with scope(program=program):
        return len(Dirty.objects.filter(program=program).values_list("pk")[: most + 1])
