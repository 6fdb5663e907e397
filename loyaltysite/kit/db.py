"""Small tools around PostgreSQL that Django does not give."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import psycopg
from django.db import DEFAULT_DB_ALIAS, connection, connections


def raw_cursor() -> psycopg.Cursor[Any]:
    """A psycopg cursor on Django's own connection, inside its transaction: for server-side prepared statements.

    Use `with` and `cursor.execute(sql, params, prepare=True)`; Django's own cursors bind on the client and never prepare.
    """
    # Looked up once: each look at the proxy costs as much as making the cursor.
    own = connections[DEFAULT_DB_ALIAS]
    if own.connection is None:
        own.ensure_connection()
    return psycopg.Cursor(cast("psycopg.Connection[Any]", own.connection))


@contextmanager
def only_one(name: str, number: int = 0) -> Iterator[bool]:
    """Whether nobody else, in any process, is inside for this name and number; a second one is not made to wait."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtext(%s), %s)", [name, number])
        is_mine = bool(cursor.fetchone()[0])
        try:
            yield is_mine
        finally:
            if is_mine:
                cursor.execute("SELECT pg_advisory_unlock(hashtext(%s), %s)", [name, number])
