"""System checks: what is allowed but unwise is said once, at start."""

from typing import Any

from django.core.checks import CheckMessage, Warning, register  # noqa: A004 - Django's name

from loyaltysite.kit import grants


@register("database_roles")
def check_roles(**_: Any) -> list[CheckMessage]:
    if grants.roles_differ():
        return []
    return [
        Warning(
            "The application and the migrations use the same database role.",
            hint=(
                "Set DATABASE_OWNER_URL to a role that owns the tables and DATABASE_URL to one that does not: "
                "then not even a hole in the application can switch off the triggers that guard the ledger."
            ),
            id="wafa.W001",
        )
    ]
