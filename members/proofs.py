"""Somebody has shown that a contact is theirs: what waited for that takes effect."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django_scopes import scope

from members import consent, erasure
from members.models import Identity


@transaction.atomic
def accept(*, claim: Identity, source: str, now: datetime) -> None:
    """Mark an identity as proven. Consents that were wished through it count, and what its owner owed before they left
    is taken up for good. A repeat changes nothing. `source` says through what: portal, till."""
    with scope(program=claim.member.program):
        unproven = Identity.objects.filter(pk=claim.pk, verified_at__isnull=True)
        if not unproven.update(verified_at=now):
            return
        consent.confirm(member=claim.member, kind=claim.kind, source=source, now=now)
        erasure.vouch(member=claim.member, known=[(claim.kind, claim.value)])
