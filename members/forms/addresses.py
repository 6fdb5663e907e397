"""A postal address as it is typed; all of it empty is none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from members import addresses
from members.addresses import LONGEST_CITY, LONGEST_POSTCODE, Place
from members.models import Member
from members.models.addresses import LONGEST_LINE, MOST_LINES
from members.regions import region_of


class AddressFields(forms.Form):
    """The fields, for forms about one member: those call begin() at the end of their making."""

    lines = forms.CharField(
        label=_("Street and house"),
        required=False,
        max_length=(LONGEST_LINE + 2) * MOST_LINES,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("At most four lines."),
    )
    postcode = forms.CharField(label=_("Postcode"), required=False, max_length=LONGEST_POSTCODE)
    city = forms.CharField(label=_("City"), required=False, max_length=LONGEST_CITY)
    country = forms.ChoiceField(label=_("Country"), required=False)

    def begin(self, member: Member) -> None:
        """Set the countries and what is kept of the member."""
        choices = [("", "–"), *addresses.countries(get_language() or "en")]
        self.fields["country"].choices = choices  # type: ignore[attr-defined]
        place = addresses.of(member=member)
        kept = {"country": region_of(member.program) or ""} if place is None else _shown(place)
        for name, value in kept.items():
            self.initial.setdefault(name, value)

    def clean(self) -> dict[str, Any]:
        found = super().clean() or self.cleaned_data
        if place_of(self.cleaned_data) is not None:
            for name in ("lines", "city", "country"):
                if not found.get(name) and name not in self.errors:
                    self.add_error(name, addresses.AddressInvalid.message)
            if found.get("lines", "").strip().count("\n") >= MOST_LINES:
                self.add_error("lines", _("At most four lines."))
        return found


class AddressForm(AddressFields):
    def __init__(self, *args: Any, member: Member, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.begin(member)


def place_of(typed: Mapping[str, str]) -> Place | None:
    """What was typed; a country alone is none."""
    if not any(typed.get(name) for name in ("lines", "postcode", "city")):
        return None
    lines, *rest = (typed.get(name, "") for name in ("lines", "postcode", "city", "country"))
    return Place(lines.splitlines(), *rest)


def _shown(place: Place) -> dict[str, str]:
    return {
        "lines": "\n".join(place.lines),
        "postcode": place.postcode,
        "city": place.city,
        "country": place.country,
    }
