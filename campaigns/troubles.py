"""What went wrong for a member, told by staff: the same event as a shop sends, so that journeys and rules need not care."""

from __future__ import annotations

from datetime import datetime

from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit.errors import DomainError
from members import people
from members.models import Member, User
from rewards import intake
from rewards.intake.checks import OWN_SOURCE
from rewards.intake.items import EventIn, Who

FAILED, ANSWERED = "service.failed", "service.answered"


class About(models.TextChoices):
    """What staff may tell. All but the last begin a recovery; that one ends it."""

    DELIVERY = "delivery", _("Late delivery")
    COMMENT = "comment", _("Bad comment")
    ANSWER = "answer", _("The member answered")


def may_be_told(member: Member) -> bool:
    """Not of whoever left, nor of a profile that became part of another."""
    return member.state != Member.State.CLOSED and member.merged_into_id is None


@transaction.atomic
def tell(*, member: Member, about: About, key: str, by: User, now: datetime) -> bool:
    """Record it once for the key, with the audit of who told it; False for a repeat. Raises DomainError where it cannot
    be recorded, rewards.posting.Busy when other writers do not let it through."""
    if not may_be_told(member):
        raise DomainError
    kind, data = (ANSWERED, {}) if about == About.ANSWER else (FAILED, {"about": str(about)})
    item = EventIn(OWN_SOURCE, f"staff-{key}", kind, now, Who("number", member.number), data)
    told = intake.record(program=member.program, items=[item], now=now)[0]
    if told.status == "refused":
        raise DomainError(told.message)
    if told.status != "recorded":
        return False
    people.audit_of(member, "member.service", by, now, after={"about": str(about)})
    return True
