"""A member's own page of messages: what was sent, what was not and why; and what stands on the portal's pages."""

from __future__ import annotations

from zoneinfo import available_timezones

from django.contrib import messages as notes
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from campaigns import places
from campaigns.messages import devices, placements, reading, whereabouts
from loyaltysite.kit import clock
from members.models import Member, Program
from members.portal.entrance import frame, member_page

AREAS = ("Africa/", "America/", "Asia/", "Atlantic/", "Australia/", "Europe/", "Indian/", "Pacific/")
ZONES = sorted(zone for zone in available_timezones() if zone.startswith(AREAS))


@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def messages(request: HttpRequest, program: Program, member: Member) -> HttpResponse:
    """What came and what did not; and by which clock the member sleeps."""
    if request.method == "POST":
        zone = request.POST.get("zone", "")
        if zone and zone not in ZONES:
            raise Http404
        whereabouts.keep(member=member, zone=zone)
        notes.success(request, _("Kept."))
        return redirect("portal:messages", program.slug)
    context = {
        "member": member,
        "lines": reading.lines_of(member=member),
        "zones": ZONES,
        "zone": whereabouts.of(member),
        "push_key": devices.public_key(program),
        "devices": devices.count(member),
        "has_places": places.is_offered(program),
        "is_shared": places.is_shared(member),
    }
    page = render(request, "campaigns/portal/messages.html", frame(request, program, **context))
    page["Permissions-Policy"] = "camera=(), microphone=(), geolocation=(self)"
    return page


@require_POST
@member_page
def close(request: HttpRequest, program: Program, member: Member, number: int) -> HttpResponse:
    found = placements.find(program, member, number)
    if found is None:
        raise Http404
    placements.close(message=found, now=clock.now())
    return redirect("portal:home", program.slug)


@require_safe
@member_page
def go(request: HttpRequest, program: Program, member: Member, number: int) -> HttpResponse:
    """Where the button leads; it counts."""
    found, now = placements.find(program, member, number), clock.now()
    link = placements.link_of(program, found, now) if found else ""
    if found is None or not link:
        raise Http404
    if request.method == "GET":
        placements.click(message=found, member=member, now=now)
    return redirect(link)
