"""A reward as a form: what it is, what it costs, how many there are and when; amounts as people type them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import product
from typing import Any

from django import forms
from django.conf import settings
from django.core.validators import RegexValidator
from django.forms.utils import ErrorDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit import formats
from loyaltysite.kit.conditions.controls import Terms
from members.models import Program, Store
from rewards import catalogue
from rewards.forms.names import Language
from rewards.models import Cause, CodePool, Reward, Unit
from rewards.models.catalogue import LONGEST_HOLD
from rewards.views.rules.fields import DayField, MoneyField, NumberField, WholeField

WORTH_LABELS = {"value_minor", "cost_minor", "money_minor"}


class RewardForm(forms.Form):
    key = forms.CharField(
        label=_("Key"),
        max_length=60,
        validators=[RegexValidator(r"^[a-z][a-z0-9_-]*$", _("Small letters, digits and dashes."))],
        help_text=_("How the API names this reward. It stays for ever."),
    )
    kind = forms.ChoiceField(label=_("What it is"), choices=Reward.Kind.choices, initial="product")
    value_minor = MoneyField(label=_("Worth"))
    cause_key = forms.ChoiceField(label=_("Given to"), required=False)
    percent = NumberField(label=_("Percent"))
    sku = forms.CharField(label=_("SKU"), max_length=64, required=False)
    cost_minor = MoneyField(label=_("What it costs you"), help_text=_("Members never see it."))
    money_minor = MoneyField(label=_("To pay besides"))
    stock = WholeField(label=_("How many there are"), help_text=_("Empty for no limit."))
    per_member = WholeField(label=_("At most for one member"), help_text=_("Empty for no limit."))
    per_period = forms.ChoiceField(label=_("Within"), choices=Reward.Period.choices, initial="ever")
    starts_on = DayField(label=_("From the day"), help_text=_("Empty means now."))
    ends_on = DayField(label=_("To the end of the day"), help_text=_("Empty for no end."))
    stores = forms.MultipleChoiceField(
        label=_("Only in these stores"), required=False, widget=forms.CheckboxSelectMultiple
    )
    handover = forms.ChoiceField(
        label=_("How members get it"), choices=Reward.Handover.choices, initial="till"
    )
    pool = forms.ChoiceField(
        label=_("Codes of a pool"),
        required=False,
        help_text=_("Empty: a code is drawn for each, which works at the till."),
    )
    hold_minutes = WholeField(
        label=_("Minutes to show it"),
        initial=15,
        help_text=_("So long the points are held. Then they are free again."),
    )
    valid_days = WholeField(label=_("Days to use it"), initial=90, help_text=_("Empty for no end."))
    gives_back = forms.BooleanField(label=_("Points come back when it ends unused"), required=False)
    is_prize = forms.BooleanField(
        label=_("Only given as a prize"),
        required=False,
        help_text=_("Members cannot take it. Badges, referrals and your team give it."),
    )

    def __init__(
        self, data: Any = None, *, program: Program, units: Sequence[Unit], reward: Reward | None = None
    ) -> None:
        super().__init__(data, initial=initial_of(reward, units) if reward else None)
        self.program, self.units, self.reward = program, units, reward
        self.languages = list(program.languages)
        for language in self.languages:
            self._add_texts(language, is_first=language == self.languages[0])
        for unit in units:
            for name in AMOUNTS:
                label = formats.unit_name(10 * 10**unit.precision, unit)
                self.fields[f"{name}_{unit.key}"] = NumberField(label=label)
        for name in WORTH_LABELS:
            self.fields[name].terms = Terms(program.currency)  # type: ignore[attr-defined]
        given = Cause.objects.filter(program=program, state=Cause.State.LIVE).order_by("key")
        causes = [(cause.key, catalogue.name_of(cause.names, cause.key)) for cause in given]
        self.fields["cause_key"].choices = [("", _("Choose")), *causes]  # type: ignore[attr-defined]
        stores = Store.objects.filter(program=program).order_by("name")
        self.fields["stores"].choices = [(store.code, store.name) for store in stores]  # type: ignore[attr-defined]
        vouchers = CodePool.objects.filter(program=program, purpose=CodePool.Purpose.VOUCHER).order_by("name")
        self.pools = {pool.key: pool for pool in vouchers}
        self.fields["pool"].choices = [("", "—"), *((key, pool.name) for key, pool in self.pools.items())]  # type: ignore[attr-defined]
        if reward is not None:
            del self.fields["key"]

    def _add_texts(self, language: str, *, is_first: bool) -> None:
        area = forms.Textarea(attrs={"rows": 3})
        self.fields[f"name_{language}"] = forms.CharField(label=_("Name"), max_length=80, required=is_first)
        self.fields[f"summary_{language}"] = forms.CharField(
            label=_("In a few words"), max_length=120, required=False
        )
        self.fields[f"terms_{language}"] = forms.CharField(
            label=_("Terms"), max_length=2000, required=False, widget=area
        )

    def texts(self) -> list[Language]:
        """The fields of each language, for the template."""
        known = dict(settings.LANGUAGES)
        return [
            Language(
                code,
                str(known.get(code, code)),
                [self[f"{name}_{code}"] for name in ("name", "summary", "terms")],
            )
            for code in self.languages
        ]

    def prices(self) -> list[forms.BoundField]:
        return [self[f"price_{unit.key}"] for unit in self.units]

    def given(self) -> list[forms.BoundField]:
        return [self[f"gives_{unit.key}"] for unit in self.units]

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or self.cleaned_data
        for name, unit in product(AMOUNTS, self.units):
            amount = found.get(f"{name}_{unit.key}")
            if amount is not None and Decimal(amount).scaleb(unit.precision) % 1:
                self.add_error(f"{name}_{unit.key}", _("The unit has fewer decimals than this."))
        for name, highest in (
            ("hold_minutes", LONGEST_HOLD),
            ("valid_days", 36_500),
            ("per_member", 1_000_000),
        ):
            number = found.get(name)
            if number is not None and not 1 <= number <= highest:
                self.add_error(name, _("Between 1 and %(most)s.") % {"most": formats.format_number(highest)})
        percent = found.get("percent")
        if percent is not None and (not 0 < percent <= 100 or Decimal(percent).scaleb(2) % 1):
            self.add_error("percent", _("Between 0 and 100 percent."))
        for name in ("stock", "value_minor", "cost_minor", "money_minor"):
            if (found.get(name) or 0) < 0:
                self.add_error(name, _("This number is too large or negative."))
        return found

    def hush(self) -> None:
        """Show what was typed without judging it."""
        self.full_clean()
        self._errors = ErrorDict()

    def values(self) -> dict[str, Any]:
        """What `catalogue.create` and `catalogue.change` take, as far as it could be read."""
        found = self.cleaned_data
        kind = found.get("kind") or Reward.Kind.VOUCHER
        percent = found.get("percent")
        return {
            "kind": kind,
            **{f"{name}": self._texts_of(single) for name, single in TEXTS.items()},
            "value_minor": found.get("value_minor") or None,
            "cause_key": found.get("cause_key", "") if kind == Reward.Kind.DONATION else "",
            "percent": None
            if percent is None or kind != Reward.Kind.PERCENT
            else Decimal(percent).quantize(CENT),
            "sku": found.get("sku", ""),
            "cost_minor": found.get("cost_minor"),
            "gives": self._amounts("gives") if kind == Reward.Kind.UNITS else {},
            "price": self._amounts("price"),
            "money_minor": found.get("money_minor") or 0,
            "stock": found.get("stock"),
            "per_member": found.get("per_member"),
            "per_period": found.get("per_period") or Reward.Period.EVER,
            "starts_at": self._midnight(found.get("starts_on")),
            "ends_at": self._midnight(found.get("ends_on"), days=1),
            "stores": sorted(found.get("stores") or []),
            "handover": found.get("handover") or Reward.Handover.TILL,
            "pool": self.pools.get(found.get("pool") or ""),
            "hold_minutes": found.get("hold_minutes") or 15,
            "valid_days": found.get("valid_days"),
            "gives_back": found.get("gives_back", False),
            "is_prize": found.get("is_prize", False),
        }

    def _texts_of(self, name: str) -> dict[str, str]:
        kept = (
            getattr(self.reward, next(many for many, one in TEXTS.items() if one == name))
            if self.reward
            else {}
        )
        hidden = {language: text for language, text in kept.items() if language not in self.languages}
        typed = {language: self.cleaned_data.get(f"{name}_{language}", "") for language in self.languages}
        return hidden | {language: text for language, text in typed.items() if text}

    def _amounts(self, name: str) -> dict[str, int]:
        typed = {unit: self.cleaned_data.get(f"{name}_{unit.key}") for unit in self.units}
        return {
            unit.key: int(Decimal(amount).scaleb(unit.precision)) for unit, amount in typed.items() if amount
        }

    def _midnight(self, day: date | None, *, days: int = 0) -> datetime | None:
        if day is None:
            return None
        return datetime.combine(day + timedelta(days=days), time(), tzinfo=self.program.zone)


# What is typed for each unit.
AMOUNTS = ("price", "gives")
TEXTS = {"names": "name", "summaries": "summary", "terms": "terms"}
CENT = Decimal("0.01")
SAME = (
    "kind",
    "cause_key",
    "percent",
    "sku",
    "stock",
    "per_member",
    "per_period",
    "stores",
    "handover",
    "hold_minutes",
)


def initial_of(reward: Reward, units: Sequence[Unit]) -> dict[str, Any]:
    """What the form shows of a reward, in the program's time zone."""
    found: dict[str, Any] = {
        name: getattr(reward, name) for name in (*SAME, "valid_days", "gives_back", "is_prize")
    }
    digits = formats.minor_digits(reward.program.currency)
    for name in WORTH_LABELS:
        minor = getattr(reward, name)
        found[name] = "" if not minor else str(Decimal(minor).scaleb(-digits))
    for many, one in TEXTS.items():
        texts: Mapping[str, str] = getattr(reward, many)
        found |= {f"{one}_{language}": text for language, text in texts.items()}
    for name, unit in product(AMOUNTS, units):
        amount = getattr(reward, name).get(unit.key)
        found[f"{name}_{unit.key}"] = "" if amount is None else str(Decimal(amount).scaleb(-unit.precision))
    found["pool"] = reward.pool.key if reward.pool else ""
    found["starts_on"] = reward.starts_at and timezone.localtime(reward.starts_at).date()
    found["ends_on"] = (
        reward.ends_at and timezone.localtime(reward.ends_at - timedelta(microseconds=1)).date()
    )
    return found
