"""Work on many rows begins with a look at what PostgreSQL believes of its tables (analytics/sql/looking.sql): those that count
as empty. What a bulk load has doubled is looked at by rewards.statistics."""

from __future__ import annotations

from django.db import connection


def look_again() -> list[str]:
    """Have tables that count as empty but are not looked at again, in this transaction; which they were."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT wafa_look_again()")
        return [name for (name,) in cursor.fetchall()]
