"""The statements behind the roll-ups of lots: what each month's points became, and where points came from.

Both go by entries alone, as the roll-up of units does: over all lots `held` is what wallets hold on that day.
"""

from __future__ import annotations

# A lot without an end ends in this month.
NEVER = "DATE '9999-12-01'"

# The place of a flow: the month in which the points were first earned (moves, gifts back and reinstatements keep it), the
# last month in which they can be used, and whose they are.
_PLACE = f"""
    e.program_id, w.unit_id, (e.at AT TIME ZONE p.time_zone)::date AS day,
    date_trunc('month', l.earned_at AT TIME ZONE p.time_zone)::date AS cohort,
    coalesce(date_trunc('month', (l.expires_at - interval '1 microsecond') AT TIME ZONE p.time_zone)::date, {NEVER}) AS ends,
    CASE WHEN h.kind IN ('card', 'cause') THEN h.kind ELSE 'people' END AS holders
"""
_AROUND = """
    JOIN rewards_wallet w ON w.id = e.wallet_id JOIN members_holder h ON h.id = w.holder_id
    JOIN members_program p ON p.id = e.program_id
"""
# An entry opens a lot, or takes from lots; what wakes moves from the lot that waited to a new one. Of a new lot what makes
# up for arrears was taken back: the return that left them found nothing.
LOT_DAYS = f"""
    SELECT program_id, unit_id, day, cohort, ends, holders,
        sum(amount) FILTER (WHERE flow IN ('earn', 'bonus')) AS issued,
        -sum(amount) FILTER (WHERE flow IN ('spend', 'donate', 'restore')) AS spent,
        -sum(amount) FILTER (WHERE flow IN ('expire', 'reinstate')) AS expired,
        -sum(amount) FILTER (WHERE flow = 'reverse') AS reversed,
        sum(amount) FILTER (WHERE flow = 'adjust') AS adjusted,
        sum(amount) FILTER (WHERE flow NOT IN ('earn', 'bonus', 'spend', 'donate', 'restore', 'expire', 'reinstate',
            'reverse', 'adjust')) AS moved,
        sum(amount) AS held
    FROM (
        SELECT {_PLACE}, e.kind AS flow, l.granted AS amount
        FROM {{entries}} JOIN rewards_lot l ON l.id = e.lot_id {_AROUND}
        WHERE e.kind <> 'activate' OR l.origin_id IS NOT NULL AND EXISTS (
            SELECT FROM rewards_allocation a WHERE a.entry_id = e.id AND a.lot_id = l.origin_id)
        UNION ALL
        SELECT {_PLACE}, CASE WHEN a.lot_id = e.lot_id THEN 'reverse' ELSE e.kind END, -a.amount
        FROM {{entries}} JOIN rewards_allocation a ON a.entry_id = e.id JOIN rewards_lot l ON l.id = a.lot_id {_AROUND}
        WHERE e.kind NOT IN ('reserve', 'release')
    ) AS said
    GROUP BY 1, 2, 3, 4, 5, 6
"""  # noqa: S608 - names of this module

# What is given, and taken back, by what it was given for: the fact that the entry tells of. What an order gave is taken
# back by entries of orders.
SOURCE_DAYS = """
    SELECT program_id, unit_id, day, source, sum(net) FILTER (WHERE is_gain) AS given,
        -sum(net) FILTER (WHERE NOT is_gain) AS taken
    FROM (
        SELECT e.program_id, w.unit_id, (e.at AT TIME ZONE p.time_zone)::date AS day,
            e.pending_change + e.active_change + e.reserved_change - e.arrears_change AS net,
            e.kind IN ('earn', 'bonus') OR e.kind = 'adjust' AND e.lot_id IS NOT NULL AS is_gain,
            CASE WHEN h.kind IN ('card', 'cause') THEN h.kind
                WHEN e.order_id IS NOT NULL THEN 'order'
                WHEN f.kind = 'event.schedule.joining' THEN 'joining'
                WHEN f.kind LIKE 'event.schedule.%%' THEN 'occasion'
                WHEN f.kind LIKE 'referral%%' THEN 'referral'
                WHEN f.kind LIKE 'journey%%' THEN 'journey'
                WHEN f.kind LIKE 'surprise%%' THEN 'surprise'
                WHEN f.kind LIKE 'prize%%' THEN 'badge'
                WHEN f.kind LIKE 'reward.%%' THEN 'exchange'
                WHEN e.kind = 'adjust' OR f.source = 'staff' THEN 'staff'
                ELSE 'event' END AS source
        FROM {entries} JOIN rewards_wallet w ON w.id = e.wallet_id JOIN members_holder h ON h.id = w.holder_id
            JOIN members_program p ON p.id = e.program_id LEFT JOIN members_fact f ON f.id = e.fact_id
        WHERE e.kind IN ('earn', 'bonus', 'adjust', 'reverse', 'forgive')
    ) AS said
    GROUP BY 1, 2, 3, 4
"""
SOURCES = (
    "order", "event", "joining", "referral", "occasion", "surprise", "badge", "staff", "journey", "exchange", "card", "cause",
)  # fmt: skip
