"""What somebody says of a program that is to be made: name, address, money, clock."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from loyaltysite.presets import founding
from loyaltysite.presets.preset import Preset
from members.forms.program import zones
from members.models import Program


class FoundingForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=founding.LONGEST_NAME)
    slug = forms.CharField(
        label=_("Address"),
        max_length=founding.LONGEST_SLUG,
        help_text=_("It stands in the links of customers and staff, and stays."),
    )
    currency = forms.CharField(
        label=_("Currency"),
        max_length=3,
        help_text=_("Three letters, such as EUR. It stays from the first order on."),
    )
    time_zone = forms.ChoiceField(
        label=_("Time zone"), choices=zones, help_text=_("Days, months and years of the program begin here.")
    )


def first_words(preset: Preset, *, like: Program | None) -> dict[str, Any]:
    """What the form holds before anybody types: a free address, money and clock of a program of theirs."""
    return {
        "name": str(preset.title),
        "slug": founding.free_slug(preset),
        "currency": like.currency if like else "EUR",
        "time_zone": like.time_zone if like else "UTC",
    }
