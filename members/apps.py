"""The members app and the tables its database role may only add to."""

from __future__ import annotations

from typing import ClassVar

from django.apps import AppConfig


class MembersConfig(AppConfig):
    name = "members"
    default_auto_field = "django.db.models.BigAutoField"
    # Privileges that the application's role keeps on append-only tables.
    protected_tables: ClassVar[dict[str, set[str]]] = {
        "members_event": {"SELECT", "INSERT"},
        "members_fact": {"SELECT", "INSERT"},
        "members_auditentry": {"SELECT", "INSERT"},
        "members_consentchange": {"SELECT", "INSERT"},
    }

    def ready(self) -> None:
        from members.webhooks import fanout

        fanout.register()
