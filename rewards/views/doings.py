"""What was done with a member besides earning and using: standings, merges, what waits, and changes by staff."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from loyaltysite.kit import formats
from members.models import AuditEntry, Member, Merge, Program
from rewards import queries
from rewards.models import PendingAdjustment, Standing
from rewards.tiers.records import WITHOUT_END

ACTIONS: Mapping[str, str | Promise] = {
    "member.join": gettext_lazy("Joined"),
    "member.block": gettext_lazy("Blocked"),
    "member.unblock": gettext_lazy("Unblocked"),
    "member.close": gettext_lazy("Closed"),
    "member.reopen": gettext_lazy("Reopened"),
    "member.change": gettext_lazy("Profile changed"),
    "member.merge": gettext_lazy("Merged"),
    "member.unmerge": gettext_lazy("Merge undone"),
    "member.tags": gettext_lazy("Tags changed"),
    "member.service": gettext_lazy("Service recovery"),
    "member.erase": gettext_lazy("Person erased"),
    "member.undo_join": gettext_lazy("Joining taken back"),
    "note.write": gettext_lazy("Note written"),
    "note.delete": gettext_lazy("Note deleted"),
    "till.sale": gettext_lazy("Sale at the till"),
    "till.undo": gettext_lazy("Undone at the till"),
    "identity.add": gettext_lazy("Identity added"),
    "identity.remove": gettext_lazy("Identity removed"),
    "points.adjust": gettext_lazy("Balance adjusted"),
    "points.hold": gettext_lazy("Held for review"),
    "points.release": gettext_lazy("Released"),
    "points.reinstate": gettext_lazy("Given back"),
    "points.spend": gettext_lazy("Spent"),
    "points.forfeit": gettext_lazy("Balance forfeited"),
    "points.donate": gettext_lazy("Donated"),
    "donation.withdraw": gettext_lazy("Donation taken back"),
    "order.pay": gettext_lazy("Order paid with the balance"),
    "redemption.reserve": gettext_lazy("Reward reserved"),
    "redemption.confirm": gettext_lazy("Reward confirmed"),
    "redemption.fulfil": gettext_lazy("Reward handed over"),
    "redemption.release": gettext_lazy("Reward released"),
    "redemption.cancel": gettext_lazy("Reward cancelled"),
    "redemption.fail": gettext_lazy("Reward failed"),
    "redemption.send": gettext_lazy("Reward sent"),
    "redemption.extend": gettext_lazy("Reward usable for longer"),
    "codes.give": gettext_lazy("Code given"),
    "plan.paid": gettext_lazy("Plan paid"),
    "plan.left": gettext_lazy("Plan left"),
    "plan.stayed": gettext_lazy("Kept in the plan"),
    "plan.refunded": gettext_lazy("Plan paid back"),
    "referral.approve": gettext_lazy("Referral approved"),
    "referral.refuse": gettext_lazy("Referral refused"),
    "adjustment.ask": gettext_lazy("Adjustment asked for"),
    "adjustment.approve": gettext_lazy("Adjustment approved"),
    "adjustment.refuse": gettext_lazy("Adjustment refused"),
    "tier.set": gettext_lazy("Tier set"),
    "tier.end": gettext_lazy("Tier set by staff ended"),
}
# Whoever looked changed nothing; the audit tells of it.
LOOKS = ("till.find",)


@dataclass(frozen=True, slots=True)
class Held:
    """A tier that was or is held."""

    name: str
    bars: int
    origin: str
    since: datetime
    until: str
    is_open: bool
    is_manual: bool
    note: str


@dataclass(frozen=True, slots=True)
class Done:
    """One change by staff. `what` says in figures what it was about."""

    entry: AuditEntry
    title: str
    what: str


def standings_of(*, program: Program, member: Member) -> list[Held]:
    """Every standing, the latest first. Two statements."""
    tiers = queries.tiers_of(program)
    rows = Standing.objects.filter(member_id=member.pk).select_related("tier", "author")
    return [
        Held(
            name=queries.name_of(row.tier),
            bars=queries.bars_of(row.tier, tiers),
            origin=str(Standing.Origin(row.origin).label),
            since=row.since,
            until=_until(row),
            is_open=row.ended_at is None,
            is_manual=row.origin == Standing.Origin.MANUAL,
            note=" · ".join(filter(None, [row.reason, str(row.author) if row.author else ""])),
        )
        for row in rows.order_by("-since", "-pk")
    ]


def _until(row: Standing) -> str:
    end = row.ended_at or row.valid_until
    if end is None or end.year >= WITHOUT_END.year:
        return _("without end")
    return formats.format_date(end - timedelta(microseconds=1))


def merges_of(*, program: Program, member: Member) -> list[Merge]:
    """The merges that this member was part of, the latest first."""
    mine = Merge.objects.filter(Q(kept=member) | Q(gone=member), program=program)
    return list(mine.select_related("kept", "gone", "author", "undone_by").order_by("-merged_at", "-pk"))


def waiting_of(*, program: Program, member: Member) -> list[PendingAdjustment]:
    """Adjustments that wait for a second person."""
    rows = PendingAdjustment.objects.filter(program=program, member=member, state="waiting")
    return list(rows.select_related("unit", "asked_by").order_by("asked_at"))


def changes_of(
    *, program: Program, member: Member, size: int, before: datetime | None
) -> tuple[list[Done], datetime | None]:
    """What staff did with the member, newest first, and from where the next page goes on."""
    rows = AuditEntry.objects.filter(program=program, subject="member", subject_id=member.number)
    rows = rows.exclude(action__in=LOOKS)
    if before is not None:
        rows = rows.filter(at__lt=before)
    found = list(rows.select_related("actor").order_by("-at", "-pk")[: size + 1])
    units = {unit.key: unit for unit in queries.units_of(program)}
    goes_on = found[size - 1].at if len(found) > size else None
    told = []
    for entry in found[:size]:
        unit, amount = units.get(entry.after.get("unit", "")), entry.after.get("amount")
        what = formats.format_units(amount, unit, sign=True) if unit and isinstance(amount, int) else ""
        told.append(Done(entry, str(ACTIONS.get(entry.action, entry.action)), what or _figures(entry)))
    return told, goes_on


def _figures(entry: AuditEntry) -> str:
    """The other figures of a change, as far as a person can read them."""
    after = entry.after
    if "kept" in after:
        return _("into %(number)s") % {"number": after["kept"]}
    if "gone" in after:
        return _("with %(number)s") % {"number": after["gone"]}
    return str(after.get("tier") or after.get("kind") or "")
