"""What a member was surprised with, on the first page until it was read."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from loyaltysite.kit import clock
from members.models import Member, Program
from members.portal.entrance import member_page
from rewards import catalogue, surprises
from rewards.models import SurpriseGift
from rewards.views.referrals import words

MOST = 3


def unseen(program: Program, member: Member) -> list[dict[str, Any]]:
    """The newest gifts not read yet, in words. One statement where there are none."""
    rows = SurpriseGift.objects.filter(member=member, state=SurpriseGift.State.GIVEN, seen_at=None)
    return [
        {
            "gift": row,
            "text": catalogue.name_of(row.surprise.texts, "") or _("A surprise for you"),
            "prize": words.prize(program, row.surprise.prize),
            "is_reward": "reward" in row.surprise.prize,
        }
        for row in rows.select_related("surprise").order_by("-given_at")[:MOST]
    ]


@require_POST
@member_page
def seen(request: HttpRequest, program: Program, member: Member, gift_id: int) -> HttpResponse:
    """Read; then it is shown no more. A reward is found where the member's rewards are."""
    surprises.see(member=member, gift_id=gift_id, now=clock.now())
    return redirect("portal:mine" if "look" in request.POST else "portal:home", program.slug)
