"""Adding a member by hand: a name and one contact."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit.errors import DomainError
from members import identities
from members.models import Identity


class JoiningForm(forms.Form):
    name = forms.CharField(
        label=_("Name"),
        max_length=200,
        error_messages={"required": _("Enter the name.")},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    contact = forms.CharField(
        label=_("E-mail or phone"),
        max_length=254,
        help_text=_("A phone number with its country code, such as +44 7700 900123."),
        error_messages={"required": _("Enter an e-mail address or a phone number.")},
        widget=forms.TextInput(attrs={"autocomplete": "off", "dir": "auto"}),
    )

    def clean_contact(self) -> tuple[str, str]:
        """The kind of contact and its one form."""
        typed = self.cleaned_data["contact"]
        kind = Identity.Kind.EMAIL if "@" in typed else Identity.Kind.PHONE
        try:
            return kind.value, identities.normalize(kind, typed)
        except DomainError as error:
            raise forms.ValidationError(str(error)) from error

    def contacts(self) -> dict[str, Any]:
        return {"name": self.cleaned_data["name"], "contacts": [self.cleaned_data["contact"]]}
