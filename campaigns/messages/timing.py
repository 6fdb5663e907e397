"""Before something is sent: what waited into another day, or into the member's night, gets its right time and day.

A backlog, a provider's slowness or a pause may carry a message past the day that it was counted for. Then its place is
counted anew, under the same lock as in the gate; where there is no room any more it is not sent.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from campaigns.messages import gate
from campaigns.messages.manners import Rules
from members.models import Program

MOST = 500
# What a chunk queued while its journey was being paused is held back.
DUE = """
    m.state = 'queued' AND m.channel = %(channel)s AND m.program_id = %(program)s AND m.not_before <= %(now)s
    AND NOT EXISTS (SELECT FROM campaigns_journeyversion v JOIN campaigns_journey j ON j.id = v.journey_id
        WHERE v.id = m.version_id AND j.state = 'paused')
"""
CLOCK = """
    LEFT JOIN campaigns_whereabouts w ON w.member_id = m.member_id
    CROSS JOIN LATERAL (
        SELECT %(now)s::timestamptz AT TIME ZONE coalesce(w.time_zone, %(zone)s) AS local, coalesce(w.time_zone, %(zone)s) AS zone
    ) l
"""
AWAKE = gate.AWAKE.format(now="%(now)s::timestamptz", local="l.local", zone="l.zone")
IS_LATE = f"""
    (m.kind = 'marketing' AND ({AWAKE} > %(now)s::timestamptz OR (%(has_caps)s AND l.local::date <> m.day)))
"""
# Only of those who would be next: a backlog is not read again and again.
LATE = """
    SELECT m.id, m.member_id FROM (
        SELECT m.* FROM campaigns_message m WHERE {due} ORDER BY m.not_before LIMIT %(most)s FOR UPDATE SKIP LOCKED
    ) m {clock} WHERE {is_late}
"""
PLACES = """
    INSERT INTO campaigns_attention (member_id, program_id)
    SELECT DISTINCT n, %(program)s::bigint FROM unnest(%(members)s::bigint[]) n ORDER BY n ON CONFLICT (member_id) DO NOTHING
"""
QUEUE = """
    SELECT count(*) FROM (
        SELECT FROM campaigns_attention WHERE member_id = ANY (%(members)s) ORDER BY member_id FOR UPDATE
    ) held
"""
# Their old places are free before new ones are looked for.
FREE = """
    UPDATE campaigns_touch t SET n = greatest(t.n - g.n, 0)
    FROM (SELECT member_id, day, channel, kind, count(*) AS n FROM campaigns_message WHERE id = ANY (%(ids)s) GROUP BY 1, 2, 3, 4) g
    WHERE (t.member_id, t.day, t.channel, t.kind) = (g.member_id, g.day, g.channel, g.kind)
"""
FULL = gate.FULL.format(member="d.member_id", day="d.new_day", place="d.place")
PARTS = {"due": DUE, "clock": CLOCK, "is_late": IS_LATE, "awake": AWAKE, "full": FULL}
MOVE = """
WITH late AS (
    SELECT m.id, m.member_id, m.expires_at, {awake} AS at, l.zone,
        row_number() OVER (PARTITION BY m.member_id ORDER BY m.id) AS place
    FROM campaigns_message m {clock}
    WHERE m.id = ANY (%(ids)s)
),
dated AS (SELECT late.*, (late.at AT TIME ZONE late.zone)::date AS new_day FROM late),
judged AS (
    SELECT d.*, CASE WHEN {full} THEN 'capped' WHEN d.at > d.expires_at THEN 'quiet' ELSE '' END AS stop FROM dated d
),
moved AS (
    UPDATE campaigns_message m SET not_before = j.at, day = j.new_day,
        state = CASE WHEN j.stop = '' THEN m.state ELSE 'cancelled' END, reason = j.stop
    FROM judged j WHERE m.id = j.id RETURNING m.*
),
counted AS (
    INSERT INTO campaigns_touch (program_id, member_id, day, channel, kind, n)
    SELECT program_id, member_id, day, channel, kind, count(*) FROM moved WHERE state = 'queued' GROUP BY 1, 2, 3, 4, 5
    ORDER BY member_id
    ON CONFLICT (member_id, day, channel, kind) DO UPDATE SET n = campaigns_touch.n + excluded.n
),
decided AS (
    INSERT INTO campaigns_decision (program_id, member_id, enrolment_id, version_id, step, idem_key, template_id, channel,
        kind, reason, day, at)
    SELECT program_id, member_id, enrolment_id, version_id, step, idem_key, template_id, channel, kind, reason, day, %(now)s
    FROM moved WHERE state = 'cancelled' ON CONFLICT DO NOTHING
)
SELECT count(*) FROM moved
"""


def watches(*, program: Program, channel: str, rules: Rules) -> dict[str, Any] | None:
    """What CLOCK and IS_LATE ask for; None where a program has neither caps nor quiet hours."""
    caps, is_quiet = rules.caps_for(channel, "marketing"), rules.is_quiet(channel, "marketing")
    if not caps and not is_quiet:
        return None
    return {
        "zone": program.time_zone,
        "caps": json.dumps(caps),
        "has_caps": bool(caps),
        "is_quiet": is_quiet,
        "quiet_from": rules.manners.quiet_from,
        "quiet_until": rules.manners.quiet_until,
    }


def put_right(*, program: Program, channel: str, rules: Rules, now: datetime, most: int = MOST) -> int:
    """Of the next so many: how many got another time or were given up."""
    watched = watches(program=program, channel=channel, rules=rules)
    if watched is None:
        return 0
    values = {"program": program.pk, "channel": channel, "now": now, "most": max(most, MOST), **watched}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(LATE.format(**PARTS), values)
        late = cursor.fetchall()
        if not late:
            return 0
        values |= {"ids": [pk for pk, _member in late], "members": [member for _pk, member in late]}
        for statement in (PLACES, QUEUE, FREE, MOVE.format(**PARTS)):
            cursor.execute(statement, values)
        return int(cursor.fetchone()[0])
