"""The program's API keys: the list, a new one whose secret is shown once, and the end of one."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from loyaltysite.kit import clock
from loyaltysite.kit.errors import DomainError
from loyaltysite.kit.forms import refuse
from members import keys as secrets
from members.access import StaffRequest, confirmed, program_view
from members.forms.keys import KeyForm, RevokeForm
from members.models import ApiKey, Program, Role
from members.views import frame

ALL = "members:keys"


@require_safe
@program_view(role=Role.OWNER)
def keys(request: StaffRequest, program: Program) -> HttpResponse:
    """All keys, those in force first."""
    now = clock.now()
    rows = ApiKey.objects.filter(program=program).select_related("created_by", "handed_to").order_by("-pk")
    context = {
        "keys": sorted(({"key": row, "state": row.state_at(now)} for row in rows), key=_place),
        **frame.around(request.team, current="keys"),
    }
    return render(request, "members/dashboard/keys.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@program_view(role=Role.OWNER)
@confirmed
def key_new(request: StaffRequest, program: Program) -> HttpResponse:
    """Make a key. Its secret is on the answer to this very request and nowhere else."""
    form = KeyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            key, secret = secrets.create(
                program=program, by=request.user, now=clock.now(), **form.values(program.zone)
            )
        except DomainError as error:
            refuse(form, error)
        else:
            around = frame.around(request.team, current="keys", crumbs=[("", key.name)])
            context = {"key": key, "secret": secret, "site": request.build_absolute_uri("/"), **around}
            return render(request, "members/dashboard/key_made.html", context)
    title = _("Make an API key")
    context = {
        "form": form,
        "title": title,
        "act": _("Make the key"),
        "lead": _("It speaks for the whole program. Give it no more than what uses it needs."),
        "back": reverse(ALL, args=[program.slug]),
        **frame.around(request.team, current="keys", crumbs=[("", title)]),
    }
    return render(request, "members/dashboard/edit.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@program_view(role=Role.OWNER)
@confirmed
def key(request: StaffRequest, program: Program, key_id: int) -> HttpResponse:
    """One key, and its end."""
    rows = ApiKey.objects.filter(program=program).select_related(
        "created_by", "handed_to", "revoked_by", "program"
    )
    row = get_object_or_404(rows, pk=key_id)
    form = RevokeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            secrets.revoke(key=row, by=request.user, now=clock.now(), **form.cleaned_data)
        except DomainError as error:
            refuse(form, error)
        else:
            messages.success(request, _("%(name)s opens nothing any more.") % {"name": row.name})
            return redirect(ALL, program.slug)
    context = {
        "key": row,
        "state": row.state_at(clock.now()),
        "form": form,
        "back": reverse(ALL, args=[program.slug]),
        **frame.around(request.team, current="keys", crumbs=[("", row.name)]),
    }
    return render(request, "members/dashboard/key.html", context, status=422 if form.errors else 200)


def _place(row: dict[str, object]) -> bool:
    return row["state"] != ApiKey.State.LIVE
