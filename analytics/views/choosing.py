"""Which days a page of figures tells of: from the address, by a form or a link."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from analytics import periods
from analytics.periods import Period

PERIODS = {
    "7": gettext_lazy("7 days"),
    "30": gettext_lazy("30 days"),
    "90": gettext_lazy("90 days"),
    "year": gettext_lazy("A year"),
}
# Years that can be meant, and can be reckoned with.
EARLIEST, LATEST = 1990, 2200
DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class DaysForm(forms.Form):
    """Days of one's own choice."""

    first = forms.DateField(label=gettext_lazy("From"), widget=DAY)
    last = forms.DateField(label=gettext_lazy("To"), widget=DAY)

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        first, last = found.get("first"), found.get("last")
        for name, day in (("first", first), ("last", last)):
            if day and not EARLIEST <= day.year <= LATEST:
                self.add_error(name, _("The year cannot be right."))
        if self.errors or not (first and last):
            return found
        if last < first:
            self.add_error("last", _("This is before the first day."))
        elif (last - first).days >= periods.LONGEST:
            self.add_error("first", _("Ten years at most."))
        return found


def chosen(request: HttpRequest, today: date, usual: str = "30") -> tuple[DaysForm, Period]:
    """The form, filled with the days that are shown, and the period. Days that cannot be leave the usual ones."""
    if "first" in request.GET or "last" in request.GET:
        form = DaysForm(request.GET)
        if form.is_valid():
            return form, periods.between(form.cleaned_data["first"], form.cleaned_data["last"])
        return form, periods.period_of(usual, today=today)
    key = request.GET.get("period", "")
    period = periods.period_of(key if key in PERIODS else usual, today=today)
    return DaysForm(initial={"first": period.first, "last": period.last}), period


def links(period: Period, rest: str = "") -> list[dict[str, Any]]:
    """The usual periods to choose from; `rest` is what else stands in the address."""
    return [
        {"key": key, "text": text, "query": f"?period={key}{rest}", "current": key == period.key}
        for key, text in PERIODS.items()
    ]
