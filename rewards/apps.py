"""The rewards app: its ledger may be read by the application's role and written only by `wafa_post`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate

# What only replaces functions; triggers and tables are the business of migrations.
FUNCTIONS = ("read.sql", "post.sql", "settle.sql")


class RewardsConfig(AppConfig):
    name = "rewards"
    default_auto_field = "django.db.models.BigAutoField"
    # Privileges that the application's role keeps; wafa_post runs with its owner's.
    protected_tables: ClassVar[dict[str, set[str]]] = {
        table: {"SELECT"}
        for table in (
            "rewards_wallet",
            "rewards_entry",
            "rewards_lot",
            "rewards_allocation",
            "rewards_pricing",
            "rewards_award",
            "rewards_settlement",
            "rewards_redemption",
        )
    } | {
        table: {"SELECT", "INSERT"}
        for table in ("rewards_seal", "rewards_sealedhead", "rewards_tillaction", "rewards_warrant")
    }

    def ready(self) -> None:
        from members.erasure import register
        from rewards import candidates, erasure, offers
        from rewards.engine import fields

        fields.register(tiers=offers.tiers, stores=offers.stores, weekdays=offers.weekdays)
        candidates.register()
        register(self.name, erasure.PART)
        post_migrate.connect(load_functions, sender=self)


def load_functions(using: str, **_: Any) -> None:
    """After every migration the database's functions are those of this code, whichever an older migration loaded."""
    connection = connections[using]
    if "rewards_wallet" not in connection.introspection.table_names():
        return
    folder = Path(__file__).parent / "sql"
    with connection.cursor() as cursor:
        for name in FUNCTIONS:
            cursor.execute((folder / name).read_text())
