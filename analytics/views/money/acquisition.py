"""The calculator of acquisition: is a program worth it, for a shop, a seller to businesses, or on the program's own data."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from analytics.models import Payback, ScoreRun
from analytics.roi import acquisition, costs, measuring
from analytics.roi.acquisition import Answer, Inputs
from analytics.scores import runs
from loyaltysite.kit import formats
from loyaltysite.kit.conditions import controls
from members.access import StaffRequest, program_view
from members.models import Program, Role
from members.views import frame
from rewards.views.rules.fields import MoneyField, NumberField

PRESETS = {
    "own": gettext_lazy("My data"),
    "shop": gettext_lazy("A shop"),
    "b2b": gettext_lazy("Business customers"),
}
MONEY, SHARES = ("margin", "acquisition", "cost"), ("retention", "discount", "more", "longer")


class InputsForm(forms.Form):
    """Shares in percent, money in major units."""

    margin = MoneyField(label=gettext_lazy("Margin of an order"), required=True)
    orders = NumberField(label=gettext_lazy("Orders a year"), required=True)
    retention = NumberField(label=gettext_lazy("Customers who stay a year, in percent"), required=True)
    acquisition = MoneyField(label=gettext_lazy("Cost of winning a customer"), required=True)
    discount = NumberField(label=gettext_lazy("Yearly discount, in percent"), required=True)
    more = NumberField(label=gettext_lazy("More orders with the program, in percent"), required=True)
    longer = NumberField(label=gettext_lazy("More who stay, in points of percent"), required=True)
    cost = MoneyField(label=gettext_lazy("Cost of the program for a customer and year"), required=True)

    def __init__(self, *args: Any, program: Program, **options: Any) -> None:
        super().__init__(*args, **options)
        for name in MONEY:
            self.fields[name].terms = controls.Terms(currency=program.currency)  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        for name in SHARES:
            most = 99 if name == "retention" else 100
            if found.get(name) is not None and not 0 <= found[name] <= most:
                self.add_error(name, _("From 0 to %(most)s.") % {"most": formats.format_number(most)})
        for name in (*MONEY, "orders"):
            if found.get(name) is not None and not 0 <= found[name] <= 10**12:
                self.add_error(name, _("Type an amount of zero or more."))
        return found

    def inputs(self) -> Inputs:
        found = self.cleaned_data
        retention, discount, more, longer = (Decimal(found[name]) / 100 for name in SHARES)
        return Inputs(
            margin=found["margin"], orders=Decimal(found["orders"]), retention=retention, discount=discount,
            acquisition=found["acquisition"], more=more, longer=longer, cost=found["cost"],
        )  # fmt: skip


@vary_on_headers("HX-Request")
@require_safe
@program_view(role=Role.ANALYST)
def page(request: StaffRequest, program: Program) -> HttpResponse:
    own = own_inputs(program)
    presets = {"own": own, "shop": acquisition.SHOP, "b2b": acquisition.B2B}
    name = request.GET.get("preset", "own" if own else "shop")
    chosen = presets.get(name) or acquisition.SHOP
    is_typed = "margin" in request.GET
    form = InputsForm(request.GET if is_typed else typed(chosen, program), program=program)
    answer = acquisition.work_out(form.inputs()) if form.is_valid() else None
    context = {
        "form": form,
        "answer": _told(program, answer) if answer else None,
        "presets": [
            {
                "key": key,
                "text": text,
                "query": f"?preset={key}",
                "current": not is_typed and presets[key] is chosen,
            }
            for key, text in PRESETS.items()
            if presets[key]
        ],
        "score": _scored(program),
        **frame.around(request.team, current="roi", crumbs=[("", _("Acquisition"))]),
    }
    return render(request, "analytics/money/acquisition.html", context, status=200 if answer else 422)


def own_inputs(program: Program) -> Inputs | None:
    """From what was measured of the program: the effect of the program itself is never known, and begins at nothing."""
    measured = Payback.objects.filter(program=program, version=measuring.VERSION).first()
    if measured is None or measured.result["source"] == "unknown":
        return None
    trade = measured.result["trade"]
    if not trade["orders"] or not trade["buyers"] or not trade["buyers_before"]:
        return None
    spent = costs.read(program=program, first=measured.first, last=measured.last).total
    return Inputs(
        margin=max(0, round(trade["margin_minor"] / trade["orders"])),
        orders=round(Decimal(trade["orders"]) / trade["buyers"], 2),
        retention=min(Decimal("0.99"), round(Decimal(trade["came_back"]) / trade["buyers_before"], 3)),
        discount=Decimal(program.discount_rate) / 10_000,
        acquisition=0,
        more=Decimal(0),
        longer=Decimal(0),
        cost=round(spent / trade["buyers"]),
    )


def typed(inputs: Inputs, program: Program) -> dict[str, str]:
    """As somebody would type them."""
    digits = formats.minor_digits(program.currency)
    money = {name: f"{Decimal(getattr(inputs, name)).scaleb(-digits):f}" for name in MONEY}
    shares = {name: f"{(getattr(inputs, name) * 100).normalize():f}" for name in SHARES}
    return {**money, **shares, "orders": f"{inputs.orders.normalize():f}"}


def _scored(program: Program) -> dict[str, Any] | None:
    """The mean predicted value of members, as the newest scoring found it."""
    run = runs.newest(program, ScoreRun.State.DONE)
    if run is None or not run.customers:
        return None
    mean = formats.format_money(round(run.result["mean"]), program.currency)
    return {"mean": mean, "number": run.customers}


def _told(program: Program, answer: Answer) -> dict[str, Any]:
    def money(minor: int) -> str:
        return formats.format_money(minor, program.currency)

    def months(count: float | None) -> str:
        return "–" if count is None else formats.format_number(round(count, 1), decimals=1)

    return {
        "gain": money(answer.gain),
        "is_worth_it": answer.gain > 0,
        "pays": answer.worth_with >= 0,
        "rows": [
            (_("Value of a customer"), money(answer.without), money(answer.with_program)),
            (_("Less the cost of winning one"), money(answer.worth_without), money(answer.worth_with)),
            (_("Months until that is earned back"), months(answer.pays_back), months(answer.pays_back_with)),
        ],
    }
