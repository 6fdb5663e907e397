"""Where a member is: told by a tap, if the member wants it, and taken back by another."""

from __future__ import annotations

from django import forms
from django.contrib import messages as notes
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from campaigns import places
from loyaltysite.kit import buckets, clock, formats
from members.models import Member, Program
from members.portal.entrance import member_page

PER_MINUTE = 10


class PositionForm(forms.Form):
    latitude = forms.FloatField(min_value=-90, max_value=90)
    longitude = forms.FloatField(min_value=-180, max_value=180)
    off_m = forms.FloatField(min_value=0, max_value=10_000_000)


@require_POST
@member_page
def here(request: HttpRequest, program: Program, member: Member) -> HttpResponse:
    """The tap is the consent: from then on it is kept, until the member takes it back."""
    form = PositionForm(request.POST)
    if not form.is_valid() or not places.is_offered(program):
        raise Http404
    if not buckets.take(f"place:{member.pk}", per_minute=PER_MINUTE).is_allowed:
        notes.error(request, _("Not so fast. Try again in a minute."))
        return redirect("portal:messages", program.slug)
    now = clock.now()
    places.share(member=member, now=now)
    found = places.come_by(member=member, now=now, **form.cleaned_data)
    if found:
        notes.success(request, _("You are near %(name)s.") % {"name": formats.isolate(found[0].name)})
    else:
        notes.info(request, _("No store of ours is near."))
    return redirect("portal:messages", program.slug)


@require_POST
@member_page
def stop(request: HttpRequest, program: Program, member: Member) -> HttpResponse:
    places.stop(member=member, now=clock.now())
    notes.success(request, _("We do not ask where you are any more."))
    return redirect("portal:messages", program.slug)
