"""Orders are credited to their last touch: the newest click or opening of the member within its window, or the code that
the order itself brought, which is the last of all. Set-based, by day, and as often as one likes with the same outcome.
Messages stay with the account they were sent to; what was said to a merged one was said to who it was merged into.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import orjson
from django.db import connection, transaction
from django_scopes import scope

from analytics.attribution import windows
from analytics.models import AttributionPolicy, CreditDay, CreditProductDay
from members.models import Program
from rewards.policies import day_start

# So far back credits are kept right; once a week all of it is made anew, between only what can have changed.
KEPT = timedelta(days=400)
RECENT = timedelta(days=35)
WEEKLY = 0  # Monday
# Slow transactions commit what they recorded before the last count began.
OVERLAP = timedelta(hours=2)

CREDITED = """
    CREATE TEMPORARY TABLE credited ON COMMIT DROP AS
    WITH ways AS (
        SELECT channel, touch, make_interval(days => days) AS lasts
        FROM jsonb_to_recordset(%(windows)s::jsonb) AS w(channel text, touch text, days int)
    ), touches AS (
        SELECT coalesce(g.merged_into_id, m.member_id) AS member_id, m.clicked_at AS at, m.channel, 'click' AS touch,
            w.lasts, m.version_id, m.template_id, m.id
        FROM campaigns_message m JOIN ways w ON w.channel = m.channel AND w.touch = 'click'
            JOIN members_member g ON g.holder_id = m.member_id
        WHERE m.program_id = %(program)s AND m.clicked_at >= %(begins)s - w.lasts AND m.clicked_at < %(ends)s
        UNION ALL
        SELECT coalesce(g.merged_into_id, m.member_id), m.opened_at, m.channel, 'open', w.lasts, m.version_id,
            m.template_id, m.id
        FROM campaigns_message m JOIN ways w ON w.channel = m.channel AND w.touch = 'open'
            JOIN members_member g ON g.holder_id = m.member_id
        WHERE m.program_id = %(program)s AND m.opened_at >= %(begins)s - w.lasts AND m.opened_at < %(ends)s
    ), coded AS (
        SELECT DISTINCT ON (o.id) o.id, o.occurred_at, o.total_minor - o.returned_minor AS revenue, u.coupon_id
        FROM rewards_couponuse u JOIN members_order o ON o.id = u.order_id
        WHERE u.program_id = %(program)s AND u.given_back_at IS NULL AND o.state IN ('placed', 'paid')
            AND o.occurred_at >= %(begins)s AND o.occurred_at < %(ends)s
        ORDER BY o.id, u.id DESC
    ), touched AS (
        SELECT DISTINCT ON (o.id) o.id, o.occurred_at, o.total_minor - o.returned_minor AS revenue, t.channel, t.touch,
            t.version_id, t.template_id
        FROM touches t JOIN members_order o ON o.member_id = t.member_id
        WHERE o.state IN ('placed', 'paid') AND o.occurred_at >= %(begins)s AND o.occurred_at < %(ends)s
            AND o.occurred_at >= t.at AND o.occurred_at < t.at + t.lasts
        ORDER BY o.id, t.at DESC, t.touch, t.id DESC
    )
    SELECT id AS order_id, (occurred_at AT TIME ZONE %(zone)s)::date AS day, 'code' AS channel, 'code' AS touch,
        0::bigint AS journey_id, 0::bigint AS template_id, coupon_id, revenue
    FROM coded
    UNION ALL
    SELECT t.id, (t.occurred_at AT TIME ZONE %(zone)s)::date, t.channel, t.touch, coalesce(v.journey_id, 0),
        CASE WHEN v.journey_id IS NULL THEN t.template_id ELSE 0 END, 0, t.revenue
    FROM touched t LEFT JOIN campaigns_journeyversion v ON v.id = t.version_id
    WHERE t.id NOT IN (SELECT id FROM coded)
"""
BY_DAY = """
    INSERT INTO analytics_creditday
        (program_id, day, channel, touch, journey_id, template_id, coupon_id, orders, revenue_minor)
    SELECT %(program)s, day, channel, touch, journey_id, template_id, coupon_id, count(*), sum(revenue)
    FROM credited GROUP BY 2, 3, 4, 5, 6, 7 ORDER BY 2, 3, 4, 5, 6, 7
"""
BY_PRODUCT = """
    INSERT INTO analytics_creditproductday (program_id, day, channel, sku, name, quantity, revenue_minor)
    SELECT %(program)s, c.day, c.channel, l.sku, max(l.name), sum(l.quantity - l.returned_quantity),
        sum(l.amount_minor - round(l.amount_minor::numeric * l.returned_quantity / l.quantity)::bigint - l.refunded_minor)
    FROM credited c JOIN members_order o ON o.id = c.order_id
        JOIN members_orderline l ON l.order_id = o.id AND l.revision = o.revision
    WHERE l.kind = 'product'
    GROUP BY 2, 3, 4 ORDER BY 2, 3, 4
"""
CHANGED = """
    SELECT min(o.occurred_at) FROM members_event e JOIN members_order o ON o.id = e.order_id
    WHERE e.program_id = %s AND e.recorded_at >= %s
"""


@transaction.atomic
def count(*, program: Program, first: date, end: date) -> int:
    """Make the credits of these days anew (`end` is the day after the last); how many orders are credited."""
    values: dict[str, Any] = {
        "program": program.pk,
        "zone": program.time_zone,
        "begins": day_start(first, program.zone),
        "ends": day_start(end, program.zone),
    }
    with scope(program=program), connection.cursor() as cursor:
        # One after the other, or both would insert the same days.
        AttributionPolicy.objects.get_or_create(program=program)
        AttributionPolicy.objects.select_for_update().get(program=program)
        values["windows"] = orjson.dumps(_ways(windows.of(program))).decode()
        for model in (CreditDay, CreditProductDay):
            model.objects.filter(program=program, day__gte=first, day__lt=end).delete()
        cursor.execute("DROP TABLE IF EXISTS credited")
        cursor.execute(CREDITED, values)
        cursor.execute(BY_DAY, values)
        cursor.execute(BY_PRODUCT, values)
        cursor.execute("SELECT count(*) FROM credited")
        return int(cursor.fetchone()[0])


@transaction.atomic
def catch_up(*, program: Program, today: date, now: datetime) -> date:
    """Make anew what may have changed since the last count, up to and with today; the first day of it.

    That is the last five weeks, more where an older order came, changed or was brought back, all of it after the windows
    were changed, and all of it once a week."""
    with scope(program=program):
        AttributionPolicy.objects.get_or_create(program=program)
        # From here on: windows that are changed meanwhile must not lose the days they ask for.
        row = AttributionPolicy.objects.select_for_update().get(program=program)
        first = _first(program, row, today)
        count(program=program, first=first, end=today + timedelta(days=1))
        AttributionPolicy.objects.filter(program=program).update(counted_at=now, stale_from=None)
    return first


def _first(program: Program, row: AttributionPolicy, today: date) -> date:
    earliest = today - KEPT
    if row.counted_at is None or today.weekday() == WEEKLY:
        return earliest
    with connection.cursor() as cursor:
        cursor.execute(CHANGED, [program.pk, row.counted_at - OVERLAP])
        (changed,) = cursor.fetchone()
    days = [today - RECENT]
    if row.stale_from is not None:
        days.append(row.stale_from)
    if changed is not None:
        days.append(changed.astimezone(program.zone).date())
    return max(earliest, min(days))


def _ways(chosen: dict[str, int]) -> list[dict[str, Any]]:
    return [
        {"channel": key.partition(".")[0], "touch": key.partition(".")[2], "days": days}
        for key, days in chosen.items()
        if days
    ]
