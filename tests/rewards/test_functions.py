"""The database's own functions are those of the code, also where an older migration had loaded others."""

from django.core.management import call_command

SOURCE = "SELECT prosrc FROM pg_proc WHERE proname = 'wafa_read'"
OTHER = "CREATE OR REPLACE FUNCTION wafa_read(p jsonb) RETURNS json LANGUAGE sql STABLE AS $$SELECT 'null'::json$$"


def test_migrating_replaces_functions_of_an_older_version(fresh_database, owner_connection):
    ours = owner_connection.execute(SOURCE).fetchone()
    owner_connection.execute(OTHER)

    call_command("migrate", verbosity=0)

    assert owner_connection.execute(SOURCE).fetchone() == ours
