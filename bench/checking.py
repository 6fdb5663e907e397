"""The speed of `check_ledger --verify` as the deployed command: a million entries on a cluster with durability on."""

import json
import time
from typing import Any

import psycopg

from bench import worlds
from loyaltysite.embedded import Cluster
from loyaltysite.embedded.postgres import OWNER

GOAL = 200_000
GOAL_OF_ALL = 33_000  # a million entries with all their orders, awards and lots in half a minute
WALLETS = 50_000
EACH = 20  # entries a wallet: three orders that earn 100 each, then one that spends 150, and so on

HOLDERS = """
    INSERT INTO members_holder (id, program_id, kind, seq)
    SELECT w, 1, 'member', %(each)s FROM generate_series(1, %(wallets)s) w;
    INSERT INTO rewards_wallet (id, program_id, holder_id, unit_id, seq, pending, active, reserved, arrears, digest)
    SELECT w, 1, w, 1, 0, 0, 0, 0, 0, '' FROM generate_series(1, %(wallets)s) w;
"""
# One step is the k-th entry of every wallet, as time lays them down. `n` is the id of its fact, order, lot and entry.
STEP = """
    CREATE TEMP TABLE step AS
    SELECT w, (w - 1) * %(each)s + %(k)s AS n, %(k)s AS k, %(k)s %% 4 = 0 AS spends,
        timestamptz '2026-01-01' + %(k)s * interval '1 day' + w * interval '1 second' AS at,
        150 * ((%(k)s - 1) / 4) + CASE %(k)s %% 4 WHEN 0 THEN 150 ELSE 100 * (%(k)s %% 4) END AS active
    FROM generate_series(1::bigint, %(wallets)s) w;
    INSERT INTO members_fact (id, program_id, source, kind, external_id, revision, fingerprint, holder_id, order_id,
        answer, recorded_at)
    SELECT n, 1, 'shop', CASE WHEN spends THEN 'spend' ELSE 'order' END, 'no ' || n, 0, sha256(int8send(n)), w,
        CASE WHEN NOT spends THEN n END, '{"awarded": {"points": 100}}', at FROM step;
    INSERT INTO members_order (id, program_id, source, external_id, member_id, channel, state, revision, fact_id,
        occurred_at, currency, total_minor, basis_minor, returned_minor)
    SELECT n, 1, 'shop', 'no ' || n, w, '', 'paid', 0, n, at, 'EUR', 10000, 10000, 0 FROM step WHERE NOT spends;
    INSERT INTO members_orderline (order_id, revision, position, kind, sku, name, category, quantity, amount_minor,
        discount_minor, tax_minor, basis_minor, is_counted, returned_quantity, refunded_minor)
    SELECT n, 0, 1, 'product', 'mug', 'A mug', 'mugs', 1, 10000, 0, 0, 10000, true, 0, 0 FROM step WHERE NOT spends;
    INSERT INTO rewards_pricing (fact_id, program_id, context, versions, awarded)
    SELECT n, 1, '{"counters": {"1:2026-01": {"amount": 300, "times": 3}}}', '{1}', '{"points": 100}'
    FROM step WHERE NOT spends;
    INSERT INTO rewards_award (fact_id, version_id, program_id, unit_id, desired, awarded, cut_by, trail)
    SELECT n, 1, 1, 1, 100, 100, '', '[]' FROM step WHERE NOT spends;
    INSERT INTO rewards_lot (id, wallet_id, program_id, granted, remaining, reserved, expired, is_active, earned_at,
        active_at, expires_at, awaits, terms, fact_id, order_id, version_id)
    SELECT n, w, 1, 100, (k %% 4 - 1) * 50, 0, 0, true, at, at, at + interval '365 days', '', '', n, n, 1
    FROM step WHERE NOT spends;
    INSERT INTO rewards_entry (id, wallet_id, program_id, seq, kind, at, posted_at, pending_change, active_change,
        reserved_change, arrears_change, pending, active, reserved, arrears, lot_id, fact_id, order_id, digest)
    SELECT n, w, 1, k, x.kind, s.at, s.at, 0, x.change, 0, 0, 0, s.active, 0, 0, x.lot, n, x.lot,
        sha256(coalesce(p.digest, '') || convert_to(concat_ws('|', 1, w, k, x.kind, wafa_micros(s.at), wafa_micros(s.at),
            0, x.change, 0, 0, 0, s.active, 0, 0, coalesce(x.lot::text, ''), CASE WHEN spends THEN '' ELSE '100' END,
            CASE WHEN spends THEN '' ELSE wafa_micros(s.at) END,
            CASE WHEN spends THEN '' ELSE wafa_micros(s.at + interval '365 days') END, n, coalesce(x.lot::text, ''), ''),
            'UTF8'))
    FROM step s LEFT JOIN rewards_entry p ON p.wallet_id = s.w AND p.seq = s.k - 1
    CROSS JOIN LATERAL (SELECT CASE WHEN spends THEN 'spend' ELSE 'earn' END AS kind,
        CASE WHEN spends THEN -150 ELSE 100 END AS change, CASE WHEN NOT spends THEN n END AS lot) x;
    INSERT INTO rewards_allocation (entry_id, lot_id, amount)
    SELECT n, n - back, taken FROM step, (VALUES (3, 100), (2, 50)) v (back, taken) WHERE spends;
    DROP TABLE step;
"""
HEADS = """
    UPDATE rewards_wallet w SET seq = e.seq, active = e.active, digest = e.digest, next_due_at = '2026-01-03'
    FROM rewards_entry e WHERE e.wallet_id = w.id AND e.seq = %(each)s;
    SELECT setval('wafa_ids', %(wallets)s * %(each)s);
"""


def lay_down(cluster: Cluster, *, wallets: int, each: int) -> None:
    """A ledger as `record` would have written it, digests included, but in a few large statements."""
    with psycopg.connect(
        cluster.url(OWNER), autocommit=True, cursor_factory=psycopg.ClientCursor
    ) as connection:
        # The checks at each row's commit are for the owner's single rows; check_ledger looks at all of them at the end.
        connection.execute("SET wafa.posting = 'on'")
        values = {"wallets": wallets, "each": each}
        connection.execute(HOLDERS, values)
        for k in range(1, each + 1):
            connection.execute(STEP, values | {"k": k})
        connection.execute(HEADS, values)


def run(*, wallets: int = WALLETS, each: int = EACH) -> list[dict[str, Any]]:
    """Lay the ledger down, seal it, prove it: the entries with their digests, and everything together."""
    with worlds.world() as made:
        made.run(["-m", "bench.shops", "plain"])
        begin = time.perf_counter()
        lay_down(made.cluster, wallets=wallets, each=each)
        laid = time.perf_counter() - begin
        made.manage("seal_ledger")
        report = json.loads(made.manage("check_ledger", "--verify", "--json"))
    entries, took = report["entries"], report["took"]
    return [
        row("check_ledger: entries and digests", entries, took["entry.seq"], GOAL),
        row("check_ledger --verify: everything", entries, report["seconds"], GOAL_OF_ALL)
        | {"laid_down_seconds": round(laid, 1), "took": took},
    ]


def row(name: str, entries: int, seconds: float, goal: int) -> dict[str, Any]:
    value = round(entries / seconds)
    return {
        "name": name,
        "value": value,
        "unit": "entries/s",
        "goal": goal,
        "met": value >= goal,
        "rows": entries,
        "seconds": round(seconds, 2),
    }


if __name__ == "__main__":
    print(json.dumps(run(), indent=1))
