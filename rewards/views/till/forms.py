"""What a till sends: every field is checked here, and the domain then decides."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from django import forms
from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_aware
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit import clock
from members.models import Program
from rewards.intake.items import TenderIn
from rewards.till import amounts, stamps
from rewards.till.orders import MOST_MINOR, Piece, Sale

MOST_PIECES = 100


class FindForm(forms.Form):
    q = forms.CharField(
        label=_("Phone, number, card or e-mail"),
        max_length=254,
        error_messages={"required": _("Scan the code, or type a number, phone or e-mail.")},
    )


class TapForm(forms.Form):
    """The key that was made at the tap, when that was, and who tapped (a user's id)."""

    key = forms.UUIDField()
    at = forms.CharField(max_length=40)
    cashier = forms.IntegerField(min_value=1, max_value=2**62)

    def clean_at(self) -> datetime:
        try:
            found = parse_datetime(self.cleaned_data["at"])
        except ValueError:
            found = None
        if found is None or not is_aware(found):
            raise forms.ValidationError(_("The moment needs a time zone."))
        return found


class JoinForm(TapForm):
    name = forms.CharField(
        label=_("Name"), max_length=200, error_messages={"required": _("Ask for the name.")}
    )
    contact = forms.CharField(
        label=_("Phone or e-mail"),
        max_length=254,
        error_messages={"required": _("Ask for a phone number or an e-mail.")},
    )
    referral_code = forms.CharField(max_length=64, required=False)


class UndoForm(TapForm):
    of = forms.UUIDField()


class SaleForm(TapForm):
    """`amount` is typed text; `amount_minor` is what the keypad sends in its place; `items` is JSON; `stamp` is a tap of
    a page without script, "<unit>:<times>"."""

    number = forms.CharField(max_length=12, required=False)
    joined = forms.UUIDField(required=False)
    amount = forms.CharField(label=_("Amount"), max_length=40, required=False)
    amount_minor = forms.IntegerField(required=False, min_value=0, max_value=MOST_MINOR)
    items = forms.CharField(required=False, max_length=20_000)
    stamp = forms.CharField(required=False, max_length=60)
    store = forms.CharField(required=False, max_length=64)
    receipt = forms.CharField(label=_("Receipt number"), required=False, max_length=40)
    code = forms.CharField(label=_("Coupon"), required=False, max_length=300)
    # What pays for part of it: a unit of the member with the code of the member's page, a gift card, or both.
    pay_unit = forms.CharField(required=False, max_length=40)
    pay_amount = forms.CharField(label=_("How much of the price"), required=False, max_length=40)
    passcode = forms.CharField(label=_("Code of the member"), required=False, max_length=40)
    gift_card = forms.CharField(label=_("Gift card"), required=False, max_length=64)

    def __init__(self, *args: Any, program: Program, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.program = program

    def clean_items(self) -> tuple[Piece, ...]:
        text = self.cleaned_data["items"]
        try:
            found = [_piece(one) for one in json.loads(text)] if text else []
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise forms.ValidationError(_("These items cannot be read.")) from error
        if len(found) > MOST_PIECES:
            raise forms.ValidationError(_("A sale has at most 100 items."))
        return tuple(found)

    def clean_stamp(self) -> tuple[Piece, ...]:
        text = self.cleaned_data["stamp"]
        if not text:
            return ()
        for stamp in stamps.offered(program=self.program, now=clock.now()):
            for choice in stamp.choices:
                if text == f"{stamp.unit.key}:{choice.times}":
                    return (Piece(stamp.article.sku, choice.times, choice.price_minor),)
        raise forms.ValidationError(_("This stamp is not offered any more."))

    def clean_amount(self) -> int:
        text = self.cleaned_data["amount"].strip()
        if not text:
            return 0
        found = amounts.parse(text, self.program.currency)
        if found is None or found > MOST_MINOR:
            raise forms.ValidationError(_("Type the amount in figures, as on the receipt."))
        return found

    def clean_pay_amount(self) -> int | None:
        text = self.cleaned_data["pay_amount"].strip()
        if not text:
            return None
        found = amounts.parse(text, self.program.currency)
        if not found or found > MOST_MINOR:
            raise forms.ValidationError(_("Type the amount in figures, as on the receipt."))
        return found

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        if not found.get("number") and not found.get("joined") and not self.errors:
            self.add_error("number", _("Say first who is served."))
        return found

    @property
    def sale(self) -> Sale:
        found = self.cleaned_data
        pieces = found["items"] + found["stamp"]
        return Sale(
            found["amount_minor"] or found["amount"],
            pieces,
            found["store"],
            found["receipt"].strip(),
            (found["code"].strip(),) if found["code"].strip() else (),
            self._tenders(),
        )

    def _tenders(self) -> tuple[TenderIn, ...]:
        """The gift card first, as far as it goes; then the member's own."""
        found = self.cleaned_data
        tenders = []
        if card := found["gift_card"].strip():
            tenders.append(
                TenderIn(card=card, money_minor=None if found["pay_unit"] else found["pay_amount"])
            )
        if found["pay_unit"]:
            tenders.append(TenderIn(found["pay_unit"], money_minor=found["pay_amount"]))
        return tuple(tenders)


class PreviewForm(SaleForm):
    """A sale that is not tapped yet."""

    key = forms.UUIDField(required=False)
    at = forms.CharField(required=False)
    cashier = forms.IntegerField(required=False)

    def clean_at(self) -> None:  # type: ignore[override]
        return None


def _piece(one: dict[str, Any]) -> Piece:
    sku, quantity, amount = one["sku"], one["quantity"], one["amount_minor"]
    plain = type(sku) is str and type(quantity) is int and type(amount) is int
    if not plain or not 0 < len(sku) <= 128 or not 1 <= quantity <= 9999 or not 0 <= amount <= MOST_MINOR:
        raise ValueError
    sku.encode()  # half of a surrogate pair cannot be written: a ValueError
    return Piece(sku, quantity, amount)
