"""From when on silence is a risk, what offers may cost, and whom a lot leaves out."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from analytics.models import ValuePolicy
from analytics.scores import policies
from loyaltysite.kit import clock, formats
from members.access import StaffRequest, program_view
from members.models import Program, Role
from members.views import frame

MOST = 10**9


class PolicyForm(forms.Form):
    horizon_days = forms.IntegerField(
        label=gettext_lazy("Days of silence that count as a risk"),
        min_value=14,
        max_value=365,
        help_text=gettext_lazy("The risk is the chance of no purchase within so many days."),
    )
    budget = forms.DecimalField(
        label=gettext_lazy("Budget for offers"),
        min_value=0,
        max_value=MOST,
        help_text=gettext_lazy(
            "What all offers of one scoring may cost together. Without one, messages come without offers."
        ),
    )
    offer_share = forms.IntegerField(
        label=gettext_lazy("An offer may cost, percent of what is at risk"), min_value=0, max_value=100
    )
    holdout = forms.IntegerField(
        label=gettext_lazy("Held out, %"),
        min_value=0,
        max_value=50,
        help_text=gettext_lazy(
            "A lot leaves out so many, always the same, so that the effect can be measured."
        ),
    )

    def __init__(self, *args: Any, program: Program, policy: ValuePolicy, **kwargs: Any) -> None:
        self.digits = formats.minor_digits(program.currency)
        initial = {name: getattr(policy, name) for name in ("horizon_days", "offer_share", "holdout")}
        initial["budget"] = Decimal(policy.budget_minor).scaleb(-self.digits)
        super().__init__(*args, **{**kwargs, "initial": initial})
        self.fields["budget"].decimal_places = self.digits  # type: ignore[attr-defined]

    def values(self) -> dict[str, Any]:
        found = dict(self.cleaned_data)
        found["budget_minor"] = int(found.pop("budget").scaleb(self.digits))
        return found


@require_http_methods(["GET", "HEAD", "POST"])
@program_view(role=Role.MANAGER)
def settings(request: StaffRequest, program: Program) -> HttpResponse:
    """The policy; it holds from the next scoring on."""
    policy = policies.of(program)
    form = PolicyForm(request.POST if request.method == "POST" else None, program=program, policy=policy)
    if form.is_valid():
        policies.keep(program=program, values=form.values(), by=request.user, now=clock.now())
        messages.success(request, _("Kept. It holds from the next scoring on."))
        return redirect("analytics:value_actions", program.slug)
    context = {
        "form": form,
        **frame.around(request.team, current="value", crumbs=[("", _("Settings"))]),
    }
    return render(request, "analytics/value/settings.html", context, status=422 if form.errors else 200)
