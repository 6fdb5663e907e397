"""Add a member from the list: a dialog's form and a page of its own."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from loyaltysite.kit import clock
from loyaltysite.kit.errors import DomainError
from members import people
from members.access import StaffRequest, program_view
from members.models import Program, Role
from members.views import frame
from rewards.forms.joining import JoiningForm


@require_http_methods(["GET", "HEAD", "POST"])
@program_view(role=Role.MANAGER)
def join(request: StaffRequest, program: Program) -> HttpResponse:
    """A new member with a number; whoever has the contact already is not told."""
    form = JoiningForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            member = people.join(
                program=program, source="dashboard", by=request.user, now=clock.now(), **form.contacts()
            )
        except DomainError as error:
            form.add_error("contact", str(error))
        else:
            messages.success(request, _("%(name)s was added.") % {"name": member.name})
            return redirect("rewards:member", program.slug, member.number)
    title = _("Add a member")
    context = {
        "form": form,
        "title": title,
        "act": _("Add"),
        "back": reverse("rewards:members", args=[program.slug]),
        **frame.around(request.team, current="members", crumbs=[("", title)]),
    }
    return render(request, "members/dashboard/edit.html", context, status=422 if form.errors else 200)
