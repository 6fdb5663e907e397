"""What is told of households: who belongs, what is shared, and what moved, by whom. Nothing is written."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.db.models import Max, Q, QuerySet, Sum

from members.models import Fact, Member, Program
from rewards.models import Entry, Household, HouseholdPlace, Unit, Wallet


class Place(NamedTuple):
    """Among the moves of a household: its moment and its latest entry."""

    at: datetime
    entry: int


@dataclass(frozen=True, slots=True)
class Moved:
    """What one deed did to a shared wallet, in ledger units: what is shared changed by `change` and was `after`. `member`
    is whose deed it was; None: the program's own. `place` is where it stands among the others."""

    kind: str
    unit: Unit
    change: int
    after: int
    at: datetime
    member: Member | None
    place: Place


def sought(program: Program, text: str) -> QuerySet[Household]:
    """Those in which somebody is or was whose number or name begins so; all without a text. The latest first."""
    rows = Household.objects.filter(program=program).select_related("head").order_by("-founded_at", "-pk")
    if not text:
        return rows
    whose = Member.objects.filter(program=program).filter(Q(number=text) | Q(name__istartswith=text))
    return rows.filter(pk__in=HouseholdPlace.objects.filter(member__in=whose).values("household_id"))


def shared_by(households: Collection[int]) -> dict[int, dict[str, int]]:
    """What each shares, {household: {unit key: ledger units that can be used}}. One statement."""
    found: dict[int, dict[str, int]] = {}
    rows = Wallet.objects.filter(holder_id__in=households).order_by("unit_id")
    for holder, unit, active in rows.values_list("holder_id", "unit__key", "active"):
        found.setdefault(holder, {})[unit] = active
    return found


def people_in(households: Collection[int]) -> dict[int, list[HouseholdPlace]]:
    """Who belongs to each now, who came first first. One statement."""
    found: dict[int, list[HouseholdPlace]] = {}
    rows = HouseholdPlace.objects.filter(household__in=households, left_at=None).select_related("member")
    for place in rows.order_by("joined_at", "pk"):
        found.setdefault(place.household_id, []).append(place)
    return found


def moved(household_id: int, *, limit: int, before: Place | None = None) -> list[Moved]:
    """What moved in its wallets, the latest first, one for each deed. Four statements."""
    deeds = (
        Entry.objects.filter(wallet__holder_id=household_id)
        .values("posted_at", "fact_id", "kind", "wallet_id")
        .annotate(change=Sum("active_change"), last=Max("pk"))
    )
    if before is not None:
        deeds = deeds.filter(Q(posted_at__lt=before.at) | Q(posted_at=before.at, last__lt=before.entry))
    found = list(deeds.order_by("-posted_at", "-last")[:limit])
    entries = Entry.objects.select_related("wallet__unit").in_bulk([deed["last"] for deed in found])
    facts = {deed["fact_id"] for deed in found if deed["fact_id"] is not None}
    whose = dict(Fact.objects.filter(pk__in=facts).values_list("pk", "holder_id"))
    members = Member.objects.in_bulk({holder for holder in whose.values() if holder is not None})
    return [
        Moved(
            kind=deed["kind"],
            unit=entries[deed["last"]].wallet.unit,
            change=deed["change"],
            after=entries[deed["last"]].active,
            at=deed["posted_at"],
            member=members.get(whose.get(deed["fact_id"] or 0) or 0),
            place=Place(deed["posted_at"], deed["last"]),
        )
        for deed in found
    ]
