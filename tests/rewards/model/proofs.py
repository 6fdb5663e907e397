"""What must hold after every step: in one question each, of the database alone and of both ledgers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

# What SEMANTICS 3 to 8 ask of every row, in one question; wafa_wrong_wallets answers for the sums of 4.
BROKEN = """
WITH w AS (SELECT * FROM rewards_wallet WHERE program_id = %(program)s),
l AS (SELECT l.* FROM rewards_lot l JOIN w ON w.id = l.wallet_id),
e AS (SELECT e.*, lag(e.seq, 1, 0::bigint) OVER each AS before, lag(e.pending, 1, 0::bigint) OVER each AS p0,
             lag(e.active, 1, 0::bigint) OVER each AS a0, lag(e.reserved, 1, 0::bigint) OVER each AS r0,
             lag(e.arrears, 1, 0::bigint) OVER each AS d0
      FROM rewards_entry e JOIN w ON w.id = e.wallet_id WINDOW each AS (PARTITION BY e.wallet_id ORDER BY e.seq)),
a AS (SELECT a.lot_id, sum(a.amount) FILTER (WHERE e.kind NOT IN ('reserve', 'release')) AS used, bool_or(e.wallet_id <> l.wallet_id) AS strays
      FROM rewards_allocation a JOIN e ON e.id = a.entry_id JOIN rewards_lot l ON l.id = a.lot_id GROUP BY a.lot_id)
SELECT 'sums', w.id FROM w WHERE w.id IN (SELECT wafa_wrong_wallets(ARRAY(SELECT id FROM w)))
UNION ALL SELECT 'arrears beside active', id FROM w WHERE arrears > 0 AND active > 0
UNION ALL SELECT 'chain', id FROM e WHERE seq <> before + 1 OR pending <> p0 + pending_change
    OR active <> a0 + active_change OR reserved <> r0 + reserved_change OR arrears <> d0 + arrears_change
    OR active < 0 OR pending < 0 OR reserved < 0 OR arrears < 0 OR (arrears > 0 AND active > 0)
UNION ALL SELECT 'lot and its uses', l.id FROM l LEFT JOIN a ON a.lot_id = l.id
    WHERE l.granted - l.remaining <> coalesce(a.used, 0) OR coalesce(a.strays, false)
UNION ALL SELECT 'awake too early', l.id FROM l WHERE l.is_active AND (l.active_at IS NULL OR l.active_at > %(now)s)
UNION ALL SELECT 'due and forgotten', w.id FROM l JOIN w ON w.id = l.wallet_id WHERE l.is_open
    AND CASE WHEN NOT l.is_active THEN l.active_at WHEN l.remaining > l.reserved THEN l.expires_at END < coalesce(w.next_due_at, 'infinity')
"""
HOLDINGS = """
SELECT i.value, u.key, w.pending, w.active, w.arrears, (
    SELECT json_agg(json_build_array(l.granted, l.remaining, l.expired, l.is_active,
            (extract(epoch FROM l.expires_at) * 1000000)::bigint) ORDER BY (
        SELECT min(e.seq) FROM rewards_entry e WHERE e.lot_id = l.id AND e.wallet_id = w.id))
    FROM rewards_lot l WHERE l.wallet_id = w.id)
FROM rewards_wallet w JOIN rewards_unit u ON u.id = w.unit_id JOIN members_identity i ON i.member_id = w.holder_id
WHERE w.program_id = %(program)s
"""


def epoch(moment: datetime | None) -> int | None:
    return (
        None if moment is None else (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    )
