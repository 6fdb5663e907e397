"""The application's role gets what it needs at each migration, and no more."""

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection, connections

from loyaltysite.kit import checks, grants

PRIVILEGES = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")


def held(table: str) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p FROM unnest(%s::text[]) p WHERE has_table_privilege(%s, p)", [list(PRIVILEGES), table]
        )
        return {row[0] for row in cursor.fetchall()}


@pytest.mark.django_db
def test_every_table_has_exactly_the_declared_privileges():
    protected = grants.protected_tables()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"
        )
        tables = [row[0] for row in cursor.fetchall()]

    found = {table: held(table) for table in tables}

    assert found == {table: set(protected.get(table, grants.ORDINARY)) for table in tables}
    assert set(protected) <= set(tables)


@pytest.mark.django_db
def test_the_role_may_not_make_tables():
    with connection.cursor() as cursor, pytest.raises(Exception, match="permission denied for schema public"):
        cursor.execute("CREATE TABLE trap (id int)")


def test_migrating_again_repairs_privileges_and_protects_partitions(
    fresh_database, owner_connection, monkeypatch
):
    monkeypatch.setattr(
        apps.get_app_config("campaigns"), "protected_tables", {"parted": {"SELECT"}}, raising=False
    )
    owner_connection.execute("CREATE TABLE parted (id int) PARTITION BY LIST (id)")
    owner_connection.execute("CREATE TABLE parted_1 PARTITION OF parted FOR VALUES IN (1)")
    owner_connection.execute("GRANT ALL ON parted_1, django_migrations TO wafa")
    owner_connection.execute("REVOKE ALL ON django_session FROM wafa")

    for _ in range(2):
        call_command("migrate", verbosity=0)

    assert held("parted") == held("parted_1") == held("django_migrations") == {"SELECT"}
    assert held("django_session") == {"SELECT", "INSERT", "UPDATE", "DELETE"}


@pytest.mark.parametrize(
    ("statement", "words"),
    [("GRANT wafa_owner TO wafa", "member of the owner"), ("ALTER ROLE wafa SUPERUSER", "superuser")],
)
def test_roles_that_are_not_really_apart_are_reported(fresh_database, superuser_connection, statement, words):
    superuser_connection.autocommit = False
    superuser_connection.execute(statement)

    # Roles belong to the whole server: look at them inside the transaction that is taken back.
    found = grants.weaknesses_seen_by(superuser_connection.cursor(), role="wafa", owner="wafa_owner")

    superuser_connection.rollback()
    assert words in found[0]


def test_one_role_for_all_is_warned_of(settings, monkeypatch, django_db_setup):
    assert checks.check_roles() == []

    monkeypatch.setitem(
        connections["owner"].settings_dict, "USER", connections["default"].settings_dict["USER"]
    )

    assert [warning.id for warning in checks.check_roles()] == ["wafa.W001"]
