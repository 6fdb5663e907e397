"""What members did in one store or channel: each counts wherever they ordered, with the orders there and what they used since
the first of them.

Who bought where is kept nowhere but with the orders: few are read while somebody waits, all of them once a day (kpis.cuts).
"""
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Iterable

from django.db import connection

from analytics.kpis import crowds
from members.models import Program

# So many orders of a program are read while somebody waits.
MOST = 50_000
# Members join the program, not a store.
NAMES = crowds.NAMES - crowds.DAYS.keys() - {"joined", "newcomers", "converted"}
DAY = "(o.occurred_at AT TIME ZONE p.time_zone)::date"
OF_MEMBERS = "o.program_id = %(program)s AND o.member_id IS NOT NULL AND o.state IN ('placed', 'paid')"
CONDITIONS = {
    "store_id": " AND coalesce(o.store_id, 0) = %(store_id)s",
    "channel": " AND o.channel = %(channel)s",
}
BACK = """(SELECT coalesce(sum(b.amount_minor), 0) FROM members_return b
                WHERE b.order_id = o.id AND b.member_id = o.member_id)"""
# As analytics_memberfigure has it; joining is the first order there.
ROWS = f"""
    SELECT o.*, o.days[1] AS joined_on, ARRAY(SELECT u FROM unnest(f.used) AS u WHERE u >= o.days[1] ORDER BY u) AS used
    FROM (
        SELECT o.member_id, array_agg({DAY} ORDER BY o.occurred_at, o.id) AS days, count(*)::int AS orders,
            array_agg(o.total_minor ORDER BY o.occurred_at, o.id) AS amounts,
            sum(o.total_minor)::bigint AS revenue_minor, sum({{back}})::bigint AS returned_minor
        FROM members_order o JOIN members_program p ON p.id = o.program_id
        WHERE {OF_MEMBERS}{{narrowed}}
        GROUP BY o.member_id
    ) AS o JOIN analytics_memberfigure f ON f.member_id = o.member_id
"""


def rows(where: Iterable[str], names: Iterable[str]) -> str:
    """The chosen rows of kpis.crowds, for these quantities: what `where` names narrows the orders."""
    narrowed = "".join(CONDITIONS[name] for name in where if name in CONDITIONS)
    return ROWS.format(narrowed=narrowed, back=BACK if "net_ever" in names else "0")


def is_large(program: Program) -> bool:
    """Whether members have placed more than MOST orders."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(sum(orders), 0) > %s FROM analytics_tradeday WHERE program_id = %s AND is_member",
            [MOST, program.pk],
        )
        return bool(cursor.fetchone()[0])


def nightly(windows: Iterable[int]) -> str:
    """The base of kpis.cuts with `of` and `value` of the place: a row for each place, member and window. One walk over all
    orders; its values are program, last, and after_30 and early_30 for a window of 30 days."""
    found = list(windows)
    columns = ",\n            ".join(
        f"count(*) FILTER (WHERE day > %(after_{days})s AND day <= %(last)s) AS times_{days},"
        f" sum(amount) FILTER (WHERE day > %(after_{days})s AND day <= %(last)s) AS spent_{days},"
        f" bool_or(day > %(early_{days})s AND day <= %(after_{days})s) AS here_{days}"
        for days in found
    )
    each = ", ".join(
        f"({days}, %(after_{days})s::date, times_{days}, spent_{days}, here_{days})" for days in found
    )
    return f"""
    SELECT p.of, p.value, w.days, p.member_id, p.first_on AS joined_on, p.net, true AS has_bought, w.times, p.first_on,
        CASE WHEN p.orders > 1 THEN p.first_on END AS second_on, coalesce(w.spent, 0) AS spent, w.was_here, w.after,
        %(last)s::date AS last, EXISTS (
            SELECT FROM unnest(f.used) u WHERE u > w.after AND u <= %(last)s AND u >= p.first_on) AS has_used
    FROM (
        SELECT CASE WHEN grouping(store) = 0 THEN 'store' ELSE 'channel' END AS of, coalesce(store, channel) AS value,
            member_id, min(day) AS first_on, count(*) AS orders, sum(amount) - sum(back) AS net,
            {columns}
        FROM (
            SELECT o.member_id, coalesce(o.store_id, 0)::text AS store, o.channel, {DAY} AS day, o.total_minor AS amount,
                coalesce(b.amount, 0) AS back
            FROM members_order o JOIN members_program p ON p.id = o.program_id LEFT JOIN (
                SELECT order_id, member_id, sum(amount_minor) AS amount FROM members_return
                WHERE program_id = %(program)s AND order_id IS NOT NULL GROUP BY 1, 2
            ) AS b ON b.order_id = o.id AND b.member_id = o.member_id
            WHERE {OF_MEMBERS}
        ) AS bought
        GROUP BY GROUPING SETS ((store, member_id), (channel, member_id))
    ) AS p JOIN analytics_memberfigure f ON f.member_id = p.member_id CROSS JOIN LATERAL (VALUES {each})
        AS w(days, after, times, spent, was_here)
    WHERE p.first_on <= %(last)s
    """
