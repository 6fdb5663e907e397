"""Standings in the database: read as courses, set by staff, reviewed when due. Each write holds the member's guard."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime
from typing import Any, cast

import orjson
from django.db import connection, transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _
from django_scopes import scope

from loyaltysite.kit.errors import DomainError, NotFound
from members import audit
from members.models import Event, Holder, Member, Program, User
from rewards import rulebook
from rewards.models import Metric, Standing, Tier
from rewards.policies import day_start
from rewards.tiers import worths
from rewards.tiers.courses import Course
from rewards.tiers.progress import Progress
from rewards.tiers.records import WITHOUT_END, Move, StandingRow, Totals
from rewards.tiers.schemes import DAY, TICK, Level, Scheme

CHUNK = 500

# Waits for nobody: who is being written to now is taken by the next run.
DUE = """
    SELECT h.id FROM rewards_standing s JOIN members_holder h ON h.id = s.member_id
    WHERE s.program_id = %(program)s AND s.ended_at IS NULL AND s.valid_until <= %(now)s
      AND (s.origin = 'manual' OR s.valid_until <= %(cutoff)s) AND s.member_id <> ALL(%(idle)s)
    LIMIT %(limit)s FOR NO KEY UPDATE OF h SKIP LOCKED
"""


CHANGE = """
    UPDATE rewards_standing t
    SET confirms_at = s.confirms_at, valid_until = s.valid_until, ended_at = s.ended_at
    FROM jsonb_to_recordset(%s::jsonb)
        AS s(id bigint, confirms_at timestamptz, valid_until timestamptz, ended_at timestamptz)
    WHERE t.id = s.id
"""


class NoTiers(DomainError):
    code = "no_tiers"
    message = _("This program has no tiers.")


class ManualTierRefused(DomainError):
    """A tier set by staff needs a reason and an end to come, and lies not below what is earned."""

    code = "manual_tier_refused"


def scheme_of(program: Program) -> Scheme:
    """The program's scheme as it is now. Raises NoTiers."""
    catalogue = Program.objects.values_list("catalogue", flat=True).get(pk=program.pk)
    database = str(connection.settings_dict["NAME"])
    found = rulebook.of(program.pk, database=database, catalogue=catalogue).scheme
    if found is None:
        raise NoTiers
    return found


def load(
    *,
    program: Program,
    member_ids: Collection[int],
    scheme: Scheme | None = None,
    course: type[Course] = Course,
) -> dict[int, Course]:
    """The courses of these members of the program, by member id, in three statements."""
    scheme = scheme or scheme_of(program)
    with scope(program=program):
        members = Member.objects.filter(pk__in=member_ids).values_list("pk", "joined_at")
        joined = {pk: joined_at.astimezone(scheme.zone).date() for pk, joined_at in members}
        standings = _standings(joined)
        metrics = _metrics(joined)
    found = {
        pk: course(scheme, day, standings.get(pk, []), metrics.get(pk, {})) for pk, day in joined.items()
    }
    if scheme.is_valued:
        _tell_worth(program, found, scheme)
    return found


def _tell_worth(program: Program, courses: Mapping[int, Course], scheme: Scheme) -> None:
    found = worths.worths_of(program=program, member_ids=list(courses), weights=scheme.weights)
    for pk, worth in found.items():
        courses[pk].worth = worth.total


def lock(*, program: Program, member_ids: Collection[int], scheme: Scheme) -> dict[int, Course]:
    """As `load`, but nobody else can post to these members until the transaction ends. Call it inside the scope."""
    holders = Holder.objects.filter(pk__in=member_ids, program=program).order_by("pk")
    locked = list(holders.select_for_update(no_key=True).values_list("pk", flat=True))
    return load(program=program, member_ids=locked, scheme=scheme)


def progress_of(*, program: Program, member: Member, now: datetime) -> Progress:
    """What the member sees of the tiers (37). Raises NoTiers, NotFound."""
    course = load(program=program, member_ids=[member.holder_id]).get(member.holder_id)
    if course is None:
        raise NotFound
    return course.progress(now)


def set_manual(
    *,
    program: Program,
    member: Member,
    tier: Tier,
    reason: str,
    by: User,
    until: date = WITHOUT_END,
    now: datetime,
) -> Standing:
    """Give a tier by hand, from now to the end of the day `until`; it replaces an earlier one given by hand (35).

    Raises ManualTierRefused, NoTiers, NotFound.
    """
    scheme = scheme_of(program)
    level = scheme.by_id.get(tier.pk)
    if level is None:
        raise NotFound
    reason = reason.strip()
    valid_until = day_start(until + DAY, scheme.zone)
    _check_manual(reason, valid_until, now)
    with scope(program=program), transaction.atomic():
        course = _lock_one(program, member, scheme)
        before = _told(course, now)
        _check_not_below(course, level, now)
        row = course.place(level, until=valid_until, reason=reason, author_id=by.pk, now=now)
        save(program=program, courses={member.holder_id: course}, now=now)
        after = {"tier": level.key, "until": valid_until.isoformat()}
        audit.record(
            program=program, actor=by, action="tier.set", subject="member", subject_id=member.number,
            before=before, after=after, reason=reason, now=now,
        )  # fmt: skip
        return Standing.objects.get(pk=cast("int", row.id))


def set_manual_each(
    *,
    program: Program,
    member_ids: Collection[int],
    tier: Tier,
    reason: str,
    by: User,
    until: date,
    now: datetime,
) -> dict[int, str]:
    """The same tier by hand for many members in one transaction; who was refused, by id, with the code of the refusal.

    Raises ManualTierRefused when the reason or the end is wrong, NoTiers, NotFound.
    """
    scheme = scheme_of(program)
    level = scheme.by_id.get(tier.pk)
    if level is None:
        raise NotFound
    valid_until = day_start(until + DAY, scheme.zone)
    _check_manual(reason.strip(), valid_until, now)
    with scope(program=program), transaction.atomic():
        found = lock(program=program, member_ids=member_ids, scheme=scheme)
        numbers = dict(Member.objects.filter(pk__in=found).values_list("pk", "number"))
        refused = {pk: NotFound.code for pk in member_ids if pk not in found}
        courses, told = {}, []
        after = {"tier": level.key, "until": valid_until.isoformat()}
        for pk, course in found.items():
            before = _told(course, now)
            try:
                _check_not_below(course, level, now)
            except ManualTierRefused as error:
                refused[pk] = error.code
                continue
            course.place(level, until=valid_until, reason=reason.strip(), author_id=by.pk, now=now)
            courses[pk] = course
            told.append(
                audit.row(
                    program=program, actor=by, action="tier.set", subject="member", subject_id=numbers[pk],
                    before=before, after=after, reason=reason.strip(), now=now,
                )
            )  # fmt: skip
        save(program=program, courses=courses, now=now)
        audit.record_each(told)
    return refused


def end_manual(*, program: Program, member: Member, reason: str, by: User, now: datetime) -> None:
    """End the tier given by hand before its time; what is earned is in force again. Without one, nothing happens.

    Raises ManualTierRefused without a reason, NoTiers, NotFound.
    """
    scheme = scheme_of(program)
    if not reason.strip():
        raise ManualTierRefused(_("Say why."), field="reason")
    with scope(program=program), transaction.atomic():
        course = _lock_one(program, member, scheme)
        before = _told(course, now)
        if course.withdraw(now=now) is None:
            return
        save(program=program, courses={member.holder_id: course}, now=now)
        audit.record(
            program=program, actor=by, action="tier.end", subject="member", subject_id=member.number,
            before=before, after=_told(course, now + TICK), reason=reason.strip(), now=now,
        )  # fmt: skip


def review_due(*, program: Program, now: datetime, limit: int | None = None) -> int:
    """Review every standing whose validity and grace have ended (34); how many members that were.

    Safe to run twice, late or on several workers: each member is taken once, under the guard, and a later posting
    would have done the same.
    """
    try:
        scheme = scheme_of(program)
    except NoTiers:
        return 0
    done, idle = 0, set[int]()
    while limit is None or done < limit:
        size = CHUNK if limit is None else min(CHUNK, limit - done)
        taken = _lock_due_and_review(program, scheme, now, size, idle)
        if not taken:
            break
        done += len(taken - idle)
    return done


def _lock_due_and_review(
    program: Program, scheme: Scheme, now: datetime, size: int, idle: set[int]
) -> set[int]:
    """One chunk in one transaction. Members that turn out not to be due are added to `idle`, not to come again."""
    today = now.astimezone(scheme.zone).date()
    values: dict[str, Any] = {
        "program": program.pk,
        "now": now,
        "cutoff": day_start(today - scheme.grace_days * DAY, scheme.zone) if scheme.grace_days else now,
        "idle": list(idle),
        "limit": size,
    }
    with scope(program=program), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(DUE, values)
            taken = {row[0] for row in cursor.fetchall()}
        courses = load(program=program, member_ids=taken, scheme=scheme)
        for course in courses.values():
            course.review(now)
        save(program=program, courses=courses, now=now)
    idle |= {pk for pk in taken if pk not in courses or not courses[pk].changed}
    return taken


def _lock_one(program: Program, member: Member, scheme: Scheme) -> Course:
    """The member's course, read after the holder was locked, so that no posting can pass unseen."""
    found = lock(program=program, member_ids=[member.holder_id], scheme=scheme)
    if not found:
        raise NotFound
    return found[member.holder_id]


def _check_manual(reason: str, valid_until: datetime, now: datetime) -> None:
    if not reason:
        raise ManualTierRefused(_("Say why."), field="reason")
    if valid_until <= now:
        raise ManualTierRefused(_("The last day must not be in the past."), field="until")


def _check_not_below(course: Course, level: Level, now: datetime) -> None:
    course.settle(now)
    earned = course.best_earned()
    if level is course.scheme.base or (earned and course.scheme.by_id[earned.tier_id].rank > level.rank):
        raise ManualTierRefused(
            _("The member has earned at least as much. Nothing would change."), field="tier"
        )


def _told(course: Course, now: datetime) -> dict[str, str]:
    """A standing in the words of the audit."""
    row, level = course.at(now), course.level_at(now)
    until = row.valid_until.isoformat() if row and row.valid_until else ""
    return {"tier": level.key if level else "", "origin": row.origin if row else "", "until": until}


def save(*, program: Program, courses: Mapping[int, Course], now: datetime) -> None:
    """Write what changed and tell it to the log; raise the guards of the members it concerns."""
    changed = {pk: course for pk, course in courses.items() if course.changed}
    if not changed:
        return
    rows = [(pk, row) for pk, course in changed.items() for row in course.changed]
    new = [(row, _standing(program, pk, row)) for pk, row in rows if row.id is None]
    old = [
        {
            "id": row.id,
            "confirms_at": row.confirms_at,
            "valid_until": row.valid_until,
            "ended_at": row.ended_at,
        }
        for _pk, row in rows
        if row.id is not None
    ]
    Holder.objects.filter(pk__in=changed).update(seq=F("seq") + 1)
    with connection.cursor() as cursor:
        cursor.execute(CHANGE, [orjson.dumps(old).decode()])
    Standing.objects.bulk_create([standing for _row, standing in new])
    for row, standing in new:
        row.id = standing.pk
    moves = ((pk, move) for pk, course in changed.items() for move in course.moves)
    Event.objects.bulk_create([_event(program, pk, move, now) for pk, move in moves])


def _standing(program: Program, member_id: int, row: StandingRow) -> Standing:
    return Standing(
        pk=row.id, program=program, member_id=member_id, tier_id=row.tier_id, origin=row.origin, since=row.since,
        confirms_at=row.confirms_at, valid_until=row.valid_until, ended_at=row.ended_at, fact_id=row.fact_id,
        reason=row.reason, author_id=row.author_id,
    )  # fmt: skip


def _event(program: Program, member_id: int, move: Move, now: datetime) -> Event:
    data = {"before": move.before, "after": move.after, "origin": move.origin}
    return Event(
        program=program, holder_id=member_id, kind="tier.changed", occurred_at=move.at, recorded_at=now,
        fact_id=move.fact_id, data=data,
    )  # fmt: skip


def _standings(member_ids: Iterable[int]) -> dict[int, list[StandingRow]]:
    found: dict[int, list[StandingRow]] = {}
    columns = (
        "tier_id",
        "origin",
        "since",
        "confirms_at",
        "valid_until",
        "ended_at",
        "fact_id",
        "reason",
        "author_id",
    )
    rows = Standing.objects.filter(member_id__in=list(member_ids)).order_by("since", "id")
    for member_id, *values in rows.values_list("member_id", *columns, "id"):
        found.setdefault(member_id, []).append(StandingRow(*values))
    return found


def _metrics(member_ids: Iterable[int]) -> dict[int, dict[date, Totals]]:
    found: dict[int, dict[date, Totals]] = {}
    rows = Metric.objects.filter(holder_id__in=list(member_ids))
    columns = ("spend_minor", "orders", "visits", "points", "last_on")
    for holder_id, bucket, *values in rows.values_list("holder_id", "bucket", *columns):
        found.setdefault(holder_id, {})[bucket] = Totals(*values)
    return found
