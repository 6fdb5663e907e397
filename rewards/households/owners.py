"""Whose the shared points were: the member who put each lot in, whoever that is by now (14)."""

from __future__ import annotations

from members.models import Member
from rewards.models import Lot


def of(household_id: int) -> dict[int, int]:
    """The member behind each open lot, {lot: member}; of lots that came back into the household, who put the first one
    in. One statement, and few more where something came back or somebody was merged."""
    lots = Lot.objects.filter(wallet__holder_id=household_id, is_open=True, origin_id__isnull=False)
    origins: dict[int, int] = {lot: origin or 0 for lot, origin in lots.values_list("pk", "origin_id")}
    found: dict[int, int] = {}
    while origins:
        rows = Lot.objects.filter(pk__in=set(origins.values()))
        told = {row[0]: (row[1], row[2]) for row in rows.values_list("pk", "wallet__holder_id", "origin_id")}
        further: dict[int, int] = {}
        for lot, origin in origins.items():
            if origin not in told:
                continue
            holder, before = told[origin]
            if holder != household_id:
                found[lot] = holder
            elif before is not None:
                further[lot] = before
        origins = further
    return _kept(found)


def _kept(found: dict[int, int]) -> dict[int, int]:
    """Whoever was merged stands for who was kept."""
    merged = Member.objects.filter(merged_into__isnull=False)
    while gone := dict(merged.filter(pk__in=set(found.values())).values_list("pk", "merged_into_id")):
        found = {lot: gone.get(member) or member for lot, member in found.items()}
    return found
