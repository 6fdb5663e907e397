"""What one stamp at the till stands for."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit import formats
from members.models import Program
from rewards.till.stamps import MOST_MINOR


class StampForm(forms.Form):
    """`shown` is what it begins with, the price in minor units (rewards.till.stamps.proposed)."""

    name = forms.CharField(
        label=_("What is sold"), max_length=120, help_text=_("As it stands on the button of the till.")
    )
    sku = forms.CharField(label=_("SKU"), max_length=64, help_text=_("By which reports and rules know it."))
    category = forms.CharField(label=_("Category"), max_length=128, required=False)
    is_shown = forms.BooleanField(
        label=_("One tap at the till"),
        required=False,
        help_text=_("Without it cashiers type an amount or choose articles."),
    )

    field_order = ("name", "sku", "category", "price", "is_shown")

    def __init__(
        self, data: Any = None, *, program: Program, shown: Mapping[str, Any], is_shown: bool = True
    ) -> None:
        self.digits = formats.minor_digits(program.currency)
        initial = {**shown, "is_shown": is_shown}
        if "price_minor" in initial:
            initial["price"] = Decimal(initial.pop("price_minor")).scaleb(-self.digits)
        super().__init__(data, initial=initial)
        self.fields["price"] = forms.DecimalField(
            label=_("Price of one, with tax"),
            min_value=Decimal(1).scaleb(-self.digits),
            max_value=Decimal(MOST_MINOR).scaleb(-self.digits),
            decimal_places=self.digits,
            help_text=_("Each tap is recorded as a sale of this amount."),
        )
        self.order_fields(self.field_order)

    def values(self) -> dict[str, Any]:
        """The arguments of rewards.till.stamps.change()."""
        found = dict(self.cleaned_data)
        return found | {"price_minor": int(found.pop("price").scaleb(self.digits))}
