"""A surprise as people type it: for whom, what, how many at most, and what they read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import get_language_info
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit import formats
from loyaltysite.kit.conditions.controls import Terms
from members.models import Program
from rewards import catalogue, queries
from rewards.models import Reward, Tier
from rewards.surprises.preparing import LONGEST
from rewards.views.rules.fields import MoneyField, NumberField, WholeField

WHOM = (
    ("named", _("The members named below")),
    ("all", _("Everybody meant below")),
    ("draw", _("Some of them, drawn by lot")),
)


class SurpriseForm(forms.Form):
    whom = forms.ChoiceField(label=_("Who gets it"), choices=WHOM, initial="named")
    numbers = forms.CharField(
        label=_("Member numbers"),
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("With spaces or commas between them."),
    )
    tier = forms.ChoiceField(label=_("Only of the tier"), required=False)
    tag = forms.CharField(label=_("Only with the tag"), required=False, max_length=64)
    draws = WholeField(label=_("How many are drawn"))
    what = forms.ChoiceField(label=_("What they get"))
    amount = NumberField(label=_("How many"), help_text=_("Not for a reward."))
    most = WholeField(label=_("At most so many members"))
    budget = MoneyField(label=_("At most so much cost"), help_text=_("Empty for no limit."))
    reason = forms.CharField(label=_("Reason"), max_length=300)

    def __init__(self, data: Any = None, *, program: Program, tiers: Sequence[Tier]) -> None:
        self.program, self.units = program, {unit.key: unit for unit in queries.units_of(program)}
        super().__init__(data)
        self.fields["tier"].choices = [  # type: ignore[attr-defined]
            ("", _("Any")), *((tier.key, catalogue.name_of(tier.names, tier.key)) for tier in tiers)
        ]  # fmt: skip
        rewards = Reward.objects.filter(program=program, state=Reward.State.LIVE).order_by("pk")
        self.fields["what"].choices = [  # type: ignore[attr-defined]
            *((f"unit:{key}", formats.unit_name(10 * 10**unit.precision, unit)) for key, unit in self.units.items()),
            *(
                (f"reward:{reward.key}", catalogue.name_of(reward.names, reward.key))
                for reward in rewards.exclude(kind=Reward.Kind.DONATION)
            ),
        ]  # fmt: skip
        self.fields["budget"].terms = Terms(program.currency)  # type: ignore[attr-defined]
        for language in program.languages:
            self.fields[f"text_{language}"] = forms.CharField(
                label=get_language_info(language)["name_local"],
                required=False,
                max_length=LONGEST,
                widget=forms.Textarea(attrs={"rows": 2}),
            )

    @property
    def messages(self) -> list[Any]:
        """The field of each language, with its direction."""
        return [
            (self[f"text_{language}"], language, "rtl" if get_language_info(language)["bidi"] else "ltr")
            for language in self.program.languages
        ]

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        kind, _colon, key = found.get("what", "").partition(":")
        if kind == "unit" and "amount" in found:
            scaled = Decimal(found["amount"] or 0).scaleb(self.units[key].precision)
            if scaled <= 0 or scaled != int(scaled):
                self.add_error("amount", _("Type how many."))
        whom = found.get("whom")
        if whom == "draw" and "draws" in found and (found["draws"] or 0) < 1:
            self.add_error("draws", _("Type a number above zero."))
        if whom == "all" and "most" in found and (found["most"] or 0) < 1:
            self.add_error("most", _("Say how many at most."))
        for name in ("budget", "most"):
            if (found.get(name) or 0) < 0:
                self.add_error(name, _("This number is too large or negative."))
        return found

    def values(self) -> dict[str, Any]:
        """What surprises.prepare() takes."""
        found = self.cleaned_data
        texts = {language: found[f"text_{language}"] for language in self.program.languages}
        values: dict[str, Any] = {
            "prize": self._prize(),
            "reason": found["reason"],
            "texts": {language: text for language, text in texts.items() if text},
            "most": found["most"],
            "budget_minor": found["budget"],
        }
        if found["whom"] == "named":
            return values | {
                "numbers": re.findall(r"\d{12}", re.sub(r"(?<=\d) (?=\d{4})", "", found["numbers"]))
            }
        narrowed = {"tier": found["tier"], "tag": found["tag"]}
        return values | {"narrowed": narrowed, "draws": found["draws"] if found["whom"] == "draw" else None}

    def _prize(self) -> dict[str, Any]:
        kind, _colon, key = self.cleaned_data["what"].partition(":")
        if kind == "reward":
            return {"reward": key}
        amount = Decimal(self.cleaned_data["amount"]).scaleb(self.units[key].precision)
        return {"unit": key, "amount": int(amount)}
