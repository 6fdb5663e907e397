"""Points given or taken by hand, up to the limit of a role; above it a second person decides."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django_scopes import scope

from loyaltysite.kit.errors import Conflict, DomainError, NotFound
from members import audit, people
from members.models import Fact, Member, Program, Role, TeamMembership, User
from rewards import ledger
from rewards.ledger import Movement
from rewards.models import PendingAdjustment, Unit

SOURCE = "staff"


class SecondPersonNeeded(DomainError):
    code = "second_person_needed"
    message = _("You asked for this. Somebody else must decide.")
    status = 403


class AlreadyDecided(Conflict):
    code = "already_decided"
    message = _("This was decided already.")


@dataclass(frozen=True, slots=True)
class Asked:
    """What became of a wish: posted at once, or waiting for a second person."""

    movement: Movement | None = None
    pending: PendingAdjustment | None = None


def ask(
    *,
    program: Program,
    member: Member,
    unit: str,
    amount: int,
    reason: str,
    by: TeamMembership,
    key: str,
    now: datetime,
) -> Asked:
    """Adjust by `amount` ledger units, at once within the limit of the role, else once a second person approved.

    A repeat with the same key gives the first answer. Raises OwnAccount and what ledger.adjust raises.
    """
    if not amount:
        raise ledger.AmountInvalid(field="amount")
    if not reason.strip():
        raise ledger.ReasonMissing(field="reason")
    reason = reason.strip()[:300]
    with scope(program=program), transaction.atomic():
        people.check_not_own(member=member, by=by.user)
        limit = limit_of(program=program, role=by.role, unit=unit)
        waiting = PendingAdjustment.objects.filter(program=program, key=key).select_related("unit").first()
        if waiting is None and (limit is None or abs(amount) <= limit or _is_posted(program, key)):
            movement = ledger.adjust(
                program=program, member=member, unit=unit, amount=amount, reason=reason, by=by.user, key=key, now=now
            )  # fmt: skip
            return Asked(movement=movement)
        if waiting is not None:
            told = (waiting.member_id, waiting.unit.key, waiting.amount, waiting.reason)
            if told != (member.pk, unit, amount, reason):
                raise ledger.KeyReused
            return Asked(pending=waiting)
        return Asked(
            pending=_put_off(
                program, member=member, unit=unit, amount=amount, reason=reason, by=by.user, key=key, now=now
            )
        )


def limit_of(*, program: Program, role: str, unit: str) -> int | None:
    """The most that this role may adjust alone, in ledger units; None without a limit."""
    if role not in {Role.MANAGER, Role.OWNER}:
        return 0  # who may not adjust at all has no limit that could be set
    found = program.adjust_limits.get(role, {}).get(unit)
    return None if found is None else int(found)


def approve(*, program: Program, adjustment_id: int, by: User, now: datetime) -> Movement:
    """Post what was asked for, once: with the key of the one who asked.

    Raises SecondPersonNeeded, OwnAccount, AlreadyDecided, NotFound and what ledger.adjust raises.
    """
    with scope(program=program), transaction.atomic():
        waiting = _lock(adjustment_id, by)
        member = waiting.member.merged_into or waiting.member
        people.check_not_own(member=member, by=by)
        movement = ledger.adjust(
            program=program,
            member=member,
            unit=waiting.unit.key,
            amount=waiting.amount,
            reason=waiting.reason,
            by=by,
            key=waiting.key,
            now=now,
        )
        waiting.fact_id = movement.fact_id
        _decide(waiting, PendingAdjustment.State.APPROVED, by, now)
    return movement


def refuse(
    *, program: Program, adjustment_id: int, reason: str, by: User, now: datetime
) -> PendingAdjustment:
    """Say no, with a reason for the one who asked. Raises SecondPersonNeeded, AlreadyDecided, ReasonMissing."""
    if not reason.strip():
        raise ledger.ReasonMissing(field="reason")
    with scope(program=program), transaction.atomic():
        waiting = _lock(adjustment_id, by)
        waiting.answer = reason.strip()[:300]
        _decide(waiting, PendingAdjustment.State.REFUSED, by, now)
    return waiting


def _is_posted(program: Program, key: str) -> bool:
    facts = Fact.objects.filter(program=program, source=SOURCE, kind="adjust", external_id=key)
    return facts.exists()


def _put_off(
    program: Program,
    *,
    member: Member,
    unit: str,
    amount: int,
    reason: str,
    by: User,
    key: str,
    now: datetime,
) -> PendingAdjustment:
    kept = Unit.objects.filter(program=program, key=unit).first()
    if kept is None:
        raise NotFound
    if member.state != Member.State.ACTIVE:
        raise ledger.MemberNotActive
    # Insert first: of two at once one finds the other's.
    waiting, is_new = PendingAdjustment.objects.get_or_create(
        program=program,
        key=key,
        defaults={
            "member": member,
            "unit": kept,
            "amount": amount,
            "reason": reason,
            "asked_by": by,
            "asked_at": now,
        },
    )
    if is_new:
        people.audit_of(
            member, "adjustment.ask", by, now, after={"unit": unit, "amount": amount}, reason=reason
        )
    return waiting


def _lock(adjustment_id: int, by: User) -> PendingAdjustment:
    rows = PendingAdjustment.objects.select_for_update(of=("self",))
    waiting = rows.select_related("unit", "member__merged_into").filter(pk=adjustment_id).first()
    if waiting is None:
        raise NotFound
    if waiting.state != PendingAdjustment.State.WAITING:
        raise AlreadyDecided
    if waiting.asked_by_id == by.pk:
        raise SecondPersonNeeded
    return waiting


def _decide(waiting: PendingAdjustment, state: str, by: User, now: datetime) -> None:
    waiting.state, waiting.decided_by, waiting.decided_at = state, by, now
    waiting.save(update_fields=["state", "decided_by", "decided_at", "answer", "fact_id"])
    audit.record(
        program=waiting.program,
        actor=by,
        action="adjustment.approve" if state == PendingAdjustment.State.APPROVED else "adjustment.refuse",
        subject="member",
        subject_id=waiting.member.number,
        after={"unit": waiting.unit.key, "amount": waiting.amount, "asked_by": waiting.asked_by_id},
        reason=waiting.answer or waiting.reason,
        now=now,
    )
