"""Invitations into a team: sent by an owner, good for seven days, used once by whoever proves the address.

The token is a keyed digest of a random name, so that the task which writes the e-mail can make it again from the
row, while the row alone, without this site's secret, opens nothing.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from functools import partial

from allauth.account.models import EmailAddress
from django.db import transaction
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _
from django_scopes import scope, scopes_disabled

from loyaltysite.kit.errors import Conflict, DomainError, NotAllowed, NotFound
from members import audit, teams
from members.models import Invitation, Program, Role, TeamMembership, User

LASTS = timedelta(days=7)
SALT = "members.invitations"


class InTeamAlready(Conflict):
    code = "in_team_already"
    message = _("Somebody with this address is in the team already.")


class InvitationEnded(DomainError):
    """Used, withdrawn, run out, or never there: the four are never told apart."""

    code = "invitation_ended"
    message = _("This invitation has ended. Ask an owner of the program for a new one.")
    status = 404


class OtherAddress(NotAllowed):
    code = "other_address"
    message = _("This invitation is for another address than yours.")


class AccountExists(Conflict):
    code = "account_exists"
    message = _("There is an account with this address. Sign in, then open the invitation again.")


def token_of(invitation: Invitation) -> str:
    """What the e-mail's link ends with."""
    return salted_hmac(SALT, invitation.nonce, algorithm="sha256").hexdigest()


def invite(*, program: Program, email: str, role: Role, by: User, site: str, now: datetime) -> Invitation:
    """Invite an address (in its normal form) and e-mail it; an open invitation of that address is sent anew.

    `site` is the address of this site, for the link. Raises InTeamAlready.
    """
    with scope(program=program), transaction.atomic():
        # One after the other, or two owners would invite the same person twice.
        Program.objects.select_for_update().get(pk=program.pk)
        if TeamMembership.objects.filter(program=program, user__email=email).exists():
            raise InTeamAlready(field="email")
        open_one = Invitation.objects.open().filter(program=program, email=email).first()
        invitation = open_one or Invitation(program=program, email=email, created_at=now)
        invitation.role, invitation.invited_by = role, by
        _send(invitation, site, now)
        _record(invitation, "team.invite", by, now, after={"role": str(role)})
    return invitation


def resend(*, program: Program, invitation_id: int, by: User, site: str, now: datetime) -> Invitation:
    """Another e-mail with another token and seven more days; the link sent before opens nothing. Raises NotFound."""
    with scope(program=program), transaction.atomic():
        invitation = _open(program, invitation_id)
        invitation.invited_by = by
        _send(invitation, site, now)
        _record(invitation, "team.invite_again", by, now, after={"role": invitation.role})
    return invitation


def revoke(*, program: Program, invitation_id: int, by: User, now: datetime) -> Invitation:
    """Withdraw an invitation; its link opens nothing from now on. Raises NotFound."""
    with scope(program=program), transaction.atomic():
        invitation = _open(program, invitation_id)
        invitation.revoked_at = now
        invitation.save(update_fields=["revoked_at"])
        _record(invitation, "team.revoke", by, now, before={"role": invitation.role})
    return invitation


def find(*, token: str, now: datetime) -> Invitation:
    """The invitation that this token opens. Raises InvitationEnded."""
    digest = hashlib.sha256(token.encode()).hexdigest()
    with scopes_disabled():
        found = Invitation.objects.open().select_related("program").filter(digest=digest, expires_at__gt=now)
        invitation = found.first()
    if invitation is None:
        raise InvitationEnded
    return invitation


def has_account(invitation: Invitation) -> bool:
    """Whether whoever is invited signs in here already."""
    email = invitation.email
    return (
        User.objects.filter(email=email).exists()
        or EmailAddress.objects.filter(email=email, verified=True).exists()
    )


@transaction.atomic
def accept(*, token: str, user: User, now: datetime) -> TeamMembership:
    """Take the user into the team. Whoever is in it already keeps the role.

    Raises InvitationEnded; OtherAddress unless the user has proven the address.
    """
    invitation = _lock(token, now)
    if not EmailAddress.objects.filter(user=user, email=invitation.email, verified=True).exists():
        raise OtherAddress
    return _take_in(invitation, user, now)


@transaction.atomic
def join(*, token: str, name: str, password: str, now: datetime) -> User:
    """Make the account of somebody new, its address proven by the token, and take it into the team.

    The password must have passed the site's rules. Raises InvitationEnded, AccountExists.
    """
    invitation = _lock(token, now)
    if has_account(invitation):
        raise AccountExists
    language = invitation.program.languages[0]
    user = User.objects.create_user(invitation.email, password, name=name, language=language)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    _take_in(invitation, user, now)
    return user


def _take_in(invitation: Invitation, user: User, now: datetime) -> TeamMembership:
    program = invitation.program
    with scope(program=program):
        invitation.accepted_at = now
        invitation.save(update_fields=["accepted_at"])
    place = TeamMembership.objects.filter(program=program, user=user).first()
    return place or teams.set_role(
        program=program, user=user, role=Role(invitation.role), by=user, now=now, action="team.join"
    )


def _lock(token: str, now: datetime) -> Invitation:
    """The open invitation of the token, held until the transaction ends: of two at once, one comes too late."""
    found = find(token=token, now=now)
    with scope(program=found.program):
        open_still = Invitation.objects.open().filter(pk=found.pk, digest=found.digest)
        if open_still.select_for_update().first() is None:
            raise InvitationEnded
    return found


def _open(program: Program, invitation_id: int) -> Invitation:
    found = Invitation.objects.open().filter(program=program, pk=invitation_id)
    invitation = found.select_for_update().first()
    if invitation is None:
        raise NotFound
    return invitation


def _send(invitation: Invitation, site: str, now: datetime) -> None:
    """Save with a new token and e-mail it once that is certain."""
    from members import tasks

    invitation.nonce = secrets.token_urlsafe(32)
    invitation.digest = hashlib.sha256(token_of(invitation).encode()).hexdigest()
    invitation.expires_at, invitation.sent_at = now + LASTS, None
    invitation.save()
    transaction.on_commit(partial(tasks.send_invitation.delay, invitation.pk, site))


def _record(
    invitation: Invitation,
    action: str,
    by: User,
    now: datetime,
    *,
    before: dict[str, str] | None = None,
    after: dict[str, str] | None = None,
) -> None:
    """The audit knows the invitation by its number: the address is a person's."""
    audit.record(
        program=invitation.program, actor=by, action=action, subject="invitation",
        subject_id=invitation.pk, before=before, after=after, now=now,
    )  # fmt: skip
