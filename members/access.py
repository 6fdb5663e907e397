"""Who may see which page: a program is a wall (404 for strangers), a role is a door (403 for the team)."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import wraps
from typing import Concatenate, cast

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render, resolve_url
from django.utils import timezone, translation
from django.utils.cache import add_never_cache_headers
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails
from django_scopes import scope

from members import audit
from members.models import Program, Role, TeamMembership, User

# Lowest first. A cashier works at the till only; an analyst only reads, and so has no business there.
RANKS = {Role.CASHIER: 0, Role.ANALYST: 1, Role.MANAGER: 2, Role.OWNER: 3}
LOWEST = Role.ANALYST  # of the dashboard


class StaffRequest(HttpRequest):
    """A request of somebody in the program's team."""

    htmx: HtmxDetails
    user: User
    team: TeamMembership


type View[**P] = Callable[Concatenate[StaffRequest, Program, P], HttpResponse]
type ProgramPage[**P] = Callable[Concatenate[HttpRequest, str, P], HttpResponse]


def program_view[**P](*, role: Role, but_not: Collection[Role] = ()) -> Callable[[View[P]], ProgramPage[P]]:
    """A page of one program for its team: `view(request, program, …)` runs inside the program's scope and time zone.

    Strangers are led to sign in, people of other teams get 404 as if the program did not exist, and too low a role
    within the team, or one of `but_not`, gets 403 and is told why.
    """

    def decorate(view: View[P]) -> ProgramPage[P]:
        @wraps(view)
        def page(request: HttpRequest, slug: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            if not request.user.is_authenticated:
                return to_sign_in(request)
            team = _team(request.user, slug)
            speak(request)
            if not may(team.role, role) or team.role in but_not:
                return refuse(request, team, role)
            request.team = team  # type: ignore[attr-defined]
            token = audit.address.set(request.META.get("REMOTE_ADDR") or None)
            try:
                with scope(program=team.program), timezone.override(team.program.zone):
                    response = view(request, team.program, *args, **kwargs)  # type: ignore[arg-type]
            finally:
                audit.address.reset(token)
            # Personal data: neither a shared cache nor the back button of the next person may keep it.
            add_never_cache_headers(response)
            return response

        return cast("ProgramPage[P]", page)

    return decorate


def may(role: str, needed: Role) -> bool:
    """Whether this role is at least `needed`."""
    return RANKS[Role(role)] >= RANKS[needed]


def to_sign_in(request: HttpRequest) -> HttpResponse:
    """Lead to the sign-in and back; a fragment cannot show it, so the whole page goes there."""
    htmx: HtmxDetails = request.htmx  # type: ignore[attr-defined]
    if htmx:
        here = htmx.current_url_abs_path or request.get_full_path()
        return HttpResponseClientRedirect(
            redirect_to_login(here, resolve_url(settings.LOGIN_URL))["Location"]
        )
    return redirect_to_login(request.get_full_path(), resolve_url(settings.LOGIN_URL))


def speak(request: HttpRequest) -> None:
    """Use the user's language, unless another was chosen in this browser."""
    language = getattr(request.user, "language", "")
    chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME)
    if not chosen and language in dict(settings.LANGUAGES):
        translation.activate(language)
        request.LANGUAGE_CODE = translation.get_language()


def _team(user: User, slug: str) -> TeamMembership:
    team = TeamMembership.objects.select_related("program").filter(user=user, program__slug=slug).first()
    if team is None:
        raise Http404
    return team


def refuse(request: HttpRequest, team: TeamMembership, needed: Role) -> HttpResponse:
    """Tell somebody of the team that this begins with a higher role."""
    context = {
        "program": team.program,
        "role": team.get_role_display(),
        "needed": needed.label,
        "is_cashier": team.role == Role.CASHIER,
        "only_reads": may(team.role, needed),
    }
    return render(request, "members/dashboard/refused.html", context, status=403)
