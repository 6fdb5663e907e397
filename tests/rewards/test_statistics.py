"""What the planner knows after a bulk load. The servers of the tests have no autovacuum that would look on its own."""

from django.contrib.auth.models import Group
from django.db import connection, transaction

from rewards import statistics

ROWS = 1_500


def rows_known() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE oid = 'public.auth_group'::regclass")
        return int(cursor.fetchone()[0])


def fill(prefix: str, rows: int) -> None:
    Group.objects.bulk_create(Group(name=f"{prefix}{number}") for number in range(rows))


def test_a_table_that_has_grown_is_looked_at_once_and_by_a_role_that_does_not_own_it(fresh_database):
    # What the migrations left.
    statistics.take()

    fill("a", ROWS)

    assert rows_known() < ROWS
    assert statistics.take() == 1
    assert rows_known() == ROWS
    assert statistics.take() == 0
    fill("some", ROWS - 100)
    assert statistics.take() == 0
    fill("more", 200)
    assert statistics.take() == 1


def test_what_is_not_committed_does_not_count(fresh_database):
    statistics.take()
    before = rows_known()

    with transaction.atomic():
        fill("a", ROWS)
        looked = statistics.take()
        transaction.set_rollback(True)

    assert looked == 0
    assert rows_known() == before
