"""The liability of a million lots: the real page of any day from the roll-up of lots, against summing the lots' own entries.

Laid down by SQL: wallets with five lots each over two years, an entry that opened each, a spend from the first lot of every
wallet and what ended of it, with their allocations. `manage.py rollups --rebuild` counts them, the statement of lots alone is
timed, and the page is asked for on four days.
"""

from __future__ import annotations

import json
import os
import sys
from statistics import median
from time import perf_counter
from typing import Any

import psycopg

from bench import home, visitor, worlds

LOTS, EACH = int(os.environ.get("WAFA_BENCH_LOTS", "1000000")), 5
GOAL_MS, GOAL_ROWS = 400, 100_000
TURNS, DAYS_AGO = 10, (0, 90, 365, 500)
BEGIN = "(now() - interval '700 days')"
# Step by step through the wallets, as time would have laid them down.
AT = f"({BEGIN} + ({{step}}::bigint * {{wallets}} + n) * interval '690 days' / ({EACH} * {{wallets}}))"
WALLETS = (
    "INSERT INTO members_holder (id, program_id, kind, seq) SELECT n, 1, 'member', 0 FROM generate_series(1, {wallets}) n",
    (
        "INSERT INTO rewards_wallet (id, program_id, holder_id, unit_id, seq, pending, active, reserved, arrears, digest)"
        " SELECT n, 1, n, (SELECT min(id) FROM rewards_unit), 0, 0, 0, 0, 0, '' FROM generate_series(1, {wallets}) n"
    ),
)
LOT = (
    "INSERT INTO rewards_lot (id, wallet_id, program_id, granted, remaining, reserved, expired, is_active, earned_at,"
    " active_at, expires_at, awaits, terms)"
    f" SELECT {{step}}::bigint * {{wallets}} + n, n, 1, 100, 100, 0, 0, true, {AT}, {AT}, {AT} + interval '365 days', '', ''"
    " FROM generate_series(1, {wallets}) n"
)
ENTRY = (
    "INSERT INTO rewards_entry (id, wallet_id, program_id, seq, kind, at, posted_at, pending_change, active_change,"
    " reserved_change, arrears_change, pending, active, reserved, arrears, lot_id, digest)"
    f" SELECT {{first}}::bigint + n, n, 1, {{seq}}, '{{kind}}', {AT} + interval '{{later}} days', now(), 0, {{change}}, 0, 0, 0, 0, 0, 0,"
    " {lot}, '' FROM generate_series(1, {wallets}) n"
)
ALLOCATION = (
    "INSERT INTO rewards_allocation (entry_id, lot_id, amount) SELECT {first}::bigint + n, n, {amount}"
    " FROM generate_series(1, {wallets}) n"
)
# What is held of each lot, by hand, at the end of today.
FLOOR = """
    SELECT date_trunc('month', l.expires_at), sum(l.granted - coalesce(a.taken, 0))
    FROM rewards_lot l LEFT JOIN (
        SELECT a.lot_id, sum(a.amount) AS taken FROM rewards_allocation a JOIN rewards_entry e ON e.id = a.entry_id
        WHERE e.program_id = 1 AND e.at <= now() GROUP BY 1
    ) a ON a.lot_id = l.id
    WHERE l.program_id = 1 AND l.earned_at <= now() GROUP BY 1
"""


def run(*, lots: int = LOTS) -> list[dict[str, Any]]:
    """Lay the rows down, count them, ask for the page."""
    wallets = lots // EACH
    with worlds.world(worlds.folder(f"liability-{lots}"), durable=False) as made:
        with made.connect() as connection:
            if not made.is_old:
                made.python("bench.shops")
                _lay_down(connection, wallets)
                made.keep()
            begin = perf_counter()
            made.manage("rollups", "--rebuild", "--verbosity=0")
            rebuilt = perf_counter() - begin
            floor = _timed(connection, FLOOR)
        told = made.python("bench.liability", "ask")
    entries = lots + 2 * wallets
    return [
        {
            "name": "liability page of any day, p95 at the server",
            "value": round(told["p95"], 1), "unit": "ms", "floor": round(floor * 1000, 1),
            "ratio": round(told["p95"] / (floor * 1000), 4), "goal": GOAL_MS, "met": told["p95"] <= GOAL_MS,
            "rows": lots, "seconds": round(told["seconds"], 2), "statements": told["statements"],
            "median": round(told["median"], 1),
        },
        {
            "name": "liability: every lot counted anew",
            "value": round(entries / told["fill"]), "unit": "entries/s", "floor": round(entries / floor),
            "ratio": round(floor / told["fill"], 3), "goal": GOAL_ROWS, "met": entries / told["fill"] >= GOAL_ROWS,
            "rows": lots, "seconds": round(told["fill"], 2), "rebuild_seconds": round(rebuilt, 1),
        },
    ]  # fmt: skip


def _lay_down(connection: psycopg.Connection, wallets: int) -> None:
    connection.execute("SET wafa.posting = 'on'")
    home.no_notes(connection)
    for statement in WALLETS:
        connection.execute(statement.format(wallets=wallets))
    for step in range(EACH):
        names: dict[str, Any] = {"step": step, "wallets": wallets, "first": step * wallets}
        connection.execute(LOT.format(**names))
        lot = f"{step}::bigint * {wallets} + n"
        connection.execute(ENTRY.format(seq=1 + step, kind="earn", later=0, change=100, lot=lot, **names))
    for place, (kind, later, amount) in enumerate((("spend", 60, 70), ("expire", 365, 30))):
        names = {"step": 0, "wallets": wallets, "first": (EACH + place) * wallets}
        values = {"seq": EACH + 1 + place, "kind": kind, "later": later, "change": -amount, "lot": "NULL"}
        connection.execute(ENTRY.format(**values, **names))
        connection.execute(ALLOCATION.format(amount=amount, **names))
    connection.execute(f"SELECT setval('wafa_ids', {wallets * EACH * 3})")
    connection.execute("VACUUM ANALYZE")
    home.no_notes(connection, off=False)


def _timed(connection: psycopg.Connection, statement: str) -> float:
    """Seconds of the second time, once warm."""
    connection.execute(statement)
    begin = perf_counter()
    connection.execute(statement)
    return perf_counter() - begin


# --- in a process of its own, as the site ---------------------------------------------------------------------------


def ask() -> dict[str, Any]:
    """Ask for the page of several days through every middleware, and count the lots once more."""
    with visitor.analyst() as (client, program):
        return _ask_all(client, program)


def _ask_all(client: Any, program: Any) -> dict[str, Any]:
    from datetime import timedelta

    from django.db import connection
    from django.test.utils import CaptureQueriesContext
    from django.utils import timezone

    from analytics import tables

    today = timezone.localdate()
    pages = [f"/dashboard/{program.slug}/liability/?day={today - timedelta(days=ago)}" for ago in DAYS_AGO]
    for page in pages:
        response = client.get(page)
        assert response.status_code == 200, response.status_code
    with CaptureQueriesContext(connection) as asked:
        client.get(pages[0])
        statements = len(asked)
    took, begin = [], perf_counter()
    for number in range(TURNS * len(pages)):
        before = perf_counter()
        client.get(pages[number % len(pages)])
        took.append((perf_counter() - before) * 1000)
    seconds = perf_counter() - begin
    with connection.cursor() as cursor:
        before = perf_counter()
        cursor.execute(f"SELECT count(*) FROM ({tables.LOT_DAY.of_rows()}) AS r", {"program": program.pk})
        fill = perf_counter() - before
    took.sort()
    p95 = took[int(len(took) * 0.95)]
    return {"p95": p95, "median": median(took), "seconds": seconds, "statements": statements, "fill": fill}


if __name__ == "__main__":
    if sys.argv[1:] == ["ask"]:
        print(json.dumps(ask()))
    else:
        print(json.dumps(run(lots=int(sys.argv[1]) if len(sys.argv) > 1 else LOTS), indent=1))
