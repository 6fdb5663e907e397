"""What each rule gave of late, and to how many members."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.cache import cache
from django.db import connection

from members.models import Program

DAYS = 30
SECONDS = 60

# What happened in the last days was recorded in them too, but for clocks that run ahead, so that the log's index by
# time bounds what is read, however long the history is. One fact may have several events, such as a tier reached.
SQL = """
    SELECT v.rule_id, a.unit_id, sum(a.awarded), count(*), count(DISTINCT e.holder_id)
    FROM (
        SELECT DISTINCT fact_id, holder_id
        FROM members_event
        WHERE program_id = %(program)s AND recorded_at >= %(since)s - interval '1 day' AND occurred_at >= %(since)s
          AND fact_id IS NOT NULL AND holder_id IS NOT NULL
    ) e
    JOIN rewards_award a ON a.fact_id = e.fact_id
    JOIN rewards_ruleversion v ON v.id = a.version_id
    WHERE a.awarded > 0
    GROUP BY v.rule_id, a.unit_id
"""


@dataclass(frozen=True, slots=True)
class Yield:
    """Ledger units that were given, how often, and to how many members; what came back is not taken off."""

    unit_id: int
    amount: int
    times: int
    members: int


def lately(*, program: Program, now: datetime) -> dict[int, Yield]:
    """By rule id, for what happened in the last 30 days; remembered for a minute."""
    key = f"rules.yields.{program.pk}"
    found: dict[int, Yield] | None = cache.get(key)
    if found is None:
        with connection.cursor() as cursor:
            cursor.execute(SQL, {"program": program.pk, "since": now - timedelta(days=DAYS)})
            rows = cursor.fetchall()
        found = {row[0]: Yield(row[1], int(row[2]), row[3], row[4]) for row in rows}
        cache.set(key, found, SECONDS)
    return found
