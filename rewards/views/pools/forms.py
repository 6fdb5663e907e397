"""Forms of code pools: what a pool is, a file of codes, and how many to draw."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from members.models import Program
from rewards.models import CodePool
from rewards.views.rules.fields import DayField, WholeField


class PoolForm(forms.Form):
    key = forms.CharField(
        label=_("Key"),
        max_length=60,
        validators=[RegexValidator(r"^[a-z][a-z0-9_-]*$", _("Small letters, digits and dashes."))],
    )
    name = forms.CharField(label=_("Name"), max_length=80)
    purpose = forms.ChoiceField(
        label=_("What the codes are"), choices=CodePool.Purpose.choices, initial="coupon"
    )
    source = forms.ChoiceField(
        label=_("Where they come from"), choices=CodePool.Source.choices, initial="ours"
    )
    use = forms.ChoiceField(label=_("Each code works"), choices=CodePool.Use.choices, initial="single")
    most_uses = WholeField(label=_("At most so often"), help_text=_("Empty for no limit."))
    starts_on = DayField(label=_("From the day"), help_text=_("Empty means now."))
    ends_on = DayField(label=_("To the end of the day"), help_text=_("Empty for no end."))
    warn_below = WholeField(label=_("Warn when fewer are free than"))
    is_open = forms.BooleanField(label=_("The codes work"), required=False, initial=True)

    def __init__(self, data: Any = None, *, program: Program, pool: CodePool | None = None) -> None:
        super().__init__(data, initial=initial_of(pool) if pool else None)
        self.program = program
        if pool is not None:
            # What codes were promised to be, they stay.
            for name in ("key", "purpose", "source", "use", "most_uses"):
                del self.fields[name]

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or self.cleaned_data
        for name in ("most_uses", "warn_below"):
            if (found.get(name) or 0) < 0 or (found.get(name) or 0) > 2**31 - 1:
                self.add_error(name, _("This number is too large or negative."))
        return found

    def values(self) -> dict[str, Any]:
        found = dict(self.cleaned_data)
        found.pop("key", None)
        found["starts_at"] = self._midnight(found.pop("starts_on"))
        found["ends_at"] = self._midnight(found.pop("ends_on"), days=1)
        return found

    def _midnight(self, day: date | None, *, days: int = 0) -> datetime | None:
        if day is None:
            return None
        return datetime.combine(day + timedelta(days=days), time(), tzinfo=self.program.zone)


class FileForm(forms.Form):
    file = forms.FileField(
        label=_("File of codes"),
        help_text=_("CSV or text, one code a row; the first column counts."),
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,text/csv,text/plain"}),
    )


class DrawForm(forms.Form):
    count = WholeField(label=_("How many"), required=True)


def initial_of(pool: CodePool) -> dict[str, Any]:
    found: dict[str, Any] = {name: getattr(pool, name) for name in ("name", "warn_below", "is_open")}
    found["starts_on"] = pool.starts_at and timezone.localtime(pool.starts_at).date()
    found["ends_on"] = pool.ends_at and timezone.localtime(pool.ends_at - timedelta(microseconds=1)).date()
    return found
