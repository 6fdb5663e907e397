"""What the members of each tier held at the end of a day: measured by a task, once for a day."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db import connection
from django.utils import timezone

from analytics.models import LotDay, TierHolding
from members.models import Program
from rewards.policies import day_start

# Wallets as they are, less what has happened since; the standing that was open then, of two the higher.
MEASURE = """
    INSERT INTO analytics_tierholding (program_id, unit_id, day, tier_id, held, members)
    SELECT %(program)s, unit_id, %(day)s, coalesce(tier_id, 0), sum(held), count(*) FROM (
        SELECT w.unit_id, w.pending + w.active + w.reserved - coalesce(x.held, 0) AS held, s.tier_id
        FROM rewards_wallet w JOIN members_holder h ON h.id = w.holder_id
            LEFT JOIN (
                SELECT wallet_id, sum(pending_change + active_change + reserved_change) AS held
                FROM rewards_entry WHERE program_id = %(program)s AND at >= %(end)s GROUP BY 1
            ) x ON x.wallet_id = w.id
            LEFT JOIN (
                SELECT DISTINCT ON (s.member_id) s.member_id, s.tier_id FROM rewards_standing s
                    JOIN rewards_tier t ON t.id = s.tier_id
                WHERE s.program_id = %(program)s AND s.since < %(end)s AND (s.ended_at IS NULL OR s.ended_at >= %(end)s)
                ORDER BY s.member_id, t.rank DESC
            ) s ON s.member_id = w.holder_id
        WHERE w.program_id = %(program)s AND h.kind NOT IN ('cause', 'card')
    ) AS said
    WHERE held <> 0 GROUP BY 2, 4
"""
# The ends of so many months are kept besides the latest day.
MONTHS = 13


def measure(*, program: Program, now: datetime) -> list[date]:
    """Measure the day that is over, and ends of months that are missing, at most two of them a run; which days. Days
    between are forgotten. For tasks: it reads every wallet of the program."""
    today = now.astimezone(program.zone).date()
    wanted = [today - timedelta(days=1), *_ends(today)]
    rows = TierHolding.objects.filter(program=program)
    rows.exclude(day__in=wanted).delete()
    there = set(rows.values_list("day", flat=True).distinct())
    begun = LotDay.objects.filter(program=program).order_by("day").values_list("day", flat=True).first()
    due = [day for day in dict.fromkeys(wanted) if day not in there and begun and day >= begun][:3]
    with timezone.override(program.zone), connection.cursor() as cursor:
        for day in due:
            end = day_start(day + timedelta(days=1), program.zone)
            cursor.execute(MEASURE, {"program": program.pk, "day": day, "end": end})
    return due


def _ends(today: date) -> list[date]:
    found, first = [], today.replace(day=1)
    for _ in range(MONTHS):
        last = first - timedelta(days=1)
        found.append(last)
        first = last.replace(day=1)
    return found


def latest(*, program: Program, unit_id: int, until: date) -> tuple[date, list[TierHolding]] | None:
    """The latest measured day up to `until`, with its tiers."""
    rows = TierHolding.objects.filter(program=program, unit_id=unit_id, day__lte=until)
    day = rows.order_by("-day").values_list("day", flat=True).first()
    return None if day is None else (day, list(rows.filter(day=day)))
