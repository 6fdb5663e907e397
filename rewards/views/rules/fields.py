"""Fields that take numbers and times as people type them, in their own digits."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any
from unicodedata import decimal

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit.conditions import controls
from loyaltysite.kit.conditions.kinds import WrongValue
from rewards.engine import canonical

SPAN = re.compile(r"(\d{1,2}(?::\d{2})?)\s*[-–—−]\s*(\d{1,2}(?::\d{2})?)", re.ASCII)


def plain_digits(text: str) -> str:
    return "".join(str(decimal(letter, letter)) for letter in text)


class NumberField(forms.CharField):
    """A decimal number, exact."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("widget", forms.TextInput(attrs={"inputmode": "decimal", "class": "num"}))
        super().__init__(required=options.pop("required", False), **options)

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        if not text:
            return None
        try:
            return self.read(text)
        except WrongValue as wrong:
            raise ValidationError(wrong.text) from None

    def read(self, text: str) -> Decimal | int:
        return controls.read_number(text)


class WholeField(NumberField):
    """A whole number."""

    def read(self, text: str) -> int:
        return controls.read_whole(text)


class MoneyField(NumberField):
    """An amount in major units; minor units come out. `terms` holds the currency, set by the form."""

    terms = controls.Terms()

    def read(self, text: str) -> int:
        return controls.read_money(text, self.terms)


class DayField(forms.DateField):
    def __init__(self, **options: Any) -> None:
        widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
        super().__init__(required=False, widget=widget, input_formats=["%Y-%m-%d"], **options)


class ClockField(forms.TimeField):
    def __init__(self, **options: Any) -> None:
        widget = forms.TextInput(attrs={"class": "num", "placeholder": "00:00", "inputmode": "numeric"})
        formats = ["%H:%M", "%H:%M:%S", "%H:%M:%S.%f"]
        super().__init__(required=False, widget=widget, input_formats=formats, **options)

    def to_python(self, value: Any) -> Any:
        return super().to_python(plain_digits(value) if isinstance(value, str) else value)


class HoursField(forms.CharField):
    """Spans of the day, such as 09:00–17:00, 22:00–02:00; a list of pairs of times comes out."""

    def to_python(self, value: Any) -> Any:
        text = plain_digits(super().to_python(value) or "")
        spans = []
        for part in filter(None, (part.strip() for part in re.split("[,;،]", text))):
            found = SPAN.fullmatch(part)
            if found is None:
                raise ValidationError(_("Write spans such as 16:00–18:00, with commas between them."))
            spans.append([_time(end) for end in found.groups()])
        return spans

    @staticmethod
    def write(spans: list[list[Any]]) -> str:
        return ", ".join("–".join(_time(end) for end in span) for span in spans)


def _time(value: str | int) -> str:
    """9, "9" and "09:00" are one and the same."""
    hour, _colon, minute = str(value).partition(":")
    return canonical.minutes(int(hour) * 60 + int(minute or 0))
