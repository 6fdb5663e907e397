"""Goals: how they stand, one with its course, and a new one."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from analytics import tasks
from analytics.goals import following, setting
from analytics.models import Subscription
from analytics.saved import subscriptions
from analytics.views.goals import words
from analytics.views.goals.forms import GoalForm
from loyaltysite.kit import clock
from loyaltysite.kit.errors import DomainError, NotFound
from loyaltysite.kit.forms import refuse
from members import access
from members.access import StaffRequest, program_view
from members.models import Program, Role
from members.views import frame

LATELY = 30


@require_safe
@program_view(role=Role.ANALYST)
def goals(request: StaffRequest, program: Program) -> HttpResponse:
    """Those under way by the day they are due, then the others."""
    rows = following.expected_rows(program=program)
    now = rows.filter(state__in=following.UNDER_WAY).order_by("due_on", "pk")
    past = rows.exclude(state__in=following.UNDER_WAY).order_by("-due_on", "-pk")[:LATELY]
    context = {
        "goals": [words.tell(goal, program=program) for goal in [*now, *past]],
        "may_act": access.may(request.team.role, Role.MANAGER),
        "is_told": subscriptions.has(program=program, user=request.user, what=Subscription.What.GOALS),
        **frame.around(request.team, current="goals"),
    }
    return render(request, "analytics/goals/list.html", context)


@require_safe
@program_view(role=Role.ANALYST)
def goal(request: StaffRequest, program: Program, goal_id: int) -> HttpResponse:
    rows = following.expected_rows(program=program).select_related("made_by")
    found = get_object_or_404(rows, pk=goal_id)
    told = words.tell(found, program=program)
    context = {
        "told": told,
        "chart": words.chart_of(told, program=program),
        "may_end": access.may(request.team.role, Role.MANAGER) and found.state in following.UNDER_WAY,
        **frame.around(request.team, current="goals", crumbs=[("", found.name)]),
    }
    return render(request, "analytics/goals/goal.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@program_view(role=Role.MANAGER)
def goal_new(request: StaffRequest, program: Program) -> HttpResponse:
    now = clock.now()
    today = timezone.localdate(now)
    form = GoalForm(request.POST or None, program=program, today=today)
    if request.method == "POST" and form.is_valid():
        try:
            made = setting.begin(program=program, by=request.user, today=today, now=now, **form.values())
        except DomainError as error:
            refuse(form, error)
        else:
            transaction.on_commit(lambda: tasks.measure_goals.delay(program.pk))
            messages.success(request, _("The goal is set. It is measured every morning."))
            return redirect("analytics:goal", program.slug, made.pk)
    context = {
        "form": form,
        "title": _("Set a goal"),
        "act": _("Set the goal"),
        "lead": _(
            "A key figure that shall be somewhere else by a day. It cannot be changed afterwards, only given up."
        ),
        "back": reverse("analytics:goals", args=[program.slug]),
        **frame.around(request.team, current="goals", crumbs=[("", _("Set a goal"))]),
    }
    return render(request, "members/dashboard/edit.html", context, status=422 if form.errors else 200)


@require_POST
@program_view(role=Role.MANAGER)
def goal_end(request: StaffRequest, program: Program, goal_id: int) -> HttpResponse:
    try:
        setting.end(program=program, goal_id=goal_id, by=request.user, now=clock.now())
    except NotFound:
        raise Http404 from None
    messages.success(request, _("The goal is given up."))
    return redirect("analytics:goals", program.slug)
