"""One gift for staff, who can take it back for the member until its money was paid on."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from loyaltysite.kit import clock
from loyaltysite.kit.errors import DomainError
from loyaltysite.kit.forms import refuse
from members import access
from members.access import StaffRequest, program_view
from members.models import Program, Role
from members.views import frame
from rewards import catalogue
from rewards.causes import giving
from rewards.models import Donation
from rewards.views.causes import pages


class ReasonForm(forms.Form):
    reason = forms.CharField(label=gettext_lazy("Why"), max_length=300)


@require_http_methods(["GET", "HEAD", "POST"])
@program_view(role=Role.ANALYST)
def cause_gift(request: StaffRequest, program: Program, key: str, donation_id: int) -> HttpResponse:
    """The gift; a POST by a manager takes it back."""
    gift = _find(program, key, donation_id)
    form = ReasonForm(request.POST or None)
    may_edit = access.may(request.team.role, Role.MANAGER)
    if request.method == "POST":
        if not may_edit:
            return access.refuse(request, request.team, Role.MANAGER)
        if form.is_valid():
            try:
                giving.withdraw(
                    program=program, donation_id=gift.pk, by=request.user, reason=form.cleaned_data["reason"],
                    now=clock.now(),
                )  # fmt: skip
            except DomainError as error:
                refuse(form, error)
            else:
                messages.success(request, _("The gift was taken back."))
                return redirect("rewards:cause_gift", program.slug, key, gift.pk)
    name = catalogue.name_of(gift.cause.names, gift.cause.key)
    home = reverse("rewards:cause", args=[program.slug, key])
    context = {
        "gift": gift,
        "row": pages.row_of(gift),
        "name": name,
        "form": form,
        "may_withdraw": may_edit and gift.withdrawn_at is None,
        **frame.around(request.team, current="causes", crumbs=[(home, name), ("", str(gift.number))]),
    }
    status = 422 if form.errors else 200
    return render(request, "rewards/dashboard/causes/gift.html", context, status=status)


def _find(program: Program, key: str, donation_id: int) -> Donation:
    rows = Donation.objects.filter(program=program, cause__key=key).select_related(
        "cause", "unit", "store", "member"
    )
    found = rows.filter(pk=donation_id).first() if donation_id < 2**63 else None
    if found is None:
        raise Http404
    return found
