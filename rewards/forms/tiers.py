"""The scheme and its tiers as one form. Rows are added and removed before anything is saved."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.functional import cached_property
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit import formats
from members.models import Program
from rewards.forms import benefits
from rewards.models import Reward, TierScheme, Unit
from rewards.tiers import worths
from rewards.tiers.editing import MOST_TIERS, SCHEME, Draft, TierDraft
from rewards.tiers.schemes import MONEY

MOST = Decimal(10) ** 12
WEIGHT: dict[str, Any] = {"min_value": 0, "max_value": 1000, "required": False}
ROW = re.compile(r"tier-(\d{1,3})-")


class SchemeForm(forms.Form):
    counted = forms.ChoiceField(label=_("What counts"), choices=TierScheme.Counted.choices)
    unit_key = forms.ChoiceField(label=_("Points of"), required=False)
    window = forms.ChoiceField(label=_("Within"), choices=TierScheme.Window.choices)
    months = forms.IntegerField(label=_("Months"), min_value=1, max_value=120, required=False, initial=12)
    review = forms.ChoiceField(
        label=_("When it ends and is not earned again"), choices=TierScheme.Review.choices
    )
    grace_days = forms.IntegerField(
        label=_("Days of grace"), min_value=0, max_value=366, required=False, initial=0,
        help_text=_("So long a tier goes on after its end."),
    )  # fmt: skip

    weight_historic = forms.IntegerField(label=_("Value up to now, %"), **WEIGHT)
    weight_predicted = forms.IntegerField(label=_("Value of the coming year, %"), **WEIGHT)
    weight_retention = forms.IntegerField(label=_("of it likely to be kept, %"), **WEIGHT)
    weight_upgrade = forms.IntegerField(label=_("of it likely to grow, %"), **WEIGHT)

    def __init__(self, data: Any = None, *, initial: Any = None, units: list[Unit], is_fixed: bool) -> None:
        weights = worths.weights_of((initial or {}).get("weights") or {})
        super().__init__(
            data, initial={**(initial or {}), **{f"weight_{name}": weights[name] for name in weights}}
        )
        every = [("", _("All units together"))]
        self.fields["months"].is_needed = True  # type: ignore[attr-defined]
        self.fields["unit_key"].choices = every + [(unit.key, unit.key) for unit in units]  # type: ignore[attr-defined]
        if is_fixed:
            self._fix(initial or {})

    def _fix(self, initial: Mapping[str, Any]) -> None:
        """Orders have been counted by the present window and unit."""
        note = _("Fixed: orders have been counted by it.")
        self.fields["unit_key"].disabled = True
        self.fields["unit_key"].help_text = note
        days = {"rolling", "since_reached"}
        if initial.get("window") in days:
            choices = [choice for choice in TierScheme.Window.choices if choice[0] in days]
            self.fields["window"].choices = choices  # type: ignore[attr-defined]
        else:
            self.fields["window"].disabled = True
            self.fields["window"].help_text = note

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or self.cleaned_data
        if found.get("counted") != "points" and not self.fields["unit_key"].disabled:
            found["unit_key"] = ""
        weights = {name: found.get(f"weight_{name}") or 0 for name in worths.WEIGHTS}
        found["weights"] = weights if found.get("counted") == "value" else {}
        return found

    def weights(self) -> list[forms.BoundField]:
        return [self[f"weight_{name}"] for name in worths.WEIGHTS]


class TierForm(forms.Form):
    """One row. Money is typed in the major unit of the currency, points in whole units."""

    id = forms.IntegerField(required=False, widget=forms.HiddenInput)
    key = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)
    threshold = forms.DecimalField(label=_("From"), min_value=0, max_value=MOST)
    is_never_lost = forms.BooleanField(label=_("Never lost"), required=False)

    def __init__(
        self,
        data: Any = None,
        *,
        prefix: str,
        initial: Any = None,
        program: Program,
        units: list[Unit],
        rewards: list[Reward],
    ) -> None:
        super().__init__(data, prefix=prefix, initial=initial, auto_id="id_%s")
        self.languages, self.units = list(program.languages), units
        known = dict(settings.LANGUAGES)
        for place, language in enumerate(self.languages):
            name = str(known.get(language, language))
            self.fields[f"name_{language}"] = forms.CharField(label=name, max_length=60, required=place == 0)
            self.fields[f"benefits_{language}"] = forms.CharField(
                label=name, max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 3})
            )
        for unit in units:
            self.fields[f"factor_{unit.key}"] = forms.CharField(
                label=_("Times %(unit)s") % {"unit": formats.unit_name(10 * 10**unit.precision, unit)},
                max_length=12,
                required=False,
                help_text=_("1 or nothing: as everybody."),
            )
            self.fields[f"months_{unit.key}"] = forms.IntegerField(
                label=_("%(unit)s end after so many months") % {"unit": formats.unit_name(10 * 10**unit.precision, unit)},
                min_value=0, max_value=1_200, required=False, help_text=_("Nothing: as everybody. 0: never."),
            )  # fmt: skip
        benefits.add_fields(self, program=program, units=units, rewards=rewards, with_rate=False)

    @property
    def works(self) -> bool:
        """Whether anything but promises is given, or wrong."""
        names = (*benefits.WORKING, *(f"birthday_{unit.key}" for unit in self.units))
        return any(self[name].value() or self[name].errors for name in names)

    def birthdays(self) -> list[forms.BoundField]:
        return [self[f"birthday_{unit.key}"] for unit in self.units]

    @property
    def has_rewards(self) -> bool:
        return bool(self.fields["kept"].choices)  # type: ignore[attr-defined]

    def named(self) -> list[forms.BoundField]:
        return [self[f"name_{language}"] for language in self.languages]

    def told(self) -> list[tuple[forms.BoundField, str, str]]:
        """The benefits with their language and direction."""
        return [
            (self[f"benefits_{one}"], one, "rtl" if one in formats.RIGHT_TO_LEFT else "ltr")
            for one in self.languages
        ]

    def factors(self) -> list[forms.BoundField]:
        return [self[f"factor_{unit.key}"] for unit in self.units]

    def ends(self) -> list[forms.BoundField]:
        return [self[f"months_{unit.key}"] for unit in self.units]

    def clean(self) -> dict[str, Any]:
        """Each factor is a ratio above zero, written as 1.5 or 3/2."""
        found: dict[str, Any] = super().clean() or self.cleaned_data
        for unit in self.units:
            name = f"factor_{unit.key}"
            try:
                found[name] = _factor(found.get(name, ""))
            except ValidationError as error:
                self.add_error(name, error)
        benefits.check(self)
        return found

    def draft(self, *, digits: int, key: str, kept: Mapping[str, Any]) -> TierDraft:
        """The tier; `kept` is what the form does not show of it, such as names in other languages."""
        found = self.cleaned_data
        names = {one: found[f"name_{one}"] for one in self.languages if found[f"name_{one}"]}
        factors = {unit.key: found[f"factor_{unit.key}"] for unit in self.units}
        shown = {unit.key for unit in self.units}
        others = {unit: ratio for unit, ratio in kept.get("multipliers", {}).items() if unit not in shown}
        hidden = {one: name for one, name in kept.get("names", {}).items() if one not in self.languages}
        return TierDraft(
            key=key,
            names=hidden | names,
            threshold=int(found["threshold"].scaleb(digits)),
            multipliers=others | {unit: ratio for unit, ratio in factors.items() if ratio},
            benefits=(
                *benefits.read(found, self.units),
                *benefits.promises({one: found[f"benefits_{one}"] for one in self.languages}),
            ),
            expiry=self._expiry(kept.get("expiry", {})),
            is_never_lost=found["is_never_lost"],
            id=found["id"],
        )

    def _expiry(self, kept: Mapping[str, Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
        """By unit; a policy of another kind than months stays until a number is typed."""
        found = {}
        for unit in self.units:
            months, old = self.cleaned_data.get(f"months_{unit.key}"), kept.get(unit.key)
            if months is not None:
                found[unit.key] = {"kind": "months", "count": months} if months else {"kind": "none"}
            elif old is not None and old.get("kind") not in ("months", "none"):
                found[unit.key] = dict(old)
        return found | {
            unit: old for unit, old in kept.items() if unit not in {one.key for one in self.units}
        }


class TiersForm:
    """The scheme with all its rows, bound to what was typed or filled from what is in force."""

    def __init__(
        self, *, program: Program, units: list[Unit], before: Draft | None, is_fixed: bool, data: Any = None
    ) -> None:
        self.program, self.before = program, before
        self.units = [unit for unit in units if not unit.is_money]
        self.all_units, self.data = units, data
        offered = Reward.objects.filter(program=program).exclude(state=Reward.State.ENDED)
        self.rewards = list(offered.order_by("pk"))
        initial = {name: getattr(before, name) for name in SCHEME} if before else None
        self.scheme = SchemeForm(data, initial=initial, units=units, is_fixed=is_fixed)
        self.rows = [self._row(place) for place in self._places()]

    def _places(self) -> list[int]:
        if self.data is not None:
            return rows_of(self.data)
        return list(range(len(self.before.tiers) if self.before else 2))

    def _row(self, place: int) -> TierForm:
        initial = None
        if self.before and place < len(self.before.tiers):
            initial = initial_of(
                self.before.tiers[place], self.program, self.units, self.digits(self.before.counted)
            )
        elif self.before is None and place == 0:
            initial = {"threshold": 0}
        return TierForm(
            self.data,
            prefix=f"tier-{place}",
            initial=initial,
            program=self.program,
            units=self.units,
            rewards=self.rewards,
        )

    def digits(self, counted: str) -> int:
        """How many digits of a threshold are typed after the point."""
        if counted in MONEY:
            return formats.minor_digits(self.program.currency)
        key = self.scheme["unit_key"].value() if counted == "points" else ""
        return next((unit.precision for unit in self.all_units if unit.key == key), 0)

    @property
    def counted(self) -> str:
        return str(self.scheme["counted"].value() or "spend")

    def is_valid(self) -> bool:
        is_valid = all([self.scheme.is_valid(), *[row.is_valid() for row in self.rows]])
        if is_valid:
            digits = self.digits(self.counted)
            for row in self.rows:
                if row.cleaned_data["threshold"].scaleb(digits) % 1:
                    row.add_error("threshold", _("This has more digits after the point than can be counted."))
            is_valid = all(row.is_valid() for row in self.rows)
        return is_valid

    @cached_property
    def draft(self) -> Draft:
        """The tiers in the order of where they begin. Call it on a valid form."""
        digits = self.digits(self.counted)
        found = self.scheme.cleaned_data
        tiers: list[TierDraft] = []
        known = {tier.id: tier for tier in self.before.tiers} if self.before else {}
        taken = {tier.key for tier in known.values()}
        for row in self.rows:
            tier = known.get(row.cleaned_data["id"])
            key = tier.key if tier else _new_key(row.cleaned_data, self.program, taken)
            taken.add(key)
            kept = (
                {"names": tier.names, "multipliers": tier.multipliers, "expiry": tier.expiry} if tier else {}
            )
            tiers.append(row.draft(digits=digits, key=key, kept=kept))
        tiers.sort(key=lambda one: one.threshold)
        values = {name: found[name] for name in SCHEME}
        values["months"] = values["months"] or 12
        values["grace_days"] = values["grace_days"] or 0
        return Draft(tiers=tuple(tiers), **values)


def rows_of(data: Mapping[str, Any]) -> list[int]:
    """The numbers of the rows in what was typed, in their order on the page."""
    found = {int(match[1]) for match in map(ROW.match, data) if match}
    return sorted(found)[: MOST_TIERS + 1]


def initial_of(tier: TierDraft, program: Program, units: list[Unit], digits: int) -> dict[str, Any]:
    found: dict[str, Any] = {
        "id": tier.id,
        "key": tier.key,
        "threshold": Decimal(tier.threshold).scaleb(-digits),
        "is_never_lost": tier.is_never_lost,
    }
    for language in program.languages:
        found[f"name_{language}"] = tier.names.get(language, "")
        found[f"benefits_{language}"] = benefits.lines_of(tier.benefits, language)
    found |= benefits.initial_of(tier.benefits, units, formats.minor_digits(program.currency))
    for unit in units:
        found[f"factor_{unit.key}"] = _factor_shown(tier.multipliers.get(unit.key, ""))
        policy = tier.expiry.get(unit.key, {})
        if policy.get("kind") in ("months", "none"):
            found[f"months_{unit.key}"] = policy.get("count", 0)
    return found


def _factor(typed: str) -> str:
    """A ratio in lowest terms; nothing for a factor of one."""
    text = typed.strip().replace("\N{MULTIPLICATION SIGN}", "").replace(",", ".").strip()
    if not text:
        return ""
    try:
        ratio = Fraction(text)
    except (ValueError, ZeroDivisionError) as error:
        raise ValidationError(_("A factor is a number such as 1.5 or 3/2.")) from error
    if not 0 < ratio <= 100 or ratio.denominator > 10_000:
        raise ValidationError(_("A factor lies above 0 and is at most 100."))
    return "" if ratio == 1 else str(ratio)


def _factor_shown(ratio: str) -> str:
    """3/2 as 1.5; a third stays 1/3."""
    if not ratio:
        return ""
    fraction = Fraction(ratio)
    decimal = (Decimal(fraction.numerator) / fraction.denominator).quantize(Decimal("0.0001")).normalize()
    return f"{decimal:f}" if Fraction(decimal) == fraction else ratio


def _new_key(found: Mapping[str, Any], program: Program, taken: set[str]) -> str:
    """From the name where it has Latin letters, else a number; never one that is taken."""
    spoken = [program.languages[0], "en", *program.languages]
    slugs = [slugify(found.get(f"name_{language}", ""))[:36] for language in spoken]
    base = next((slug for slug in slugs if slug), "tier")
    names = [base, *(f"{base}-{number}" for number in range(2, 100))]
    return next(name for name in names if name not in taken)
