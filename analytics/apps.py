"""The analytics app: figures are made from what the apps below hold; what was booked may be added to, never changed."""

from __future__ import annotations

from typing import ClassVar

from django.apps import AppConfig


class AnalyticsConfig(AppConfig):
    name = "analytics"
    verbose_name = "Analytics"
    # Privileges that the application's role keeps: a closed month of the journal stays as it was.
    protected_tables: ClassVar[dict[str, set[str]]] = {
        "analytics_journalmonth": {"SELECT", "INSERT"},
        "analytics_journalline": {"SELECT", "INSERT"},
        "analytics_cohortshare": {"SELECT", "INSERT"},
    }

    def ready(self) -> None:
        from analytics import erasure as leaving
        from members.erasure import register

        register(self.name, leaving.PART)
