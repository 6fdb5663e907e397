"""What a re-grade by other tiers would do now, over all members, before anything is saved (36).

One statement computes it for windows whose start is the same for everybody or follows from the day of joining. The
few members whose review is due, and windows since a tier was reached, are folded one by one; of very many such
members a random sample is taken, and said so.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import OperationalError, connection, transaction
from django.utils.translation import gettext_lazy as _
from django_scopes import scope

from loyaltysite.kit.errors import DomainError
from members.models import Member, Program
from rewards.policies import day_start
from rewards.tiers import standings, worths
from rewards.tiers.courses import Course
from rewards.tiers.editing import Draft
from rewards.tiers.records import StandingRow
from rewards.tiers.schemes import DAY, MEMBERSHIP_YEAR, SINCE_REACHED, TICK, Level, Scheme, day_of

LARGEST = 10
# Folding costs about a tenth of a millisecond a member: so many take a few seconds.
MOST_FOLDED = 20_000
CHUNK = 1_000
SECONDS = 10

# A level stands for its place among the new tiers, counted from one; nobody's place is 0.
MOVES = """
    WITH held AS (
        SELECT s.member_id AS id,
               max(array_position(%(old)s::bigint[], s.tier_id)) AS before,
               max(array_position(%(new)s::bigint[], s.tier_id)) FILTER (WHERE s.ended_at IS NULL) AS kept,
               max(array_position(%(new)s::bigint[], s.tier_id))
                   FILTER (WHERE s.origin = 'manual' AND s.ended_at IS NULL) AS manual,
               bool_or(s.ended_at IS NULL AND s.valid_until <= CASE s.origin
                   WHEN 'manual' THEN %(now)s ELSE %(cutoff)s END) AS is_due
        FROM rewards_standing s
        WHERE s.program_id = %(program)s AND s.since <= %(now)s AND (s.ended_at IS NULL OR s.ended_at > %(now)s)
        GROUP BY s.member_id
    ), counted AS ({counted}), graded AS MATERIALIZED (
        SELECT m.holder_id AS id, COALESCE(c.total, 0) AS total, COALESCE(h.is_due, false) AS is_due,
               GREATEST(COALESCE(h.before, 0), %(old_base)s) AS before,
               GREATEST(COALESCE(h.manual, 0), %(new_base)s,
                        CASE WHEN %(is_valued)s AND c.id IS NULL THEN h.kept
                        ELSE width_bucket(COALESCE(c.total, 0)::numeric, %(thresholds)s::numeric[]) END) AS after
        FROM members_member m LEFT JOIN held h ON h.id = m.holder_id LEFT JOIN counted c ON c.id = m.holder_id
        WHERE m.program_id = %(program)s
    ), moves AS (SELECT * FROM graded WHERE NOT is_due)
    SELECT jsonb_build_object(
        'members', (SELECT count(*) FROM graded),
        'due', (SELECT jsonb_agg(id) FROM (SELECT id FROM graded WHERE is_due LIMIT %(most)s + 1) d),
        'moves', (SELECT jsonb_agg(jsonb_build_array(before, after, n))
                  FROM (SELECT before, after, count(*) AS n FROM moves GROUP BY 1, 2) g),
        'largest', (SELECT jsonb_agg(jsonb_build_array(id, before, after, total)) FROM (
            SELECT * FROM moves
            WHERE (%(places)s::float8[])[before + 1] <> after
            ORDER BY abs((%(places)s::float8[])[before + 1] - after) DESC, total DESC, id
            LIMIT %(largest)s) t))
"""

SUMS = """
    SELECT x.holder_id AS id, sum(x.{column}) AS total
    FROM rewards_metric x {joined}
    WHERE x.program_id = %(program)s AND {window}
    GROUP BY x.holder_id
"""
# Who was never scored stays, as with a re-grade.
WORTHS = f"""
    SELECT s.member_id AS id, {worths.WORTH} AS total FROM members_memberscore s WHERE s.program_id = %(program)s
"""  # noqa: S608 - names from our own code
DAYS = "x.bucket BETWEEN %(first)s AND %(last)s"
# The first day of the membership year; make_interval clamps 29 February as add_months does.
YEAR_OF_JOINING = """
    x.bucket = (j.joined + make_interval(years => j.years - (
        (j.joined + make_interval(years => j.years))::date > %(last)s)::int))::date
"""
JOINED = """
    JOIN (SELECT holder_id, (joined_at AT TIME ZONE %(zone)s)::date AS joined,
                 extract(year FROM %(last)s::date)::int
                 - extract(year FROM joined_at AT TIME ZONE %(zone)s)::int AS years
          FROM members_member WHERE program_id = %(program)s) j ON j.holder_id = x.holder_id
"""


class ForecastTooSlow(DomainError):
    code = "forecast_too_slow"
    message = _(
        "The members are too many to count within %(seconds)d seconds. The tiers can be saved without it."
    )


@dataclass(frozen=True, slots=True)
class Moved:
    """A member who would move; levels are None for no tier. `total` is in the metric's whole unit."""

    member_id: int
    before: Level | None
    after: Level | None
    total: int


@dataclass(slots=True)
class Forecast:
    """How many of all members rise and fall, from which level to which; the moves that go farthest; the seconds it
    took. `looked_at` is smaller than `members` where a sample was taken: figures are then of the sample."""

    members: int = 0
    looked_at: int = 0
    up: int = 0
    down: int = 0
    moves: Counter[tuple[str, str]] = field(default_factory=Counter)
    largest: list[Moved] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def is_sample(self) -> bool:
        return self.looked_at < self.members


def measure(*, program: Program, draft: Draft, now: datetime) -> Forecast:
    """What a re-grade by the draft would do now; nothing is written. The draft must have passed `editing.check`.

    Raises ForecastTooSlow.
    """
    began = time.monotonic()
    new = draft.scheme(program)
    try:
        old = standings.scheme_of(program)
    except standings.NoTiers:
        old = None
    with scope(program=program):
        if new.window == SINCE_REACHED:
            found = _sampled(program, old, new, now)
        else:
            found = _counted(program, old, new, now)
    found.seconds = time.monotonic() - began
    return found


class _Ladder:
    """Places of old and new levels on one ladder: a new level's is its number, a removed one lies in between."""

    def __init__(self, old: Scheme | None, new: Scheme) -> None:
        self.old, self.new = old, new
        self.old_levels = old.levels if old else ()
        self.new_levels = new.levels
        self.places: dict[int, float] = {level.id: number for number, level in enumerate(new.levels, 1)}
        last = 0.0
        for level in self.old_levels:
            last = self.places.setdefault(level.id, last + 0.5)

    def place(self, level: Level | None) -> float:
        return self.places[level.id] if level else 0.0

    def note(self, found: Forecast, before: Level | None, after: Level | None, count: int) -> None:
        one, two = self.place(before), self.place(after)
        if one != two:
            found.up += count if two > one else 0
            found.down += count if two < one else 0
            found.moves[before.key if before else "", after.key if after else ""] += count

    def keep_largest(self, found: Forecast, moved: list[Moved]) -> None:
        def far(one: Moved) -> tuple[float, int, int]:
            return -abs(self.place(one.before) - self.place(one.after)), -one.total, one.member_id

        found.largest = sorted(found.largest + moved, key=far)[:LARGEST]


def _counted(program: Program, old: Scheme | None, new: Scheme, now: datetime) -> Forecast:
    ladder = _Ladder(old, new)
    answer = _ask(program, ladder, now)
    found = Forecast(members=answer["members"], looked_at=answer["members"])
    for before, after, count in answer["moves"] or ():
        ladder.note(found, _level(ladder.old_levels, before), _level(ladder.new_levels, after), count)
    found.largest = [
        Moved(member_id, _level(ladder.old_levels, before), _level(ladder.new_levels, after), int(total))
        for member_id, before, after, total in answer["largest"] or ()
    ]
    due = answer["due"] or []
    if len(due) > MOST_FOLDED:
        raise ForecastTooSlow(seconds=SECONDS)
    _fold(program, ladder, due, now, found)
    return found


def _ask(program: Program, ladder: _Ladder, now: datetime) -> dict[str, Any]:
    new, old = ladder.new, ladder.old
    today = day_of(now, new.zone)
    by_joining = new.window == MEMBERSHIP_YEAR
    first = today if by_joining else new.window_start(today, today)
    grace = (old or new).grace_days
    values: dict[str, Any] = {
        "program": program.pk,
        "now": now,
        "cutoff": day_start(today - grace * DAY, new.zone) if grace else now,
        "old": [level.id for level in ladder.old_levels],
        "new": [level.id for level in ladder.new_levels],
        "old_base": ladder.old_levels.index(old.base) + 1 if old and old.base else 0,
        "new_base": ladder.new_levels.index(new.base) + 1 if new.base else 0,
        "places": [0.0, *(float(ladder.place(level)) for level in ladder.old_levels)],
        "thresholds": [level.threshold for level in ladder.new_levels],
        "is_valued": new.is_valued,
        "first": first,
        "last": today if not new.is_periodic or by_joining else first,
        "zone": str(new.zone),
        "most": MOST_FOLDED,
        "largest": LARGEST,
    }
    values |= worths.values_of(new.weights)
    sums = SUMS.format(
        column=new.column,
        joined=JOINED if by_joining else "",
        window=YEAR_OF_JOINING if by_joining else DAYS,
    )
    sql = MOVES.format(counted=WORTHS if new.is_valued else sums)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = '{SECONDS}s'")
            cursor.execute(sql, values)
            row = cursor.fetchone()
    except OperationalError as error:
        raise ForecastTooSlow(seconds=SECONDS) from error
    answer: dict[str, Any] = json.loads(row[0]) if isinstance(row[0], str) else row[0]
    return answer


def _sampled(program: Program, old: Scheme | None, new: Scheme, now: datetime) -> Forecast:
    """Everybody, or so many drawn by a hash of their number, which favours nobody."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT holder_id FROM members_member WHERE program_id = %s"
            " ORDER BY hashint8extended(holder_id, 0) LIMIT %s",
            [program.pk, MOST_FOLDED],
        )
        chosen = [row[0] for row in cursor.fetchall()]
    members = len(chosen)
    if members == MOST_FOLDED:
        members = Member.objects.filter(program=program).count()
    found = Forecast(members=members, looked_at=len(chosen))
    _fold(program, _Ladder(old, new), chosen, now, found)
    return found


def _fold(program: Program, ladder: _Ladder, ids: list[int], now: datetime, found: Forecast) -> None:
    """The same, member by member."""
    scheme = ladder.old or ladder.new
    for start in range(0, len(ids), CHUNK):
        part = ids[start : start + CHUNK]
        moved = []
        known = (
            worths.worths_of(program=program, member_ids=part, weights=ladder.new.weights)
            if ladder.new.is_valued
            else {}
        )
        for member_id, course in standings.load(program=program, member_ids=part, scheme=scheme).items():
            before = course.level_at(now) if ladder.old else None
            after = _regraded(course, ladder.new, now, known.get(member_id))
            ladder.note(found, before, after.level_at(now + TICK), 1)
            if ladder.place(before) != ladder.place(after.level_at(now + TICK)):
                moved.append(Moved(member_id, before, after.level_at(now + TICK), after.total(now)))
        ladder.keep_largest(found, moved)


def _regraded(course: Course, scheme: Scheme, now: datetime, worth: worths.Worth | None) -> Course:
    rows: list[StandingRow] = course.standings
    after = Course(scheme, course.joined_on, rows, course.metrics)
    after.worth = worth.total if worth else None
    after.regrade(now=now)
    return after


def _level(levels: tuple[Level, ...], place: int) -> Level | None:
    return levels[place - 1] if place else None
