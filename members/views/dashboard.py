"""The door of the dashboard: which program, or why none."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from members import access, queries
from members.models import Role


@require_safe
def root(request: HttpRequest) -> HttpResponse:
    """The bare address of the site: whoever comes here is looking for the dashboard."""
    return redirect("members:programs")


@never_cache
@require_safe
def programs(request: HttpRequest) -> HttpResponse:
    """Straight into the only program, a choice of several, or a plain word to somebody without one."""
    if not request.user.is_authenticated:
        return access.to_sign_in(request)
    access.speak(request)
    teams = queries.teams_of(user=request.user)
    open_to = [team for team in teams if access.may(team.role, access.LOWEST)]
    tills = [team for team in teams if team.role == Role.CASHIER]
    if len(open_to) == 1 and not tills:
        return redirect("analytics:home", open_to[0].program.slug)
    if len(tills) == 1 and not open_to:
        return redirect("rewards:till", tills[0].program.slug)
    context = {
        "teams": open_to,
        "tills": tills,
        "is_operator": request.user.is_staff,
        "may_make": access.may_make_programs(request.user),
    }
    return render(request, "members/dashboard/programs.html", context)
