"""What members brought in over twelve whole months, and how much of it the program may claim. For tasks: it reads orders.

Two ways, each named where it is shown. By lot: whoever is left out of all marketing by chance against all others (campaigns'
hold-out); it tells what messages and journeys changed, not what points did. Before and after: members who had bought before
they joined, their margin in the half year after joining less that in the half year before; an estimate, because who joins
may have been about to buy more anyway, and seasons differ.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from analytics import margins
from analytics.liability.triangles import first_of, number_of
from analytics.models import Payback
from campaigns.experiments import holdout
from members.models import Program
from rewards.policies import day_start

VERSION = 1
HALF_YEAR = 182
# Fewer members say nothing.
LEAST = 30
# Of a normal distribution, for 95 of 100.
WIDE = 1.96

_LEFT = margins.left_of_lines_sql("l")
_LINES = """members_order o JOIN members_program p ON p.id = o.program_id
    JOIN members_orderline l ON l.order_id = o.id AND l.revision = o.revision"""
_COUNTS = "o.program_id = %(program)s AND o.member_id IS NOT NULL AND o.state IN ('placed', 'paid')"

TRADE = f"""
    SELECT count(*) FILTER (WHERE orders > 0), sum(orders)::bigint, sum(margin)::bigint, sum(revenue)::bigint,
        count(*) FILTER (WHERE before > 0), count(*) FILTER (WHERE before > 0 AND orders > 0)
    FROM (
        SELECT o.member_id, count(DISTINCT o.id) FILTER (WHERE o.occurred_at >= %(since)s) AS orders,
            count(DISTINCT o.id) FILTER (WHERE o.occurred_at < %(since)s) AS before,
            sum({margins.of_lines_sql("l", "p")} * {_LEFT}) FILTER (WHERE o.occurred_at >= %(since)s) AS margin,
            sum({margins.net_of_lines_sql("l", "p")} * {_LEFT}) FILTER (WHERE o.occurred_at >= %(since)s) AS revenue
        FROM {_LINES}
        WHERE {_COUNTS} AND o.occurred_at >= %(before)s AND o.occurred_at < %(until)s
        GROUP BY 1
    ) AS of_members
"""  # noqa: S608 - from our own constants
AROUND_JOINING = f"""
    SELECT count(*), avg(after - before), coalesce(stddev_samp(after - before), 0) FROM (
        SELECT m.holder_id, sum(CASE WHEN o.occurred_at < m.joined_at THEN x.margin ELSE 0 END)::float AS before,
            sum(CASE WHEN o.occurred_at > m.joined_at THEN x.margin ELSE 0 END)::float AS after
        FROM members_member m JOIN members_order o ON o.member_id = m.holder_id
            JOIN members_program p ON p.id = o.program_id
            CROSS JOIN LATERAL (
                SELECT sum({margins.of_lines_sql("l", "p")} * {_LEFT}) AS margin
                FROM members_orderline l WHERE l.order_id = o.id AND l.revision = o.revision
            ) AS x
        WHERE m.program_id = %(program)s AND m.state <> 'closed' AND {_COUNTS}
            AND m.joined_at >= %(first_joining)s AND m.joined_at < %(last_joining)s
            AND o.occurred_at BETWEEN m.joined_at - %(days)s * interval '1 day' AND m.joined_at + %(days)s * interval '1 day'
        GROUP BY 1 HAVING bool_or(o.occurred_at < m.joined_at)
    ) AS of_members
"""  # noqa: S608 - from our own constants


def year_before(today: date) -> tuple[date, date]:
    """The first and last day of the twelve whole months before this one."""
    this = number_of(today)
    return first_of(this - 12), first_of(this) - timedelta(days=1)


def measure(*, program: Program, now: datetime) -> Payback:
    """Measure anew and keep it, in place of what was measured before."""
    first, last = year_before(timezone.localdate(now, program.zone))
    since, until = (day_start(day, program.zone) for day in (first, last + timedelta(days=1)))
    result = {
        "trade": _trade(program, since, until),
        "source": margins.source(program),
        "holdout": _by_lot(program, since, until),
        "joining": _around_joining(program, since, until),
    }
    values = {"first": first, "last": last, "measured_at": now, "version": VERSION, "result": result}
    return Payback.objects.update_or_create(program=program, defaults=values)[0]


def _trade(program: Program, since: datetime, until: datetime) -> dict[str, int]:
    """Of members: who bought, how often, for which margin and revenue; who had bought in the year before, and again."""
    names = ("buyers", "orders", "margin_minor", "revenue_minor", "buyers_before", "came_back")
    before = since - timedelta(days=365)
    with connection.cursor() as cursor:
        cursor.execute(TRADE, {"program": program.pk, "since": since, "until": until, "before": before})
        return dict(zip(names, (int(value or 0) for value in cursor.fetchone()), strict=True))


def _by_lot(program: Program, since: datetime, until: datetime) -> dict[str, Any] | None:
    found = holdout.effect(program=program, since=since, until=until)
    if found is None or found.margin is None or min(found.treated, found.held_out) < LEAST:
        return None
    share = 365 / max(1, (found.until - found.since).days)
    low, high = found.margin.low, found.margin.high
    each = (found.margin.value, low, high)
    return {
        "members": found.treated,
        "others": found.held_out,
        "minor": [round(value * found.treated * min(share, 1.0)) for value in each],
        "mismatch": found.mismatch,
    }


def _around_joining(program: Program, since: datetime, until: datetime) -> dict[str, Any] | None:
    """Of those whose half year after joining ended within the twelve months, for one member and year: [mean, low, high]."""
    days = timedelta(days=HALF_YEAR)
    values: dict[str, int | datetime] = {
        "program": program.pk,
        "first_joining": since - days,
        "last_joining": until - days,
        "days": HALF_YEAR,
    }
    with connection.cursor() as cursor:
        cursor.execute(AROUND_JOINING, values)
        count, mean, spread = cursor.fetchone()
    if count < LEAST or mean is None:
        return {"members": count, "each": None}
    error = WIDE * spread / count**0.5
    year = 365 / HALF_YEAR
    return {"members": count, "each": [round(value * year) for value in (mean, mean - error, mean + error)]}
