"""The team of a program: who may do what. Every change is audited, and a program never loses its last owner."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django_scopes import scope

from loyaltysite.kit.errors import Conflict
from members import audit, keys
from members.models import Invitation, Program, Role, TeamMembership, User


class LastOwner(Conflict):
    code = "last_owner"
    message = _("A program needs an owner. Make somebody else owner first.")


@transaction.atomic
def set_role(
    *,
    program: Program,
    user: User,
    role: Role,
    by: User | None,
    now: datetime,
    action: str = "team.set_role",
    keeps_keys: bool = False,
) -> TeamMembership:
    """Take a user into the team, or give another role; a repeat changes nothing. `action` is how the audit calls it.
    The API keys of somebody who is owner no longer end, unless `by` keeps them and answers for them.

    Raises LastOwner, KeysUnanswered.
    """
    team = TeamMembership.objects.select_for_update().filter(program=program)
    place = team.filter(user=user).first()
    if place is not None and place.role == role:
        return place
    before = {"role": place.role} if place else {}
    if place is None:
        place = TeamMembership.objects.create(program=program, user=user, role=role, created_at=now)
    else:
        _keep_an_owner(program, place)
        place.role = role
        place.save(update_fields=["role"])
        if role != Role.OWNER:
            _revoke_invitations(program, user, now)
            keys.part_with(program=program, user=user, keeps=keeps_keys, by=by, now=now)
    _record(program, user, by, action, before, {"role": str(role)}, now)
    return place


@transaction.atomic
def remove(*, program: Program, user: User, by: User | None, now: datetime, keeps_keys: bool = False) -> None:
    """Take a user out of the team; somebody who is not in it is no error. Their API keys end, unless `by` keeps them
    and answers for them. Raises LastOwner, KeysUnanswered."""
    place = TeamMembership.objects.select_for_update().filter(program=program, user=user).first()
    if place is None:
        return
    _keep_an_owner(program, place)
    before = {"role": place.role}
    place.delete()
    _revoke_invitations(program, user, now)
    keys.part_with(program=program, user=user, keeps=keeps_keys, by=by, now=now)
    _record(program, user, by, "team.remove", before, {}, now)


def _keep_an_owner(program: Program, leaving: TeamMembership) -> None:
    if leaving.role != Role.OWNER:
        return
    owners = TeamMembership.objects.select_for_update().filter(program=program, role=Role.OWNER)
    if len(owners) < 2:
        raise LastOwner(field="role")


def _revoke_invitations(program: Program, user: User, now: datetime) -> None:
    """Who may invite no longer must not come back through an invitation that is still under way."""
    with scope(program=program):
        Invitation.objects.open().filter(program=program, invited_by=user).update(revoked_at=now)


def _record(
    program: Program,
    user: User,
    by: User | None,
    action: str,
    before: dict[str, str],
    after: dict[str, str],
    now: datetime,
) -> None:
    with scope(program=program):
        audit.record(
            program=program,
            actor=by,
            action=action,
            subject="user",
            subject_id=user.pk,
            before=before,
            after=after,
            now=now,
        )
