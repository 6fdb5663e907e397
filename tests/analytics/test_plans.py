"""What a fold does follows its notes, whatever PostgreSQL believes of its tables: each statement is carried out with statistics
that say nothing, that tables are empty, and that they are huge, and the rows that all its steps touch are counted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from analytics import rollups, statistics, tables
from analytics.kpis import sums
from tests.fixtures.databases import clone, pointed_at
from tests.rewards import builders as b

MEMBERS, COUNTED, NOTED = 400, 2, 3
# Rows touched for each note that is counted.
MOST = 400
# What has no end is not waited for; no measure of speed.
LONGEST = "90s"
BELIEVE = """
    SELECT pg_restore_relation_stats('schemaname', 'public', 'relname', relname::text, 'relpages', 1::int,
        'reltuples', %s::real, 'relallvisible', 0::int)
    FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'i')
        AND relname ~ '^(members|rewards|analytics)_'
"""
FORGET = """
    SELECT pg_clear_relation_stats('public', relname::text) FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'i') AND relname ~ '^(members|rewards|analytics)_'
"""
BELIEFS: dict[str, Any] = {"nothing": None, "empty": 0, "huge": 5_000_000}
# What a fold deletes again is what PostgreSQL mostly finds gone.
QUEUE = "analytics_change"
STATEMENTS = {
    "analytics_presence": tables.turn_presence(tables.CHOSEN),
    "analytics_memberfigure": sums.turn_members(tables.CHOSEN),
    **{table.name: table.add(tables.CHOSEN) for table in tables.TABLES},
}


@pytest.fixture(scope="module")
def world(test_cluster, template, django_db_setup, django_db_blocker) -> Iterator[Any]:
    """Figures of some hundred members, most of whose orders are not counted yet."""
    with clone(test_cluster, template) as made, django_db_blocker.unblock(), pointed_at(made):
        program = b.open_program(stores=["north", "south"], margin_rate=4_000)
        for step in range(COUNTED + NOTED):
            if step == COUNTED:
                while rollups.fold():
                    pass
            day = date(2026, 1, 1) + timedelta(days=40 * step)
            items = [
                b.order(f"{step}-{n}", str(day + timedelta(days=n % 30)), 900 + n, member=f"m{n}")
                for n in range(MEMBERS)
            ]
            b.record(program, *sorted(items, key=lambda one: one.occurred_at), at_own_time=True)
        yield made


@pytest.fixture(params=BELIEFS)
def believing(world, request) -> None:
    """With tables of which PostgreSQL believes this."""
    rows = BELIEFS[request.param]
    with world.connect("postgres") as all_may:
        all_may.execute(FORGET if rows is None else BELIEVE, None if rows is None else [rows])


def touched(statement: str, values: dict[str, Any]) -> int:
    """Rows that came out of every step of the plan, or were thrown away in it, while it was carried out and taken back."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL statement_timeout = '{LONGEST}'")
        statistics.look_again()
        cursor.execute("EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) " + statement, values)
        plan = cursor.fetchone()[0][0]["Plan"]
        transaction.set_rollback(True)
    return round(sum(_rows(step) for step in _steps(plan)))


def _steps(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", []):
        yield from _steps(part)


def _rows(step: dict[str, Any]) -> float:
    thrown = sum(value for name, value in step.items() if name.startswith("Rows Removed by"))
    return step["Actual Loops"] * (step["Actual Rows"] + thrown)


def notes() -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT array_agg(id) FROM analytics_change")
        return cursor.fetchone()[0]


@pytest.mark.parametrize("name", STATEMENTS)
def test_the_work_of_a_fold_follows_its_notes(believing, name):
    ids = notes()

    rows = touched(STATEMENTS[name], {"ids": ids})

    assert len(ids) >= 2 * NOTED * MEMBERS
    assert rows < MOST * len(ids)


@pytest.mark.parametrize("name", STATEMENTS)
def test_notes_that_nobody_knows_of_change_nothing(world, name):
    ids = notes()
    with world.connect("postgres") as all_may:
        all_may.execute(BELIEVE, [5_000_000])
        all_may.execute(
            "SELECT pg_restore_relation_stats('schemaname', 'public', 'relname', %s::text, 'relpages', 1::int,"
            " 'reltuples', 0::real)",
            [QUEUE],
        )

    assert touched(STATEMENTS[name], {"ids": ids}) < MOST * len(ids)


def test_only_tables_with_rows_are_looked_at_again(world):
    with world.connect("postgres") as all_may:
        all_may.execute(BELIEVE, [0])

    with transaction.atomic():
        found = statistics.look_again()
        again = statistics.look_again()
        transaction.set_rollback(True)

    assert {"members_order", "rewards_entry", "analytics_memberfigure"} <= set(found)
    assert QUEUE not in found
    assert not set(again) & {"members_order", "rewards_entry", "analytics_memberfigure"}


def test_comparing_all_with_all_is_found(world):
    ids = notes()[:600]

    rows = touched(
        "SELECT count(*) FROM analytics_change a JOIN analytics_change b ON a.id + 0 < b.id + 0 WHERE a.id = ANY(%(ids)s)",
        {"ids": ids},
    )

    assert rows > MOST * len(ids)
