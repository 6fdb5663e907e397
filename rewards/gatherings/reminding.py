"""Whoever holds a seat is reminded once of each beginning: the event `event.soon`, which journeys and webhooks follow."""

from __future__ import annotations

from datetime import datetime

from django.db import connection, transaction
from django_scopes import scope

from members import followers
from members.models import Event, Program

KIND = "event.soon"

# Who took the seat within the hours of the reminder knows of it.
REMIND = """
    WITH due AS (
        SELECT r.id, g.reward_id, w.key, coalesce(m.merged_into_id, r.member_id) AS holder, g.begins_at
        FROM rewards_gathering g
        JOIN rewards_reward w ON w.id = g.reward_id
        JOIN rewards_redemption r ON r.reward_id = g.reward_id AND r.state = 'issued'
        JOIN members_member m ON m.holder_id = r.member_id
        WHERE g.program_id = %(program)s AND g.remind_hours > 0 AND g.begins_at > %(now)s
            AND g.begins_at <= %(now)s + make_interval(hours => g.remind_hours)
            AND r.issued_at <= g.begins_at - make_interval(hours => g.remind_hours)
            AND NOT EXISTS (SELECT FROM rewards_gatheringreminder d
                WHERE d.redemption_id = r.id AND d.begins_at = g.begins_at)
        ORDER BY r.id LIMIT %(limit)s
    ), noted AS (
        INSERT INTO rewards_gatheringreminder (redemption_id, begins_at, gathering_id, program_id)
        SELECT id, begins_at, reward_id, %(program)s FROM due
        ON CONFLICT (redemption_id, begins_at) DO NOTHING
        RETURNING redemption_id
    )
    SELECT d.id, d.key, d.holder, d.begins_at FROM due d JOIN noted n ON n.redemption_id = d.id ORDER BY d.id
"""


def remind_due(*, program: Program, now: datetime, limit: int = 5_000) -> int:
    """Tell the log whose event begins soon; how many. Safe to run twice, late, or on several workers."""
    with scope(program=program), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(REMIND, {"program": program.pk, "now": now, "limit": limit})
            rows = cursor.fetchall()
        Event.objects.bulk_create(
            Event(
                program=program, holder_id=holder, kind=KIND, occurred_at=now, recorded_at=now,
                data={"reward": key, "redemption": number, "begins_at": begins_at.isoformat()},
            )
            for number, key, holder, begins_at in rows
        )  # fmt: skip
        if rows:
            followers.wake()
    return len(rows)
