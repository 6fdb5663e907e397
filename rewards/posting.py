"""Read in one snapshot, work in memory, write guarded: the only way in which value moves.

Two statements in the common case: wafa_read() and wafa_post(). When a holder moved in between, the second one says so
and nothing was done; then the holders are locked in id order, read again and written in one transaction.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any, NamedTuple

import orjson
import psycopg
from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _
from psycopg import errors

from loyaltysite.kit.db import raw_cursor
from loyaltysite.kit.errors import DomainError
from rewards.intake import copying

TRIES = 6
ISO = orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS
# Somebody else was faster: a moved anchor, a deadlock, a serialization failure; a repeated fact, order, member or seq,
# a spent budget. The latter two kinds are faults of ours if they last.
MOVED = ("WF001", "40P01", "40001")
RACES = (*MOVED, "23505", "23514")
LOCKED = "55P03"


class Kept(NamedTuple):
    """A row that is to be written with a posting or not at all: a table, columns and values. A row with its key is an
    answer that somebody else got first: nothing is posted then, and the violation is the caller's."""

    table: str
    values: dict[str, Any]

    @property
    def statement(self) -> str:
        columns, places = ", ".join(self.values), ", ".join(["%s"] * len(self.values))
        return f"INSERT INTO {self.table} ({columns}) SELECT {places}"


class Busy(DomainError):
    """Too many writers on one holder at once; the same request may simply be sent again."""

    code = "busy"
    message = _("This account is busy. Try again in a moment.")
    status = 409
    is_transient = True


def read(document: dict[str, Any]) -> dict[str, Any]:
    """One snapshot of all that the document asks for; see rewards/sql/read.sql."""
    with raw_cursor() as cursor:
        row = cursor.execute("SELECT wafa_read(%s::jsonb)::text", [_dump(document)], prepare=True).fetchone()
    assert row is not None  # noqa: S101 - a function call always gives a row
    found: dict[str, Any] = orjson.loads(row[0])
    return found


def read_with(
    document: dict[str, Any], function: str, question: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """As read(), and in the same snapshot what another of our functions tells."""
    statement = f"SELECT wafa_read(%s::jsonb)::text, {function}(%s::jsonb)::text"
    with raw_cursor() as cursor:
        row = cursor.execute(statement, [_dump(document), _dump(question)], prepare=True).fetchone()
    assert row is not None  # noqa: S101 - a function call always gives a row
    return orjson.loads(row[0]), orjson.loads(row[1])


def post(document: dict[str, Any], kept: Kept | None = None) -> bool:
    """Write everything, or nothing and return False when a holder moved. Raises psycopg errors on other conflicts."""
    if not document and kept is None:
        return True
    lines = document.pop("copied", "")
    if not lines:
        return _post(document, kept)
    with transaction.atomic():
        with raw_cursor() as cursor, cursor.copy(copying.LINES) as copy:
            copy.write(lines)
        is_posted = _post(document, kept)
        if not is_posted:
            transaction.set_rollback(True)
    return is_posted


def _post(document: dict[str, Any], kept: Kept | None) -> bool:
    statement, values = "SELECT wafa_post(%s::jsonb)", [_dump(document)]
    if kept is not None:
        # One statement, one transaction: the row is there if and only if the posting is.
        values += kept.values.values()
        statement = (
            f"WITH done AS MATERIALIZED ({statement} AS said),"  # noqa: S608 - names from our own code
            f" kept AS ({kept.statement} FROM done WHERE said = 'posted') SELECT said FROM done"
        )
    with raw_cursor() as cursor:
        row = cursor.execute(statement, values, prepare=True).fetchone()
    return row is not None and row[0] == "posted"


def _dump(document: dict[str, Any]) -> str:
    return orjson.dumps(document, option=ISO).decode()


def attempt[Result](
    read_and_work: Callable[[], tuple[dict[str, Any], Result]],
    *,
    keep: Callable[[Result], Kept] | None = None,
    final: str = "",
) -> Result:
    """Run read, work and post until they hold together; `read_and_work` gives the document to post and the answer.
    `keep` makes of the answer a row to be written with it. A violation of a constraint of the table `final` is the caller's to
    understand, as is one of the kept row's.

    The first try takes no lock. Raises Busy when it cannot be done in a few tries."""
    outer = connection.in_atomic_block
    kept: Kept | None = None
    for number in range(TRIES):
        try:
            with transaction.atomic() if outer or number else nullcontext():
                document, result = read_and_work()
                if number and document.get("guards"):
                    _lock(document["guards"]["ids"])
                    document, result = read_and_work()
                kept = keep(result) if keep else None
                if post(document, kept):
                    return result
        except psycopg.Error as error:
            if error.sqlstate == LOCKED:
                raise Busy from error
            if error.diag.table_name and error.diag.table_name in (final, kept.table if kept else ""):
                raise
            if error.sqlstate not in RACES or (number == TRIES - 1 and error.sqlstate not in MOVED):
                raise
    raise Busy


def _lock(holders: list[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM members_holder WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE",
            [sorted(holders)],
        )


__all__ = ["Busy", "Kept", "attempt", "errors", "post", "read"]
