"""What members have taken, for staff: what is still to be handed over, and each with what can be done about it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from loyaltysite.kit import clock
from loyaltysite.kit.errors import DomainError
from loyaltysite.kit.forms import refuse
from members import access
from members.access import StaffRequest, program_view
from members.models import Program, Role
from members.views import frame
from rewards import catalogue, queries, redemptions
from rewards.models import Redemption, Reward
from rewards.views import tickets

SIZE = 50
State = Redemption.State
BADGES = {
    State.RESERVED: "warn",
    State.ISSUED: "info",
    State.FULFILLED: "good",
    State.FAILED: "bad",
}
BY_HAND = (Reward.Handover.POST, Reward.Handover.STAFF)
# What can be done in which state, and what the button says.
DEEDS: dict[str, tuple[set[str], Any]] = {
    "packed": ({State.ISSUED}, gettext_lazy("Packed")),
    "sent": ({State.ISSUED}, gettext_lazy("Sent")),
    "fulfil": ({State.ISSUED}, gettext_lazy("Handed over")),
    "cancel": ({State.ISSUED}, gettext_lazy("Cancel it")),
    "release": ({State.RESERVED}, gettext_lazy("Give it back")),
    "fail": ({State.RESERVED, State.ISSUED, State.FULFILLED}, gettext_lazy("It was our fault")),
}
WITH_REASON = {"cancel", "fail"}


class DeedForm(forms.Form):
    """`reason` is needed to cancel and to fail, `tracking` goes with what was sent."""

    do = forms.ChoiceField(choices=[(name, name) for name in DEEDS])
    tracking = forms.CharField(label=gettext_lazy("Tracking number"), max_length=80, required=False)
    reason = forms.CharField(label=gettext_lazy("Why"), max_length=300, required=False)


@require_safe
@program_view(role=Role.ANALYST)
def redeemed(request: StaffRequest, program: Program) -> HttpResponse:
    """The latest; by default only what somebody of the team still has to do."""
    shows_all = request.GET.get("show") == "all"
    rows = _rows(program)
    to_do = rows.filter(state=State.ISSUED, reward__handover__in=BY_HAND)
    waiting = to_do.count()
    found = list((rows.order_by("-reserved_at") if shows_all else to_do.order_by("reserved_at"))[:SIZE])
    here = reverse("rewards:redeemed", args=[program.slug])
    tabs = [
        {"url": here, "text": _("To do"), "count": waiting, "current": not shows_all},
        {"url": f"{here}?show=all", "text": _("The latest"), "current": shows_all},
    ]
    context = {
        "rows": [_row(one) for one in found],
        "tabs": tabs,
        "waiting": waiting,
        **frame.around(request.team, current="redeemed"),
    }
    return render(request, "rewards/dashboard/rewards/redeemed.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@program_view(role=Role.ANALYST)
def redemption(request: StaffRequest, program: Program, redemption_id: int) -> HttpResponse:
    """One of them; a POST by a manager does something about it."""
    one = _find(program, redemption_id)
    form = DeedForm(request.POST or None)
    if request.method == "POST":
        if not access.may(request.team.role, Role.MANAGER):
            return access.refuse(request, request.team, Role.MANAGER)
        if form.is_valid():
            try:
                _do(request, program, one, form.cleaned_data)
            except DomainError as error:
                refuse(form, error)
            else:
                messages.success(request, _("Saved."))
                return redirect("rewards:redemption", program.slug, one.pk)
    known = {unit.key: unit for unit in queries.units_of(program)}
    row = _row(one)
    context = {
        **row,
        "form": form,
        "price": tickets.price_of(one.price, one.money_minor, program=program, known=known),
        "deeds": [(name, label) for name, (states, label) in DEEDS.items() if one.state in states],
        "is_posted": one.reward.handover == Reward.Handover.POST,
        "may_edit": access.may(request.team.role, Role.MANAGER),
        **frame.around(request.team, current="redeemed", crumbs=[("", row["name"])]),
    }
    status = 422 if form.errors else 200
    return render(request, "rewards/dashboard/rewards/redemption.html", context, status=status)


def _do(request: StaffRequest, program: Program, one: Redemption, asked: dict[str, Any]) -> None:
    """Raises DomainError."""
    deed = asked["do"]
    more: dict[str, Any] = {
        "program": program,
        "redemption_id": one.pk,
        "now": clock.now(),
        "by": request.user,
    }
    if deed in Redemption.Stage.values:
        redemptions.send(stage=deed, tracking=asked["tracking"], **more)
    elif deed in WITH_REASON:
        getattr(redemptions, deed)(reason=asked["reason"], **more)
    else:
        getattr(redemptions, deed)(**more)


def _rows(program: Program) -> QuerySet[Redemption]:
    return Redemption.objects.filter(program=program).select_related("reward", "member", "store")


def _find(program: Program, redemption_id: int) -> Redemption:
    found = _rows(program).filter(pk=redemption_id).first() if redemption_id < 2**63 else None
    if found is None:
        raise Http404
    return found


def _row(one: Redemption) -> dict[str, Any]:
    return {
        "one": one,
        "name": catalogue.name_of(one.reward.names, one.reward.key),
        "state": one.get_state_display(),
        "badge": BADGES.get(State(one.state), ""),
        "stage": one.get_stage_display() if one.stage else "",
    }
