"""Tasks for the team: what is to be done, for whom and by when."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from campaigns import duties
from campaigns.duties import DutyUnknown
from loyaltysite.kit import clock
from members import access
from members.access import StaffRequest, program_view
from members.models import Program, Role
from members.views import frame

MOST, LATELY = 200, 10


@require_safe
@program_view(role=Role.ANALYST)
def duty_list(request: StaffRequest, program: Program) -> HttpResponse:
    """What is due first, and the latest of what is done. Three statements."""
    waiting = duties.open_ones(program)
    context = {
        "waiting": waiting[:MOST],
        "count": waiting.count(),
        "done": duties.done_ones(program)[:LATELY],
        "now": clock.now(),
        "may_act": access.may(request.team.role, Role.MANAGER),
        **frame.around(request.team, current="duties"),
    }
    return render(request, "campaigns/dashboard/duties/list.html", context)


@require_POST
@program_view(role=Role.MANAGER)
def finish(request: StaffRequest, program: Program, task_id: int) -> HttpResponse:
    """It is done."""
    try:
        duties.finish(program=program, task_id=task_id, by=request.user, now=clock.now())
    except DutyUnknown:
        raise Http404 from None
    messages.success(request, _("Done."))
    return redirect("campaigns:duties", program.slug)
