"""The statements behind the roll-ups of key figures: trade by day, each member's row, and the pairs of days of all."""
# ruff: noqa: S608

from __future__ import annotations

from analytics.margins import net_of_lines_sql, of_lines_sql
from analytics.models.kpis import WINDOWS, PairKind

# An order counts with the lines of the revision that its note names.
TRADE_DAYS = f"""
    SELECT c.program_id, (c.at AT TIME ZONE p.time_zone)::date AS day, coalesce(c.store_id, 0) AS store_id,
        coalesce(c.channel, '') AS channel, c.member_id IS NOT NULL AS is_member,
        sum(c.sign) AS orders, sum(c.sign * c.amount) AS revenue_minor, sum(c.sign * l.margin)::bigint AS margin_minor,
        sum(c.sign * l.costed)::bigint AS costed_minor, sum(c.sign * l.bare)::bigint AS bare_minor
    FROM {{changes}} c JOIN members_program p ON p.id = c.program_id
        LEFT JOIN LATERAL (
            SELECT sum({of_lines_sql()}) AS margin, sum({net_of_lines_sql()}) FILTER (WHERE l.cost_minor IS NOT NULL) AS costed,
                sum({net_of_lines_sql()}) FILTER (WHERE l.cost_minor IS NULL) AS bare
            FROM members_orderline l WHERE l.order_id = c.order_id AND l.revision = c.revision
        ) l ON true
    WHERE c.what = 'order'
    GROUP BY 1, 2, 3, 4, 5
"""
USES = "('spend', 'donate')"
# Members whom these notes name, whose wallets they name, and who brought back something of an order they name.
TOUCHED = f"""
    SELECT c.program_id, c.member_id FROM {{changes}} c WHERE c.member_id IS NOT NULL
    UNION
    SELECT e.program_id, w.holder_id FROM {{changes}} c JOIN rewards_entry e ON e.id = c.entry_id
    JOIN rewards_wallet w ON w.id = e.wallet_id WHERE e.kind IN {USES}
    UNION
    SELECT b.program_id, b.member_id FROM {{changes}} c JOIN members_return b ON b.order_id = c.order_id
    WHERE b.member_id IS NOT NULL
"""
GIVEN = "SELECT program_id, member_id FROM {changes} c"
# A member `t` as it is now; no row for one who closed the account. What was brought back of a cancelled order is gone with it.
FRESH = f"""
    SELECT m.program_id, (m.joined_at AT TIME ZONE p.time_zone)::date AS joined_on, o.days, o.amounts, u.used,
        o.orders, o.revenue_minor, r.returned_minor
    FROM members_member m JOIN members_program p ON p.id = m.program_id
        CROSS JOIN LATERAL (
            SELECT coalesce(array_agg(day ORDER BY occurred_at, id), ARRAY[]::date[]) AS days, count(*)::int AS orders,
                coalesce(array_agg(total_minor ORDER BY occurred_at, id), ARRAY[]::bigint[]) AS amounts,
                coalesce(sum(total_minor), 0)::bigint AS revenue_minor
            FROM (
                SELECT id, occurred_at, total_minor, (occurred_at AT TIME ZONE p.time_zone)::date AS day
                FROM members_order WHERE member_id = t.member_id AND state IN ('placed', 'paid')
            ) AS one
        ) o
        CROSS JOIN LATERAL (
            SELECT coalesce(array_agg(DISTINCT (e.at AT TIME ZONE p.time_zone)::date), ARRAY[]::date[]) AS used
            FROM rewards_wallet w JOIN rewards_entry e ON e.wallet_id = w.id
            WHERE w.holder_id = t.member_id AND e.kind IN {USES}
        ) u
        CROSS JOIN LATERAL (
            SELECT coalesce(sum(b.amount_minor), 0)::bigint AS returned_minor
            FROM members_return b LEFT JOIN members_order c ON c.id = b.order_id
            WHERE b.member_id = t.member_id AND c.state IS DISTINCT FROM 'cancelled'
        ) r
    WHERE m.holder_id = t.member_id AND m.state <> 'closed'
"""
FACTS = ("program_id", "joined_on", "days", "amounts", "used", "orders", "revenue_minor", "returned_minor")
NEVER = "'-infinity'::date"
KIND = {kind.name: kind.value for kind in PairKind}
# Arrays unnested side by side: each order of members' rows `f`, each with a sign, beside the one before and the one before that.
TURNS = f"""
    SELECT *, date_trunc('month', day::timestamp)::date AS month
    FROM (
        SELECT program_id, sign, has_used, first_month, joined_month, unnest(days) AS day, unnest({NEVER} || days) AS since,
            unnest(ARRAY[{NEVER}, {NEVER}] || days) AS earlier, unnest(amounts) AS amount
        FROM (
            SELECT f.*, f.used <> ARRAY[]::date[] AS has_used, date_trunc('month', f.days[1]::timestamp)::date AS first_month,
                date_trunc('month', f.joined_on::timestamp)::date AS joined_month
            FROM {{figures}} f OFFSET 0
        ) AS once
    ) AS turns
    WHERE day IS NOT NULL
"""
# Four kinds of pairs from one walk; a month is opened by the order whose predecessor lies before it.
SUMMED = f"""
    SELECT program_id, grouping(since, earlier, first_month, joined_month) AS place, day, month, since, earlier, first_month,
        joined_month, sum(sign) AS times, sum(sign) FILTER (WHERE NOT has_used) AS deeds,
        sum(sign) FILTER (WHERE since < month) AS opened, sum(sign * amount) AS amount
    FROM ({TURNS}) AS turns
    GROUP BY GROUPING SETS ((program_id, day, since), (program_id, day, earlier), (program_id, month, first_month),
        (program_id, month, joined_month))
"""
OF_SINCE, OF_EARLIER, OF_FIRST, OF_JOINED = 0b0111, 0b1011, 0b1101, 0b1110
# All pairs of days. Deeds of who used nothing are the orders.
PAIRS = f"""
    SELECT program_id, {KIND["ORDER"]} AS kind, day, since, times, 0 AS orders, amount AS amount_minor
    FROM summed WHERE place = {OF_SINCE}
    UNION ALL
    SELECT program_id, {KIND["DEED"]}, day, since, deeds, 0, 0 FROM summed WHERE place = {OF_SINCE} AND deeds <> 0
    UNION ALL
    SELECT program_id, {KIND["THIRD"]}, day, earlier, times, 0, 0 FROM summed WHERE place = {OF_EARLIER}
    UNION ALL
    SELECT program_id, {KIND["BY_FIRST"]}, month, first_month, opened, times, amount FROM summed WHERE place = {OF_FIRST}
    UNION ALL
    SELECT program_id, {KIND["BY_JOINED"]}, month, joined_month, opened, times, amount FROM summed WHERE place = {OF_JOINED}
    UNION ALL
    SELECT program_id, kind, day, since, sum(sign), 0, 0
    FROM (
        SELECT f.program_id, {KIND["USE"]} AS kind, f.sign, unnest(f.used) AS day, unnest({NEVER} || f.used) AS since
        FROM {{figures}} f
        UNION ALL
        SELECT program_id, {KIND["DEED"]}, sign, unnest(deeds), unnest({NEVER} || deeds)
        FROM (
            SELECT f.program_id, f.sign, ARRAY(SELECT unnest(f.days || f.used) ORDER BY 1) AS deeds
            FROM {{figures}} f WHERE f.used <> ARRAY[]::date[] OFFSET 0
        ) AS sorted
    ) AS spells
    WHERE day IS NOT NULL GROUP BY 1, 2, 3, 4
    UNION ALL
    SELECT f.program_id, v.kind, v.day, v.since, sum(f.sign), 0, sum(f.sign * v.amount)
    FROM {{figures}} f CROSS JOIN LATERAL (VALUES ({KIND["FIRST"]}, f.days[1], f.joined_on, 0),
        ({KIND["SECOND"]}, f.days[2], f.days[1], 0), ({KIND["SECOND_JOINED"]}, f.days[2], f.joined_on, 0),
        ({KIND["FIRST_USE"]}, f.used[1], f.joined_on, 0),
        ({KIND["JOINED"]}, f.joined_on, f.joined_on, f.returned_minor)) AS v(kind, day, since, amount)
    WHERE v.day IS NOT NULL GROUP BY 1, 2, 3, 4
"""
SUMS = f"""
    SELECT * FROM (
        WITH summed AS MATERIALIZED ({SUMMED})
        SELECT program_id, kind, day, since, sum(times)::bigint AS times, sum(orders)::bigint AS orders,
            sum(amount_minor)::bigint AS amount_minor
        FROM ({PAIRS}) AS pairs GROUP BY 1, 2, 3, 4
        HAVING sum(times) <> 0 OR sum(orders) <> 0 OR sum(amount_minor) <> 0
    ) AS sums
"""
OF_SIDES = SUMS.format(figures="sides")
OLD = [f"old_{name}" for name in FACTS]
# Members whose row is not what it was, with both: each is looked up by itself, because nothing is known of how many there
# are, and a plan for one of them would compare all with all.
TURNED = f"""
    touched AS MATERIALIZED ({{touched}}), turned AS MATERIALIZED (
        SELECT t.member_id, {", ".join(f"f.{name} AS new_{name}, s.{name} AS old_{name}" for name in FACTS)}
        FROM touched t LEFT JOIN LATERAL ({FRESH}) f ON true
            LEFT JOIN LATERAL (SELECT * FROM analytics_memberfigure s WHERE s.member_id = t.member_id OFFSET 0) s ON true
        WHERE ROW({", ".join(f"f.{name}" for name in FACTS)}) IS DISTINCT FROM ROW({", ".join(f"s.{name}" for name in FACTS)})
    ), sides AS MATERIALIZED (
        SELECT 1 AS sign, member_id, {", ".join(f"new_{name} AS {name}" for name in FACTS)}
        FROM turned WHERE new_program_id IS NOT NULL
        UNION ALL
        SELECT -1, member_id, {", ".join(OLD)} FROM turned WHERE old_program_id IS NOT NULL
    )
"""
KEEP = f"""
    INSERT INTO analytics_memberfigure (member_id, {", ".join(FACTS)})
    SELECT member_id, {", ".join(FACTS)} FROM {{rows}}
    ON CONFLICT (member_id) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in FACTS)}
"""
PAIR_NAMES = "program_id, kind, day, since, times, orders, amount_minor"
PUT = f"INSERT INTO analytics_pair AS t ({PAIR_NAMES}) {{sums}} ORDER BY 1, 2, 3, 4"
ADD = f"""
    {PUT}
    ON CONFLICT (program_id, kind, day, since) DO UPDATE SET times = t.times + excluded.times,
        orders = t.orders + excluded.orders, amount_minor = t.amount_minor + excluded.amount_minor
"""
# Sums of pairs by day for each of WINDOWS (analytics.models.kpis.PairDay).
KEPT = ", ".join(str(KIND[name]) for name in ("ORDER", "THIRD", "USE", "DEED", "FIRST"))
NEAR_AND_FAR = ",\n            ".join(
    f"sum(times) FILTER (WHERE since > day - {days}) AS near_{days},"
    f" sum(times) FILTER (WHERE since <= day - {days} AND since > day - {2 * days}) AS far_{days}"
    for days in WINDOWS
)
EACH = ", ".join(f"({days}, near_{days}, far_{days})" for days in WINDOWS)
DAY_NAMES = "program_id, kind, days, is_since, day, times, near, far, amount_minor"
BY_DAY = f"""
    SELECT s.program_id, s.kind, w.days, s.is_since, s.at AS day, CASE WHEN s.is_since THEN 0 ELSE s.times END::bigint AS times,
        coalesce(w.near, 0)::bigint AS near, coalesce(w.far, 0)::bigint AS far,
        CASE WHEN s.is_since THEN 0 ELSE s.amount END::bigint AS amount_minor
    FROM (
        SELECT program_id, kind, grouping(day) = 1 AS is_since, coalesce(day, since) AS at, sum(times) AS times,
            sum(amount_minor) AS amount,
            {NEAR_AND_FAR}
        FROM ({{pairs}}) AS pairs WHERE kind IN ({KEPT})
        GROUP BY GROUPING SETS ((program_id, kind, day), (program_id, kind, since))
    ) AS s CROSS JOIN LATERAL (VALUES {EACH}) AS w(days, near, far)
    WHERE s.at > {NEVER} AND (NOT s.is_since OR w.near <> 0 OR w.far <> 0)
"""
PUT_DAYS = f"INSERT INTO analytics_pairday AS t ({DAY_NAMES}) {{sums}} ORDER BY 1, 2, 3, 4, 5"
ADD_DAYS = f"""
    {PUT_DAYS}
    ON CONFLICT (program_id, kind, days, is_since, day) DO UPDATE SET times = t.times + excluded.times,
        near = t.near + excluded.near, far = t.far + excluded.far, amount_minor = t.amount_minor + excluded.amount_minor
"""


def turn_members(changes: str) -> str:
    """Bring the rows of the members that these notes name up to date, and the pairs with them."""
    return f"""
        WITH {TURNED.format(touched=TOUCHED.format(changes=changes))}, gone AS (
            DELETE FROM analytics_memberfigure m USING turned t
            WHERE m.member_id = t.member_id AND t.new_program_id IS NULL
        ), kept AS ({KEEP.format(rows="sides WHERE sign = 1")}
        ), paired AS MATERIALIZED ({OF_SIDES}
        ), put AS ({ADD.format(sums=f"SELECT {PAIR_NAMES} FROM paired")})
        {ADD_DAYS.format(sums=BY_DAY.format(pairs="SELECT * FROM paired"))}
    """


def fill_members(changes: str) -> str:
    """The rows of these members anew, without the pairs."""
    return f"""
        WITH touched AS ({GIVEN.format(changes=changes)}), fresh AS (
            SELECT t.member_id, f.* FROM touched t CROSS JOIN LATERAL ({FRESH}) f
        )
        {KEEP.format(rows="fresh")}
    """


def fill_pairs() -> str:
    """All pairs of a program from its members' rows; there must be none yet."""
    rows = "(SELECT 1 AS sign, * FROM analytics_memberfigure WHERE program_id = %(program)s)"
    return PUT.format(sums=SUMS.format(figures=rows))


def fill_days(where: str = "program_id = %(program)s") -> str:
    """The sums by day of all pairs, of a program if no other condition is given; there must be none yet."""
    return PUT_DAYS.format(sums=BY_DAY.format(pairs=f"SELECT * FROM analytics_pair WHERE {where}"))


def pairs_with_live(changes: str) -> str:
    """The stored pairs and what notes not counted yet add to them."""
    return f"""
        WITH {TURNED.format(touched=TOUCHED.format(changes=changes))}
        SELECT {PAIR_NAMES} FROM analytics_pair WHERE program_id = %(program)s
        UNION ALL
        {OF_SIDES}
    """


def pairs_of(members: str) -> str:
    """The pairs of these members, from nothing but the rows behind them."""
    return f"""
        WITH touched AS ({GIVEN.format(changes=members)}), sides AS MATERIALIZED (
            SELECT 1 AS sign, t.member_id, f.* FROM touched t CROSS JOIN LATERAL ({FRESH}) f
        )
        {OF_SIDES}
    """


def days_with_live(changes: str) -> str:
    """The stored sums by day and what notes not counted yet add to them."""
    return f"""
        WITH {TURNED.format(touched=TOUCHED.format(changes=changes))}
        SELECT {DAY_NAMES} FROM analytics_pairday WHERE program_id = %(program)s
        UNION ALL
        {BY_DAY.format(pairs=OF_SIDES)}
    """


def days_of(members: str) -> str:
    """The sums by day of the pairs of these members, from nothing but the rows behind them."""
    return BY_DAY.format(pairs=pairs_of(members))
