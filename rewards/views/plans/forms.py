"""A plan as a form: its words, its price and term, and what it gives; amounts as people type them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings
from django.core.validators import RegexValidator
from django.forms.utils import ErrorDict
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit import formats
from loyaltysite.kit.conditions.controls import Terms
from members.models import Program
from rewards.forms import benefits
from rewards.forms.names import Language
from rewards.models import Plan, Reward, Unit
from rewards.models.plans import LONGEST_TERM
from rewards.plans.editing import MOST_DAYS
from rewards.views.rules.fields import MoneyField, WholeField

ONCE, MONTH, YEAR, OTHER = "once", "1", "12", "other"
TEXTS = {"names": "name", "summaries": "summary", "terms": "terms"}


class PlanForm(forms.Form):
    key = forms.CharField(
        label=_("Key"),
        max_length=60,
        validators=[RegexValidator(r"^[a-z][a-z0-9_-]*$", _("Small letters, digits and dashes."))],
        help_text=_("How the API names this plan. It stays for ever."),
    )
    price_minor = MoneyField(label=_("Price"), required=True)
    pays = forms.ChoiceField(
        label=_("Paid"),
        choices=[
            (YEAR, _("Every year")),
            (MONTH, _("Every month")),
            (OTHER, _("Every so many months")),
            (ONCE, _("Once, for good")),
        ],
        initial=YEAR,
    )
    months = WholeField(label=_("Months of a term"))
    refund_days = WholeField(
        label=_("Days to get the price back"),
        initial=14,
        help_text=_("While no more than the price was saved."),
    )
    renewal_days = WholeField(
        label=_("Days before the end to renew"), initial=30, help_text=_("At most half of the term.")
    )
    notice_days = WholeField(label=_("Days of notice before the end"), initial=14)

    def __init__(
        self, data: Any = None, *, program: Program, units: Sequence[Unit], plan: Plan | None = None
    ) -> None:
        self.program, self.plan = program, plan
        self.units = [unit for unit in units if not unit.is_money]
        super().__init__(data, initial=initial_of(plan, self.units) if plan else None)
        self.languages = list(program.languages)
        for place, language in enumerate(self.languages):
            self._add_texts(language, is_first=place == 0)
        self.fields["price_minor"].terms = Terms(program.currency)  # type: ignore[attr-defined]
        rewards = Reward.objects.filter(program=program).exclude(state=Reward.State.ENDED).order_by("pk")
        benefits.add_fields(self, program=program, units=self.units, rewards=list(rewards), with_rate=True)
        if plan is not None:
            del self.fields["key"]

    def _add_texts(self, language: str, *, is_first: bool) -> None:
        area = forms.Textarea(attrs={"rows": 3})
        self.fields[f"name_{language}"] = forms.CharField(label=_("Name"), max_length=80, required=is_first)
        self.fields[f"summary_{language}"] = forms.CharField(
            label=_("In a few words"), max_length=160, required=False
        )
        self.fields[f"promises_{language}"] = forms.CharField(
            label=_("What else it gives, one a line"), max_length=2000, required=False, widget=area
        )
        self.fields[f"terms_{language}"] = forms.CharField(
            label=_("Terms"), max_length=2000, required=False, widget=area
        )

    # --- for the template

    def texts(self) -> list[Language]:
        known = dict(settings.LANGUAGES)
        names = ("name", "summary", "promises", "terms")
        return [
            Language(code, str(known.get(code, code)), [self[f"{name}_{code}"] for name in names])
            for code in self.languages
        ]

    def rates(self) -> list[forms.BoundField]:
        return [self[f"rate_{unit.key}"] for unit in self.units]

    def birthdays(self) -> list[forms.BoundField]:
        return [self[f"birthday_{unit.key}"] for unit in self.units]

    @property
    def has_rewards(self) -> bool:
        return bool(self.fields["kept"].choices)  # type: ignore[attr-defined]

    # --- what was typed

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or self.cleaned_data
        if (found.get("price_minor") or 0) < 0:
            self.add_error("price_minor", _("This number is too large or negative."))
        months = found.get("months")
        if found.get("pays") == OTHER and (months is None or not 1 <= months <= LONGEST_TERM):
            self.add_error("months", _("Between 1 and 120 months."))
        for name in ("refund_days", "renewal_days", "notice_days"):
            number = found.get(name)
            if number is None or not 0 <= number <= MOST_DAYS:
                self.add_error(name, _("Between 0 and 365 days."))
        benefits.check(self)
        return found

    def hush(self) -> None:
        """Show what was typed without judging it."""
        self.full_clean()
        self._errors = ErrorDict()

    def values(self) -> dict[str, Any]:
        """What `editing.create` and `editing.change` take, as far as it could be read."""
        found = self.cleaned_data
        typed = {one: found.get(f"promises_{one}", "") for one in self.languages}
        promises = [{"kind": "promise", "texts": texts} for texts in benefits.promises(typed)]
        return {
            **{many: self._texts_of(many, one) for many, one in TEXTS.items()},
            "price_minor": found.get("price_minor") or 0,
            "months": self._months(found),
            "benefits": [*benefits.read(found, self.units), *promises],
            **{name: found.get(name) or 0 for name in ("refund_days", "renewal_days", "notice_days")},
        }

    @staticmethod
    def _months(found: Mapping[str, Any]) -> int | None:
        pays = found.get("pays") or YEAR
        if pays == ONCE:
            return None
        return found.get("months") or 12 if pays == OTHER else int(pays)

    def _texts_of(self, many: str, one: str) -> dict[str, str]:
        kept: dict[str, str] = getattr(self.plan, many) if self.plan else {}
        hidden = {language: text for language, text in kept.items() if language not in self.languages}
        typed = {language: self.cleaned_data.get(f"{one}_{language}", "") for language in self.languages}
        return hidden | {language: text for language, text in typed.items() if text}


def initial_of(plan: Plan, units: Sequence[Unit]) -> dict[str, Any]:
    """What the form shows of a plan."""
    digits = formats.minor_digits(plan.program.currency)
    pays = ONCE if plan.months is None else str(plan.months) if plan.months in {1, 12} else OTHER
    found: dict[str, Any] = {
        "price_minor": f"{Decimal(plan.price_minor).scaleb(-digits):f}",
        "pays": pays,
        "months": plan.months,
        "refund_days": plan.refund_days,
        "renewal_days": plan.renewal_days,
        "notice_days": plan.notice_days,
    }
    for language in plan.program.languages:
        found |= {f"{one}_{language}": getattr(plan, many).get(language, "") for many, one in TEXTS.items()}
        found[f"promises_{language}"] = benefits.lines_of(plan.benefits, language)
    return found | benefits.initial_of(plan.benefits, units, digits)
