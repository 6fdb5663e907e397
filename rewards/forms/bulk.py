"""What each kind of bulk action asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit import formats
from loyaltysite.kit.errors import DomainError
from members import tags
from rewards import bulk, catalogue, queries
from rewards.filters import LARGEST
from rewards.models import BulkAction, Coupon, Tier, Unit

REASON = {"required": _("Say why. The members' history and the audit keep it.")}


class Terms(forms.Form):
    """Each gives `terms()` as rewards.bulk takes them."""

    def terms(self) -> dict[str, Any]:
        return dict(self.cleaned_data)


class AdjustForm(Terms):
    amount = forms.DecimalField(
        label=_("Amount"),
        help_text=_("For each member. With a minus it is taken."),
        error_messages={"required": _("Enter an amount."), "invalid": _("Enter a number.")},
        min_value=-LARGEST,
        max_value=LARGEST,
    )
    unit = forms.ChoiceField(label=_("Unit"))
    reason = forms.CharField(label=_("Reason"), max_length=bulk.LONGEST_REASON, error_messages=REASON)

    def __init__(self, *args: Any, units: Sequence[Unit], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.units = {unit.key: unit for unit in units}
        self.fields["unit"].choices = [(unit.key, formats.unit_name(0, unit)) for unit in units]  # type: ignore[attr-defined]
        if len(units) == 1:
            self.fields["unit"].widget = forms.HiddenInput()
            self.initial["unit"] = units[0].key

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        amount, unit = cleaned.get("amount"), self.units.get(cleaned.get("unit", ""))
        if amount is not None and unit is not None:
            scaled = Decimal(amount).scaleb(unit.precision)
            if scaled != int(scaled):
                self.add_error("amount", ValidationError(_("More decimals than the unit has.")))
            cleaned["amount"] = int(scaled)
        return cleaned


class TierForm(Terms):
    tier = forms.ChoiceField(label=_("Tier"))
    until = forms.DateField(
        label=_("Until the end of"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    reason = forms.CharField(label=_("Reason"), max_length=bulk.LONGEST_REASON, error_messages=REASON)

    def __init__(self, *args: Any, tiers: Sequence[Tier], today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        base, self.today = queries.base_of(tiers), today
        self.fields["tier"].choices = [(tier.key, queries.name_of(tier)) for tier in tiers if tier != base]  # type: ignore[attr-defined]

    def clean_until(self) -> date:
        until: date = self.cleaned_data["until"]
        if until < self.today:
            raise ValidationError(_("The last day must not be in the past."))
        return until

    def terms(self) -> dict[str, Any]:
        return self.cleaned_data | {"until": self.cleaned_data["until"].isoformat()}


class CouponForm(Terms):
    coupon = forms.ChoiceField(
        label=_("Coupon"), help_text=_("Each member gets a code of their own, which works for nobody else.")
    )
    reason = forms.CharField(label=_("Reason"), max_length=bulk.LONGEST_REASON, error_messages=REASON)

    def __init__(self, *args: Any, coupons: Sequence[Coupon], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        named = [(one.key, catalogue.name_of(one.names, one.key)) for one in coupons]
        self.fields["coupon"].choices = named  # type: ignore[attr-defined]


class TagForm(Terms):
    tag = forms.CharField(
        label=_("Tag"), max_length=tags.LONGEST, error_messages={"required": _("Enter a tag.")}
    )

    def clean_tag(self) -> str:
        try:
            return tags.normalize(self.cleaned_data["tag"])
        except DomainError as error:
            raise ValidationError(str(error)) from error


def form_for(
    kind: str,
    data: Any,
    *,
    units: Sequence[Unit],
    tiers: Sequence[Tier],
    coupons: Sequence[Coupon],
    today: date,
    initial: Mapping[str, Any] | None = None,
) -> Terms | None:
    """The form of a kind; None for a kind that there is not, or not in this program."""
    if kind == BulkAction.Kind.COUPON and coupons:
        return CouponForm(data, coupons=coupons, initial=initial)
    if kind == BulkAction.Kind.ADJUST and units:
        return AdjustForm(data, units=units)
    if kind == BulkAction.Kind.TIER and tiers:
        return TierForm(data, tiers=tiers, today=today)
    return TagForm(data) if kind in (BulkAction.Kind.TAG, BulkAction.Kind.UNTAG) else None
