"""An API key: what uses it, what it may do, when it ends, how often it may call."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext_lazy as _

from members import keys
from members.models import Scope


class KeyForm(forms.Form):
    name = forms.CharField(
        label=_("Name"), max_length=120, help_text=_("What uses it, such as the web shop or the till system.")
    )
    scopes = forms.MultipleChoiceField(
        label=_("It may"), choices=Scope.choices, widget=forms.CheckboxSelectMultiple
    )
    last_day = forms.DateField(
        label=_("Last day"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("Empty: until it is revoked."),
    )
    reads_per_minute = forms.IntegerField(
        label=_("Reads a minute"), min_value=1, max_value=keys.MOST_PER_MINUTE, initial=600
    )
    writes_per_minute = forms.IntegerField(
        label=_("Writes a minute"), min_value=1, max_value=keys.MOST_PER_MINUTE, initial=300
    )

    def values(self, zone: ZoneInfo) -> dict[str, Any]:
        """What keys.create() takes; the last day counts as a whole in the program's zone."""
        found = dict(self.cleaned_data)
        last = found.pop("last_day")
        ends = None if last is None else datetime.combine(last + timedelta(days=1), time.min, tzinfo=zone)
        return found | {"expires_at": ends}


class RevokeForm(forms.Form):
    reason = forms.CharField(
        label=_("Why"), max_length=300, help_text=_("Kept with the key and in the audit.")
    )
