"""What a program promises for bringing friends, as people type it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit import formats
from loyaltysite.kit.conditions.controls import Terms
from members.models import Program
from rewards import catalogue, queries
from rewards.models import ReferralScheme, Reward, Unit
from rewards.views.rules.fields import MoneyField, NumberField, WholeField

SIDES = ("referrer", "friend")


class SchemeForm(forms.Form):
    is_on = forms.BooleanField(label=_("Members can bring friends"), required=False)
    referrer_what = forms.ChoiceField(label=_("Who brings a friend gets"), required=False)
    referrer_amount = NumberField(label=_("How many"), help_text=_("Not for a reward."))
    friend_what = forms.ChoiceField(label=_("The friend gets"), required=False)
    friend_amount = NumberField(label=_("How many"), help_text=_("Not for a reward."))
    minimum_minor = MoneyField(
        label=_("Smallest first purchase"), help_text=_("What remains of it after returns. Empty for any.")
    )
    buy_days = WholeField(label=_("Days for the first purchase"), required=True)
    wait_days = WholeField(label=_("Days to wait after it"))
    most = WholeField(label=_("Most prizes for one member"), help_text=_("Empty for no limit."))
    period = forms.ChoiceField(label=_("Within"), choices=ReferralScheme.Period.choices)

    def __init__(self, data: Any = None, *, program: Program, scheme: ReferralScheme) -> None:
        self.program, self.units = program, {unit.key: unit for unit in queries.units_of(program)}
        super().__init__(data, initial=self._initial(scheme))
        for side in SIDES:
            self.fields[f"{side}_what"].choices = self._choices()  # type: ignore[attr-defined]
        self.fields["minimum_minor"].terms = Terms(program.currency)  # type: ignore[attr-defined]
        self.fields["wait_days"].help_text = _("Empty for the days to return: %(days)s.") % {
            "days": formats.format_number(program.return_days)
        }

    def values(self) -> dict[str, Any]:
        """What schemes.change() takes."""
        found = self.cleaned_data
        prizes = {f"{side}_prize": self._prize(side) for side in SIDES}
        same = {name: found[name] for name in ("is_on", "buy_days", "wait_days", "most", "period")}
        return prizes | same | {"minimum_minor": found["minimum_minor"] or 0}

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        for side in SIDES:
            kind, _colon, key = found.get(f"{side}_what", "").partition(":")
            if kind != "unit" or f"{side}_amount" not in found:
                continue
            amount = found[f"{side}_amount"]
            scaled = Decimal(amount or 0).scaleb(self.units[key].precision)
            if scaled <= 0 or scaled != int(scaled):
                self.add_error(f"{side}_amount", _("Type how many."))
        return found

    def _prize(self, side: str) -> dict[str, Any]:
        kind, _colon, key = self.cleaned_data[f"{side}_what"].partition(":")
        if kind == "unit":
            amount = Decimal(self.cleaned_data[f"{side}_amount"])
            return {"unit": key, "amount": int(amount.scaleb(self.units[key].precision))}
        return {"reward": key} if kind == "reward" else {}

    def _choices(self) -> list[tuple[str, Any]]:
        units = [(f"unit:{key}", _name(unit)) for key, unit in self.units.items()]
        rewards = Reward.objects.filter(program=self.program, state=Reward.State.LIVE)
        gifts = [
            (f"reward:{reward.key}", catalogue.name_of(reward.names, reward.key))
            for reward in rewards.exclude(kind=Reward.Kind.DONATION).order_by("pk")
        ]
        return [("", _("Nothing")), *units, *gifts]

    def _initial(self, scheme: ReferralScheme) -> dict[str, Any]:
        digits = formats.minor_digits(self.program.currency)
        least = Decimal(scheme.minimum_minor).scaleb(-digits) if scheme.minimum_minor else ""
        same = {name: getattr(scheme, name) for name in ("is_on", "buy_days", "wait_days", "most", "period")}
        return (
            same
            | {"minimum_minor": str(least)}
            | self._shown("referrer", scheme.referrer_prize)
            | self._shown("friend", scheme.friend_prize)
        )

    def _shown(self, side: str, prize: Mapping[str, Any]) -> dict[str, Any]:
        unit = self.units.get(prize.get("unit", ""))
        if unit is not None:
            amount = Decimal(prize["amount"]).scaleb(-unit.precision)
            return {f"{side}_what": f"unit:{unit.key}", f"{side}_amount": str(amount)}
        return {f"{side}_what": f"reward:{prize['reward']}"} if "reward" in prize else {}


def _name(unit: Unit) -> str:
    return formats.unit_name(10 * 10**unit.precision, unit)
