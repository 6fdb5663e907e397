"""Browsers that a member lets us send notices to."""

from __future__ import annotations

import base64
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django_scopes import scope

from campaigns.models import Provider, PushDevice
from loyaltysite.kit.errors import DomainError
from members.models import Member, Program
from members.webhooks import addresses

MOST = 10
# Of a point of P-256 and a secret, in bytes (RFC 8291).
POINT, SECRET = 65, 16


class DeviceFaulty(DomainError):
    code = "device_faulty"
    message = _("This browser cannot be reached.")


def public_key(program: Program) -> str:
    """The key that a browser asks for; empty where the program sends no notices."""
    with scope(program=program):
        found = Provider.objects.filter(
            program=program, channel="push", kind="webpush", is_active=True
        ).first()
    return str(found.settings.get("public", "")) if found else ""


def add(*, member: Member, endpoint: str, p256dh: str, auth: str, now: datetime) -> PushDevice:
    """Keep a browser; one that is known changes hands, the oldest make room. Raises DeviceFaulty and AddressRefused."""
    addresses.parse(endpoint)
    if _length(p256dh) != POINT or _length(auth) != SECRET:
        raise DeviceFaulty
    keys = {"p256dh": p256dh, "auth": auth}
    with scope(program=member.program), transaction.atomic():
        made, _is_new = PushDevice.objects.update_or_create(
            program_id=member.program_id,
            endpoint=endpoint,
            defaults={"member": member, "keys": keys, "created_at": now},
        )
        mine = PushDevice.objects.filter(member=member).order_by("-created_at", "-pk")
        PushDevice.objects.filter(pk__in=list(mine.values_list("pk", flat=True)[MOST:])).delete()
    return made


def forget(*, member: Member) -> int:
    """No more notices to any browser; how many there were."""
    with scope(program=member.program):
        return PushDevice.objects.filter(member=member).delete()[0]


def count(member: Member) -> int:
    with scope(program=member.program):
        return PushDevice.objects.filter(member=member).count()


def _length(text: str) -> int:
    """Bytes of base64 for addresses; 0 for what is none."""
    try:
        return len(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
    except ValueError:
        return 0
