"""What members bought by month, without tax and less what came back: the sales that points came with."""

from __future__ import annotations

from datetime import date, datetime

from django.db import connection

from analytics import margins
from analytics.liability.triangles import first_of, number_of
from analytics.models import SalesMonth
from members.models import Program

# Returns come for so many months; what is older was measured once.
MONTHS = 14
MEASURE = f"""
    INSERT INTO analytics_salesmonth AS t (program_id, month, net_minor, measured_at)
    SELECT o.program_id, date_trunc('month', o.occurred_at AT TIME ZONE p.time_zone)::date, sum(round(
            {margins.net_of_lines_sql("l", "p")} * {margins.left_of_lines_sql("l")}))::bigint, %(now)s
    FROM members_order o JOIN members_program p ON p.id = o.program_id
        JOIN members_orderline l ON l.order_id = o.id AND l.revision = o.revision
    WHERE o.program_id = %(program)s AND o.member_id IS NOT NULL AND o.state IN ('placed', 'paid')
        AND o.occurred_at >= %(since)s::timestamp AT TIME ZONE p.time_zone AND o.occurred_at <= %(now)s
    GROUP BY 1, 2 ORDER BY 1, 2
    ON CONFLICT (program_id, month) DO UPDATE SET net_minor = excluded.net_minor, measured_at = excluded.measured_at
"""  # noqa: S608 - from our own constants
NONE_LEFT = """
    UPDATE analytics_salesmonth SET net_minor = 0, measured_at = %(now)s
    WHERE program_id = %(program)s AND month >= %(since)s::date AND measured_at < %(now)s
"""
# That it was measured is known even where nothing was bought.
THIS_MONTH = """
    INSERT INTO analytics_salesmonth (program_id, month, net_minor, measured_at)
    VALUES (%(program)s, %(month)s, 0, %(now)s) ON CONFLICT DO NOTHING
"""


def measure(*, program: Program, now: datetime) -> None:
    """Measure the latest months anew, and all of them the first time. For tasks: it reads the orders of these months."""
    today = now.astimezone(program.zone).date()
    is_first = not SalesMonth.objects.filter(program=program).exists()
    since = date(1900, 1, 1) if is_first else first_of(number_of(today) - MONTHS)
    values: dict[str, int | datetime | date] = {
        "program": program.pk, "now": now, "since": since, "month": today.replace(day=1)
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(MEASURE, values)
        cursor.execute(NONE_LEFT, values)
        cursor.execute(THIS_MONTH, values)


def by_month(program: Program) -> dict[date, int]:
    return dict(SalesMonth.objects.filter(program=program).values_list("month", "net_minor"))
