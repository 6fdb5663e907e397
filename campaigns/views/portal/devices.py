"""Notices on a member's browser: allowed here, taken back here, shown by a worker of the portal."""

from __future__ import annotations

from django.contrib import messages as notes
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from campaigns.messages import devices
from loyaltysite.kit import clock
from loyaltysite.kit.errors import DomainError
from members.models import Member, Program
from members.portal.entrance import member_page, open_page


@require_POST
@member_page
def allow(request: HttpRequest, program: Program, member: Member) -> HttpResponse:
    told = {name: request.POST.get(name, "") for name in ("endpoint", "p256dh", "auth")}
    try:
        devices.add(member=member, now=clock.now(), **told)
    except DomainError as error:
        notes.error(request, str(error))
    else:
        notes.success(request, _("Notices come to this browser."))
    return redirect("portal:messages", program.slug)


@require_POST
@member_page
def refuse(request: HttpRequest, program: Program, member: Member) -> HttpResponse:
    devices.forget(member=member)
    notes.success(request, _("No notices any more."))
    return redirect("portal:messages", program.slug)


@require_safe
@open_page
def worker(request: HttpRequest, program: Program) -> HttpResponse:
    """The script that shows notices, below the portal's own address so that it may."""
    return render(
        request, "campaigns/portal/push-worker.js", {"program": program}, content_type="text/javascript"
    )
