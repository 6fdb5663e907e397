"""Surprises for staff: prepare one, see what it would cost, start it, and the proof of a draw."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from loyaltysite.kit import clock
from loyaltysite.kit.errors import DomainError
from loyaltysite.kit.forms import refuse
from members import access
from members.access import StaffRequest, program_view
from members.models import Program, Role
from members.views import frame
from rewards import queries, surprises, tasks
from rewards.forms.surprises import SurpriseForm
from rewards.models import Surprise, SurpriseGift
from rewards.surprises import preparing
from rewards.views.referrals import words

LIST, LATEST, SHOWN = "rewards:surprises", 50, 50
State = Surprise.State
BADGES = {State.READY: "warn", State.RUNNING: "info", State.DONE: "good", State.CANCELLED: "draft"}
FIELDS = {"prize": "what", "members": "numbers"}


@require_safe
@program_view(role=Role.ANALYST)
def listing(request: StaffRequest, program: Program) -> HttpResponse:
    """The latest first."""
    rows = Surprise.objects.filter(program=program).select_related("author").order_by("-created_at")[:LATEST]
    context = {
        "rows": [_tell(program, row) for row in rows],
        "may_edit": access.may(request.team.role, Role.MANAGER),
        **frame.around(request.team, current="surprises"),
    }
    return render(request, "rewards/dashboard/surprises/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@program_view(role=Role.MANAGER)
def new(request: StaffRequest, program: Program) -> HttpResponse:
    """Prepare one; nobody gets anything yet."""
    form = SurpriseForm(request.POST or None, program=program, tiers=queries.tiers_of(program))
    if request.method == "POST" and form.is_valid():
        try:
            made = surprises.prepare(program=program, by=request.team, now=clock.now(), **form.values())
        except DomainError as error:
            error.field = FIELDS.get(error.field or "", error.field)
            refuse(form, error)
        else:
            return redirect("rewards:surprise", program.slug, made.pk)
    title = _("New surprise")
    context = {
        "form": form,
        "title": title,
        "back": reverse(LIST, args=[program.slug]),
        **frame.around(request.team, current="surprises", crumbs=[("", title)]),
    }
    status = 422 if form.errors else 200
    return render(request, "rewards/dashboard/surprises/new.html", context, status=status)


@require_safe
@program_view(role=Role.ANALYST)
def show(request: StaffRequest, program: Program, surprise_id: int) -> HttpResponse:
    """What it would do, then what came of it, and how the draw can be checked."""
    return _show(request, program, surprise_id)


@require_POST
@program_view(role=Role.MANAGER)
def decide(request: StaffRequest, program: Program, surprise_id: int) -> HttpResponse:
    """Start what was shown, or let it be."""
    now = clock.now()
    try:
        if request.POST.get("do") == "start":
            surprises.start(program=program, surprise_id=surprise_id, by=request.team, now=now)
            tasks.give_surprise.delay(surprise_id)
            messages.success(request, _("On its way."))
        else:
            surprises.cancel(program=program, surprise_id=surprise_id, by=request.user, now=now)
            messages.success(request, _("Cancelled. Nobody gets anything of it."))
    except DomainError as error:
        if error.status == 404:
            raise Http404 from error
        return _show(request, program, surprise_id, error=str(error), status=422)
    return redirect("rewards:surprise", program.slug, surprise_id)


def _show(
    request: StaffRequest, program: Program, surprise_id: int, *, error: str = "", status: int = 200
) -> HttpResponse:
    one = Surprise.objects.filter(program=program, pk=surprise_id).select_related("author").first()
    if one is None:
        raise Http404
    gifts = SurpriseGift.objects.filter(surprise=one).select_related("member").order_by("state", "member_id")
    is_drawn = one.draws is not None and bool(one.cutoff)
    told = _tell(program, one)
    context = {
        **told,
        "error": error,
        "gifts": gifts[:SHOWN],
        "commitment": preparing.commitment(one) if one.draws is not None else "",
        "salt": preparing.salt_of(one) if is_drawn else "",
        "texts": one.texts.items(),
        "may_decide": access.may(request.team.role, Role.MANAGER) and one.state == State.READY,
        "is_mine": one.author_id == request.user.pk,
        **frame.around(request.team, current="surprises", crumbs=[("", told["prize"])]),
    }
    return render(request, "rewards/dashboard/surprises/surprise.html", context, status=status)


def _tell(program: Program, one: Surprise) -> dict[str, Any]:
    return {
        "one": one,
        "prize": words.prize(program, one.prize),
        "badge": BADGES[State(one.state)],
        "largest_cost": one.cost_minor * (one.draws or one.most),
    }
