"""The rewards app: its ledger may be read by the application's role and written only by `wafa_post`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate

# What only replaces functions; triggers and tables are the business of migrations.
FUNCTIONS = (
    "read.sql",
    "read_codes.sql",
    "holders.sql",
    "causes.sql",
    "post.sql",
    "settle.sql",
    "plans.sql",
    "statistics.sql",
)


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
            "rewards_causetotal",
            "rewards_receiptbook",
            "rewards_donation",
            "rewards_payout",
            "rewards_term",
            "rewards_saving",
            "rewards_couponuse",
            "rewards_tender",
            "rewards_giftcard",
        )
    } | {
        table: {"SELECT", "INSERT"}
        for table in (
            "rewards_seal",
            "rewards_sealedhead",
            "rewards_tillaction",
            "rewards_warrant",
            "rewards_code",
        )
    }

    def ready(self) -> None:
        from members import arrivals, followers
        from members.erasure import register
        from rewards import attendance, candidates, erasure, offers, referrals, refunds
        from rewards.badges import counting, deeds, giving
        from rewards.engine import fields
        from rewards.referrals import following

        fields.register(
            tiers=offers.tiers,
            stores=offers.stores,
            weekdays=offers.weekdays,
            plans=offers.plans,
            coupons=offers.coupons,
        )
        candidates.register()
        deeds.register()
        followers.register(followers.Follower(counting.FOLLOWER, counting.handle, batch=500, is_alone=True))
        followers.register(followers.Follower(giving.FOLLOWER, giving.handle, batch=1))
        register(self.name, erasure.PART)
        arrivals.register(self.name, referrals.arrive)
        followers.register(following.FOLLOWER)
        followers.register(attendance.FOLLOWER)
        followers.register(refunds.FOLLOWER)
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
