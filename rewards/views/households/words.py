"""Households in words for staff."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from loyaltysite.kit import formats
from members.models import Member, Program
from rewards.households import places, reading, sharing
from rewards.households.reading import Moved
from rewards.models import EntryKind, Household, Unit
from rewards.redemptions.reading import rules_of


def name(one: Household) -> str:
    return _("Household of %(name)s") % {"name": one.head.name or one.head.number}


def state(one: Household) -> dict[str, Any]:
    if one.ended_at is not None:
        return {"state": _("Dissolved"), "badge": ""}
    return {"state": _("In force"), "badge": "good"}


def amounts(shared: Mapping[str, int], known: Mapping[str, Unit]) -> list[str]:
    """What is shared, with its unit each."""
    return [formats.format_units(amount, known[unit]) for unit, amount in shared.items() if unit in known]


def moved(one: Moved) -> dict[str, Any]:
    return {
        "text": _text(one.kind),
        "member": one.member,
        "at": one.at,
        "change": formats.format_units(one.change, one.unit, sign=True),
        "after": formats.format_units(one.after, one.unit),
    }


def _text(kind: str) -> str:
    texts = {
        EntryKind.TRANSFER_IN: _("Put in"),
        EntryKind.TRANSFER_OUT: _("Taken out"),
        EntryKind.RESERVE: _("Reserved for a reward"),
        EntryKind.RELEASE: _("Reservation given back"),
        EntryKind.SPEND: _("Spent on a reward"),
        EntryKind.RESTORE: _("Given back"),
    }
    return texts.get(EntryKind(kind), str(EntryKind(kind).label))


def of_member(program: Program, person: Member, now: datetime) -> dict[str, Any] | None:
    """What the page of a member tells; None where the member is in none, or nothing is shared. One statement more than
    where nothing is."""
    place = sharing.place_for(program, person, rules_of(program))
    if place is None:
        return None
    known = {unit.key: unit for unit in places.shared_units(program)}
    return {
        "household": place.household,
        "is_head": place.household.head_id == person.pk,
        "head": place.household.head,
        "shared": amounts(reading.shared_by([place.household_id]).get(place.household_id, {}), known),
        "limits": [
            (formats.format_units(limit, known[unit]), formats.format_units(taken, known[unit]))
            for unit, limit, taken in sharing.taken_of(place, program.zone, now)
            if unit in known
        ],
    }
