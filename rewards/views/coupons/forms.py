"""A coupon as a form: what it takes off, its limits and days; amounts as people type them."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
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
from rewards.forms.names import Language
from rewards.models import CodePool, Coupon
from rewards.views.rules.fields import DayField, MoneyField, NumberField, WholeField

MONEY = ("value_minor", "most_minor", "minimum_minor")
SAME = ("kind", "percent", "sku", "stores", "members_only", "stacking", "most", "per_member", "comes_back")
CENT = Decimal("0.01")
MOST = 2**31 - 1


class CouponForm(forms.Form):
    key = forms.CharField(
        label=_("Key"),
        max_length=60,
        validators=[RegexValidator(r"^[a-z][a-z0-9_-]*$", _("Small letters, digits and dashes."))],
        help_text=_("How the API and rules name it. It stays for ever."),
    )
    word = forms.CharField(
        label=_("One code for everybody"), max_length=64, required=False, help_text=_("Such as SUMMER.")
    )
    pool = forms.ChoiceField(label=_("Or codes of a pool"), required=False)
    kind = forms.ChoiceField(label=_("What it gives"), choices=Coupon.Kind.choices, initial="percent")
    value_minor = MoneyField(label=_("Money off"))
    percent = NumberField(label=_("Percent"))
    most_minor = MoneyField(label=_("At most"), help_text=_("Empty for no limit."))
    sku = forms.CharField(label=_("SKU"), max_length=128, required=False)
    minimum_minor = MoneyField(label=_("Minimum order"))
    members_only = forms.BooleanField(label=_("Only for members"), required=False)
    stacking = forms.ChoiceField(
        label=_("Together with others"), choices=Coupon.Stacking.choices, initial="common"
    )
    most = WholeField(label=_("Uses altogether"), help_text=_("Empty for no limit."))
    per_member = WholeField(label=_("Uses for one member"), help_text=_("Empty for no limit."))
    starts_on = DayField(label=_("From the day"), help_text=_("Empty means now."))
    ends_on = DayField(label=_("To the end of the day"), help_text=_("Empty for no end."))
    stores = forms.MultipleChoiceField(
        label=_("Only in these stores"), required=False, widget=forms.CheckboxSelectMultiple
    )
    comes_back = forms.BooleanField(
        label=_("Can be used again after a cancellation"), required=False, initial=True
    )

    def __init__(self, data: Any = None, *, program: Program, coupon: Coupon | None = None) -> None:
        super().__init__(data, initial=initial_of(coupon) if coupon else None)
        self.program, self.coupon = program, coupon
        self.languages = list(program.languages)
        for language in self.languages:
            first = language == self.languages[0]
            self.fields[f"name_{language}"] = forms.CharField(label=_("Name"), max_length=80, required=first)
            self.fields[f"terms_{language}"] = forms.CharField(
                label=_("Terms"), max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 3})
            )
        for name in MONEY:
            self.fields[name].terms = Terms(program.currency)  # type: ignore[attr-defined]
        stores = Store.objects.filter(program=program).order_by("name")
        self.fields["stores"].choices = [(store.code, store.name) for store in stores]  # type: ignore[attr-defined]
        if coupon is not None:
            # What its codes mean, they mean for good.
            for name in ("key", "word", "pool"):
                del self.fields[name]
        else:
            free = CodePool.objects.filter(program=program, purpose=CodePool.Purpose.COUPON, is_open=True)
            free = free.exclude(coupons__state__in=["draft", "live"]).order_by("name")
            self.fields["pool"].choices = [("", "—"), *free.values_list("key", "name")]  # type: ignore[attr-defined]

    def texts(self) -> list[Language]:
        """The fields of each language, for the template."""
        known = dict(settings.LANGUAGES)
        return [
            Language(code, str(known.get(code, code)), [self[f"name_{code}"], self[f"terms_{code}"]])
            for code in self.languages
        ]

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or self.cleaned_data
        if self.coupon is None and not self.errors and bool(found.get("word")) == bool(found.get("pool")):
            self.add_error("word", _("Type one code for everybody, or choose a pool."))
        percent = found.get("percent")
        if percent is not None and (not 0 < percent <= 100 or Decimal(percent).scaleb(2) % 1):
            self.add_error("percent", _("Between 0 and 100 percent."))
        for name in (*MONEY, "most", "per_member"):
            if (found.get(name) or 0) < 0 or (name == "per_member" and (found.get(name) or 0) > MOST):
                self.add_error(name, _("This number is too large or negative."))
        return found

    def hush(self) -> None:
        """Show what was typed without judging it."""
        self.full_clean()
        self._errors = ErrorDict()

    def values(self) -> dict[str, Any]:
        """What `coupons.create` and `coupons.change` take."""
        found = self.cleaned_data
        kind, percent = found["kind"], found.get("percent")
        exact = Decimal(percent).quantize(CENT) if percent is not None else None
        return {
            "kind": kind,
            "names": self._texts_of("name", "names"),
            "terms": self._texts_of("terms", "terms"),
            "value_minor": found["value_minor"] or None if kind == Coupon.Kind.AMOUNT else None,
            "percent": exact if kind == Coupon.Kind.PERCENT else None,
            "most_minor": found["most_minor"] or None,
            "sku": found["sku"],
            "minimum_minor": found["minimum_minor"] or 0,
            "stores": sorted(found["stores"]),
            "members_only": found["members_only"],
            "stacking": found["stacking"],
            "most": found["most"],
            "per_member": found["per_member"],
            "starts_at": self._midnight(found["starts_on"]),
            "ends_at": self._midnight(found["ends_on"], days=1),
            "comes_back": found["comes_back"],
        }

    def _texts_of(self, name: str, many: str) -> dict[str, str]:
        """Texts of languages that the program has no more are kept."""
        kept = getattr(self.coupon, many) if self.coupon else {}
        hidden = {language: text for language, text in kept.items() if language not in self.languages}
        typed = {language: self.cleaned_data.get(f"{name}_{language}", "") for language in self.languages}
        return hidden | {language: text for language, text in typed.items() if text}

    def _midnight(self, day: date | None, *, days: int = 0) -> datetime | None:
        if day is None:
            return None
        return datetime.combine(day + timedelta(days=days), time(), tzinfo=self.program.zone)


class GiveForm(forms.Form):
    number = forms.CharField(label=_("Member number"), max_length=14)


def initial_of(coupon: Coupon) -> dict[str, Any]:
    """What the form shows of a coupon, in the program's time zone."""
    found: dict[str, Any] = {name: getattr(coupon, name) for name in SAME}
    digits = formats.minor_digits(coupon.program.currency)
    for name in MONEY:
        minor = getattr(coupon, name)
        found[name] = "" if not minor else str(Decimal(minor).scaleb(-digits))
    found |= {f"name_{language}": text for language, text in coupon.names.items()}
    found |= {f"terms_{language}": text for language, text in coupon.terms.items()}
    found["starts_on"] = coupon.starts_at and timezone.localtime(coupon.starts_at).date()
    found["ends_on"] = (
        coupon.ends_at and timezone.localtime(coupon.ends_at - timedelta(microseconds=1)).date()
    )
    return found
