"""A store: its code, which orders name, what people call it, and where it is."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from members.stores import LEAST_M, MOST_M, USUAL_M, Spot

# Two numbers as maps copy them, with a comma, a semicolon or a space between.
PAIR = re.compile(r"([+-]?\d{1,3}(?:\.\d+)?)\s*[,;،\s]\s*([+-]?\d{1,3}(?:\.\d+)?)")


class SpotField(forms.CharField):
    """Latitude and longitude in one text; a pair of numbers comes out, or None where it is empty."""

    def __init__(self, **options: Any) -> None:
        widget = forms.TextInput(attrs={"dir": "ltr", "class": "num", "placeholder": "53.5461, 9.9663"})
        super().__init__(required=False, widget=widget, max_length=60, **options)

    def to_python(self, value: Any) -> Any:
        text = "".join(str(unicodedata.decimal(sign, sign)) for sign in super().to_python(value) or "")
        text = text.replace("−", "-").replace("٫", ".").strip()
        if not text:
            return None
        found = PAIR.fullmatch(text)
        pair = (float(found[1]), float(found[2])) if found else (999.0, 999.0)
        if abs(pair[0]) > 90 or abs(pair[1]) > 180:
            raise forms.ValidationError(
                _("Give latitude and longitude as a map shows them, such as 53.5461, 9.9663.")
            )
        return pair


class PlacedForm(forms.Form):
    """What both forms say of where a store is."""

    spot = SpotField(
        label=_("Where it is"),
        help_text=_(
            "Latitude and longitude, as a map copies them. Journeys can then begin when a member is near."
        ),
    )
    radius_m = forms.IntegerField(
        label=_("Near within so many meters"),
        min_value=LEAST_M,
        max_value=MOST_M,
        initial=USUAL_M,
        required=False,
    )

    def told(self) -> dict[str, Any]:
        """What the domain takes."""
        values = dict(self.cleaned_data)
        latitude, longitude = values.pop("spot") or (None, None)
        return values | {"spot": Spot(latitude, longitude, values.pop("radius_m") or USUAL_M)}


class StoreForm(PlacedForm):
    name = forms.CharField(label=_("Name"), max_length=200, help_text=_("As customers and staff know it."))
    code = forms.CharField(
        label=_("Code"),
        max_length=64,
        help_text=_("How tills, imports and the API name this store. It stays for ever."),
    )
    field_order = ("name", "code", "spot", "radius_m")


class StoreChangeForm(PlacedForm):
    name = forms.CharField(label=_("Name"), max_length=200)
    is_active = forms.BooleanField(
        label=_("Open: offered at the till and in filters"),
        required=False,
        help_text=_("A closed store keeps its orders, and late ones from it are still taken."),
    )
    field_order = ("name", "spot", "radius_m", "is_active")
