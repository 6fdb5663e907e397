"""Membership of audiences: set-based, a repeat changes nothing, and every coming and going is an event of the log."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django_scopes import scope

from members.models import AudienceMember, Member, Program

ENTERED, LEFT = "segment.entered", "segment.left"

ENTER = """
    WITH come AS (
        INSERT INTO members_audiencemember (audience_id, member_id, program_id, since)
        SELECT %(audience)s, m.holder_id, m.program_id, %(now)s
        FROM unnest(%(members)s::bigint[]) AS w(id) JOIN members_member m ON m.holder_id = w.id
        WHERE m.program_id = %(program)s
        ON CONFLICT DO NOTHING RETURNING member_id
    ), told AS (
        INSERT INTO members_event (program_id, holder_id, kind, occurred_at, recorded_at, data)
        SELECT %(program)s, member_id, %(kind)s, %(now)s, %(now)s,
            jsonb_build_object('segment', %(audience)s::bigint, 'key', %(key)s::text) FROM come
    )
    SELECT member_id FROM come
"""
LEAVE = """
    WITH gone AS (
        DELETE FROM members_audiencemember
        WHERE audience_id = %(audience)s AND program_id = %(program)s AND member_id = ANY (%(members)s::bigint[])
        RETURNING member_id
    ), told AS (
        INSERT INTO members_event (program_id, holder_id, kind, occurred_at, recorded_at, data)
        SELECT %(program)s, member_id, %(kind)s, %(now)s, %(now)s,
            jsonb_build_object('segment', %(audience)s::bigint, 'key', %(key)s::text) FROM gone
    )
    SELECT member_id FROM gone
"""


def enter(*, program: Program, audience: int, key: str, members: Collection[int], now: datetime) -> set[int]:
    """Let these members (ids) into the audience; the ids of those who were not in it. Strangers are left out."""
    return _move(ENTER, ENTERED, program, audience, key, members, now)


def leave(*, program: Program, audience: int, key: str, members: Collection[int], now: datetime) -> set[int]:
    """Let these members go; the ids of those who were in it."""
    return _move(LEAVE, LEFT, program, audience, key, members, now)


def _move(
    statement: str,
    kind: str,
    program: Program,
    audience: int,
    key: str,
    members: Collection[int],
    now: datetime,
) -> set[int]:
    if not members:
        return set()
    values: dict[str, Any] = {
        "audience": audience,
        "key": key,
        "kind": kind,
        "program": program.pk,
        "members": sorted(members),
        "now": now,
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)
        return {row[0] for row in cursor.fetchall()}


# `inside` is who belongs into it at this very moment; everything is one statement, so that nobody is out for a while.
# Whom the app above has still to look at (`{spared}`) is left alone.
SETTLE = """
    WITH inside AS MATERIALIZED ({inside}),
    come AS (
        INSERT INTO members_audiencemember (audience_id, member_id, program_id, since)
        SELECT %s, i.pk, %s, %s FROM inside AS i(pk) WHERE {spared_come}
        ON CONFLICT DO NOTHING RETURNING member_id
    ), gone AS (
        DELETE FROM members_audiencemember a
        WHERE a.audience_id = %s AND {among} AND NOT EXISTS (SELECT FROM inside AS i(pk) WHERE i.pk = a.member_id)
            AND {spared_gone}
        RETURNING member_id
    ), moved AS (
        SELECT member_id, true AS is_in FROM come UNION ALL SELECT member_id, false FROM gone
    ), told AS (
        INSERT INTO members_event (program_id, holder_id, kind, occurred_at, recorded_at, data)
        SELECT %s, member_id, CASE WHEN is_in THEN %s ELSE %s END, %s, %s,
            jsonb_build_object('segment', %s::bigint, 'key', %s::text) FROM moved
    )
    SELECT count(*) FILTER (WHERE is_in), count(*) FILTER (WHERE NOT is_in),
        CASE WHEN count(*) <= %s THEN coalesce(array_agg(member_id) FILTER (WHERE is_in), '{{}}') END,
        CASE WHEN count(*) <= %s THEN coalesce(array_agg(member_id) FILTER (WHERE NOT is_in), '{{}}') END
    FROM moved
"""


@dataclass(frozen=True, slots=True)
class Moves:
    """How many came and went, and who; None where they were too many to name."""

    entered: int = 0
    left: int = 0
    came: tuple[int, ...] | None = ()
    went: tuple[int, ...] | None = ()


def settle(
    *,
    program: Program,
    audience: int,
    key: str,
    inside: tuple[str, Sequence[Any]],
    among: Collection[int] | None,
    now: datetime,
    most: int,
    spared: str = "",
) -> Moves:
    """Make the audience what the query `inside` (SQL and its parameters, one column of member ids) finds; with `among`
    only these members are looked at, and the query must find no others. `spared` is SQL of ids to leave alone. Up to
    `most` moves are named."""
    text, params = inside
    limits = "a.member_id = ANY (%s::bigint[])" if among is not None else "true"
    statement = SETTLE.format(
        inside=text,
        among=limits,
        spared_come=f"i.pk NOT IN ({spared})" if spared else "true",
        spared_gone=f"a.member_id NOT IN ({spared})" if spared else "true",
    )
    ids = [sorted(among)] if among is not None else []
    told: list[Any] = [program.pk, ENTERED, LEFT, now, now, audience, key, most, most]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, [*params, audience, program.pk, now, audience, *ids, *told])
        entered, left, came, went = cursor.fetchone()
    return Moves(entered, left, _named(came), _named(went))


def _named(ids: list[int] | None) -> tuple[int, ...] | None:
    return None if ids is None else tuple(ids)


def audiences_of(member: Member) -> set[int]:
    """Ids of the audiences that the member is in."""
    with scope(program=member.program):
        return set(AudienceMember.objects.filter(member=member).values_list("audience_id", flat=True))
