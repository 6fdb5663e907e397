"""Who may see which page: a program is a wall (404 for strangers), a role is a door (403 for the team)."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from functools import wraps
from typing import Concatenate, cast

from allauth.account.authentication import get_authentication_records
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.cache import add_never_cache_headers
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext as _
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
            if _lacks_second_factor(team):
                return to_second_factor(request, team.program)
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


def confirmed[**P](view: View[P]) -> View[P]:
    """A step that matters: who has not signed in within the last quarter of an hour shows once more who it is.

    Stands below program_view(). Afterwards the person is back on the page that the step was taken from.
    """

    @wraps(view)
    def page(request: StaffRequest, program: Program, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if is_fresh(request):
            return view(request, program, *args, **kwargs)
        return to_confirm(request)

    return cast("View[P]", page)


def to_confirm(request: HttpRequest) -> HttpResponse:
    """Lead to where the person shows once more who it is, and back."""
    if request.method != "GET":
        messages.warning(request, _("Show that it is you, then do it once more."))
    address = f"{reverse('account_reauthenticate')}?{urlencode({'next': _stand(request)})}"
    htmx: HtmxDetails = request.htmx  # type: ignore[attr-defined]
    return HttpResponseClientRedirect(address) if htmx else redirect(address)


def _stand(request: HttpRequest) -> str:
    """The page that the person sees: for a form that was sent, where it stood."""
    htmx: HtmxDetails = request.htmx  # type: ignore[attr-defined]
    if htmx:
        return htmx.current_url_abs_path or request.get_full_path()
    if request.method == "GET":
        return request.get_full_path()
    said = request.headers.get("Referer", "")
    is_ours = url_has_allowed_host_and_scheme(said, {request.get_host()}, require_https=request.is_secure())
    return said if is_ours else reverse("members:programs")


def is_fresh(request: HttpRequest) -> bool:
    """Whether the user signed in or confirmed it lately; one with nothing but e-mailed codes has nothing else to show."""
    user = cast("User", request.user)
    if not (user.has_usable_password() or is_mfa_enabled(user)):
        return True
    latest = max(
        (float(record.get("at", 0)) for record in get_authentication_records(request, user)), default=0.0
    )
    return time.time() - latest < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT


def open_to(user: User) -> list[TeamMembership]:
    """The places of a user whose dashboards open to it now, by the program's name."""
    teams = TeamMembership.objects.filter(user=user).select_related("program", "user")
    return [
        team
        for team in teams.order_by("program__name", "pk")
        if may(team.role, LOWEST) and not _lacks_second_factor(team)
    ]


def asks_for_second_factor(user: User) -> Program | None:
    """A program that wants a second factor of this user, who has none; for pages that belong to no program."""
    teams = TeamMembership.objects.select_related("program").filter(user=user, program__requires_mfa=True)
    return next((team.program for team in teams.order_by("pk") if _lacks_second_factor(team)), None)


def _lacks_second_factor(team: TeamMembership) -> bool:
    return (
        team.program.requires_mfa
        and may(team.role, Role.MANAGER)
        and not is_mfa_enabled(team.user, [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN])
    )


def to_second_factor(request: HttpRequest, program: Program) -> HttpResponse:
    """Lead to where a second factor is set up, and say who asks for it."""
    words = _("%(program)s asks its owners and managers for a second factor. Set one up to go on.")
    messages.warning(request, words % {"program": program.name})
    htmx: HtmxDetails = request.htmx  # type: ignore[attr-defined]
    return HttpResponseClientRedirect(reverse("mfa_index")) if htmx else redirect("mfa_index")


def may_make_programs(user: User) -> bool:
    """Who owns a program may make another; the first one is made by the operators of the site."""
    return user.is_superuser or TeamMembership.objects.filter(user=user, role=Role.OWNER).exists()


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
    team.user = user
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
