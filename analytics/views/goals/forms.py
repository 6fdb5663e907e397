"""What staff type to set a goal: values as they are read, percent for a share and whole money."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from analytics.kpis import REGISTRY
from analytics.models import Goal
from analytics.views.choosing import DAY
from loyaltysite.kit import formats
from members.models import Program

WINDOWS = {30: _("30 days"), 90: _("90 days"), 365: _("A year")}


class GoalForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=120)
    kpi = forms.ChoiceField(label=_("Key figure"))
    days = forms.TypedChoiceField(
        label=_("Counted over"), coerce=int, choices=list(WINDOWS.items()), initial=365
    )
    start_value = forms.DecimalField(
        label=_("From"),
        required=False,
        max_digits=14,
        decimal_places=4,
        help_text=_("Left empty it begins where the figure stands."),
    )
    target = forms.DecimalField(
        label=_("To"),
        max_digits=14,
        decimal_places=4,
        help_text=_("A share in percent, money in whole units."),
    )
    starts_on = forms.DateField(label=_("Beginning"), widget=DAY)
    due_on = forms.DateField(label=_("By when"), widget=DAY)
    course = forms.ChoiceField(
        label=_("Expected course"), choices=Goal.Course.choices, initial=Goal.Course.STRAIGHT
    )

    def __init__(self, *args: Any, program: Program, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.program = program
        self.fields["kpi"].choices = [(key, kpi.name) for key, kpi in REGISTRY.items()]  # type: ignore[attr-defined]
        self.fields["starts_on"].initial = today

    def values(self) -> dict[str, Any]:
        """As the domain takes them, in the figure's own unit."""
        found = dict(self.cleaned_data)
        factor = self._factor(REGISTRY[found["kpi"]].unit)
        for name in ("start_value", "target"):
            if found[name] is not None:
                found[name] *= factor
        return found

    def _factor(self, unit: str) -> Decimal:
        if unit == "share":
            return Decimal("0.01")
        if unit == "money":
            return Decimal(10) ** formats.minor_digits(self.program.currency)
        return Decimal(1)
