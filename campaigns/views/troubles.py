"""The buttons by which staff tell what went wrong for a member, and that the member has answered."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from campaigns import troubles
from campaigns.troubles import About
from loyaltysite.kit import clock
from loyaltysite.kit.errors import DomainError
from members.access import StaffRequest, program_view
from members.models import Program, Role
from rewards.views.finding import find


class Told(forms.Form):
    """`key` names the page that was shown, so that a second press of its buttons tells nothing anew."""

    about = forms.ChoiceField(choices=About.choices)
    key = forms.UUIDField()


@require_POST
@program_view(role=Role.MANAGER)
def tell(request: StaffRequest, program: Program, number: str) -> HttpResponse:
    """What the button says is an event of the member from now on."""
    person, form = find(program, number), Told(request.POST)
    if not form.is_valid():
        return HttpResponseBadRequest()
    about, key = About(form.cleaned_data["about"]), f"{person.pk}-{form.cleaned_data['key']}"
    try:
        troubles.tell(member=person, about=about, key=key, by=request.user, now=clock.now())
        messages.success(request, _("Recorded."))
    except DomainError as refusal:
        messages.error(request, str(refusal))
    return redirect("campaigns:member_journeys", program.slug, person.number)
