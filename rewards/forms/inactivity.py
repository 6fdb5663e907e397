"""Inactivity in the form of a unit: after how long everything ends, and what counts as activity."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

CHOICES = (
    ("", _("They stay")),
    ("days", _("All end after some days")),
    ("months", _("All end after some months")),
)
ACTIVITIES = (
    ("order", _("An order")),
    ("earn", _("Earning")),
    ("spend", _("Spending")),
)
NAMED = frozenset(name for name, _label in ACTIVITIES)


def read_events(typed: str) -> list[str]:
    """The names of events in a line of text. Raises ValueError with the one that is none."""
    parts = sorted({part for part in re.split(r"[\s,;،]+", typed) if part})
    for part in parts:
        if not re.fullmatch(r"[A-Za-z][\w.-]{0,31}", part):
            raise ValueError(part)
    return parts


def policy_of(cleaned: Mapping[str, Any]) -> dict[str, Any]:
    """The policy as rewards.policies.check_lapse takes it."""
    if not cleaned.get("lapses"):
        return {}
    events = [name for name in cleaned.get("lapse_events") or [] if name not in NAMED]
    return {cleaned["lapses"]: cleaned["lapse_count"], "by": [*cleaned["lapse_by"], *events]}


def initial_of(policy: Mapping[str, Any]) -> dict[str, Any]:
    """What the form shows of a policy."""
    if not policy:
        return {"lapses": ""}
    kind = "days" if "days" in policy else "months"
    by = policy["by"]
    return {
        "lapses": kind,
        "lapse_count": policy[kind],
        "lapse_by": [name for name in by if name in NAMED],
        "lapse_events": ", ".join(name for name in by if name not in NAMED),
    }
