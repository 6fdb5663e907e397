"""Who calls is found by indexes, also by a connection that began while nothing was kept yet."""

from datetime import UTC, datetime

from django.db import connection

from loyaltysite.embedded.postgres import SUPERUSER
from members import keys
from members.api import callers
from members.models import ApiAnswer, Role, Scope, User
from tests.members.teams import hire
from tests.rewards.builders import open_program

NOW = datetime(2026, 6, 1, tzinfo=UTC)
ANSWERS = """
    INSERT INTO members_apianswer (program_id, key, fingerprint, status, body, answered_at)
    SELECT %s, 'k' || n, '', 201, convert_to('body of ' || n, 'UTF8'), now() FROM generate_series(1, 5000) n
"""


def whole_readings():
    """How often this connection's calls read a whole table of these, and how many rows of answers they looked at."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute(
            "SELECT sum(seq_scan) FROM pg_stat_user_tables"
            " WHERE relname IN ('members_apianswer', 'members_apikey', 'members_program', 'members_teammembership')"
        )
        return cursor.fetchone()[0]


def test_a_call_never_reads_a_whole_table(fresh_database):
    program = open_program()
    owner = hire(program, Role.OWNER)
    _key, secret = keys.create(program=program, name="Shop", scopes=[Scope.ORDERS_WRITE], by=owner, now=NOW)
    with fresh_database.connect(SUPERUSER) as superuser:
        superuser.execute("ANALYZE")
    for _ in range(12):
        assert callers.find(secret, kept_as="k77", now=NOW).kept is None
    with fresh_database.connect(SUPERUSER) as superuser:
        superuser.execute(ANSWERS, [program.pk])
        # Now, and not when the server has noticed that the connection is gone.
        superuser.execute("SELECT pg_stat_force_next_flush()")
    before = whole_readings()

    found = [callers.find(secret, kept_as="k77", now=NOW) for _ in range(5)]

    assert whole_readings() == before
    assert {caller.kept.body for caller in found} == {b"body of 77"}
    assert ApiAnswer._base_manager.count() == 5000
    assert User.objects.get(pk=found[0].author_id) == owner
