"""Somebody who looks at the dashboard: the site's own settings, in the process of the bench, through every middleware."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

SITE = {"WAFA_HOSTS": "localhost", "WAFA_SSL_REDIRECT": "0", "WAFA_PROCESS": "web", "WAFA_DB_POOL": "0"}


@contextmanager
def analyst() -> Iterator[tuple[Any, Any]]:
    """A test client of an analyst who is signed in, and the one program. In a process that has no Django yet."""
    os.environ |= SITE
    from bench import shops

    shops.setup()
    from django.test import Client
    from django.test.utils import override_settings

    from members.models import Program, Role, TeamMembership, User

    local = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    plain = {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
    with override_settings(
        SESSION_ENGINE="django.contrib.sessions.backends.db", CACHES=local, STORAGES=plain
    ):
        program = Program.objects.get()
        email = "analyst@example.com"
        user = User.objects.filter(email=email).first() or User.objects.create_user(email)
        TeamMembership.objects.get_or_create(user=user, program=program, defaults={"role": Role.ANALYST})
        client = Client(HTTP_HOST="localhost")
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        yield client, program
