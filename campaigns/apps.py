"""The campaigns app: what is said to members, when, and why not; what was published or carried out may be added to, never
changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate

# What only replaces functions; triggers and tables are the business of migrations.
FUNCTIONS = ("journeys.sql", "redeemed.sql", "merged.sql")


class CampaignsConfig(AppConfig):
    name = "campaigns"
    verbose_name = "Campaigns"
    default_auto_field = "django.db.models.BigAutoField"
    # Privileges that the application's role keeps: what was published and what was decided stays as it was.
    protected_tables: ClassVar[dict[str, set[str]]] = {
        "campaigns_templateversion": {"SELECT", "INSERT"},
        "campaigns_decision": {"SELECT", "INSERT"},
        "campaigns_journeyversion": {"SELECT", "INSERT"},
        "campaigns_stepexecution": {"SELECT", "INSERT"},
        "campaigns_exposure": {"SELECT", "INSERT"},
    }

    def ready(self) -> None:
        from campaigns import erasure as leaving
        from campaigns.audiences import fields
        from campaigns.messages import placements
        from members.erasure import register
        from members.portal.placements import register as show

        fields.register()
        register(self.name, leaving.PART)
        show(self.name, placements.of)
        post_migrate.connect(load_functions, sender=self)


def load_functions(using: str, **_: Any) -> None:
    """After every migration the database's functions are those of this code, whichever an older migration loaded."""
    connection = connections[using]
    if "campaigns_enrolment" not in connection.introspection.table_names():
        return
    folder = Path(__file__).parent / "sql"
    with connection.cursor() as cursor:
        for name in FUNCTIONS:
            cursor.execute((folder / name).read_text())
