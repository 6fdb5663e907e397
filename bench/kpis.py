"""Key figures with a million members and ten million orders at random days: every page of them through the real views, against
counting the same thing from the rows. WAFA_BENCH_MEMBERS gives another number of members.

As bench.home, but orders lie anywhere in two years, so that nearly every pair of days there can be occurs.
"""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime
from statistics import median
from time import perf_counter
from typing import Any

import psycopg

from bench import home, rollups, visitor, worlds

MEMBERS = int(os.environ.get("WAFA_BENCH_MEMBERS", "1000000"))
GOAL_MS = 400
# Of so many rounds the quietest counts.
ROUNDS = 3
PERIODS = ("period=30", "period=90", "period=year")
# Of one tier, year, language or channel: large groups as counted at night, the others from their members' rows.
NARROWED = (
    "period=90&tier=gold",
    "period=90&joined=2025",
    "period=year&language=en",
    "period=year&channel=-",
)
SOME = ("repeat_rate", "aov", "engagement")
ORDERS = (
    "INSERT INTO members_order (id, program_id, source, external_id, member_id, channel, state, revision, fact_id,"
    " occurred_at, currency, total_minor, basis_minor, returned_minor)"
    " SELECT {step}::bigint * {members} + n, 1, 'shop', lpad(({step}::bigint * {members} + n)::text, 10, '0'), n, '', 'paid',"
    " 0, NULL, {begin} + random() * interval '729 days', 'GBP', 1000 + n % 9000, 1000 + n % 9000, 0"
    " FROM generate_series(1, {members}) n"
)
# Who came, and who came twice, within 90 days: what a chart of the repeat purchase rate would have to ask for each point.
COUNT = (
    "SELECT count(*), count(*) FILTER (WHERE times > 1) FROM (SELECT member_id, count(*) AS times FROM members_order"
    " WHERE program_id = 1 AND state IN ('placed', 'paid') AND member_id IS NOT NULL AND occurred_at >= now() - interval '90 days'"
    " GROUP BY 1) AS m"
)


def run(*, members: int = MEMBERS) -> list[dict[str, Any]]:
    """Lay the rows down, make the figures, ask for the pages."""
    with worlds.world(worlds.folder(f"kpis-{members}"), durable=False) as made:
        begin = perf_counter()
        with made.connect() as connection:
            if not made.is_old:
                made.python("bench.shops")
                _lay_down(connection, members)
                made.keep()
            laid = perf_counter() - begin
            begin = perf_counter()
            made.manage("rollups", "--rebuild", "--verbosity=0")
            rebuilt = perf_counter() - begin
            by_hand = rollups.by_hand(connection)
            floor = _floor(connection)
        told = made.python("bench.kpis", "ask")
    rows = members * home.EACH
    return [
        {
            "name": "any chart of key figures, at the server",
            "value": round(told["slowest"], 1),
            "unit": "ms",
            "floor": round(floor, 1),
            "ratio": round(told["slowest"] / floor, 4),
            "goal": GOAL_MS,
            "met": told["slowest"] <= GOAL_MS,
            "rows": rows,
            "seconds": round(told["seconds"], 1),
            "laid_down_seconds": round(laid, 1),
            "rebuild_seconds": round(rebuilt, 1),
            **{
                name: told[name]
                for name in ("page", "overview", "pages", "load", "fold_ms", "groups_seconds", "narrowed")
            },
        },
        rollups.figure(rebuilt=rebuilt, floor=by_hand, rows=rows),
    ]


def _lay_down(connection: psycopg.Connection, members: int) -> None:
    names = {"members": members, "begin": home.BEGIN}
    connection.execute("SET wafa.posting = 'on'")
    home.no_notes(connection)
    for statement in home.LAY_DOWN:
        connection.execute(statement.format(**names).replace("%%", "%"))
    for step in range(home.EACH):
        connection.execute(ORDERS.format(step=step, **names))
        if step in (0, home.EACH - 1):
            connection.execute(home.ENTRIES.format(step=step, **names).replace("%%", "%"))
    connection.execute(f"SELECT setval('wafa_ids', {members * home.EACH * 3})")
    connection.execute("VACUUM ANALYZE")
    home.no_notes(connection, off=False)


def _floor(connection: psycopg.Connection) -> float:
    """Milliseconds of counting one point of the chart, once warm."""
    connection.execute(COUNT)
    begin = perf_counter()
    connection.execute(COUNT)
    return (perf_counter() - begin) * 1000


# --- in a process of its own, as the site ---------------------------------------------------------------------------


def ask() -> dict[str, Any]:
    """Ask for every chart in three periods; then a fold, and the count by groups."""
    with visitor.analyst() as (client, program):
        return _ask_all(client, program)


def _ask_all(client: Any, program: Any) -> dict[str, Any]:

    from analytics.kpis import REGISTRY

    base = f"/dashboard/{program.slug}/figures/"
    begin = perf_counter()
    charts = {
        f"{page}?{period}": _quickest(client, f"{base}{page}?{period}")
        for page in (*(f"{key}/" for key in REGISTRY), "cohorts/")
        for period in PERIODS
    }
    overview = max(_quickest(client, f"{base}?{period}") for period in PERIODS)
    page = max(charts, key=lambda one: charts[one])
    counted = _background(program)
    narrowed = {
        f"{key}/?{words}": round(_quickest(client, f"{base}{key}/?{words}"), 1)
        for key in SOME
        for words in NARROWED
    }
    return {
        "slowest": charts[page],
        "page": page,
        "overview": round(overview, 1),
        "pages": {
            name: round(value, 1) for name, value in sorted(charts.items(), key=lambda one: -one[1])[:6]
        }
        | {"median": round(median(charts.values()), 1)},
        "seconds": perf_counter() - begin,
        "load": round(os.getloadavg()[0], 1),
        "narrowed": dict(sorted(narrowed.items(), key=lambda one: -one[1])[:4]),
        **counted,
    }


def _quickest(client: Any, address: str) -> float:
    """Milliseconds of the quietest round."""
    took = []
    for _number in range(ROUNDS):
        before = perf_counter()
        response = client.get(address)
        took.append((perf_counter() - before) * 1000)
        assert response.status_code == 200, (address, response.status_code)
    return min(took)


def _background(program: Any) -> dict[str, float]:
    """Milliseconds to fold a thousand orders, and seconds to count all groups."""
    from django.db import connection
    from django_scopes import scope

    from analytics import rollups
    from analytics.kpis import cuts

    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE members_order SET total_minor = total_minor + 1 WHERE id IN (SELECT id FROM members_order LIMIT 1000)"
        )
    begin = perf_counter()
    rollups.fold()
    folded = (perf_counter() - begin) * 1000
    begin = perf_counter()
    with scope(program=program):
        cuts.count_all(program=program, now=datetime.now(UTC))
    return {"fold_ms": round(folded, 1), "groups_seconds": round(perf_counter() - begin, 1)}


if __name__ == "__main__":
    print(json.dumps(ask()) if sys.argv[1:] == ["ask"] else json.dumps(run(), indent=1))
