"""Addresses that are not written to any more: after a bounce, a complaint, or a word of staff."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django_scopes import scope

from campaigns.messages import letters
from campaigns.models import Message, PushDevice, Suppression
from members import audit, erasure
from members.models import Identity, Member, User


def add(*, message: Message, address: str, reason: str, now: datetime) -> None:
    """Write no more to where this message went; a repeat changes nothing. Browsers that are gone are forgotten."""
    if message.channel == "push":
        if reason == "bounce":
            with scope(program=message.program):
                PushDevice.objects.filter(member=message.member_id).delete()
        return
    with scope(program=message.program):
        member = Member.objects.get(pk=message.member_id)
        known = address or letters.addresses_of([member.pk], message.channel, {member.pk: member}).get(
            member.pk
        )
        if known:
            _keep(member, message.channel, known, reason, message.pk, now)


def lift(*, suppression: Suppression, by: User, now: datetime) -> bool:
    """Staff say that the address may be written to again; whether it was stopped."""
    with scope(program=suppression.program), transaction.atomic():
        lifted = Suppression.objects.filter(pk=suppression.pk, lifted_at__isnull=True).update(lifted_at=now)
        if lifted:
            audit.record(
                program=suppression.program,
                actor=by,
                action="suppression.lift",
                subject="suppression",
                subject_id=suppression.pk,
                now=now,
            )
    return bool(lifted)


def mark_of(program_id: int, channel: str, address: str) -> bytes:
    """A keyed digest of the address, so that the list holds no address and outlives the person's data."""
    return erasure.mark(program_id=program_id, kind=channel, value=address, key=erasure.keys()[0])


def _keep(member: Member, channel: str, address: str, reason: str, message_id: int, now: datetime) -> None:
    kind = letters.KINDS.get(channel)  # type: ignore[call-overload]
    identity = Identity.objects.filter(member=member, kind=kind, value=address).first() if kind else None
    Suppression.objects.get_or_create(
        program_id=member.program_id,
        channel=channel,
        mark=mark_of(member.program_id, channel, address),
        lifted_at=None,
        defaults={
            "member": member,
            "identity_id": identity.pk if identity else None,
            "reason": reason,
            "message_id": message_id,
            "at": now,
        },
    )
