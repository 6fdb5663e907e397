"""Return on investment: what the program cost in twelve months, and what of members' margin it may claim."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from analytics.models import Payback, ProgramCost
from analytics.roi import costs, measuring, paying
from analytics.roi.costs import Costs
from analytics.roi.paying import Gain
from analytics.views.choosing import DAY
from analytics.views.money.sheets import Column, Sheet, as_csv
from loyaltysite.kit import clock, formats
from loyaltysite.kit.conditions import controls
from loyaltysite.kit.errors import DomainError, NotFound
from loyaltysite.kit.forms import refuse
from members.access import StaffRequest, may, program_view
from members.models import Program, Role
from members.views import frame
from rewards.views.rules.fields import MoneyField, NumberField

METHODS = {
    "lot": gettext_lazy("By lot"),
    "joining": gettext_lazy("Before and after joining"),
    "assumed": gettext_lazy("Assumed by you"),
}
LIMITS = {
    "lot": gettext_lazy("Measured: members left out of all marketing by chance against all others. It tells what messages and journeys changed, not what points did."),
    "joining": gettext_lazy("Estimate: members who had bought before they joined, their margin in the half year after joining less that in the half year before, as if every buying member had changed like them. Who joins may have been about to buy more anyway."),
    "assumed": gettext_lazy("Not measured: the share of members' margin that you typed."),
}  # fmt: skip

_STATES = {
    "lot": gettext_lazy("Measured"),
    "joining": gettext_lazy("Estimate"),
    "assumed": gettext_lazy("Assumption"),
}


class AssumedForm(forms.Form):
    """Which share of members' margin would not have come without the program."""

    share = NumberField(label=gettext_lazy("Share in percent"))

    def clean_share(self) -> Any:
        share = self.cleaned_data["share"]
        if share is not None and not 0 <= share <= 100:
            raise forms.ValidationError(_("From 0 to 100."))
        return share


class CostForm(forms.Form):
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=ProgramCost.Kind.choices)
    name = forms.CharField(label=gettext_lazy("Name"), max_length=120)
    first = forms.DateField(label=gettext_lazy("From"), widget=DAY)
    last = forms.DateField(label=gettext_lazy("To"), widget=DAY)
    amount_minor = MoneyField(label=gettext_lazy("Amount"), required=True)

    def __init__(self, *args: Any, program: Program, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["amount_minor"].terms = controls.Terms(currency=program.currency)  # type: ignore[attr-defined]


@require_safe
@program_view(role=Role.ANALYST)
def page(request: StaffRequest, program: Program) -> HttpResponse:
    return _show(request, program)


@require_safe
@program_view(role=Role.ANALYST)
def table(request: StaffRequest, program: Program) -> HttpResponse:
    first, last = measuring.year_before(timezone.localdate(clock.now()))
    sheet = _sheet(costs.read(program=program, first=first, last=last))
    return as_csv(sheet, name=f"{program.slug}-costs-{last}", program=program, unit=None)


@require_POST
@program_view(role=Role.MANAGER)
def add(request: StaffRequest, program: Program) -> HttpResponse:
    form = CostForm(request.POST, program=program)
    if form.is_valid():
        try:
            costs.add(program=program, by=request.user, now=clock.now(), **form.cleaned_data)
        except DomainError as error:
            refuse(form, error)
        else:
            messages.success(request, _("Saved."))
            return redirect("analytics:roi", program.slug)
    return _show(request, program, form=form)


@require_POST
@program_view(role=Role.MANAGER)
def remove(request: StaffRequest, program: Program, cost_id: int) -> HttpResponse:
    try:
        costs.remove(program=program, cost_id=cost_id, by=request.user, now=clock.now())
    except NotFound as error:
        raise Http404 from error
    messages.success(request, _("Removed."))
    return redirect("analytics:roi", program.slug)


def _show(request: StaffRequest, program: Program, form: CostForm | None = None) -> HttpResponse:
    first, last = measuring.year_before(timezone.localdate(clock.now()))
    found = costs.read(program=program, first=first, last=last)
    assumed = AssumedForm(request.GET if "share" in request.GET else None)
    share = assumed.cleaned_data["share"] if assumed.is_bound and assumed.is_valid() else None
    measured = Payback.objects.filter(program=program, version=measuring.VERSION).first()
    gains = (
        paying.gains_of(measured.result, assumed=None if share is None else float(share) / 100)
        if measured
        else []
    )
    sheet = _sheet(found)
    context = {
        "first": first,
        "last": last,
        "measured": measured,
        "stats": _stats(program, measured, gains, found),
        "gains": [_told(program, gain, found) for gain in gains],
        "sheet": sheet,
        "rows": sheet.shown(program, None),
        "query": "?",
        "costs": ProgramCost.objects.filter(program=program).order_by("-first", "pk"),
        "assumed": assumed,
        "form": form or CostForm(program=program, initial={"first": first, "last": last}),
        "is_manager": may(request.team.role, Role.MANAGER),
        "joined": (measured.result["joining"] or {}).get("members", 0) if measured else 0,
        "least": measuring.LEAST,
        **frame.around(request.team, current="roi"),
    }
    wrong = form is not None or (assumed.is_bound and bool(assumed.errors))
    return render(request, "analytics/money/roi.html", context, status=422 if wrong else 200)


def _stats(
    program: Program, measured: Payback | None, gains: list[Gain], found: Costs
) -> list[dict[str, Any]]:
    margin = measured.result["trade"]["margin_minor"] if measured and _has_margin(measured) else None
    even = paying.break_even(measured.result, found) if measured and _has_margin(measured) else None
    back = paying.roi(gains[0].minor, found) if gains and _has_margin(measured) else None
    return [
        {
            "name": _("Costs"),
            "value": formats.format_money(found.total, program.currency),
            "of": _("points, gifts and what was entered"),
        },
        {
            "name": _("Margin from members"),
            "value": None if margin is None else formats.format_money(margin, program.currency),
            "of": _of_margin(measured),
        },
        {
            "name": _("Pays for itself from"),
            "value": None if even is None else formats.format_percent(even),
            "of": _("of members' margin that would not have come without it"),
        },
        {
            "name": _("Return on investment"),
            "value": None if back is None else formats.format_percent(back, sign=True),
            "of": str(METHODS[gains[0].method]) if gains else _("nothing to compare with yet"),
        },
    ]


def _has_margin(measured: Payback | None) -> bool:
    return measured is not None and measured.result["source"] != "unknown"


def _of_margin(measured: Payback | None) -> str:
    if measured is None:
        return _("measured at night")
    said = {
        "lines": _("from the cost of each line"),
        "rate": _("by the margin in the settings of the program"),
        "mixed": _("from the cost of lines, else by the margin in the settings"),
        "unknown": _("name a margin in the settings of the program"),
    }
    return said[measured.result["source"]]


def _told(program: Program, gain: Gain, found: Costs) -> dict[str, Any]:
    def money(minor: int) -> str:
        return formats.format_money(minor, program.currency)

    back = paying.roi(gain.minor, found)
    within = ""
    if gain.low is not None and gain.high is not None:
        within = _("%(low)s to %(high)s") % {"low": money(gain.low), "high": money(gain.high)}
    return {
        "name": METHODS[gain.method],
        "limits": LIMITS[gain.method],
        "kind": "draft" if gain.is_estimate else "good",
        "state": _STATES[gain.method],
        "minor": gain.minor,
        "within": within,
        "of": gain.of,
        "roi": "–" if back is None else formats.format_percent(back, sign=True),
    }


def _sheet(found: Costs) -> Sheet:
    names = {costs.POINTS: _("Points"), costs.GIFTS: _("Gifts and coupons"), **dict(ProgramCost.Kind.choices)}
    total = found.total
    rows: list[list[Any]] = [
        [names[kind], minor, minor / total if total else None] for kind, minor in found.by_kind.items()
    ]
    return Sheet(
        "costs",
        _("What it cost"),
        [Column(_("Kind")), Column(_("Cost"), "money"), Column(_("Share"), "share")],
        [*rows, [_("Together"), total, None]],
    )
