"""Members join, are blocked and come back. What they earn and hold is the business of `rewards`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from allauth.account.models import EmailAddress
from django.db import IntegrityError, transaction
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _
from django_scopes import scope

from loyaltysite.kit.db import raw_cursor
from loyaltysite.kit.errors import Conflict, DomainError
from members import arrivals, audit, erasure, identities, numbers
from members.arrivals import Introduction
from members.models import Event, Holder, Identity, Member, Program, User

TRIES = 5
# Asked before each spending that staff answer for; to have it written anew each time would take as long as the spending.
OWN = """
    SELECT 1 FROM members_identity WHERE program_id = %(program)s AND member_id = %(member)s AND kind = 'email' AND value IN (
        SELECT lower(email) FROM members_user WHERE id = %(user)s
        UNION ALL SELECT lower(email) FROM account_emailaddress WHERE user_id = %(user)s
    )
"""


class ContactMissing(DomainError):
    code = "contact_missing"
    message = _("Give at least one e-mail address, phone or other identity.")


class ReasonMissing(DomainError):
    code = "reason_missing"
    message = _("Give a reason.")


class OwnAccount(DomainError):
    """Staff act on no account that is known by their own e-mail: not for themselves, and not by another's name."""

    code = "own_account"
    message = _("This is your own account. Somebody else must do this.")
    status = 403


class MemberMerged(Conflict):
    code = "member_merged"
    message = _("This member was merged into another. Undo the merge first.")


class StateUnchanged(Conflict):
    code = "state_unchanged"
    message = _("This member is in that state already.")


def join(
    *,
    program: Program,
    name: str,
    contacts: Iterable[tuple[str, str]],
    source: str,
    now: datetime,
    by: User | None = None,
    language: str = "",
    region: str | None = None,
    is_vouched: bool = True,
    introduction: Introduction | None = None,
) -> Member:
    """A new member with a number, a guard and identities ((kind, value) pairs, normalised here). `is_vouched` is False
    where anybody may have typed them, with no code and nobody who saw the person. `introduction` says who brought them.

    Raises IdentityTaken with the kind that matched, never whose it is; IdentityInvalid; ContactMissing.
    """
    wanted = {(kind, identities.normalize(kind, value, region=region)) for kind, value in contacts}
    if not wanted:
        raise ContactMissing(field="contact")
    with scope(program=program), transaction.atomic():
        taken = _taken(program, wanted)
        if taken is not None:
            raise identities.IdentityTaken(field=taken, kind=Identity.Kind(taken).label)
        member = _create(program, name, source, language, now)
        for kind, value in sorted(wanted):
            identities.add(member=member, kind=kind, value=value, region=region)
        erasure.resume(member=member, known=wanted, is_vouched=is_vouched, now=now)
        Event.objects.create(
            program=program, holder_id=member.pk, kind="member.joined", occurred_at=now, recorded_at=now
        )
        if introduction is not None:
            arrivals.tell(member=member, introduction=introduction, now=now)
        if by is not None:
            after = {"source": source, "kinds": sorted(kind for kind, _ in wanted)}
            audit_of(member, "member.join", by, now, after=after)
    return member


def block(*, member: Member, reason: str, by: User, now: datetime) -> Member:
    """No earning and no spending until unblocked (SEMANTICS 12). Raises OwnAccount, ReasonMissing, StateUnchanged."""
    return _change_state(member, Member.State.BLOCKED, "member.block", reason, by, now)


def unblock(*, member: Member, reason: str, by: User, now: datetime) -> Member:
    """Raises OwnAccount, ReasonMissing, StateUnchanged."""
    return _change_state(
        member, Member.State.ACTIVE, "member.unblock", reason, by, now, was=Member.State.BLOCKED
    )


def close(*, member: Member, reason: str, by: User, now: datetime) -> Member:
    """End the membership: as blocked, and for good until reopened. What identifies the member stays, so that nobody
    joins anew with it unseen. `rewards.closing` also decides about the balance."""
    return _change_state(member, Member.State.CLOSED, "member.close", reason, by, now)


def reopen(*, member: Member, reason: str, by: User, now: datetime) -> Member:
    """Raises OwnAccount, ReasonMissing, StateUnchanged."""
    return _change_state(
        member, Member.State.ACTIVE, "member.reopen", reason, by, now, was=Member.State.CLOSED
    )


def check_not_own(*, member: Member, by: User) -> None:
    """Raise OwnAccount where the member is known by an e-mail of the one who acts, however the member was found."""
    if is_own(member=member, by=by):
        raise OwnAccount


def is_own(*, member: Member, by: User) -> bool:
    values = {"program": member.program_id, "member": member.pk, "user": by.pk}
    with raw_cursor() as cursor:
        return cursor.execute(OWN, values).fetchone() is not None


def addresses_of(user: User) -> list[str]:
    """Every e-mail by which somebody of the team is known, in lower case; is_own() asks the same of one member."""
    others = EmailAddress.objects.filter(user=user).values_list(Lower("email"), flat=True)
    return [user.email.lower(), *others]


def lock(member: Member) -> Member:
    """The member as it is now, guarded until the transaction ends: nothing is earned or spent meanwhile, and who has
    read it before must read it again. Raises MemberMerged."""
    holder = Holder.objects.select_for_update(no_key=True).get(pk=member.pk)
    fresh = Member.objects.select_related("program").get(pk=member.pk)
    if fresh.merged_into_id is not None:
        raise MemberMerged
    holder.seq += 1
    holder.save(update_fields=["seq"])
    return fresh


def audit_of(
    member: Member,
    action: str,
    by: User,
    now: datetime,
    *,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
    reason: str = "",
) -> None:
    """Audit an action on a member, who is named by number."""
    audit.record(
        program=member.program,
        actor=by,
        action=action,
        subject="member",
        subject_id=member.number,
        before=before,
        after=after,
        reason=reason,
        now=now,
    )


def _taken(program: Program, wanted: set[tuple[str, str]]) -> str | None:
    for kind, value in sorted(wanted):
        if Identity.objects.filter(program=program, kind=kind, value=value).exists():
            return kind
    return None


def _create(program: Program, name: str, source: str, language: str, now: datetime) -> Member:
    holder = Holder.objects.create(program=program, kind=Holder.Kind.MEMBER)
    for attempt in range(TRIES):
        try:
            with transaction.atomic():
                return Member.objects.create(
                    holder=holder,
                    program=program,
                    number=numbers.draw(),
                    name=" ".join(name.split())[:200],  # no line breaks: it stands in subjects of mails
                    language=language,
                    source=source,
                    joined_at=now,
                )
        except IntegrityError:
            # The drawn number was taken; with eleven random digits the next one is free.
            if attempt == TRIES - 1:
                raise
    raise AssertionError("unreachable")


@transaction.atomic
def _change_state(
    member: Member, state: str, action: str, reason: str, by: User, now: datetime, *, was: str = ""
) -> Member:
    if not reason.strip():
        raise ReasonMissing(field="reason")
    with scope(program=member.program):
        check_not_own(member=member, by=by)
        fresh = lock(member)
        if fresh.state == state or (was and fresh.state != was):
            raise StateUnchanged
        before, fresh.state = fresh.state, state
        fresh.save(update_fields=["state"])
        Event.objects.create(
            program_id=fresh.program_id,
            holder_id=fresh.pk,
            kind=action,
            occurred_at=now,
            recorded_at=now,
            data={"before": before, "after": state},
        )
        audit_of(fresh, action, by, now, before={"state": before}, after={"state": state}, reason=reason)
    return fresh
