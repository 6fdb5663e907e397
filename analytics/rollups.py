"""Roll-ups: daily figures that are always what counting every row would give (docs/adr/0005-rollups.md).

Triggers note what changed; fold() takes notes and adds them up; a page adds up the few that are left by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from analytics import statistics, tables
from analytics.kpis import sums
from analytics.models import Recount
from loyaltysite.kit.db import only_one
from members.models import Program

# What one fold takes; what a page adds up by itself; members a statement of a recount.
CHUNK = 10_000
MOST_LIVE = 2_000
MEMBERS = 20_000
LOCK = "hashtext('wafa-rollups')"

Say = Callable[[str], None]


def fold(*, limit: int = CHUNK) -> int:
    """Count at most `limit` notes into the figures and delete them, in one transaction; how many there were.

    Somebody else at it: nothing is done."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_try_advisory_xact_lock({LOCK})")
        if not cursor.fetchone()[0]:
            return 0
        cursor.execute(
            "SELECT array_agg(id) FROM (SELECT id FROM analytics_change ORDER BY id LIMIT %s) AS c", [limit]
        )
        ids = cursor.fetchone()[0] or []
        if ids:
            _count(cursor, changes=tables.CHOSEN, values={"ids": ids})
            cursor.execute("DELETE FROM analytics_change WHERE id = ANY(%s)", [ids])
    return len(ids)


def _count(cursor: Any, *, changes: str, values: dict[str, Any]) -> None:
    statistics.look_again()
    cursor.execute(tables.turn_presence(changes), values)
    cursor.execute(sums.turn_members(changes), values)
    for table in tables.TABLES:
        cursor.execute(table.add(changes), values)


def waiting(*, program: Program, most: int = MOST_LIVE) -> int:
    """How many notes are not counted yet; `most` + 1 stands for more."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM (SELECT FROM analytics_change WHERE program_id = %s LIMIT %s) AS c",
            [program.pk, most + 1],
        )
        return int(cursor.fetchone()[0])


def is_due(*, program: Program) -> bool:
    """Whether the program's figures must be made anew first."""
    return Recount.objects.filter(program=program).exists()


def recount(
    *, program: Program, say: Say = lambda _text: None, patience: str = "10min", longest: str = "0"
) -> bool:
    """Make a program's figures anew from the rows behind them, all as of one moment; what happens meanwhile is noted
    and counted afterwards. Pages show the former figures until it is done. False where somebody else is at it.

    Waits so long for a fold or another program's recount, and no statement may take longer than `longest` ("0": any
    time); beyond that OperationalError, and nothing has changed."""
    with only_one("wafa-recount", program.pk % 2**31) as is_mine:
        if is_mine:
            with _alone(patience), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
                cursor.execute(f"SET LOCAL statement_timeout = '{longest}'")
                _recount(cursor, program, say)
    return is_mine


def _recount(cursor: Any, program: Program, say: Say) -> None:
    values = {"program": program.pk}
    statistics.look_again()
    # There are as many pairs of days as two years have; sorted on disk they take several times as long.
    cursor.execute("SET LOCAL work_mem = '256MB'")
    Recount.objects.filter(program=program).delete()
    for statement in tables.clearings():
        cursor.execute(statement, values)
    for table in tables.TABLES:
        cursor.execute(table.fill(), values)
        say(table.name)
    for ids in _members(cursor, program):
        cursor.execute(tables.turn_presence(tables.OF_MEMBERS), values | {"members": ids})
        cursor.execute(sums.fill_members(tables.OF_MEMBERS), values | {"members": ids})
        say(f"analytics_presence {len(ids)}")
    cursor.execute(sums.fill_pairs(), values)
    say(tables.PAIR.name)
    cursor.execute(sums.fill_days(), values)
    say(tables.PAIR_DAY.name)


def _members(cursor: Any, program: Program) -> Iterator[list[int]]:
    """The ids of all members, some thousands at a time."""
    after = 0
    while True:
        cursor.execute(
            "SELECT array_agg(holder_id) FROM (SELECT holder_id FROM members_member WHERE program_id = %s"
            " AND holder_id > %s ORDER BY holder_id LIMIT %s) AS m",
            [program.pk, after, MEMBERS],
        )
        ids = cursor.fetchone()[0]
        if not ids:
            return
        yield ids
        after = ids[-1]


@contextmanager
def _alone(patience: str = "10min") -> Iterator[None]:
    """Nobody else folds or recounts. The lock comes before the transaction, whose one snapshot must be later."""
    with connection.cursor() as cursor:
        # A fold or another recount may take longer than a page may wait for a lock.
        cursor.execute(f"SET lock_timeout = '{patience}'")
        try:
            cursor.execute(f"SELECT pg_advisory_lock({LOCK})")
        finally:
            cursor.execute("RESET lock_timeout")
        try:
            yield
        finally:
            cursor.execute(f"SELECT pg_advisory_unlock({LOCK})")


@dataclass(frozen=True, slots=True)
class Difference:
    """A row of a roll-up that is not what counting gives: its table and both rows, as PostgreSQL writes them."""

    table: str
    is_stored: bool
    row: str


def differences(*, program: Program) -> list[Difference]:
    """Where figures with the notes not counted yet differ from a full count, all as of one moment. Writes nothing."""
    found: list[Difference] = []
    with _alone(), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SELECT array_agg(holder_id) FROM members_member WHERE program_id = %s", [program.pk])
        values = {"program": program.pk, "members": cursor.fetchone()[0] or []}
        for name, statement in tables.comparisons():
            cursor.execute(statement, values)
            found += [Difference(name, *row) for row in cursor.fetchall()]
    return found
