"""Small tools around PostgreSQL that Django does not give."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import psycopg
from django.db import connection


@contextmanager
def raw_cursor() -> Iterator[psycopg.Cursor[Any]]:
    """A psycopg cursor on Django's own connection, inside its transaction: for server-side prepared statements.

    Use `cursor.execute(sql, params, prepare=True)`; Django's own cursors bind on the client and never prepare.
    """
    connection.ensure_connection()
    with psycopg.Cursor(cast("psycopg.Connection[Any]", connection.connection)) as cursor:
        yield cursor
