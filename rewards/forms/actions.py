"""What staff ask for on a member's page. A form that moves value carries the key that it was made with."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings
from django.core.validators import RegexValidator
from django.utils.translation import get_language_info
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit import formats
from members.forms.addresses import AddressFields
from members.models import Identity, Member, Program
from rewards import queries, reinstatements
from rewards.merging import Bearing
from rewards.models import Unit

MOST = 10**12
DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


def new_key() -> str:
    return uuid.uuid4().hex


class ActionForm(forms.Form):
    """A form about one member of a program."""

    def __init__(self, *args: Any, program: Program, person: Member, now: datetime, **kwargs: Any) -> None:
        kwargs.setdefault("auto_id", "act_%s")
        super().__init__(*args, **kwargs)
        self.program, self.person, self.now = program, person, now
        self.prepare()

    def prepare(self) -> None:
        """Set choices and first values."""


class KeyedForm(ActionForm):
    key = forms.CharField(
        widget=forms.HiddenInput, initial=new_key, validators=[RegexValidator(r"\A[0-9a-f]{32}\Z")]
    )


class ReasonForm(ActionForm):
    reason = forms.CharField(
        label=_("Reason"), max_length=300, help_text=_("Kept in the audit. No personal data.")
    )


class AdjustForm(KeyedForm):
    direction = forms.ChoiceField(
        label=_("What to do"),
        choices=[("give", _("Give")), ("take", _("Take"))],
        initial="give",
        widget=forms.RadioSelect,
    )
    amount = forms.DecimalField(
        label=_("Amount"),
        min_value=Decimal("0.000001"),
        max_value=MOST,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off", "class": "num"}),
    )
    unit = forms.ChoiceField(label=_("Unit"))
    reason = forms.CharField(
        label=_("Reason"), max_length=300, help_text=_("Kept in the audit. No personal data.")
    )

    def prepare(self) -> None:
        self.units: dict[str, Unit] = {unit.key: unit for unit in queries.units_of(self.program)}
        choices = [(key, formats.unit_name(0, unit)) for key, unit in self.units.items()]
        self.fields["unit"] = forms.ChoiceField(label=_("Unit"), choices=choices)
        if len(choices) == 1:
            self.fields["unit"].initial = choices[0][0]
            self.fields["unit"].widget = forms.HiddenInput()

    def clean(self) -> dict[str, Any]:
        """`ledger_amount` is signed, in ledger units."""
        found = super().clean() or {}
        unit, amount = self.units.get(found.get("unit", "")), found.get("amount")
        if unit is None or amount is None:
            return found
        whole = amount.scaleb(unit.precision)
        if whole != whole.to_integral_value():
            self.add_error(
                "amount", _("Enter a whole amount.") if not unit.precision else _("Too many decimals.")
            )
        else:
            found["ledger_amount"] = int(whole) * (-1 if found.get("direction") == "take" else 1)
        return found


class HoldForm(AdjustForm):
    def prepare(self) -> None:
        super().prepare()
        del self.fields["direction"]


class ReleaseForm(ReasonForm):
    is_ours = forms.BooleanField(
        label=_("The mistake was ours: what has ended meanwhile comes back for two weeks"), required=False
    )


class ReinstateForm(ReasonForm):
    lot = forms.ChoiceField(
        label=_("What ended"), error_messages={"required": _("Nothing that ended can be given back.")}
    )
    field_order = ("lot", "reason")

    def prepare(self) -> None:
        offers = reinstatements.offers(program=self.program, member=self.person, now=self.now)
        field = self.fields["lot"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared above
        field.choices = [(str(offer.lot_id), self._say(offer)) for offer in offers]
        if not offers:
            field.help_text = _("Nothing that ended can be given back.")

    def _say(self, offer: reinstatements.Offer) -> str:
        day = formats.format_date(offer.ended_at - timedelta(microseconds=1), tz=self.program.zone)
        return _("%(amount)s, last day %(day)s") % {
            "amount": formats.format_units(offer.amount, offer.unit),
            "day": day,
        }


class TierForm(ActionForm):
    tier = forms.ChoiceField(label=_("Tier"))
    until = forms.DateField(
        label=_("Last day"), required=False, widget=DAY, help_text=_("Empty: without an end.")
    )
    reason = forms.CharField(
        label=_("Reason"), max_length=300, help_text=_("Kept in the audit. No personal data.")
    )

    def prepare(self) -> None:
        tiers = [tier for tier in queries.tiers_of(self.program) if tier.threshold > 0]
        choices = [(tier.key, queries.name_of(tier)) for tier in reversed(tiers)]
        self.fields["tier"] = forms.ChoiceField(label=_("Tier"), choices=choices)


class CloseForm(KeyedForm):
    balance = forms.ChoiceField(
        label=_("The balance"),
        choices=[("keep", _("Stays, for the case of a return")), ("forfeit", _("Is forfeited"))],
        initial="keep",
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(
        label=_("Reason"), max_length=300, help_text=_("Kept in the audit. No personal data.")
    )


class ProfileForm(ActionForm):
    name = forms.CharField(label=_("Name"), max_length=200, required=False)
    language = forms.ChoiceField(label=_("Language"), required=False)
    birthday = forms.DateField(label=_("Birthday"), required=False, widget=DAY)

    def prepare(self) -> None:
        known = dict.fromkeys(
            [*self.program.languages, *([self.person.language] if self.person.language else [])]
        )
        choices = [("", _("As the program"))] + [(code, _own_name(code)) for code in known]
        self.fields["language"] = forms.ChoiceField(label=_("Language"), required=False, choices=choices)
        for name in ("name", "language", "birthday"):
            self.initial.setdefault(name, getattr(self.person, name))


class AddressForm(AddressFields, ActionForm):
    def prepare(self) -> None:
        self.begin(self.person)


class IdentityForm(ActionForm):
    kind = forms.ChoiceField(label=_("Kind"), choices=Identity.Kind)
    value = forms.CharField(
        label=_("Value"), max_length=254, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )


class ConfirmForm(ActionForm):
    """Nothing to say but yes."""


class MergeForm(KeyedForm):
    other = forms.CharField(widget=forms.HiddenInput, validators=[RegexValidator(r"\A[0-9]{12}\Z")])
    reason = forms.CharField(
        label=_("Reason"), max_length=300, help_text=_("Kept in the audit. No personal data.")
    )


class UndoForm(KeyedForm):
    bearing = forms.ChoiceField(
        label=_("Points used meanwhile"),
        choices=Bearing.choices,
        initial=Bearing.USER,
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(
        label=_("Reason"), max_length=300, help_text=_("Kept in the audit. No personal data.")
    )


class RefusalForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=300)


def _own_name(code: str) -> str:
    try:
        return str(get_language_info(code)["name_local"]).capitalize()
    except KeyError:
        return str(dict(settings.LANGUAGES).get(code, code))
