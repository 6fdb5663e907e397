"""The editor of a reward: one form with its conditions, and the ticket as members will see it beside it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods
from django.views.decorators.vary import vary_on_headers

from loyaltysite.kit import clock
from loyaltysite.kit.conditions.forms import ConditionForm
from loyaltysite.kit.errors import DomainError
from loyaltysite.kit.forms import refuse
from members.access import StaffRequest, program_view
from members.models import Program, Role
from members.views import frame
from rewards import candidates, catalogue, queries
from rewards.models import Reward, Unit
from rewards.views import tickets
from rewards.views.catalogue import pages
from rewards.views.catalogue.forms import RewardForm

TEMPLATE = "rewards/dashboard/rewards/edit.html"
PARTS = {"eligibility", "preview"}
GROUPS = {"standing.": gettext_lazy("Tier"), "member.": gettext_lazy("Member")}


class Editing:
    """A reward under the pen: its form and its tree, judged together."""

    def __init__(self, request: StaffRequest, program: Program, reward: Reward | None) -> None:
        data = request.POST if request.method == "POST" else None
        self.program, self.reward = program, reward
        self.units: list[Unit] = queries.units_of(program)
        self.form = RewardForm(data, program=program, units=self.units, reward=reward)
        self.tree = ConditionForm(
            candidates.REGISTRY,
            "eligibility",
            tree=None if data is not None or reward is None else reward.eligibility,
            data=data,
            url=request.path,
            currency=program.currency,
            zone=program.zone,
            groups=GROUPS,
            label=_("For whom"),
        )

    def is_valid(self) -> bool:
        return all([self.form.is_valid(), self.tree.is_valid()])

    def values(self) -> dict[str, Any]:
        return self.form.values() | {"eligibility": self.tree.tree}

    def hush(self) -> None:
        self.form.hush()
        self.tree.hush()

    @property
    def ticket(self) -> tickets.Ticket:
        """What has been typed so far, drawn."""
        known = {unit.key: unit for unit in self.units}
        drawn = self.reward or Reward(program=self.program, key="", kind=Reward.Kind.VOUCHER)
        if self.form.is_bound:
            if not hasattr(self.form, "cleaned_data"):
                self.form.full_clean()
            kept, drawn = drawn, Reward(program=self.program, key=drawn.key, **self.form.values())
            drawn.picture_digest = kept.picture_digest
        return tickets.draw(drawn, program=self.program, known=known)


@require_http_methods(["GET", "HEAD", "POST"])
@vary_on_headers("HX-Request")
@program_view(role=Role.MANAGER)
def reward_new(request: StaffRequest, program: Program) -> HttpResponse:
    """A reward that is not there yet; it is a draft until it is put up."""
    return _answer(request, program, Editing(request, program, None))


@require_http_methods(["GET", "HEAD", "POST"])
@vary_on_headers("HX-Request")
@program_view(role=Role.MANAGER)
def reward_edit(request: StaffRequest, program: Program, key: str) -> HttpResponse:
    """Change it; what has been redeemed keeps its price."""
    return _answer(request, program, Editing(request, program, pages.find(program, key)))


def _answer(request: StaffRequest, program: Program, editing: Editing) -> HttpResponse:
    if request.method != "POST":
        return _page(request, program, editing)
    if editing.tree.was_edited or request.POST.get("do") == "say":
        editing.hush()
        return _page(request, program, editing)
    if not editing.is_valid():
        return _page(request, program, editing, status=422)
    try:
        reward = _save(request, program, editing)
    except DomainError as error:
        if error.field == "eligibility":
            editing.tree.refuse("", str(error))
        else:
            refuse(editing.form, error)
        return _page(request, program, editing, status=422)
    messages.success(request, _("The reward was saved."))
    return redirect("rewards:reward", program.slug, reward.key)


def _save(request: StaffRequest, program: Program, editing: Editing) -> Reward:
    now, values = clock.now(), editing.values()
    if editing.reward is None:
        key = editing.form.cleaned_data["key"]
        return catalogue.create(program=program, key=key, by=request.user, now=now, **values)
    seen = request.POST.get("revision", "")
    revision = int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 10 else 0
    return catalogue.change(
        program=program, key=editing.reward.key, by=request.user, now=now, revision=revision, **values
    )


def _page(request: StaffRequest, program: Program, editing: Editing, *, status: int = 200) -> HttpResponse:
    reward = editing.reward
    title = catalogue.name_of(reward.names, reward.key) if reward else _("New reward")
    back = reverse("rewards:reward", args=[program.slug, reward.key]) if reward else ""
    crumbs = [(back, title), (request.path, _("Edit"))] if reward else [(request.path, title)]
    shown = editing.reward.revision if editing.reward else ""
    context = {
        "editing": editing,
        "form": editing.form,
        "title": title,
        "ticket": editing.ticket,
        "revision": request.POST.get("revision", shown),
        "back": back or reverse("rewards:rewards", args=[program.slug]),
        **frame.around(request.team, current="rewards", crumbs=crumbs),
    }
    target = request.htmx.target or ""
    # A fragment is shown whatever it says; the page itself answers 422 where something is wrong.
    if request.htmx and target in PARTS:
        return render(request, f"{TEMPLATE}#{target}", context)
    return render(request, TEMPLATE, context, status=status)
