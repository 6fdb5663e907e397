"""By which clock a member lives, where it is not the program's."""

from __future__ import annotations

from django_scopes import scope

from campaigns.models import Whereabouts
from members.models import Member


def of(member: Member) -> str:
    """The member's own time zone; empty where it is the program's."""
    with scope(program=member.program):
        found = Whereabouts.objects.filter(member=member).values_list("time_zone", flat=True).first()
    return found or ""


def keep(*, member: Member, zone: str) -> None:
    """An empty zone is the program's. A repeat changes nothing."""
    with scope(program=member.program):
        if not zone:
            Whereabouts.objects.filter(member=member).delete()
            return
        Whereabouts.objects.update_or_create(
            member=member, defaults={"program_id": member.program_id, "time_zone": zone}
        )
