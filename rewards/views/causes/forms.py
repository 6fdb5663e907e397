"""A cause as a form, and the payment to its charity: amounts as people type them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit import formats
from loyaltysite.kit.conditions.controls import Terms
from members.models import Program
from rewards.forms.names import Language
from rewards.models import Cause, Unit
from rewards.views.rules.fields import MoneyField, NumberField

TEXTS = {"names": "name", "stories": "story"}


class CauseForm(forms.Form):
    key = forms.CharField(
        label=_("Key"),
        max_length=60,
        validators=[RegexValidator(r"^[a-z][a-z0-9_-]*$", _("Small letters, digits and dashes."))],
        help_text=_("How the API names this cause. It stays for ever."),
    )
    link = forms.URLField(label=_("Website"), required=False, assume_scheme="https")
    goal_minor = MoneyField(label=_("Goal"), help_text=_("Empty for no goal."))

    def __init__(
        self, data: Any = None, *, program: Program, units: Sequence[Unit], cause: Cause | None = None
    ) -> None:
        # Only what is worth money can be paid on.
        self.units = [unit for unit in units if unit.worth_numerator]
        super().__init__(data, initial=initial_of(cause, self.units, program) if cause else None)
        self.program, self.cause, self.languages = program, cause, list(program.languages)
        area = forms.Textarea(attrs={"rows": 5})
        for language in self.languages:
            is_first = language == self.languages[0]
            self.fields[f"name_{language}"] = forms.CharField(
                label=_("Name"), max_length=80, required=is_first
            )
            self.fields[f"story_{language}"] = forms.CharField(
                label=_("Story"), max_length=2000, required=False, widget=area
            )
        for unit in self.units:
            self.fields[f"least_{unit.key}"] = NumberField(
                label=str(formats.unit_name(10 * 10**unit.precision, unit))
            )
        self.fields["goal_minor"].terms = Terms(program.currency)  # type: ignore[attr-defined]
        if cause is not None:
            del self.fields["key"]

    def texts(self) -> list[Language]:
        """The fields of each language, for the template."""
        known = dict(settings.LANGUAGES)
        return [
            Language(code, str(known.get(code, code)), [self[f"{name}_{code}"] for name in ("name", "story")])
            for code in self.languages
        ]

    def leasts(self) -> list[forms.BoundField]:
        return [self[f"least_{unit.key}"] for unit in self.units]

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or self.cleaned_data
        for unit in self.units:
            amount = found.get(f"least_{unit.key}")
            if amount is not None and (amount <= 0 or Decimal(amount).scaleb(unit.precision) % 1):
                self.add_error(f"least_{unit.key}", _("The least gift is a whole amount above zero."))
        return found

    def values(self) -> dict[str, Any]:
        """What `editing.create` and `editing.change` take."""
        found = self.cleaned_data
        typed = {unit: found.get(f"least_{unit.key}") for unit in self.units}
        return {
            **{name: self._texts_of(name, single) for name, single in TEXTS.items()},
            "link": found["link"],
            "goal_minor": found["goal_minor"],
            "accepts": {
                unit.key: int(Decimal(amount).scaleb(unit.precision))
                for unit, amount in typed.items()
                if amount
            },
        }

    def _texts_of(self, name: str, single: str) -> dict[str, str]:
        kept: Mapping[str, str] = getattr(self.cause, name) if self.cause else {}
        hidden = {language: text for language, text in kept.items() if language not in self.languages}
        typed = {language: self.cleaned_data[f"{single}_{language}"] for language in self.languages}
        return hidden | {language: text for language, text in typed.items() if text}


class PaymentForm(forms.Form):
    """What was paid to the charity; `key` makes a second click the same payment."""

    amount = MoneyField(label=_("Amount"), required=True)
    paid_on = forms.DateField(
        label=_("Paid on"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        input_formats=["%Y-%m-%d"],
    )
    reference = forms.CharField(
        label=_("Reference"), max_length=80, help_text=_("How the payment is found again.")
    )
    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, program: Program, initial: Mapping[str, Any]) -> None:
        super().__init__(data, initial=dict(initial))
        self.fields["amount"].terms = Terms(program.currency)  # type: ignore[attr-defined]


def initial_of(cause: Cause, units: Sequence[Unit], program: Program) -> dict[str, Any]:
    """What the form shows of a cause."""
    found: dict[str, Any] = {"link": cause.link}
    if cause.goal_minor:
        digits = formats.minor_digits(program.currency)
        found["goal_minor"] = str(Decimal(cause.goal_minor).scaleb(-digits))
    for name, single in TEXTS.items():
        found |= {f"{single}_{language}": text for language, text in getattr(cause, name).items()}
    for unit in units:
        least = cause.accepts.get(unit.key)
        if least:
            found[f"least_{unit.key}"] = str(Decimal(least).scaleb(-unit.precision))
    return found
