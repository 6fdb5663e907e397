"""The page that an invitation's link opens: somebody known joins with a press, somebody new makes an account."""

from __future__ import annotations

from typing import cast
from urllib.parse import urlencode

from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import EmailAddress, Login
from allauth.core.internal import ratelimit
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from loyaltysite.kit import clock
from loyaltysite.kit.errors import DomainError
from members import invitations
from members.forms.team import JoinForm
from members.models import Invitation, User

# Tokens cannot be guessed; this only keeps a page that looks into the database from being hammered.
RATES = {"open": "120/h/ip"}


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Join the team, or read why not."""
    if not ratelimit.consume(request, app="team", action="open", config=RATES):
        return _ended(request, _("Too many tries. Wait a few minutes, then try again."), status=429)
    try:
        found = invitations.find(token=token, now=clock.now())
        if request.user.is_authenticated:
            return _known(request, found, token)
        return _stranger(request, found, token)
    except DomainError as error:
        return _ended(request, str(error), status=error.status)


def _known(request: HttpRequest, found: Invitation, token: str) -> HttpResponse:
    """Somebody who is signed in, with the invited address or with another one."""
    user = cast("User", request.user)
    is_meant = EmailAddress.objects.filter(user=user, email=found.email, verified=True).exists()
    if request.method == "POST" and is_meant:
        invitations.accept(token=token, user=user, now=clock.now())
        return redirect("members:programs")
    context = {"invitation": found, "program": found.program, "is_meant": is_meant}
    status = 403 if request.method == "POST" else 200
    return render(request, "members/dashboard/invitation.html", context, status=status)


def _stranger(request: HttpRequest, found: Invitation, token: str) -> HttpResponse:
    """Who has an account is led to sign in and back; who has none makes it here."""
    if invitations.has_account(found):
        here = reverse("members:invitation", args=[token])
        query = urlencode({"next": here})
        context = {
            "invitation": found,
            "program": found.program,
            "sign_in": f"{reverse('account_login')}?{query}",
        }
        return render(request, "members/dashboard/invitation.html", context)
    form = JoinForm(request.POST or None, email=found.email)
    if request.method == "POST" and form.is_valid():
        user = invitations.join(token=token, now=clock.now(), **form.cleaned_data)
        record_authentication(request, user, method="password", email=user.email)
        login = Login(user=user, email=user.email, redirect_url=reverse("members:programs"))
        return cast("HttpResponse", perform_login(request, login))
    context = {"invitation": found, "program": found.program, "form": form}
    return render(request, "members/dashboard/invitation.html", context, status=422 if form.errors else 200)


def _ended(request: HttpRequest, text: str, *, status: int) -> HttpResponse:
    return render(request, "members/dashboard/invitation_ended.html", {"text": text}, status=status)
