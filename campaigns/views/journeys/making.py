"""A new journey: from blank, or one that is ready."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from campaigns import drafting
from campaigns.journeys import editing
from campaigns.models import Journey
from campaigns.presets import making
from campaigns.presets.collection import PRESETS, preset_of
from campaigns.views.journeys.finding import find
from loyaltysite.kit import clock
from loyaltysite.kit.errors import DomainError
from loyaltysite.kit.forms import refuse
from members.access import StaffRequest, program_view
from members.models import Program, Role, TeamMembership
from members.views import frame


class NameForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=120)


@require_http_methods(["GET", "HEAD", "POST"])
@program_view(role=Role.MANAGER)
def new(request: StaffRequest, program: Program) -> HttpResponse:
    """It is a draft until it is published."""
    key = request.POST.get("preset", "")
    form = NameForm(request.POST if request.method == "POST" and not key else None)
    if request.method == "POST":
        try:
            journey = _make(request, program, key, form)
        except DomainError as error:
            messages.error(request, str(error))
        else:
            if journey is not None:
                messages.success(request, _("The draft is made. Look it over, then publish it."))
                return redirect("campaigns:journey_edit", program.slug, journey.key)
    context = {
        "form": form,
        "presets": PRESETS,
        **frame.around(request.team, current="journeys", crumbs=[(request.path, _("New journey"))]),
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "campaigns/dashboard/journeys/new.html", context, status=status)


class AboutForm(NameForm):
    """Name, and who of the team looks after it; whoever did so before stays among the choices."""

    owner = forms.TypedChoiceField(label=gettext_lazy("Looked after by"), coerce=int)

    def __init__(self, data: Any, *, journey: Journey) -> None:
        initial = {"name": journey.name, "owner": journey.owner_id}
        super().__init__(data, initial=initial)
        team = TeamMembership.objects.filter(
            program_id=journey.program_id, role__in=(Role.OWNER, Role.MANAGER)
        )
        people = {place.user_id: place.user for place in team.select_related("user").order_by("user_id")}
        if journey.owner is not None:
            people.setdefault(journey.owner.pk, journey.owner)
        self.people = people
        self.fields["owner"].choices = [(pk, str(user)) for pk, user in people.items()]  # type: ignore[attr-defined]


@require_http_methods(["GET", "HEAD", "POST"])
@program_view(role=Role.MANAGER)
def about(request: StaffRequest, program: Program, key: str) -> HttpResponse:
    """Another name, or somebody else who looks after it."""
    journey = find(program, key)
    form = AboutForm(request.POST or None, journey=journey)
    if request.method == "POST" and form.is_valid():
        try:
            editing.change(
                journey=journey, by=request.user, now=clock.now(), name=form.cleaned_data["name"],
                owner=form.people[form.cleaned_data["owner"]],
            )  # fmt: skip
        except DomainError as error:
            refuse(form, error)
        else:
            messages.success(request, _("Kept."))
            return redirect("campaigns:journey", program.slug, key)
    back = reverse("campaigns:journey", args=[program.slug, key])
    context = {
        "form": form,
        "title": _("Name and owner"),
        "act": _("Save"),
        "back": back,
        **frame.around(
            request.team,
            current="journeys",
            crumbs=[(back, journey.name), (request.path, _("Name and owner"))],
        ),
    }
    return render(request, "members/dashboard/edit.html", context, status=422 if form.errors else 200)


def _make(request: StaffRequest, program: Program, key: str, form: NameForm) -> Journey | None:
    """None where the form is not complete."""
    if key:
        preset = preset_of(key)
        if preset is None:
            raise Http404
        return making.make(program=program, preset=preset, by=request.user, now=clock.now())
    if not form.is_valid():
        return None
    return drafting.create(program=program, name=form.cleaned_data["name"], by=request.user, now=clock.now())
