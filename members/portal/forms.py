"""The two fields of the sign-in: an address, then the code that was sent to it."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit.errors import DomainError
from members import identities
from members.models import Identity
from members.portal import codes


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
