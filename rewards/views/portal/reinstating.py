"""What has ended, asked back by the member on the page of dates (11)."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from loyaltysite.kit import clock
from loyaltysite.kit.errors import DomainError
from members.models import Member, Program
from members.portal.entrance import member_page
from rewards import reinstatements


@require_POST
@member_page
def reinstate(request: HttpRequest, program: Program, member: Member) -> HttpResponse:
    """Have a lot back; whatever is not one's own is answered like one that is not on offer."""
    typed = request.POST.get("lot", "")
    if not typed.isascii() or not typed.isdigit():
        raise Http404
    try:
        reinstatements.reinstate(program=program, member=member, lot_id=int(typed[:18]), now=clock.now())
    except DomainError as error:
        messages.warning(request, str(error))
    else:
        messages.success(request, _("You have it back."))
    return redirect("portal:lots", program.slug)
