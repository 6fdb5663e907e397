"""Tiers by customer value: after every scoring each member gets the tier of what the score of that moment is worth."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django_scopes import scope

from members.models import Program
from rewards.tiers import standings
from rewards.tiers.schemes import DAY, KEEP, Scheme
from rewards.tiers.worths import COLUMNS, WEIGHTS, WORTH, Worth, read, values_of, weights_of

CHUNK = 500
# Whose place among the levels is not that of their highest open tier that was earned; falls wait for the days of grace.
# Who holds a tier and is no customer any more, since everything came back, is worth nothing.
MOVED = (
    """
    WITH held AS (
        SELECT t.member_id, max(array_position(%(levels)s::bigint[], t.tier_id)) AS place, max(t.since) AS since
        FROM rewards_standing t WHERE t.program_id = %(program)s AND t.ended_at IS NULL AND t.origin <> 'manual'
        GROUP BY t.member_id
    ), worth AS (
        SELECT s.member_id, {worth} AS total, {columns} FROM members_memberscore s WHERE s.program_id = %(program)s
        UNION ALL
        SELECT h.member_id, 0, {nothing} FROM held h
        WHERE NOT EXISTS (SELECT FROM members_memberscore s WHERE s.member_id = h.member_id)
    )
    SELECT w.* FROM worth w LEFT JOIN held h USING (member_id)
    JOIN members_member m ON m.holder_id = w.member_id AND m.state <> 'closed'
    CROSS JOIN LATERAL (SELECT greatest(%(base)s, width_bucket(w.total::numeric, %(thresholds)s::numeric[])) AS due,
        greatest(%(base)s, coalesce(h.place, 0)) AS held) p
    WHERE p.due > p.held OR (p.due < p.held AND %(falls)s AND h.since <= %(settled)s)
    ORDER BY w.member_id
""".replace("{worth}", WORTH)
    .replace("{columns}", COLUMNS)
    .replace("{nothing}", ", ".join("0" for _ in WEIGHTS))
)


def review(*, program: Program, now: datetime) -> int:
    """Give each member the tier that the score of this moment is worth, by the scheme's rule for falling; how many moved.

    In chunks, each in its own transaction; a repeat moves nobody. Nothing in a program whose tiers count something else."""
    try:
        scheme = standings.scheme_of(program)
    except standings.NoTiers:
        return 0
    if not scheme.is_valued:
        return 0
    moved = list(_moved(program, scheme, now).items())
    done = 0
    for start in range(0, len(moved), CHUNK):
        done += _move(program, scheme, dict(moved[start : start + CHUNK]), now)
    return done


def _moved(program: Program, scheme: Scheme, now: datetime) -> dict[int, Worth]:
    values: dict[str, Any] = {
        "program": program.pk,
        "levels": [level.id for level in scheme.levels],
        "thresholds": [level.threshold for level in scheme.levels],
        "base": scheme.levels.index(scheme.base) + 1 if scheme.base else 0,
        "falls": scheme.review != KEEP,
        "settled": now - scheme.grace_days * DAY,
        **values_of(scheme.weights),
    }
    with connection.cursor() as cursor:
        cursor.execute(MOVED, values)
        return read(cursor.fetchall())


def _move(program: Program, scheme: Scheme, worths: Mapping[int, Worth], now: datetime) -> int:
    weights = weights_of(scheme.weights)
    with scope(program=program), transaction.atomic():
        courses = standings.lock(program=program, member_ids=list(worths), scheme=scheme)
        for pk, course in courses.items():
            course.worth = worths[pk].total
            course.revalue(now=now, reason=worths[pk].tell(weights, program)[:300])
        changed = {pk: course for pk, course in courses.items() if course.changed}
        standings.save(program=program, courses=changed, now=now)
    return len(changed)
