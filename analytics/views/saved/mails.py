"""To begin and end what one is told by e-mail: on the dashboard, and by the link in the mail."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from analytics.models import Subscription
from analytics.saved import subscriptions
from loyaltysite.kit import clock
from members.access import StaffRequest, program_view
from members.models import Program, Role

What = Subscription.What
PAGES = {What.ALERTS: "analytics:alerts", What.GOALS: "analytics:goals"}


@require_POST
@program_view(role=Role.ANALYST)
def subscribe(request: StaffRequest, program: Program, what: str) -> HttpResponse:
    """Begin where there is none, end where there is one."""
    user, now = request.user, clock.now()
    if subscriptions.has(program=program, user=user, what=what):
        subscriptions.end(program=program, user=user, what=what, now=now)
        messages.success(request, _("You will not get these e-mails any more."))
    else:
        site = request.build_absolute_uri("/")
        subscriptions.begin(program=program, user=user, what=what, site=site, now=now)
        messages.success(request, _("You will be told by e-mail."))
    return redirect(PAGES[What(what)], program.slug)


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """One click by RFC 8058: a POST ends it at once; who follows the link is asked first. Forgery gains nothing, since
    the token is the right. What has ended already is told the same."""
    row = subscriptions.find(token)
    with translation.override(_language(request, row)):
        request.LANGUAGE_CODE = translation.get_language()
        if request.method == "POST" and row is not None:
            subscriptions.end(
                program=row.program, user=row.user, what=row.what, view=row.view, now=clock.now()
            )
        context = {"is_done": request.method == "POST" or row is None, "row": row}
        response = render(request, "analytics/saved/unsubscribe.html", context)
    response["Cache-Control"] = "no-store"
    response["X-Robots-Tag"] = "noindex"
    return response


def _language(request: HttpRequest, row: Subscription | None) -> str:
    if row is None:
        return translation.get_language() or "en"
    return row.user.language or row.program.languages[0]
