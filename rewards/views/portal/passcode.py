"""The page with the code that lets a shop spend: shown to the member alone, renewed every minute, also without script."""

from __future__ import annotations

from math import ceil

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from loyaltysite.kit import clock
from members.models import Member, Program
from members.portal.entrance import frame, member_page
from rewards import passcodes
from rewards.views.portal.pages import grouped


@require_safe
@member_page
def passcode(request: HttpRequest, program: Program, member: Member) -> HttpResponse:
    now = clock.now()
    shown = passcodes.show(member=member, now=now)
    seconds = ceil(passcodes.refresh_after(shown, now).total_seconds())
    context = {"member": member, "code": grouped(shown.code), "seconds": seconds}
    response = render(request, "rewards/portal/passcode.html", frame(request, program, **context))
    response["Refresh"] = str(seconds)
    return response
