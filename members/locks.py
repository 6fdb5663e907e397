"""A session that was locked on a shared device opens nothing until its user has shown again who it is.

Not the till alone: whoever takes the tablet must find the dashboard, the account, the portal and the operators' pages
shut as well, whatever is typed into the address bar. So this stands in front of all views.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from allauth.account.authentication import get_authentication_records
from allauth.mfa.utils import is_mfa_enabled
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _
from django_htmx.http import HttpResponseClientRedirect

from loyaltysite.kit.errors import NotAllowed
from members.models import User

KEY = "till_locked_at"
# What unlocking needs, what strangers may open as well and shows nothing of anybody, and the way out.
OPEN = frozenset(
    {
        "account_reauthenticate",
        "mfa_reauthenticate",
        "mfa_reauthenticate_webauthn",
        "account_logout",
        "account_reset_password",
        "account_reset_password_done",
        "account_reset_password_from_key",
        "account_reset_password_from_key_done",
        "set_language",
        "healthz",
        "readyz",
        "metrics",
        "portal:brand",
        "portal:logo",
        "rewards:till_worker",
    }
)


class Locked(NotAllowed):
    code = "till_locked"
    message = _("The till is locked. Sign in again to go on.")


def lock(request: HttpRequest, *, at: float) -> None:
    """From now on (seconds since 1970) this session is asked who stands there before it is shown anything."""
    request.session[KEY] = at


def is_locked(request: HttpRequest) -> bool:
    """Whether nobody has proven since the locking who stands there."""
    since = request.session.get(KEY)
    if since is None or not request.user.is_authenticated:
        return False
    records: list[dict[str, Any]] = get_authentication_records(request, request.user)
    if any(record["at"] > since for record in records):
        del request.session[KEY]
        return False
    return True


class Gate:
    """Middleware; stands behind those that know the user and HTMX."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        match = request.resolver_match
        if match is None or match.view_name in OPEN or not is_locked(request):
            return None
        return _lead_to_unlocking(request)


def _lead_to_unlocking(request: HttpRequest) -> HttpResponse:
    if request.headers.get("Accept", "").startswith("application/json"):
        error = Locked()
        return JsonResponse({"code": error.code, "message": str(error), "field": ""}, status=error.status)
    is_page = request.method == "GET" and not request.htmx  # type: ignore[attr-defined]
    then = request.get_full_path() if is_page else reverse("members:programs")
    user = cast("User", request.user)
    if user.has_usable_password() or is_mfa_enabled(user):
        door = reverse("account_reauthenticate")
    else:
        # Codes by e-mail are all they have, and those are for signing in.
        logout(request)
        door = reverse("account_login")
    address = f"{door}?{urlencode({'next': then})}"
    return HttpResponseClientRedirect(address) if request.htmx else HttpResponseRedirect(address)  # type: ignore[attr-defined]
