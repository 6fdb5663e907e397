"""Where a program is, by its time zone: a phone number typed without a country is one of there."""

from __future__ import annotations

from babel.core import get_global

from members.models import Program

# Zones of no country, as UTC, have this territory or none.
NOWHERE = frozenset({None, "ZZ", "001"})


def region_of(program: Program) -> str | None:
    """The ISO country code, or None where the zone tells none: phone numbers then need their country."""
    found = get_global("zone_territories").get(program.time_zone)
    return None if found in NOWHERE else str(found)
