"""Adjustments above somebody's limit wait here for a second person."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from loyaltysite.kit import clock, formats
from loyaltysite.kit.errors import DomainError
from members import access, people
from members.access import StaffRequest, program_view
from members.models import Program, Role
from members.views import frame
from rewards import adjustments
from rewards.models import PendingAdjustment

LIST = "rewards:approvals"
DECIDED = 20
# The oldest; the next ones follow as these are decided.
WAITING = 100


@vary_on_headers("HX-Request")
@require_safe
@program_view(role=Role.ANALYST)
def approvals(request: StaffRequest, program: Program) -> HttpResponse:
    """What waits, oldest first, and what was decided last."""
    return _show(request, program)


@vary_on_headers("HX-Request")
@require_POST
@program_view(role=Role.MANAGER)
def approve(request: StaffRequest, program: Program, adjustment_id: str) -> HttpResponse:
    """Post what was asked for."""
    try:
        adjustments.approve(
            program=program, adjustment_id=int(adjustment_id), by=request.user, now=clock.now()
        )
    except DomainError as error:
        return _refused(request, program, int(adjustment_id), error)
    messages.success(request, _("Approved and booked."))
    return _show(request, program) if request.htmx else redirect(LIST, program.slug)


@vary_on_headers("HX-Request")
@require_POST
@program_view(role=Role.MANAGER)
def refuse(request: StaffRequest, program: Program, adjustment_id: str) -> HttpResponse:
    """Say no, and why."""
    try:
        adjustments.refuse(
            program=program,
            adjustment_id=int(adjustment_id),
            reason=request.POST.get("reason", ""),
            by=request.user,
            now=clock.now(),
        )
    except DomainError as error:
        return _refused(request, program, int(adjustment_id), error)
    messages.success(request, _("Refused."))
    return _show(request, program) if request.htmx else redirect(LIST, program.slug)


def _refused(request: StaffRequest, program: Program, number: int, error: DomainError) -> HttpResponse:
    return _show(
        request, program, refused=(number, str(error)), status=error.status if error.status == 404 else 422
    )


def _show(
    request: StaffRequest, program: Program, *, refused: tuple[int, str] = (0, ""), status: int = 200
) -> HttpResponse:
    rows = PendingAdjustment.objects.filter(program=program).select_related(
        "member", "unit", "asked_by", "decided_by"
    )
    waiting = rows.filter(state=PendingAdjustment.State.WAITING).order_by("asked_at", "pk")[:WAITING]
    decided = rows.exclude(state=PendingAdjustment.State.WAITING).order_by("-decided_at", "-pk")[:DECIDED]
    context = {
        "waiting": [_tell(row, request, refused) for row in waiting],
        "decided": [_tell(row, request, refused) for row in decided],
        "error": refused[1] if not any(row.pk == refused[0] for row in waiting) else "",
        "is_fragment": bool(request.htmx),
        **frame.around(request.team, current="approvals"),
    }
    template = "rewards/dashboard/approvals.html"
    return render(request, f"{template}#list" if request.htmx else template, context, status=status)


def _tell(row: PendingAdjustment, request: StaffRequest, refused: tuple[int, str]) -> dict[str, Any]:
    is_mine = row.asked_by_id == request.user.pk
    may = access.may(request.team.role, Role.MANAGER)
    is_own = may and not is_mine and people.is_own(member=row.member, by=request.user)
    return {
        "row": row,
        "amount": formats.format_units(row.amount, row.unit, sign=True),
        "may_decide": may and not is_mine and not is_own,
        "is_mine": is_mine,
        "is_own": is_own,
        "error": refused[1] if refused[0] == row.pk else "",
    }
