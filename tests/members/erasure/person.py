"""What Anna leaves behind, and where the tests look for it."""

from __future__ import annotations

import gzip
from pathlib import Path

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.db import connection
from django.test import Client, TestCase

from members import erasure, people
from tests.rewards import builders

# A word that appears nowhere else; every place that may hold a person's data gets it.
MARKER = "xylophagous"

EMAIL = f"{MARKER}@example.com"

NOW = builders.moment("2026-05-01")


def order(number, at, *lines, **others):
    return builders.order(number, at, *lines, member=MARKER, **others)


def erase(member, now=NOW, by=None):
    with TestCase.captureOnCommitCallbacks(execute=True):
        erasure.erase(member=member, now=now, by=by)


def everywhere() -> list[str]:
    """Every table and column of the database that holds the marker as text, in JSON, in an array or in bytes, and every
    file that is kept."""
    found = [f"files.{path.name}" for path in in_files()]
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT table_name, column_name, data_type = 'bytea' FROM information_schema.columns
               WHERE table_schema = 'public' AND (data_type IN ('text', 'character varying', 'json', 'jsonb', 'ARRAY',
                   'bytea') OR data_type = 'USER-DEFINED')"""
        )
        for table, column, is_bytes in cursor.fetchall():
            text = f"encode(\"{column}\", 'escape')" if is_bytes else f'"{column}"::text'
            cursor.execute(f'SELECT count(*) FROM "{table}" WHERE {text} ILIKE %s', [f"%{MARKER}%"])
            if cursor.fetchone()[0]:
                found.append(f"{table}.{column}")
    return sorted(found)


def in_files() -> list[Path]:
    kept = [path for path in Path(settings.IMPORT_DIR).rglob("*") if path.is_file()]
    packed = (path for path in kept if path.read_bytes()[:2] == b"\x1f\x8b")
    texts = {path: gzip.decompress(path.read_bytes()) for path in packed}
    return [path for path in kept if MARKER.encode() in texts.get(path, path.read_bytes()).lower()]


def sign_in(user):
    """A session as a browser gets one, which allauth keeps a list of."""
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    UserSession.objects.get_or_create(
        session_key=client.session.session_key, defaults={"user": user, "ip": "127.0.0.1", "user_agent": "x"}
    )


def rejoin(program):
    return people.join(program=program, name="Anna", contacts=[("email", EMAIL)], source="portal", now=NOW)
