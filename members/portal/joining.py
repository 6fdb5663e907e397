"""Joining: a name and one contact. Nothing that is answered says whether somebody is a member already."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from members import tasks
from members.models import Identity, Program
from members.portal import attempts, codes
from members.portal.entrance import frame, member_of, open_page
from members.portal.forms import JoinForm
from members.regions import region_of


@require_http_methods(["GET", "HEAD", "POST"])
@open_page
def join(request: HttpRequest, program: Program) -> HttpResponse:
    return answer(request, program)


def answer(
    request: HttpRequest,
    program: Program,
    *,
    page: str = "members/portal/join.html",
    invitation: str = "",
    **context: Any,
) -> HttpResponse:
    """The form and what becomes of it; `invitation` is the code of the member who brought this visitor."""
    if member_of(request, program) is not None:
        return redirect("portal:home", program.slug)
    form = JoinForm(request.POST or None, region=region_of(program))
    status = 422 if form.errors else 200
    if request.method == "POST" and form.is_valid():
        kind, value = form.cleaned_data["contact"]
        if attempts.may_ask(request, program=program, contact=value):
            return _begin(program, form, kind, value, invitation)
        form.add_error(None, _("Too many requests. Wait a quarter of an hour, then try again."))
        status = 429
    return render(request, page, frame(request, program, form=form, **context), status=status)


def _begin(program: Program, form: JoinForm, kind: str, value: str, invitation: str) -> HttpResponse:
    """The same work whoever has the contact: what differs is done later, out of sight."""
    is_email = kind == Identity.Kind.EMAIL
    attempt = codes.begin(
        program=program,
        email=value if is_email else "",
        phone="" if is_email else value,
        language=get_language() or "",
        purpose=codes.Purpose.JOIN,
        person=form.cleaned_data["name"],
        offers=form.cleaned_data["offers"],
        invitation=invitation,
    )
    if not is_email:
        tasks.join_by_phone.delay(program.pk, attempt.name)
        return redirect("portal:joined", program.slug)
    attempts.send(program, attempt)
    response = redirect("portal:confirm", program.slug)
    attempts.remember(response, program, attempt)
    return response


@require_safe
@open_page
def joined(request: HttpRequest, program: Program) -> HttpResponse:
    """After joining by phone."""
    return render(request, "members/portal/joined.html", frame(request, program))
