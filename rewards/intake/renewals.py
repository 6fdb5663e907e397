"""Recurring purchases: an event `subscription.renewed` for each renewal, counted in a row, so that rules can reward the third.

Its data names the subscription, and how long one renewal lasts: {"subscription": "S-1", "months": 1, "grace_days": 7} ("days"
in place of months). A renewal that comes later than that begins a new row. How many there were is worked out from the
events themselves, in whatever order they came; what another renewal gave before is not touched.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from rewards.intake.items import SUBSCRIPTION, EventIn
from rewards.intake.state import Person, State
from rewards.policies import add_months, day_start, local_time

KIND = SUBSCRIPTION
GRACE_DAYS = 7
LIMITS = {"months": (1, 36), "days": (1, 1098), "grace_days": (0, 90)}


class RenewalInvalid(ValueError):
    """`field` of the data is missing or cannot be."""

    def __init__(self, message: str, field: str) -> None:
        super().__init__(message)
        self.field = field


def check(data: Mapping[str, Any]) -> None:
    """Raises RenewalInvalid."""
    name = data.get("subscription")
    if not isinstance(name, str) or not 1 <= len(name) <= 64:
        raise RenewalInvalid(_("Name the subscription by up to 64 characters."), "data.subscription")
    for field, (least, most) in LIMITS.items():
        value = data.get(field, least)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            message = _("A whole number from %(least)d to %(most)d.") % {"least": least, "most": most}
            raise RenewalInvalid(message, f"data.{field}")
    if "months" in data and "days" in data:
        raise RenewalInvalid(_("Say months or days, not both."), "data.days")


def counted(item: EventIn, person: Person, state: State) -> EventIn:
    """The event with `renewal`, which one in a row it is, and `renewals`, how many there were by its moment."""
    name = str(item.data["subscription"])
    earlier = sorted(
        (at for other, at in person.renewals if other == name and at <= item.occurred_at), reverse=True
    )
    place, moment = 1, item.occurred_at
    for at in earlier:
        if moment >= _end(at, item.data, state):
            break
        place, moment = place + 1, at
    person.renewals.append((name, item.occurred_at))
    return replace(item, data={**item.data, "renewal": place, "renewals": len(earlier) + 1})


def _end(at: datetime, data: Mapping[str, Any], state: State) -> datetime:
    """The first moment at which the next renewal is no longer in a row with the one at `at`."""
    zone = state.rulebook.zone
    day = local_time(at.astimezone(UTC), zone).date()
    grace = timedelta(days=data.get("grace_days", GRACE_DAYS) + 1)
    last = day + timedelta(days=data["days"]) if "days" in data else add_months(day, data.get("months", 1))
    return day_start(last + grace, zone)
