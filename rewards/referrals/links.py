"""A member's own code and link. It says nothing about the member but what the member lets friends see."""

from __future__ import annotations

import secrets
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import F
from django.urls import reverse

from loyaltysite.kit.errors import DomainError
from members.models import Member, Program
from rewards.models import ReferralLink
from rewards.pools.signs import ALIKE, SIGNS

LENGTH, TRIES = 8, 5
Shown = ReferralLink.Shown


def of(*, member: Member, now: datetime) -> ReferralLink:
    """The member's link, made at the first time. For the program in scope."""
    found = ReferralLink.objects.filter(member=member).first()
    for attempt in range(TRIES):
        if found is not None:
            break
        try:
            with transaction.atomic():
                found = ReferralLink.objects.create(
                    member=member, program_id=member.program_id, code=_draw(), made_at=now
                )
        except IntegrityError:
            # Another browser of the same member was faster, or the code is somebody's.
            found = ReferralLink.objects.filter(member=member).first()
            if found is None and attempt == TRIES - 1:
                raise
    assert found is not None  # noqa: S101 - the last try raises
    return found


def find(*, program: Program, code: str) -> ReferralLink | None:
    """The link of a code however it was typed, while its member is active. For the program in scope."""
    typed = clean(code)
    if not typed:
        return None
    rows = ReferralLink.objects.select_related("member", "member__program", "member__merged_into")
    link = rows.filter(program=program, code=typed).first()
    if link is None or (link.member.merged_into or link.member).state != Member.State.ACTIVE:
        return None
    return link


def count_visit(link: ReferralLink) -> None:
    """One more browser has opened it."""
    ReferralLink.objects.filter(pk=link.pk).update(visits=F("visits") + 1)


def show(*, member: Member, shown: str, now: datetime) -> ReferralLink:
    """How much of the name friends see from now on; a repeat changes nothing."""
    link = of(member=member, now=now)
    if shown not in Shown.values:
        raise DomainError(field="shown")
    link.shown = shown
    link.save(update_fields=["shown"])
    return link


def name_of(link: ReferralLink) -> str:
    """What a friend sees of the name: "", "A." or "Amelia"."""
    first = (link.member.merged_into or link.member).name.split(" ")[0]
    if not first or link.shown == Shown.NOTHING:
        return ""
    return f"{first[0]}." if link.shown == Shown.INITIAL else first


def path_of(link: ReferralLink, program: Program) -> str:
    return reverse("portal:invitation", args=[program.slug, link.code])


def clean(typed: str) -> str:
    """What was typed in the signs of a code; "" for what cannot be one."""
    if len(typed) > 4 * LENGTH:
        return ""
    found = "".join(sign for sign in typed.upper() if sign.isascii() and sign.isalnum()).translate(ALIKE)
    return found if len(found) == LENGTH else ""


def _draw() -> str:
    return "".join(secrets.choice(SIGNS) for _sign in range(LENGTH))
