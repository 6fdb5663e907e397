"""What the member has: a code to show while its time runs, and all of them."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from loyaltysite.kit import clock
from loyaltysite.kit.errors import DomainError
from members.models import Member, Program
from members.portal.entrance import frame, member_page
from rewards import catalogue, queries, redemptions
from rewards.models import Redemption
from rewards.views.portal import codes, coupons, drawings, gatherings

POLL_SECONDS = 4


@require_safe
@member_page
def mine(request: HttpRequest, program: Program, member: Member) -> HttpResponse:
    now = clock.now()
    context = {
        "member": member,
        "held": codes.of(program=program, member=member, now=now),
        "coupons": coupons.of(program=program, member=member, now=now),
    }
    return render(request, "rewards/portal/mine.html", frame(request, program, **context))


@require_safe
@member_page
def redemption(request: HttpRequest, program: Program, member: Member, redemption_id: int) -> HttpResponse:
    """One of them, with its QR code while it opens something."""
    now = clock.now()
    one = _find(program, member, redemption_id)
    known = {unit.key: unit for unit in queries.units_of(program)}
    held = codes.tell(one, program=program, known=known, now=now)
    context = {
        "member": member,
        "held": held,
        "terms": catalogue.name_of(one.reward.terms),
        "day": gatherings.day_of(one.reward, program),
        "qr": drawings.qr(held.plain, label=_("QR code of this reward"), error="q") if held.plain else "",
        "seconds": int((one.due_at - now).total_seconds()) if one.due_at and held.is_reserved else 0,
        "poll": POLL_SECONDS,
    }
    return render(request, "rewards/portal/redemption.html", frame(request, program, **context))


@require_POST
@member_page
def give_back(request: HttpRequest, program: Program, member: Member, redemption_id: int) -> HttpResponse:
    """Not now after all: points and stock are free again."""
    one = _find(program, member, redemption_id)
    try:
        redemptions.release(program=program, redemption_id=one.pk, now=clock.now())
    except DomainError as error:
        messages.warning(request, str(error))
        return redirect("portal:redemption", program.slug, redemption_id)
    messages.success(request, _("Given back. Nothing was taken from you."))
    return redirect("portal:rewards", program.slug)


def _find(program: Program, member: Member, redemption_id: int) -> Redemption:
    if redemption_id >= 2**63:
        raise Http404
    one = codes.mine(program, member).filter(pk=redemption_id).first()
    if one is None:
        raise Http404
    return one
