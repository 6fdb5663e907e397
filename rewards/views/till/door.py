"""Who stands behind the till: cashiers, managers and owners; not while it is locked; the camera works here only."""

from __future__ import annotations

from functools import wraps
from typing import Any, cast

from allauth.account.authentication import get_authentication_records
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from loyaltysite.kit.errors import DomainError, NotAllowed
from members.access import ProgramPage, StaffRequest, View, program_view
from members.models import Program, Role

LOCKED = "till_locked_at"
JSON = "application/json"


class TooManyRequests(DomainError):
    code = "too_many_requests"
    status = 429


class Locked(NotAllowed):
    code = "till_locked"


def till_view[**P](view: View[P]) -> ProgramPage[P]:
    """A page of the till: `view(request, program, …)`. A refusal by the domain becomes JSON for a script that asks."""

    def behind(request: StaffRequest, program: Program, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if is_locked(request):
            return _lead_to_unlocking(request, program)
        return view(request, program, *args, **kwargs)

    guarded = program_view(role=Role.CASHIER, but_not={Role.ANALYST})(behind)

    @wraps(view)
    def page(request: HttpRequest, slug: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        response = guarded(request, slug, *args, **kwargs)
        response["Permissions-Policy"] = "camera=(self), microphone=(), geolocation=()"
        patch_vary_headers(response, ["Accept", "Cookie"])
        return response

    return cast("ProgramPage[P]", page)


def wants_json(request: HttpRequest) -> bool:
    return request.headers.get("Accept", "").startswith(JSON)


def refuse(error: DomainError) -> JsonResponse:
    body = {"code": error.code, "message": str(error), "field": error.field or ""}
    return JsonResponse(body, status=error.status)


def lock(request: HttpRequest, at: float) -> None:
    """From now on (seconds since 1970) the till asks for the password before it shows anything."""
    request.session[LOCKED] = at


def is_locked(request: StaffRequest) -> bool:
    """Whether nobody has proven since the locking who stands there."""
    since = request.session.get(LOCKED)
    if since is None:
        return False
    records: list[dict[str, Any]] = get_authentication_records(request, request.user)
    if any(record["at"] > since for record in records):
        del request.session[LOCKED]
        return False
    return True


def _lead_to_unlocking(request: StaffRequest, program: Program) -> HttpResponse:
    if wants_json(request):
        return refuse(Locked(_("The till is locked. Sign in again to go on.")))
    here = reverse("rewards:till", args=[program.slug])
    response = HttpResponse(status=302)
    if request.user.has_usable_password():
        response["Location"] = f"{reverse('account_reauthenticate')}?{urlencode({'next': here})}"
    else:
        logout(request)
        response["Location"] = f"{reverse('account_login')}?{urlencode({'next': here})}"
    return response
