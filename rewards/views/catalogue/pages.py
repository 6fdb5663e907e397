"""The catalogue for staff: every reward with its stock, and one reward with what it asks, its picture and its state."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from loyaltysite.kit import clock
from loyaltysite.kit.errors import DomainError
from members import access
from members.access import StaffRequest, program_view
from members.models import Program, Role
from members.views import frame
from rewards import catalogue, queries
from rewards.models import Reward
from rewards.views import tickets
from rewards.views.catalogue import words

BADGES = {Reward.State.DRAFT: "draft", Reward.State.LIVE: "good", Reward.State.ENDED: ""}


class PictureForm(forms.Form):
    picture = forms.FileField(
        label=gettext_lazy("Picture"),
        help_text=gettext_lazy("PNG, JPEG or WebP, at most 2 MB. It is made small and written anew."),
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/webp"}),
    )


@require_safe
@program_view(role=Role.ANALYST)
def rewards(request: StaffRequest, program: Program) -> HttpResponse:
    """All rewards: the live ones first, then drafts, then what is over."""
    known = {unit.key: unit for unit in queries.units_of(program)}
    found = list(Reward.objects.filter(program=program).order_by("-created_at", "-pk"))
    order = {Reward.State.LIVE: 0, Reward.State.DRAFT: 1, Reward.State.ENDED: 2}
    found.sort(key=lambda reward: order[Reward.State(reward.state)])
    taken = catalogue.taken_of(found)
    rows = [
        {
            "reward": reward,
            "taken": taken.get(reward.pk, 0),
            "left": None if reward.stock is None else reward.stock - reward.taken,
            "ticket": tickets.draw(reward, program=program, known=known),
            "state": reward.get_state_display(),
            "badge": BADGES[Reward.State(reward.state)],
        }
        for reward in found
    ]
    context = {
        "rows": rows,
        "may_edit": access.may(request.team.role, Role.MANAGER),
        **frame.around(request.team, current="rewards"),
    }
    return render(request, "rewards/dashboard/rewards/list.html", context)


@require_safe
@program_view(role=Role.ANALYST)
def reward(request: StaffRequest, program: Program, key: str) -> HttpResponse:
    """One reward."""
    return _page(request, program, find(program, key), PictureForm())


@require_POST
@program_view(role=Role.MANAGER)
def reward_move(request: StaffRequest, program: Program, key: str) -> HttpResponse:
    """Put it up, or end it."""
    one = find(program, key)
    is_ending = request.POST.get("to") == Reward.State.ENDED
    move = catalogue.end if is_ending else catalogue.publish
    try:
        move(program=program, key=one.key, by=request.user, now=clock.now())
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("The reward has ended.") if is_ending else _("Members can see it now."))
    return redirect("rewards:reward", program.slug, key)


@require_POST
@program_view(role=Role.MANAGER)
def reward_picture(request: StaffRequest, program: Program, key: str) -> HttpResponse:
    """Give it another picture, or take it away."""
    one = find(program, key)
    if "remove" in request.POST:
        catalogue.remove_picture(program=program, key=one.key, by=request.user, now=clock.now())
        messages.success(request, _("The picture was removed."))
        return redirect("rewards:reward", program.slug, key)
    form = PictureForm(request.POST, request.FILES)
    if form.is_valid():
        try:
            file = form.cleaned_data["picture"]
            catalogue.set_picture(program=program, key=one.key, file=file, by=request.user, now=clock.now())
        except DomainError as error:
            form.add_error("picture", str(error))
        else:
            messages.success(request, _("The picture was saved."))
            return redirect("rewards:reward", program.slug, key)
    return _page(request, program, one, form, status=422)


def find(program: Program, key: str) -> Reward:
    found = Reward.objects.filter(program=program, key=key).first()
    if found is None:
        raise Http404
    return found


def _page(
    request: StaffRequest, program: Program, one: Reward, form: PictureForm, *, status: int = 200
) -> HttpResponse:
    known = {unit.key: unit for unit in queries.units_of(program)}
    ticket = tickets.draw(one, program=program, known=known)
    context: dict[str, Any] = {
        "reward": one,
        "ticket": ticket,
        "badge": BADGES[Reward.State(one.state)],
        "pairs": words.pairs(one, program, taken=catalogue.taken_of([one]).get(one.pk, 0)),
        "terms": catalogue.name_of(one.terms),
        "picture_form": form,
        "may_edit": access.may(request.team.role, Role.MANAGER) and one.state != Reward.State.ENDED,
        "is_draft": one.state == Reward.State.DRAFT,
        "back": reverse("rewards:rewards", args=[program.slug]),
        **frame.around(request.team, current="rewards", crumbs=[("", ticket.name)]),
    }
    return render(request, "rewards/dashboard/rewards/reward.html", context, status=status)
