"""What a back-test is asked for: the changes, the past they are tried on, and what to do afterwards."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from analytics.backtests import changes
from analytics.backtests.changes import Changes
from analytics.models import Backtest
from analytics.views.choosing import DAY
from loyaltysite.kit import formats
from members.models import Program
from rewards import wording
from rewards.engine import rules as engine_rules
from rewards.models import EarningRule, Reward, RuleDraft, Unit
from rewards.tiers import editing
from rewards.tiers.schemes import MONEY
from rewards.views import tier_words

MOST_MONTHS = 1_200
DAYS = 365


class BacktestForm(forms.Form):
    """Fields of tiers are `tier_<key>`, those of units `months_<key>`; `changes` is there once it is valid."""

    first = forms.DateField(label=_("From"), widget=DAY)
    last = forms.DateField(label=_("To"), widget=DAY)
    basis = forms.ChoiceField(label=_("Compared with"), choices=Backtest.Basis.choices)
    drafts = forms.MultipleChoiceField(
        label=_("Drafts of rules"), required=False, widget=forms.CheckboxSelectMultiple
    )
    retired = forms.ChoiceField(label=_("Leave out a rule"), required=False)
    regrades = forms.BooleanField(label=_("Re-grade everybody on the first day"), required=False)
    reward = forms.ChoiceField(label=_("Reward"), required=False)
    price = forms.DecimalField(label=_("New price"), required=False, min_value=0, max_digits=15)
    pauses = forms.BooleanField(
        label=_("Retire the rules by itself when their cost leaves the forecast"),
        required=False,
        help_text=_("Checked once a day for 90 days after publishing. You are told in any case."),
    )

    def __init__(self, *args: Any, program: Program, today: date, **options: Any) -> None:
        super().__init__(*args, **options)
        self.program = program
        self.tiers = editing.read(program)
        self.units = list(Unit.objects.filter(program=program).order_by("pk"))
        self.rewards = {one.key: one for one in Reward.objects.filter(program=program).order_by("pk")}
        drafts = RuleDraft.objects.filter(program=program).select_related("rule").order_by("rule__name")
        self.saved = {draft.rule.key: draft for draft in drafts}
        is_money = self.tiers is not None and self.tiers.counted in MONEY
        self.digits = formats.minor_digits(program.currency) if is_money else 0
        self._fill(today)

    def _fill(self, today: date) -> None:
        fields: dict[str, Any] = self.fields
        names = wording.vocabulary_of(self.program)
        live = EarningRule.objects.filter(program=self.program, state=EarningRule.State.LIVE).order_by("name")
        fields["drafts"].choices = [(key, _told(draft, names)) for key, draft in self.saved.items()]
        fields["retired"].choices = [("", _("None")), *live.values_list("key", "name")]
        rewards = [(key, tier_words.name_of(one)) for key, one in self.rewards.items()]  # type: ignore[arg-type]
        fields["reward"].choices = [("", _("None")), *rewards]
        fields["first"].initial = today - timedelta(days=DAYS)
        fields["last"].initial = today - timedelta(days=1)
        for tier in self.tiers.tiers[1:] if self.tiers else ():
            fields[f"tier_{tier.key}"] = forms.DecimalField(
                label=tier_words.name_of(tier),
                required=False,
                min_value=0,
                max_digits=15,
                initial=Decimal(tier.threshold).scaleb(-self.digits),
            )
        for unit in self.units:
            fields[f"months_{unit.key}"] = forms.IntegerField(
                label=_("%(unit)s end after so many months") % {"unit": names.unit(unit.key)},
                required=False,
                min_value=0,
                max_value=MOST_MONTHS,
                help_text=_("Empty: as they are. 0: never."),
            )

    @property
    def tier_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name.startswith("tier_")]

    @property
    def unit_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name.startswith("months_")]

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        if not self.errors and bool(found["reward"]) != (found["price"] is not None):
            self.add_error("price", ValidationError(_("Choose a reward and its new price.")))
        return found

    @property
    def changes(self) -> Changes:
        """What was chosen, as far as it differs from what is in force."""
        found = self.cleaned_data
        drafts = {key: self.saved[key] for key in found["drafts"]}
        return Changes(
            rules={key: {"name": one.name, "definition": one.definition} for key, one in drafts.items()},
            retired=[found["retired"]] if found["retired"] else [],
            tiers=self._tiers(),
            regrades=found["regrades"],
            expiry=self._expiry(),
            prices=self._prices(),
        )

    def _tiers(self) -> dict[str, Any] | None:
        if self.tiers is None:
            return None
        rows = []
        for tier in self.tiers.tiers:
            typed = self.cleaned_data.get(f"tier_{tier.key}")
            rows.append(tier if typed is None else replace(tier, threshold=int(typed.scaleb(self.digits))))
        draft = replace(self.tiers, tiers=tuple(rows))
        is_same = draft == self.tiers and not self.cleaned_data["regrades"]
        return None if is_same else changes.of_tiers(draft)

    def _expiry(self) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        for unit in self.units:
            months = self.cleaned_data.get(f"months_{unit.key}")
            if months is None:
                continue
            policy = {"kind": "months", "count": months} if months else {"kind": "none"}
            if policy != (unit.expiry or {"kind": "none"}):
                found[unit.key] = policy
        return found

    def _prices(self) -> dict[str, dict[str, int]]:
        """The first unit of the reward's price costs so much; others stay."""
        reward, price = self.rewards.get(self.cleaned_data["reward"]), self.cleaned_data["price"]
        if reward is None or price is None or not reward.price:
            return {}
        key = next(iter(reward.price))
        unit = next(unit for unit in self.units if unit.key == key)
        return {reward.key: {**reward.price, key: int(price.scaleb(unit.precision))}}


def _told(draft: RuleDraft, names: wording.Vocabulary) -> str:
    rule = engine_rules.parse(draft.definition, rule_id=0, version_id=0)
    return f"{draft.name}: {wording.say(rule, names)}"
