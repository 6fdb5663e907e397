"""A million lots that end on one day, settled by two workers, against bare statements that write the same rows."""

from __future__ import annotations

import multiprocessing
import os
from datetime import UTC, datetime
from time import perf_counter
from typing import Any

import psycopg

from bench import worlds
from bench.checking import HOLDERS
from loyaltysite.embedded.postgres import OWNER

LOTS = int(os.environ.get("WAFA_BENCH_LOTS", "1000000"))
EACH, WORKERS, CHUNK = 2, 2, 5000
GOAL = 1_000_000 / 120
NOW = datetime(2026, 6, 1, tzinfo=UTC)

# Two lots a wallet that end together at the end of March, as at the end of a quarter; the digests are those of a chain.
FILL = """
    INSERT INTO rewards_lot (id, wallet_id, program_id, granted, remaining, reserved, expired, is_active, earned_at,
        active_at, expires_at, awaits, terms, fact_id)
    SELECT w * 10 + k, w, 1, 100, 100, 0, 0, true, at, at, '2026-04-01', '', '', w * 10 + k
    FROM generate_series(1::bigint, %(wallets)s) w, generate_series(1, %(each)s) k,
        LATERAL (SELECT timestamptz '2026-01-01' + k * interval '1 day') t (at);
    INSERT INTO rewards_entry (id, wallet_id, program_id, seq, kind, at, posted_at, pending_change, active_change,
        reserved_change, arrears_change, pending, active, reserved, arrears, lot_id, fact_id, digest)
    SELECT id, wallet_id, 1, k, 'earn', earned_at, earned_at, 0, 100, 0, 0, 0, 100 * k, 0, 0, id, fact_id,
        wafa_chain('', concat_ws('|', 1, wallet_id, k, 'earn', wafa_micros(earned_at), wafa_micros(earned_at), 0, 100, 0, 0,
            0, 100 * k, 0, 0, id, 100, wafa_micros(active_at), wafa_micros(expires_at), fact_id, '', ''))
        OVER (PARTITION BY wallet_id ORDER BY k ROWS UNBOUNDED PRECEDING)
    FROM (SELECT *, mod(id, 10) AS k FROM rewards_lot) l;
    INSERT INTO members_fact (id, program_id, source, kind, external_id, revision, fingerprint, holder_id, answer, recorded_at)
    SELECT fact_id, 1, 'shop', 'order', 'no ' || fact_id, 0, sha256(int8send(fact_id)), wallet_id, '{}', earned_at
    FROM rewards_lot;
    UPDATE rewards_wallet w SET seq = e.seq, active = e.active, digest = e.digest, next_due_at = '2026-04-01'
    FROM rewards_entry e WHERE e.wallet_id = w.id AND e.seq = %(each)s;
    SELECT setval('wafa_ids', 1000000000);
    ANALYZE;
"""
# What an expiry must write at least, for a range of wallets: no guard, no order, no digests, no proof.
FLOOR = """
    WITH due AS MATERIALIZED (SELECT id, wallet_id, remaining, fact_id, row_number() OVER (PARTITION BY wallet_id) AS k,
            nextval('wafa_ids') AS entry_id
        FROM rewards_lot WHERE wallet_id BETWEEN %(first)s AND %(last)s AND is_open),
    entries AS (INSERT INTO rewards_entry (id, wallet_id, program_id, seq, kind, at, posted_at, pending_change, active_change,
            reserved_change, arrears_change, pending, active, reserved, arrears, fact_id, digest)
        SELECT entry_id, wallet_id, 1, %(each)s + k, 'expire', '2026-04-01', %(now)s, 0, -remaining, 0, 0, 0, 0, 0, 0, fact_id,
            sha256('') FROM due),
    used AS (INSERT INTO rewards_allocation (entry_id, lot_id, amount) SELECT entry_id, id, remaining FROM due),
    lots AS (UPDATE rewards_lot l SET remaining = 0, expired = d.remaining FROM due d WHERE l.id = d.id),
    guards AS (UPDATE members_holder SET seq = seq + 1 WHERE id BETWEEN %(first)s AND %(last)s)
    UPDATE rewards_wallet SET seq = seq + %(each)s, active = 0, digest = sha256(''), next_due_at = NULL
    WHERE id BETWEEN %(first)s AND %(last)s
"""


def run() -> list[dict[str, Any]]:
    wallets = LOTS // EACH
    ours = _measure(wallets, _settle)
    floor = _measure(wallets, _write)
    rate = LOTS / ours
    return [
        {
            "name": f"expiry of {LOTS:,} lots, {WORKERS} workers",
            "value": round(rate),
            "unit": "lots/s",
            "floor": round(LOTS / floor),
            "ratio": round(floor / ours, 2),
            "goal": round(GOAL),
            "met": rate >= GOAL,
            "rows": LOTS,
            "seconds": round(ours, 1),
        }
    ]


def _measure(wallets: int, work: Any) -> float:
    """Seconds in which two workers end every lot of a fresh ledger."""
    with worlds.world() as made:
        made.run(["-m", "bench.shops", "plain"])
        url = made.cluster.url(OWNER)
        with psycopg.connect(url, autocommit=True, cursor_factory=psycopg.ClientCursor) as connection:
            connection.execute("SET wafa.posting = 'on'")
            values = {"wallets": wallets, "each": EACH}
            connection.execute(HOLDERS, values)
            connection.execute(FILL, values)
            workers = [
                multiprocessing.Process(target=work, args=(url, number, wallets)) for number in range(WORKERS)
            ]
            begin = perf_counter()
            for worker in workers:
                worker.start()
            for worker in workers:
                worker.join()
            seconds = perf_counter() - begin
            left = connection.execute("SELECT count(*) FROM rewards_lot WHERE is_open").fetchone()
        assert left == (0,), left
        if work is _settle:
            made.manage("check_ledger", "--verify")
    return seconds


def _settle(url: str, number: int, wallets: int) -> None:
    """What settling.settle_due does, until nothing is left."""
    with psycopg.connect(url, autocommit=True, prepare_threshold=0) as connection:
        since = datetime(1900, 1, 1, tzinfo=UTC)
        while since is not None:
            row = connection.execute(
                "SELECT moved, latest FROM wafa_settle(1, %s, %s, %s)", [NOW, since, CHUNK]
            ).fetchone()
            assert row
            since = row[1]


def _write(url: str, number: int, wallets: int) -> None:
    with psycopg.connect(url, autocommit=True, cursor_factory=psycopg.ClientCursor) as connection:
        connection.execute("SET wafa.posting = 'on'")
        for first in range(1 + number * CHUNK, wallets + 1, CHUNK * WORKERS):
            last = min(first + CHUNK - 1, wallets)
            connection.execute(FLOOR, {"first": first, "last": last, "each": EACH, "now": NOW})
