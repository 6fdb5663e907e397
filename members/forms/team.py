"""The team: who is invited as what, another role, and the account of somebody new."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from allauth.account.adapter import get_adapter
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit.errors import DomainError
from members import identities
from members.models import Identity, Role, User

ROLES = (
    (Role.MANAGER, _("Manager: members, rules, tiers, stores")),
    (Role.ANALYST, _("Analyst: reads the dashboard")),
    (Role.CASHIER, _("Cashier: the till only")),
    (Role.OWNER, _("Owner: everything, the team too")),
)


END, KEEP = "end", "keep"


class KeysForm(forms.Form):
    """What becomes of the API keys of somebody who is owner no longer; asked only where there are any."""

    keys = forms.ChoiceField(
        label=_("API keys of this person"),
        choices=[(END, _("End them")), (KEEP, _("Keep them in my name"))],
        initial=END,
        required=False,
        widget=forms.RadioSelect,
    )

    def __init__(self, *args: Any, names: Collection[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not names:
            del self.fields["keys"]
            return
        told = _("%(names)s. Keys that are kept go on working, also for whoever has copied them.")
        self.fields["keys"].help_text = told % {"names": ", ".join(names)}

    @property
    def keeps_keys(self) -> bool:
        return self.cleaned_data.get("keys") == KEEP


class RoleForm(KeysForm):
    role = forms.ChoiceField(label=_("Role"), choices=[(str(role), words) for role, words in ROLES])
    field_order = ("role", "keys")

    def clean_role(self) -> Role:
        return Role(self.cleaned_data["role"])


class InviteForm(RoleForm):
    email = forms.CharField(
        label=_("E-mail"),
        max_length=254,
        widget=forms.EmailInput,
        error_messages={"required": _("Type the address of whom you invite.")},
    )
    field_order = ("email", "role")

    def clean_email(self) -> str:
        """The address in the form in which identities are kept."""
        try:
            return identities.normalize(Identity.Kind.EMAIL, self.cleaned_data["email"])
        except DomainError as error:
            raise ValidationError(str(error)) from error


class JoinForm(forms.Form):
    name = forms.CharField(label=_("Your name"), max_length=200)
    password = forms.CharField(
        label=_("Password"),
        widget=forms.PasswordInput,
        strip=False,
        max_length=200,
        help_text=_("At least ten characters. You can also sign in with a code by e-mail."),
    )

    def __init__(self, *args: Any, email: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.email = email

    def clean(self) -> dict[str, Any]:
        """The password passes the rules of the site for this person."""
        values: dict[str, Any] = super().clean() or self.cleaned_data
        if "password" in values:
            person = User(email=self.email, name=values.get("name", ""))
            try:
                get_adapter().clean_password(values["password"], user=person)
            except ValidationError as error:
                self.add_error("password", error)
        return values
