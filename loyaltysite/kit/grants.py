"""The application's role owns nothing: after each migration it gets what it needs and no more.

An app config may say `protected_tables = {"table": {"SELECT", "INSERT"}}`: all that the role keeps there.
"""

from collections.abc import Mapping
from typing import Any

from django.apps import apps
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import sql

ORDINARY = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE"})
KNOWN = ORDINARY | {"TRUNCATE", "REFERENCES", "TRIGGER", "MAINTAIN"}
APPLICATION, OWNER = "default", "owner"

# A partition has its parent's protection, or the ledger could be changed by its back door.
TABLES = """
    SELECT c.relname, coalesce(root.relname, c.relname)
    FROM pg_class c LEFT JOIN pg_class root ON root.oid = pg_partition_root(c.oid)
    WHERE c.relnamespace = current_schema()::regnamespace
      AND c.relkind IN ('r', 'p', 'v', 'm') AND c.relowner = current_user::regrole
    ORDER BY c.relname
"""


def application_role() -> str:
    return str(connections[APPLICATION].settings_dict["USER"])


def roles_differ() -> bool:
    role = application_role()
    return bool(role) and role != connections[OWNER].settings_dict["USER"]


def protected_tables() -> dict[str, frozenset[str]]:
    """What the apps declared, by table; the bookkeeping of migrations is read-only too."""
    declared: dict[str, frozenset[str]] = {"django_migrations": frozenset({"SELECT"})}
    for config in apps.get_app_configs():
        found: Mapping[str, set[str]] = getattr(config, "protected_tables", {})
        for table, privileges in found.items():
            if unknown := privileges - KNOWN:
                raise ValueError(f"{config.label}: unknown privileges {sorted(unknown)} on {table}")
            declared[table] = frozenset(privileges)
    return declared


def give(connection: BaseDatabaseWrapper, *, role: str) -> None:
    """Set the role's privileges on all that the owner has here. Repeating it changes nothing."""
    protected = protected_tables()
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_schema()")
        names = {"role": sql.Identifier(role), "schema": sql.Identifier(cursor.fetchone()[0])}
        cursor.execute(TABLES)
        tables = cursor.fetchall()
        statements = [
            "GRANT USAGE ON SCHEMA {schema} TO {role}",
            "REVOKE CREATE ON SCHEMA {schema} FROM {role}",
            "GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO {role}",
            "REVOKE EXECUTE ON ALL ROUTINES IN SCHEMA {schema} FROM PUBLIC",
            "GRANT EXECUTE ON ALL ROUTINES IN SCHEMA {schema} TO {role}",
        ]
        for statement in statements:
            cursor.execute(_text(connection, sql.SQL(statement).format(**names)))
        for table, root in tables:
            privileges = protected.get(table, protected.get(root, ORDINARY))
            named = names | {
                "table": sql.Identifier(table),
                "privileges": sql.SQL(", ".join(sorted(privileges))),
            }
            cursor.execute(_text(connection, sql.SQL("REVOKE ALL ON {table} FROM {role}").format(**named)))
            if privileges:
                grant = sql.SQL("GRANT {privileges} ON {table} TO {role}").format(**named)
                cursor.execute(_text(connection, grant))


def weaknesses(connection: BaseDatabaseWrapper, *, role: str) -> list[str]:
    """Why the separation of roles would not hold on this server, in words."""
    with connection.cursor() as cursor:
        return weaknesses_seen_by(cursor, role=role, owner=connection.settings_dict["USER"])


def weaknesses_seen_by(cursor: Any, *, role: str, owner: str) -> list[str]:
    cursor.execute(
        "SELECT rolsuper, pg_has_role(rolname, %s, 'MEMBER') FROM pg_roles WHERE rolname = %s", [owner, role]
    )
    row = cursor.fetchone()
    if row is None:
        return [f"The role {role} of DATABASE_URL does not exist."]
    is_superuser, is_member = row
    if is_superuser:
        return [f"The role {role} of DATABASE_URL is a superuser, so that no protection binds it."]
    if is_member:
        return [f"The role {role} of DATABASE_URL is a member of the owner's role and may act as it."]
    return []


def _text(connection: BaseDatabaseWrapper, composed: sql.Composed) -> str:
    return composed.as_string(connection.connection)
