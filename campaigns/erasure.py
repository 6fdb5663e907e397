"""What campaigns forget of somebody who leaves: what waits is not sent, and browsers and whereabouts are no more.

Messages and decisions stay, since they hold ids and choices only; what was handed to a message is blanked.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from campaigns.messages import outbox
from campaigns.models import Arrival, Enrolment, Message, Nearness, PushDevice, Whereabouts
from members.erasure import Part
from members.models import Member


def guard(member: Member) -> None:
    """Nothing of ours moves with a member."""


def forget(member: Member, now: datetime) -> dict[str, Any]:
    outbox.forget(member=member, now=now)
    under_way = Enrolment.objects.filter(member=member, status=Enrolment.Status.WAITING)
    under_way.update(status=Enrolment.Status.EXITED, reason="erased", ended_at=now, due_at=None)
    Arrival.objects.filter(member=member).delete()
    Message.objects.filter(member=member).exclude(context={}).update(context={})
    PushDevice.objects.filter(member=member).delete()
    Whereabouts.objects.filter(member=member).delete()
    Nearness.objects.filter(member=member).delete()
    return {}


def resume(member: Member, burden: Mapping[str, Any], number: int, now: datetime) -> None:
    """Nothing that was said before is taken up again."""


PART = Part(guard, forget, resume)
