"""Attribution: what is credited to the last touch, and beside it what hold-outs prove. The two are never added up."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe
from django.views.decorators.vary import vary_on_headers

from analytics import tasks
from analytics.attribution import counting, reading, windows
from analytics.attribution.reading import Credit, Credits
from analytics.models import AttributionPolicy
from analytics.views import choosing, sheets
from analytics.views.attribution.words import touch_name
from loyaltysite.kit import clock, formats
from loyaltysite.kit.errors import DomainError
from loyaltysite.kit.forms import refuse
from members import access
from members.access import StaffRequest, program_view
from members.models import Program, Role
from members.views import frame


@vary_on_headers("HX-Request")
@require_safe
@program_view(role=Role.ANALYST)
def attribution(request: StaffRequest, program: Program) -> HttpResponse:
    form, period = choosing.chosen(request, timezone.localdate(clock.now()), "90")
    policy = AttributionPolicy.objects.filter(program=program).first()
    credits_ = reading.read(program=program, period=period)
    context = {
        "period": period,
        "form": form,
        "periods": choosing.links(period),
        "credits": credits_,
        "share": credits_.credited_minor / credits_.sales_minor if credits_.sales_minor else None,
        "channels": _channels(credits_, program),
        "sources": _sources(credits_, program, policy),
        "windows": [(touch_name(key), days) for key, days in windows.of(program).items()],
        "policy": policy,
        "effects": _effects(policy),
        "csv_url": f"{reverse('analytics:attribution_csv', args=[program.slug])}?{request.GET.urlencode()}",
        "may_act": access.may(request.team.role, Role.MANAGER),
        **frame.around(request.team, current="attribution"),
    }
    template = "analytics/attribution/page.html"
    status = 422 if form.is_bound and form.errors else 200
    return render(request, f"{template}#figures" if request.htmx else template, context, status=status)


@require_safe
@program_view(role=Role.ANALYST)
def attribution_csv(request: StaffRequest, program: Program) -> HttpResponse:
    """The same figures as a file: what was credited with which key and name, with orders (pieces of a product) and sales."""
    _form, period = choosing.chosen(request, timezone.localdate(clock.now()), "90")
    found = reading.read(program=program, period=period)
    heads = [_("What"), _("Key"), _("Name"), _("Count"), _("Sales"), _("Currency")]
    parts = (("touch", found.touches), ("source", found.sources), ("product", found.products))
    rows = [
        (what, _key(one), one.name, one.orders, sheets.major(one.revenue_minor, program), program.currency)
        for what, credits_ in parts
        for one in credits_
    ]
    return sheets.as_csv(f"attribution-{period.first}-{period.last}", heads, rows)


class WindowsForm(forms.Form):
    """A field for each touch, in days."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for key in windows.USUAL:
            self.fields[key.replace(".", "_")] = forms.IntegerField(
                label=touch_name(key), min_value=0, max_value=windows.LONGEST
            )

    def values(self) -> dict[str, int]:
        return {key: self.cleaned_data[key.replace(".", "_")] for key in windows.USUAL}


@require_http_methods(["GET", "HEAD", "POST"])
@program_view(role=Role.MANAGER)
def attribution_windows(request: StaffRequest, program: Program) -> HttpResponse:
    now = clock.now()
    first = {key.replace(".", "_"): days for key, days in windows.of(program).items()}
    form = WindowsForm(request.POST or None, initial=first)
    if request.method == "POST" and form.is_valid():
        day = timezone.localdate(now) - counting.KEPT
        try:
            windows.change(program=program, windows=form.values(), by=request.user, first=day, now=now)
        except DomainError as error:
            refuse(form, error)
        else:
            transaction.on_commit(lambda: tasks.count_credits.delay(program.pk))
            messages.success(request, _("The windows are set. Past sales are credited anew."))
            return redirect("analytics:attribution", program.slug)
    context = {
        "form": form,
        "title": _("Windows"),
        "act": _("Set the windows"),
        "lead": _(
            "For so many days after it a touch can be what an order is credited to. With 0 it never is."
        ),
        "back": reverse("analytics:attribution", args=[program.slug]),
        **frame.around(request.team, current="attribution", crumbs=[("", _("Windows"))]),
    }
    return render(request, "members/dashboard/edit.html", context, status=422 if form.errors else 200)


def _key(one: Credit) -> str:
    return one.key if isinstance(one.key, str) else "-".join(map(str, one.key))


def _channels(found: Credits, program: Program) -> list[dict[str, Any]]:
    """Bars: the longest is whole."""
    most = max((one.revenue_minor for one in found.touches), default=0)
    return [
        {
            "name": touch_name(one.key),
            "share": max(one.revenue_minor, 0) / most if most > 0 else 0,
            "text": formats.format_money(one.revenue_minor, program.currency),
            "of": ngettext("%(count)s order", "%(count)s orders", one.orders)
            % {"count": formats.format_number(one.orders)},
        }
        for one in found.touches
    ]


def _sources(found: Credits, program: Program, policy: AttributionPolicy | None) -> list[dict[str, Any]]:
    effects = (policy.effects if policy else {}).get("journeys", {})
    kinds = {"journey": _("Journey"), "template": _("Message"), "coupon": _("Coupon")}
    return [
        {"credit": one, "kind": kinds[one.key[0]], "effect": _effect_of(one, effects)}
        for one in found.sources
    ]


def _effect_of(one: Credit, effects: dict[str, Any]) -> dict[str, Any] | None:
    kind, number = one.key
    return effects.get(str(number)) if kind == "journey" else None


def _effects(policy: AttributionPolicy | None) -> dict[str, Any]:
    """Of all marketing, with its days as dates."""
    found = policy.effects if policy else {}
    if not found:
        return {}
    return {
        "all": found["all"],
        "since": date.fromisoformat(found["since"]),
        "last": date.fromisoformat(found["until"]) - timedelta(days=1),
    }
