"""Taking the data along, and leaving for good: by a code that was asked for on that page."""

from __future__ import annotations

import tempfile

from django.contrib import messages
from django.contrib.auth import logout
from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from loyaltysite.kit import clock
from members import erasure
from members.models import Identity, Member, Program
from members.portal import attempts, codes, devices
from members.portal.codes import Purpose
from members.portal.entrance import frame, member_page, open_page
from members.portal.forms import CodeForm
from rewards import takeouts
from rewards.views.portal import balances

IN_MEMORY = 2_000_000


@require_POST
@member_page
def download(request: HttpRequest, program: Program, member: Member) -> HttpResponseBase:
    """All data as one archive, made while it is asked for."""
    if not attempts.is_allowed(request, "download", program=program, key=member.number):
        messages.warning(request, _("Too many requests. Wait a quarter of an hour, then try again."))
        return redirect("portal:profile", program.slug)
    now = clock.now()
    file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - the response closes it
    takeouts.write(program=program, member=member, now=now, to=file)
    file.seek(0)
    name = f"{program.slug}-{timezone.localdate(now).isoformat()}.zip"
    return FileResponse(file, as_attachment=True, filename=name, content_type="application/zip")


@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def leave(request: HttpRequest, program: Program, member: Member) -> HttpResponse:
    """What will happen; a POST sends the code for it."""
    email = _proven_email(member)
    status = 200
    if request.method == "POST":
        if attempts.is_allowed(request, "leave", program=program, key=member.number):
            attempt = codes.begin(
                program=program, email=email, language=get_language() or "", purpose=Purpose.LEAVE
            )
            attempts.send(program, attempt)
            response = redirect("portal:leave_code", program.slug)
            attempts.remember(response, program, attempt)
            return response
        messages.warning(request, _("Too many requests. Wait a quarter of an hour, then try again."))
        status = 429
    found = balances.of(program=program, member=member, now=clock.now())
    context = {"member": member, "email": email, "balances": [balance for balance in found if balance.usable]}
    return render(request, "rewards/portal/leave.html", frame(request, program, **context), status=status)


@sensitive_post_parameters("code")
@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def leave_code(request: HttpRequest, program: Program, member: Member) -> HttpResponse:
    """The code, and then nothing of the person is left."""
    attempt = attempts.current(request, program, Purpose.LEAVE)
    if attempt is None or attempt.email != _proven_email(member):
        return _again(request, program)
    form, status = CodeForm(request.POST or None), 200
    if request.method == "POST":
        status = 422
        if not attempts.is_allowed(request, "try", program=program):
            form.add_error(None, _("Too many tries. Wait a few minutes, then try again."))
            status = 429
        elif form.is_valid():
            try:
                codes.redeem(attempt=attempt, typed=form.cleaned_data["code"])
            except codes.CodeEnded:
                return _again(request, program)
            except codes.CodeWrong as error:
                form.add_error("code", str(error))
            else:
                return _go(request, program, member)
    shown = codes.shown(program=program, attempt=attempt)
    context = {
        "member": member,
        "form": form,
        "email": attempt.email,
        "minutes": codes.MINUTES,
        "demo_code": shown,
    }
    return render(
        request, "rewards/portal/leave_code.html", frame(request, program, **context), status=status
    )


@require_safe
@open_page
def goodbye(request: HttpRequest, program: Program) -> HttpResponse:
    return render(request, "rewards/portal/goodbye.html", frame(request, program))


def _go(request: HttpRequest, program: Program, member: Member) -> HttpResponse:
    erasure.erase(member=member, now=clock.now())
    logout(request)
    response = redirect("portal:goodbye", program.slug)
    attempts.forget(response, program, Purpose.LEAVE)
    devices.forget(response, path=attempts.home_of(program))
    return response


def _again(request: HttpRequest, program: Program) -> HttpResponse:
    messages.warning(request, str(codes.CodeEnded.message))
    response = redirect("portal:leave", program.slug)
    attempts.forget(response, program, Purpose.LEAVE)
    return response


def _proven_email(member: Member) -> str:
    """The address that the code goes to; whoever is signed in has proven one."""
    emails = Identity.objects.filter(member=member, kind=Identity.Kind.EMAIL, verified_at__isnull=False)
    return emails.order_by("pk").values_list("value", flat=True)[0]
