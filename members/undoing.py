"""A joining can be taken back as long as nothing else has happened to the member."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django_scopes import scope

from loyaltysite.kit.errors import Conflict
from members import audit
from members.models import Event, Holder, Identity, Member, User


class MoreHappened(Conflict):
    code = "more_happened"
    message = _("Something else has happened to this member since, so the joining stays.")


@transaction.atomic
def take_back_joining(*, member: Member, by: User, now: datetime) -> Member:
    """Close a member who only just joined, and free the contacts for the right person; a repeat changes nothing.

    Raises MoreHappened: every fact and every change of state raises the holder's guard, which is 0 after joining."""
    with scope(program=member.program):
        holder = Holder.objects.select_for_update(no_key=True).get(pk=member.pk)
        fresh = Member.objects.get(pk=member.pk)
        if fresh.state == Member.State.CLOSED:
            return fresh
        if holder.seq:
            raise MoreHappened
        holder.seq = 1
        holder.save(update_fields=["seq"])
        Identity.objects.filter(program=member.program, member=fresh).delete()
        fresh.state, fresh.name = Member.State.CLOSED, ""
        fresh.save(update_fields=["state", "name"])
        Event.objects.create(
            program=member.program,
            holder_id=fresh.pk,
            kind="member.joining_undone",
            occurred_at=now,
            recorded_at=now,
        )
        audit.record(
            program=member.program,
            actor=by,
            action="member.undo_join",
            subject="member",
            subject_id=fresh.number,
            before={"state": Member.State.ACTIVE},
            after={"state": Member.State.CLOSED},
            now=now,
        )
    return fresh
