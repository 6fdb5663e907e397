"""What has ended may be had back once, for some days and within a budget of the shop's (11)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django_scopes import scope

from loyaltysite.kit.errors import Conflict
from members import audit, people
from members.models import Member, Program, User
from rewards import ledger, policies
from rewards.books import Book
from rewards.ledger import Movement, Wish
from rewards.models import Allocation, EntryKind, Lot, Reinstatement, Unit
from rewards.rulebook import Rulebook


class NotOffered(Conflict):
    code = "not_offered"
    message = _("This cannot be had back: it is too late, or it was given back already.")


class BudgetSpent(Conflict):
    code = "budget_spent"
    message = _("The shop gives nothing more back at present.")


@dataclass(frozen=True, slots=True)
class Offer:
    """A lot that may be had back: `amount` of it ended at `ended_at`; asked for before `until`, it is usable to the
    same length of time from then."""

    lot_id: int
    unit: Unit
    amount: int
    ended_at: datetime
    until: datetime

    @property
    def last_day(self) -> datetime:
        """A moment of the last day on which it may be asked for."""
        return self.until - timedelta(microseconds=1)


def offers(
    *, program: Program, member: Member, now: datetime, units: Iterable[Unit] | None = None
) -> list[Offer]:
    """What the member may have back at this moment, latest end first. `units` are those of the member's wallets, where
    they are known; at most three statements."""
    with scope(program=program):
        every = Unit.objects.filter(program=program) if units is None else units
        return _offers(program, member, now, {unit.pk: unit for unit in every if unit.grace_days})


def _offers(program: Program, member: Member, now: datetime, units: dict[int, Unit]) -> list[Offer]:
    if not units:
        return []
    longest = max(unit.grace_days for unit in units.values())
    ended = Allocation.objects.filter(
        entry__kind=EntryKind.EXPIRE,
        # A day more than the longest: the grace lasts to the end of a day.
        entry__at__gt=now - timedelta(days=longest + 1),
        entry__wallet__holder_id=member.pk,
        entry__wallet__unit__in=units,
    ).values_list("lot_id", "amount", "entry__at", "entry__wallet__unit_id")
    return _open_offers(program, list(ended), units, now)


def _open_offers(
    program: Program, ended: Sequence[tuple[int, int, datetime, int]], units: dict[int, Unit], now: datetime
) -> list[Offer]:
    sums: dict[int, Offer] = {}
    for lot_id, amount, at, unit_id in ended:
        unit, before = units[unit_id], sums.get(lot_id)
        until = policies.day_start(
            (at - timedelta(microseconds=1)).astimezone(program.zone).date()
            + timedelta(days=unit.grace_days + 1),
            program.zone,
        )
        if now < until:
            sums[lot_id] = Offer(lot_id, unit, amount + (before.amount if before else 0), at, until)
    if not sums:
        return []
    # Neither again, nor what was itself given back.
    given = Reinstatement.objects.filter(program=program).values("lot_id")
    refused = Lot.objects.filter(Q(pk__in=given) | Q(origin_id__in=given), pk__in=sums).values_list(
        "pk", flat=True
    )
    gone = set(refused)
    found = [offer for lot_id, offer in sums.items() if lot_id not in gone]
    return sorted(found, key=lambda offer: (offer.ended_at, offer.lot_id), reverse=True)


def reinstate(
    *, program: Program, member: Member, lot_id: int, now: datetime, by: User | None = None, reason: str = ""
) -> Movement:
    """Give the ended part of a lot back as a new lot, usable for the unit's days of grace. Once for a lot; who asks
    again is told that it is not offered. `by` is a person of the team, who needs a reason.

    Raises NotOffered, BudgetSpent, MemberNotActive, OwnAccount, ReasonMissing.
    """
    if by is not None and not reason.strip():
        raise ledger.ReasonMissing(field="reason")
    with scope(program=program), transaction.atomic():
        if by is not None:
            people.check_not_own(member=member, by=by)
        found = offers(program=program, member=member, now=now)
        offer = next((each for each in found if each.lot_id == lot_id), None)
        if offer is None:
            raise NotOffered
        movement = ledger.carry_out(_wish(program, member, offer, by, reason.strip(), now))
        if movement.repeated:
            raise NotOffered
        # The row that members share comes last and is held shortest.
        room = Q(grace_budget=None) | Q(grace_budget__gte=F("grace_spent") + offer.amount)
        kept = Unit.objects.filter(room, pk=offer.unit.pk)
        if not kept.update(grace_spent=F("grace_spent") + offer.amount):
            raise BudgetSpent
        Reinstatement.objects.create(
            program=program, member=member, unit=offer.unit, lot_id=lot_id, amount=offer.amount,
            fact_id=movement.fact_id, author=by, at=now,
        )  # fmt: skip
    return movement


def _wish(
    program: Program, member: Member, offer: Offer, by: User | None, reason: str, now: datetime
) -> Wish:
    lot = Lot.objects.get(pk=offer.lot_id)
    today = now.astimezone(program.zone).date()
    ends = policies.day_start(today + timedelta(days=offer.unit.grace_days + 1), program.zone)

    def move(book: Book, rules: Rulebook, fact_id: int, order_id: int | None) -> None:
        book.credit(
            "reinstate",
            offer.amount,
            at=now,
            moment=now,
            active_at=now,
            expires_at=ends,
            earned_at=lot.earned_at,
            terms=lot.terms,
            fact_id=fact_id,
            origin_id=lot.pk,
            earner_id=lot.order_id,
        )

    content = {"member": member.pk, "lot": lot.pk, "amount": offer.amount}
    entry = _audited(program, member, offer, by, reason, now) if by else None
    return Wish(
        program, member.pk, offer.unit.key, "reinstate", str(lot.pk), "wafa", content, now, move, audit=entry
    )


def _audited(
    program: Program, member: Member, offer: Offer, by: User, reason: str, now: datetime
) -> dict[str, Any]:
    return audit.row(
        program=program,
        actor=by,
        action="points.reinstate",
        subject="member",
        subject_id=member.number,
        after={"unit": offer.unit.key, "amount": offer.amount, "lot": offer.lot_id},
        reason=reason,
        now=now,
    )
