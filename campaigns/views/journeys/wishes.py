"""What somebody wants to put into force waits here for a second person."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from campaigns import approvals
from campaigns.models import PublishRequest
from loyaltysite.kit import clock
from loyaltysite.kit.errors import DomainError, NotFound
from members import access
from members.access import StaffRequest, program_view
from members.models import Program, Role
from members.views import frame

LIST = "campaigns:wishes"
DECIDED, WAITING = 20, 100
State = PublishRequest.State


@require_safe
@program_view(role=Role.ANALYST)
def wish_list(request: StaffRequest, program: Program) -> HttpResponse:
    """What waits, oldest first, and what was decided last."""
    return _show(request, program)


@require_POST
@program_view(role=Role.MANAGER)
def approve(request: StaffRequest, program: Program, request_id: int) -> HttpResponse:
    """It is in force from now on."""
    try:
        version = approvals.approve(program=program, request_id=request_id, by=request.user, now=clock.now())
    except DomainError as error:
        return _refused(request, program, request_id, error)
    messages.success(request, _("“%(name)s” is published.") % {"name": version.journey.name})
    return redirect(LIST, program.slug)


@require_POST
@program_view(role=Role.MANAGER)
def refuse(request: StaffRequest, program: Program, request_id: int) -> HttpResponse:
    """Say no, and why."""
    try:
        approvals.refuse(
            program=program, request_id=request_id, answer=request.POST.get("answer", ""), by=request.user,
            now=clock.now(),
        )  # fmt: skip
    except DomainError as error:
        return _refused(request, program, request_id, error)
    messages.success(request, _("Refused."))
    return redirect(LIST, program.slug)


def _refused(request: StaffRequest, program: Program, number: int, error: DomainError) -> HttpResponse:
    status = 404 if isinstance(error, NotFound) else 422
    return _show(request, program, refused=(number, str(error)), status=status)


def _show(
    request: StaffRequest, program: Program, *, refused: tuple[int, str] = (0, ""), status: int = 200
) -> HttpResponse:
    rows = PublishRequest.objects.filter(program=program).select_related(
        "journey", "experiment", "asked_by", "decided_by", "version"
    )
    waiting = rows.filter(state=State.WAITING).order_by("asked_at", "pk")[:WAITING]
    decided = rows.filter(state__in=[State.APPROVED, State.REFUSED]).order_by("-decided_at", "-pk")[:DECIDED]
    told = [_tell(row, request, refused) for row in waiting]
    context = {
        "waiting": told,
        "decided": decided,
        "error": "" if any(one["error"] for one in told) else refused[1],
        **frame.around(request.team, current="approvals", crumbs=[(request.path, _("Journeys"))]),
    }
    return render(request, "campaigns/dashboard/journeys/wishes.html", context, status=status)


def _tell(row: PublishRequest, request: StaffRequest, refused: tuple[int, str]) -> dict[str, Any]:
    is_mine = row.asked_by_id == request.user.pk
    may = access.may(request.team.role, Role.MANAGER)
    return {
        "row": row,
        "arm": "" if row.experiment is None or row.arm is None else row.experiment.arms[row.arm]["name"],
        "may_decide": may and not is_mine,
        "is_mine": is_mine,
        "error": refused[1] if refused[0] == row.pk else "",
    }
