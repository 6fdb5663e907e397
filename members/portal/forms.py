"""The forms of the portal: an address, the code that was sent to it, who joins, and what a member says of themself."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import get_language_info
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit.errors import DomainError
from members import identities
from members.models import Identity, Member, Store
from members.portal import codes

OLDEST, LIKES = 125, 10


class AddressForm(forms.Form):
    email = forms.CharField(
        label=_("E-mail"),
        max_length=254,
        error_messages={"required": _("Type the address that the shop knows.")},
        widget=forms.EmailInput,
    )

    def clean_email(self) -> str:
        """The address in the form in which identities are kept."""
        try:
            return identities.normalize(Identity.Kind.EMAIL, self.cleaned_data["email"])
        except DomainError as error:
            raise forms.ValidationError(str(error)) from error


class CodeForm(forms.Form):
    code = forms.CharField(
        label=_("Code"), max_length=40, error_messages={"required": _("Type the code from the e-mail.")}
    )

    def clean_code(self) -> str:
        typed = codes.clean(self.cleaned_data["code"])
        if len(typed) != codes.LENGTH:
            raise forms.ValidationError(
                _("The code has %(length)d letters and digits."), params={"length": codes.LENGTH}
            )
        return typed


class JoinForm(forms.Form):
    """A name and one contact. What is ticked is ticked by the person."""

    name = forms.CharField(
        label=_("Your name"), max_length=200, error_messages={"required": _("Type the name to call you by.")}
    )
    contact = forms.CharField(
        label=_("E-mail or phone"),
        max_length=254,
        help_text=_("With an e-mail you can look at your card here. By a phone number the till finds you."),
        error_messages={"required": _("Type an e-mail address or a phone number.")},
    )
    terms = forms.BooleanField(error_messages={"required": _("Tick this to join.")})
    offers = forms.BooleanField(required=False)

    def __init__(self, *args: Any, region: str | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.region = region

    def clean_name(self) -> str:
        return identities.INVISIBLE.sub("", self.cleaned_data["name"]).strip()

    def clean_contact(self) -> tuple[str, str]:
        """The kind of the contact and its normal form."""
        typed = self.cleaned_data["contact"]
        kind = Identity.Kind.EMAIL if "@" in typed else Identity.Kind.PHONE
        try:
            return kind, identities.normalize(kind, typed, region=self.region)
        except DomainError as error:
            raise forms.ValidationError(str(error)) from error


class ProfileForm(forms.Form):
    """What a member says of themself; the birthday once, since it may bring something every year."""

    name = forms.CharField(label=_("Name"), max_length=200, required=False)
    birthday = forms.DateField(
        label=_("Birthday"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("You can say it once."),
    )
    language = forms.ChoiceField(label=_("Language of our messages"), required=False)
    store: forms.ModelChoiceField[Store] = forms.ModelChoiceField(
        queryset=None, label=_("Favourite store"), required=False, empty_label=_("None")
    )
    likes = forms.CharField(
        label=_("What you like"),
        max_length=400,
        required=False,
        help_text=_("A few words with commas between them, such as tea, candles, gifts for children."),
    )

    def __init__(self, *args: Any, member: Member, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        choices = [(code, get_language_info(code)["name_local"]) for code, _name in settings.LANGUAGES]
        self.fields["language"].choices = [("", _("As in the browser")), *choices]  # type: ignore[attr-defined]
        stores = Store.objects.filter(program_id=member.program_id, is_active=True).order_by("name")
        if stores.exists():
            self.fields["store"].queryset = stores  # type: ignore[attr-defined]
        else:
            del self.fields["store"]
        if member.birthday:
            del self.fields["birthday"]

    def clean_name(self) -> str:
        return identities.INVISIBLE.sub("", self.cleaned_data["name"]).strip()

    def clean_birthday(self) -> date | None:
        day: date | None = self.cleaned_data["birthday"]
        if day and not self.today.replace(year=self.today.year - OLDEST, day=1) <= day <= self.today:
            raise forms.ValidationError(_("This day cannot be a birthday."))
        return day

    def clean_likes(self) -> list[str]:
        """Single words or short phrases, each once."""
        words = [word.strip()[:40] for word in re.split(r"[,;،؛\n]", self.cleaned_data["likes"])]
        return list(dict.fromkeys(word for word in words if word))[:LIKES]
