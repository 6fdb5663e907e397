"""Segments of a million members: a nested condition against hand-written SQL, and a refresh after some have changed.

WAFA_BENCH_MEMBERS gives another number of members; WAFA_BENCH_KEEP names a folder where they stay for the next run (the
same that bench/lookup.py fills). Both sides ask the same stored figures, in turn, and the quickest of each is compared.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Any

from bench import lookup, worlds

MEMBERS = lookup.MEMBERS
TIMES = 5
NOW = datetime(2026, 11, 1, tzinfo=UTC)
TREE = {
    "all": [
        {
            "any": [
                {"field": "orders.spend", "op": ">=", "value": 12_000},
                {
                    "has": "orders",
                    "where": {
                        "all": [
                            {"field": "order.store", "op": "=", "value": "s3"},
                            {"field": "order.at", "op": "within last", "value": 90},
                        ]
                    },
                },
            ]
        },
        {"not": {"field": "member.tags", "op": "has any", "value": ["vip"]}},
        {
            "any": [
                {"field": "standing.rank", "op": ">=", "value": 3},
                {"field": "points.points", "op": ">=", "value": 100},
            ]
        },
    ]
}
BY_HAND = """
    SELECT count(*) FROM members_member m LEFT JOIN campaigns_figures f ON f.member_id = m.holder_id
    WHERE m.program_id = 1 AND m.merged_into_id IS NULL AND m.state <> 'closed'
        AND (f.spend_minor >= 12000 OR EXISTS (
            SELECT FROM members_order o JOIN members_store s ON s.id = o.store_id
            WHERE o.member_id = m.holder_id AND o.program_id = 1 AND o.state IN ('placed', 'paid') AND s.code = 's3'
                AND o.occurred_at BETWEEN %(since)s AND %(now)s))
        AND NOT m.tags && '{vip}'
        AND (f.rank >= 3 OR EXISTS (
            SELECT FROM rewards_wallet w
            WHERE w.holder_id = m.holder_id AND w.program_id = 1 AND w.unit_id = 1 AND w.active >= 100))
"""

# Two orders in 90 days, or a tag: whoever is counted stands in an OR, where there is no plain join.
COUNTING = {
    "any": [
        {
            "count": "orders",
            "where": {"field": "order.at", "op": "within last", "value": 90},
            "op": ">=",
            "value": 2,
        },
        {"field": "member.tags", "op": "has any", "value": ["vip"]},
    ]
}
COUNTING_BY_HAND = """
    SELECT count(*) FROM members_member m
    WHERE m.program_id = 1 AND m.merged_into_id IS NULL AND m.state <> 'closed' AND (m.tags && '{vip}' OR m.holder_id IN (
        SELECT o.member_id FROM members_order o
        WHERE o.program_id = 1 AND o.member_id IS NOT NULL AND o.state IN ('placed', 'paid')
            AND o.occurred_at BETWEEN %(since)s AND %(now)s
        GROUP BY o.member_id HAVING count(*) >= 2))
"""


def run() -> list[dict[str, Any]]:
    with worlds.world(os.environ.get("WAFA_BENCH_KEEP", "")) as made:
        if not made.is_old:
            lookup.fill(made)
        found: list[dict[str, Any]] = made.python("bench.audiences", "measure")
    return found


def measure() -> list[dict[str, Any]]:
    """The ratio of a nested condition, and what a refresh costs a member that changed."""
    from django_scopes import scope

    from campaigns.audiences import membership, segments
    from members.models import Program

    program = Program.objects.get()
    with scope(program=program):
        membership.begin(program)
        counted = _timed(lambda: [membership.refresh(program=program, now=NOW) for _ in range(2)])
        sizes = [
            _compare(program, "nested condition", TREE, BY_HAND),
            _compare(program, "counted elements", COUNTING, COUNTING_BY_HAND),
        ]
        segment = segments.create(program=program, name="Bench", tree=TREE, by=None, now=NOW)
        segments.publish(program=program, key=segment.key, by=None, now=NOW)
        gathered = _timed(lambda: membership.refresh(program=program, now=NOW))
        while membership.refresh(program=program, now=NOW).taken:
            pass
        refreshed = [_refresh(program, number) for number in (1_000, 10_000)]
    per_member = [seconds / number for number, seconds in refreshed]
    return [
        *sizes,
        {
            "name": "audiences: refresh of a changed member",
            "value": round(per_member[1] * 1e6, 1),
            "unit": "µs",
            "floor": round(per_member[0] * 1e6, 1),
            "ratio": round(per_member[1] / per_member[0], 2),
            "goal": "≤ 1.2 × each of a tenth as many",
            "met": per_member[1] <= 1.2 * per_member[0],
            "rows": 10_000,
            "seconds": round(refreshed[1][1], 2),
            "counted_seconds": round(counted, 1),
            "gathered_seconds": round(gathered, 1),
        },
    ]


def _compare(program: Any, name: str, tree: dict[str, Any], by_hand: str) -> dict[str, Any]:
    from django.db import connection

    from campaigns.audiences import fields, membership

    condition = fields.parse(tree)
    ours: list[float] = []
    floor: list[float] = []
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE campaigns_figures")
        for _ in range(TIMES):
            text, params = membership.inside(condition, program, NOW)
            begin = perf_counter()
            cursor.execute(f"SELECT count(*) FROM ({text}) AS m", params)
            mine = cursor.fetchone()[0]
            ours.append(perf_counter() - begin)
            begin = perf_counter()
            cursor.execute(by_hand, {"now": NOW, "since": NOW - timedelta(days=90)})
            theirs = cursor.fetchone()[0]
            floor.append(perf_counter() - begin)
            assert mine == theirs, (mine, theirs)
    best, least = min(ours), min(floor)
    return {
        "name": f"audiences: {name}",
        "value": round(best * 1000),
        "unit": "ms",
        "floor": round(least * 1000),
        "ratio": round(best / least, 2),
        "goal": "≤ 1.2 × hand-written SQL",
        "met": best <= 1.2 * least,
        "rows": MEMBERS,
        "seconds": round(sum(ours), 1),
        "found": mine,
    }


def _refresh(program: Any, number: int) -> tuple[int, float]:
    """So many members change; how many were looked at, and how long that took."""
    from django.db import connection

    from campaigns.audiences import membership

    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE members_member SET tags = '{changed}' WHERE holder_id IN"
            " (SELECT holder_id FROM members_member WHERE tags = '{}' ORDER BY holder_id * 7919 %% 1000003 LIMIT %s)",
            [number],
        )
    begin = perf_counter()
    taken = membership.refresh(program=program, now=NOW).taken
    assert taken == min(number, membership.CHUNK), taken
    return number, perf_counter() - begin


def _timed(work: Callable[[], Any]) -> float:
    begin = perf_counter()
    work()
    return perf_counter() - begin


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "loyaltysite.settings.test"
    from bench import shops

    shops.setup()
    print(json.dumps({"measure": measure}[sys.argv[1]]()))
