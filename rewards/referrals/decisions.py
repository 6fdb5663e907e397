"""Staff look at referrals that look wrong: approve or refuse, each with its author in the audit."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django_scopes import scope

from loyaltysite.kit.errors import NotFound
from members import audit, people
from members.models import Program, User
from rewards import ledger
from rewards.adjustments import AlreadyDecided
from rewards.models import Referral
from rewards.referrals import claims

State = Referral.State
OPEN = (State.JOINED, State.WAITING, State.REVIEW)


def approve(*, program: Program, referral_id: int, reason: str, by: User, now: datetime) -> Referral:
    """It is a new friend after all: the next run pays what has waited. Raises NotFound, OwnAccount, AlreadyDecided,
    ReasonMissing."""
    with scope(program=program), transaction.atomic():
        one = _take(referral_id, reason, by)
        if one.state == State.REVIEW:
            one.state = State.WAITING
        return _decide(one, "referral.approve", reason, by, now)


def refuse(*, program: Program, referral_id: int, reason: str, by: User, now: datetime) -> Referral:
    """No prize for either. The reason is for the team. Raises as approve() does."""
    with scope(program=program), transaction.atomic():
        one = _take(referral_id, reason, by)
        one.state, one.refused_for, one.closed_at = State.REFUSED, "staff", now
        return _decide(one, "referral.refuse", reason, by, now)


def _take(referral_id: int, reason: str, by: User) -> Referral:
    rows = Referral.objects.select_for_update(no_key=True, of=("self",))
    one = rows.select_related("program", "referrer", "friend").filter(pk=referral_id).first()
    if one is None:
        raise NotFound
    for member in (one.referrer, one.friend):
        people.check_not_own(member=member.merged_into or member, by=by)
    if one.state not in OPEN or one.decided_at is not None or not one.signs:
        raise AlreadyDecided
    if not reason.strip():
        raise ledger.ReasonMissing(field="reason")
    return one


def _decide(one: Referral, action: str, reason: str, by: User, now: datetime) -> Referral:
    one.decided_by, one.decided_at, one.answer = by, now, reason.strip()[:300]
    one.save()
    audit.record(
        program=one.program, actor=by, action=action, subject="member", subject_id=one.friend.number,
        after={"referral": one.pk, "signs": one.signs, "state": one.state}, reason=one.answer, now=now,
    )  # fmt: skip
    if one.state == State.REFUSED:
        claims.tell(one, "referral.refused", now)
    return one
