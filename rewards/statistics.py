"""After a bulk load the planner looks at what has grown before the next query does: a plan for ten rows takes minutes for a
hundred thousand. These are tables that doubled; those that count as empty before nightly work: analytics.statistics."""

from __future__ import annotations

from django.db import connection


def take() -> int:
    """Look at the tables that have doubled since they were looked at; how many. What the caller has not committed does not
    count."""
    with connection.cursor() as cursor:
        # What this session changed is told to the others about once a second, or when it is asked for.
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute("SELECT wafa_take_statistics()")
        (looked,) = cursor.fetchone()
    return int(looked)
