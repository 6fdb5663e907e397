"""The figures of a program written by hand (rollups_floor.sql), into tables with the same keys: what a rebuild is measured by.

Both must say the same. Called by bench.kpis, on its data.
"""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import Any

import psycopg

SCRIPT = Path(__file__).parent / "rollups_floor.sql"
GOAL = 1.5
TABLES = ("day", "tradeday", "unitday", "memberfigure", "presence", "presenceday", "pair", "pairday")
# A row of nothing but zeros is none (analytics.tables), and what is kept by day begins with the first day that has anything.
NOTHING = {
    "presenceday": "change = 0",
    "pairday": "times = 0 AND near = 0 AND far = 0 AND amount_minor = 0",
    "pair": "times = 0 AND orders = 0 AND amount_minor = 0",
}


def by_hand(connection: psycopg.Connection) -> float:
    """Seconds of making all figures by hand. Raises AssertionError if they are not those that are stored."""
    for table in TABLES:
        connection.execute(f"DROP TABLE IF EXISTS floor_{table}")
        connection.execute(f"CREATE TABLE floor_{table} (LIKE analytics_{table} INCLUDING ALL)")
    # As a rebuild has it.
    connection.execute("SET work_mem = '256MB'")
    begin = perf_counter()
    with connection.transaction():
        connection.execute(SCRIPT.read_text())
    took = perf_counter() - begin
    for table in TABLES:
        assert not (found := _differences(connection, table)), (table, found)
        connection.execute(f"DROP TABLE floor_{table}")
    return took


def _differences(connection: psycopg.Connection, table: str) -> list[tuple[Any, ...]]:
    columns = connection.execute(
        "SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute"
        " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped",
        [f"analytics_{table}"],
    ).fetchone()
    assert columns
    left, right = (
        f"SELECT {columns[0]} FROM {side}_{table} WHERE NOT ({NOTHING.get(table, 'false')})"
        for side in ("analytics", "floor")
    )
    both = f"(({left}) EXCEPT ({right})) UNION ALL (({right}) EXCEPT ({left})) LIMIT 3"
    return connection.execute(both).fetchall()


def figure(*, rebuilt: float, floor: float, rows: int) -> dict[str, Any]:
    return {
        "name": "roll-ups anew, orders at random days",
        "value": round(rebuilt, 1),
        "unit": "s",
        "floor": round(floor, 1),
        "ratio": round(rebuilt / floor, 2),
        "goal": f"≤ {GOAL} × by hand",
        "met": rebuilt <= GOAL * floor,
        "rows": rows,
        "seconds": round(rebuilt, 1),
    }
