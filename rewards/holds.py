"""Hold for review (13): points are reserved with a reason and an author, and do not end until they are released."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django_scopes import scope

from loyaltysite.kit.errors import Conflict, NotFound
from members import audit, people
from members.models import Member, Program, User
from rewards import ledger, policies
from rewards.books import Book
from rewards.ledger import Movement, Wish
from rewards.models import Hold, Unit
from rewards.rulebook import Rulebook

# What ended while it was held by our mistake comes back for so long.
GRACE_DAYS = 14


class AlreadyReleased(Conflict):
    code = "already_released"
    message = _("This was released already.")


def open_of(*, program: Program, member: Member) -> list[Hold]:
    """What is held of a member, latest first. One statement."""
    rows = Hold.objects.filter(program=program, member=member, released_at=None)
    return list(rows.select_related("unit", "author").order_by("-held_at", "-pk"))


def hold(
    *,
    program: Program,
    member: Member,
    unit: str,
    amount: int,
    reason: str,
    by: User,
    key: str,
    now: datetime,
) -> Hold:
    """Hold `amount` ledger units of what the member can use. A repeat with the same key gives the first answer.

    Raises InsufficientPoints, AmountInvalid, ReasonMissing, OwnAccount, MemberNotActive, KeyReused.
    """
    if amount <= 0:
        raise ledger.AmountInvalid(field="amount")
    reason = _given(reason)
    parts: list[list[int]] = []

    def move(book: Book, rules: Rulebook, fact_id: int, order_id: int | None) -> None:
        if book.active < amount:
            raise ledger.InsufficientPoints(missing=amount - book.active)
        parts[:] = [[lot.id, part] for lot, part in book.reserve(amount, moment=now, fact_id=fact_id)]

    entry = _audited("points.hold", program, member, unit=unit, amount=amount, reason=reason, by=by, now=now)
    content = {"member": member.pk, "unit": unit, "amount": amount, "reason": reason}
    wish = Wish(program, member.pk, unit, "hold", key, "staff", content, now, move, audit=entry)
    with scope(program=program), transaction.atomic():
        people.check_not_own(member=member, by=by)
        done = ledger.carry_out(wish)
        if done.repeated:
            return Hold.objects.get(fact_id=done.fact_id)
        return Hold.objects.create(
            program=program, member=member, unit=Unit.objects.get(program=program, key=unit), amount=amount, parts=parts,
            reason=reason, fact_id=done.fact_id, author=by, held_at=now,
        )  # fmt: skip


def release(
    *,
    program: Program,
    member: Member,
    hold_id: int,
    reason: str,
    by: User,
    now: datetime,
    is_ours: bool = False,
) -> Movement:
    """Let the member use it again. What has passed its date ends at once, unless the mistake was ours (`is_ours`): then
    it comes back for some days.

    Raises NotFound, AlreadyReleased, ReasonMissing, OwnAccount.
    """
    reason = _given(reason)
    with scope(program=program), transaction.atomic():
        people.check_not_own(member=member, by=by)
        held = Hold.objects.select_related("unit").filter(program=program, member=member, pk=hold_id).first()
        if held is None:
            raise NotFound
        done = ledger.carry_out(_release(program, member, held, reason, by, now, is_ours))
        values = {"released_by": by, "released_at": now, "answer": reason}
        if done.repeated or not Hold.objects.filter(pk=held.pk, released_at=None).update(**values):
            raise AlreadyReleased
    return done


def _release(
    program: Program, member: Member, held: Hold, reason: str, by: User, now: datetime, is_ours: bool
) -> Wish:
    today = now.astimezone(program.zone).date()
    grace = policies.day_start(today + timedelta(days=GRACE_DAYS + 1), program.zone) if is_ours else None

    def move(book: Book, rules: Rulebook, fact_id: int, order_id: int | None) -> None:
        parts = [(book.lots[lot_id], part) for lot_id, part in held.parts]
        book.release(parts, moment=now, fact_id=fact_id, grace_until=grace)

    return Wish(
        program, member.pk, held.unit.key, "hold.release", str(held.pk), "staff", {"hold": held.pk}, now, move,
        audit=_audited(
            "points.release", program, member, unit=held.unit.key, amount=held.amount, reason=reason, by=by, now=now
        ),
        needs_active=False,
    )  # fmt: skip


def _given(reason: str) -> str:
    if not reason.strip():
        raise ledger.ReasonMissing(field="reason")
    return reason.strip()[:300]


def _audited(
    action: str,
    program: Program,
    member: Member,
    *,
    unit: str,
    amount: int,
    reason: str,
    by: User,
    now: datetime,
) -> dict[str, Any]:
    return audit.row(
        program=program,
        actor=by,
        action=action,
        subject="member",
        subject_id=member.number,
        after={"unit": unit, "amount": amount},
        reason=reason,
        now=now,
    )
