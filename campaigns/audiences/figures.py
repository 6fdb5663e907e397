"""What a member's orders come to and the rank of the tier, counted: for those who changed, or for all of a program."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db import connection

from campaigns.audiences import classes
from members.models import Program

# The same statement for some and for all, so that a count of all is a proof of the others.
COUNT = """
    INSERT INTO campaigns_figures AS f
        (member_id, program_id, orders, spend_minor, first_at, last_at, rank, rfm_class)
    SELECT m.holder_id, m.program_id, coalesce(o.orders, 0), coalesce(o.spend, 0), o.first_at, o.last_at, r.rank, ''
    FROM members_member m
    LEFT JOIN (
        SELECT member_id, count(*) AS orders, sum(total_minor - returned_minor) AS spend,
            min(occurred_at) AS first_at, max(occurred_at) AS last_at
        FROM members_order
        WHERE program_id = %(program)s AND state IN ('placed', 'paid') AND {orders} GROUP BY member_id
    ) o ON o.member_id = m.holder_id
    LEFT JOIN (
        SELECT s.member_id, max(t.rank) AS rank FROM rewards_standing s JOIN rewards_tier t ON t.id = s.tier_id
        WHERE s.program_id = %(program)s AND s.ended_at IS NULL AND {standings} GROUP BY s.member_id
    ) r ON r.member_id = m.holder_id
    WHERE m.program_id = %(program)s AND {members}
    ON CONFLICT (member_id) DO UPDATE SET orders = excluded.orders, spend_minor = excluded.spend_minor,
        first_at = excluded.first_at, last_at = excluded.last_at, rank = excluded.rank
    WHERE (f.orders, f.spend_minor, f.first_at, f.last_at, f.rank)
        IS DISTINCT FROM (excluded.orders, excluded.spend_minor, excluded.first_at, excluded.last_at, excluded.rank)
"""
SOME = COUNT.format(
    orders="member_id = ANY (%(members)s::bigint[])",
    standings="s.member_id = ANY (%(members)s::bigint[])",
    members="m.holder_id = ANY (%(members)s::bigint[])",
)
ALL = COUNT.format(orders="member_id IS NOT NULL", standings="true", members="true")

# NTILE puts the larger buckets first; ties go by the member's id. Who has no order has no score.
SCORE = """
    WITH tiles AS (
        SELECT f.member_id,
            ntile(5) OVER (ORDER BY (f.last_at AT TIME ZONE %(zone)s)::date, f.member_id) AS recency,
            ntile(5) OVER (ORDER BY f.orders, f.member_id) AS frequency,
            ntile(5) OVER (ORDER BY f.spend_minor, f.member_id) AS monetary
        FROM campaigns_figures f JOIN members_member m ON m.holder_id = f.member_id
        WHERE f.program_id = %(program)s AND f.orders > 0 AND m.state <> 'closed' AND m.merged_into_id IS NULL
    ), scored AS (
        SELECT f.member_id, t.recency, t.frequency, t.monetary,
            CASE WHEN t.recency IS NULL THEN '' ELSE {grid} END AS rfm_class
        FROM campaigns_figures f LEFT JOIN tiles t USING (member_id) WHERE f.program_id = %(program)s
    ), moved AS (
        UPDATE campaigns_figures f SET recency = s.recency, frequency = s.frequency, monetary = s.monetary,
            rfm_class = s.rfm_class
        FROM scored s WHERE f.member_id = s.member_id AND (f.recency, f.frequency, f.monetary, f.rfm_class)
            IS DISTINCT FROM (s.recency, s.frequency, s.monetary, s.rfm_class)
        RETURNING f.member_id
    ), noted AS (
        INSERT INTO campaigns_dirty (program_id, member_id) SELECT %(program)s, member_id FROM moved
    )
    SELECT count(*) FROM moved
""".replace("{grid}", classes.as_sql("t."))


def count(*, program: Program, members: Collection[int]) -> int:
    """Count these members anew; how many had changed."""
    return _run(SOME, {"program": program.pk, "members": sorted(members)}) if members else 0


def count_all(*, program: Program) -> int:
    """Count everybody anew; how many were not as counted before."""
    return _run(ALL, {"program": program.pk})


def score(*, program: Program) -> int:
    """Rank the customers by recency, frequency and money into five equal parts each (RFM with NTILE); how many changed.
    Their segments are looked at with the next refresh."""
    with connection.cursor() as cursor:
        cursor.execute(SCORE, {"program": program.pk, "zone": program.time_zone})
        return int(cursor.fetchone()[0])


def _run(statement: str, values: dict[str, Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return int(cursor.rowcount)
