"""Benefits as fields, the same for plans and tiers: what works by itself, and promises line by line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit import formats
from loyaltysite.kit.conditions.controls import Terms
from members.models import Program
from rewards.benefits import kinds
from rewards.benefits.kinds import BIRTHDAY, EARLY, PERCENT, RATE, REWARDS, SHIPPING
from rewards.catalogue import name_of
from rewards.models import Reward, Unit
from rewards.views.rules.fields import MoneyField, NumberField, WholeField

WORKING = ("percent", "categories", "ships_free", "ships_from", "early_days", "kept")


def add_fields(
    form: forms.Form, *, program: Program, units: Sequence[Unit], rewards: Sequence[Reward], with_rate: bool
) -> None:
    """Everything but the promises. A tier has its factors elsewhere."""
    made: dict[str, forms.Field] = {}
    for unit in units if with_rate else ():
        name = formats.unit_name(10 * 10**unit.precision, unit)
        made[f"rate_{unit.key}"] = NumberField(
            label=_("Times %(unit)s") % {"unit": name}, help_text=_("1 or nothing: as everybody.")
        )
    if with_rate:
        made["on_top"] = forms.BooleanField(
            label=_("On top of the tier"), required=False, help_text=_("Else the higher of the two counts.")
        )
    made["percent"] = NumberField(label=_("Percent off"))
    made["categories"] = forms.CharField(
        label=_("Only on these categories"),
        max_length=600,
        required=False,
        help_text=_("With commas between them. Empty for everything."),
    )
    made["ships_free"] = forms.BooleanField(label=_("Free shipping"), required=False)
    made["ships_from"] = MoneyField(label=_("Free shipping from"), help_text=_("Empty for every order."))
    made["ships_from"].terms = Terms(program.currency)  # type: ignore[attr-defined]
    made["early_days"] = WholeField(label=_("Days to have rewards earlier"))
    made["kept"] = forms.MultipleChoiceField(
        label=_("Rewards only for them"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        choices=[(reward.key, name_of(reward.names, reward.key)) for reward in rewards],
    )
    for unit in units:
        name = formats.unit_name(10 * 10**unit.precision, unit)
        made[f"birthday_{unit.key}"] = NumberField(label=_("On the birthday: %(unit)s") % {"unit": name})
    form.fields.update(made)


def initial_of(benefits: Iterable[Mapping[str, Any]], units: Sequence[Unit], digits: int) -> dict[str, Any]:
    """What the fields show of these benefits, without the promises."""
    found: dict[str, Any] = {}
    precisions = {unit.key: unit.precision for unit in units}
    for benefit in benefits:
        kind = kinds.kind_of(benefit)
        if kind == RATE:
            found[f"rate_{benefit['unit']}"] = _plain(kinds.factor_of(benefit))
            found["on_top"] = found.get("on_top", False) or benefit.get("on_top", False)
        elif kind == PERCENT:
            found |= {"percent": benefit["percent"], "categories": ", ".join(benefit.get("categories", ()))}
        elif kind == SHIPPING:
            found["ships_free"] = True
            minimum = benefit.get("minimum_minor")
            found["ships_from"] = f"{Decimal(minimum).scaleb(-digits):f}" if minimum else None
        elif kind == EARLY:
            found["early_days"] = benefit["days"]
        elif kind == REWARDS:
            found["kept"] = benefit["keys"]
        elif kind == BIRTHDAY and benefit["unit"] in precisions:
            amount = Decimal(benefit["amount"]).scaleb(-precisions[benefit["unit"]])
            found[f"birthday_{benefit['unit']}"] = f"{amount:f}"
    return found


def read(found: Mapping[str, Any], units: Sequence[Unit]) -> list[dict[str, Any]]:
    """The benefits of cleaned fields, without the promises, in their one form."""
    benefits: list[dict[str, Any]] = []
    on_top = {"on_top": True} if found.get("on_top") else {}
    for unit in units:
        factor = found.get(f"rate_{unit.key}")
        if factor is not None and factor != 1:
            benefits.append({"kind": RATE, "unit": unit.key, "factor": str(Fraction(factor)), **on_top})
    if found.get("percent") is not None:
        names = [name.strip() for name in found.get("categories", "").split(",")]
        chosen = [name for name in names if name]
        benefits.append(
            {"kind": PERCENT, "percent": str(found["percent"])} | ({"categories": chosen} if chosen else {})
        )
    if found.get("ships_free"):
        minimum = found.get("ships_from")
        benefits.append({"kind": SHIPPING} | ({"minimum_minor": minimum} if minimum else {}))
    if found.get("early_days") is not None:
        benefits.append({"kind": EARLY, "days": found["early_days"]})
    if found.get("kept"):
        benefits.append({"kind": REWARDS, "keys": list(found["kept"])})
    for unit in units:
        amount = found.get(f"birthday_{unit.key}")
        if amount is not None:
            scaled = int(Decimal(amount).scaleb(unit.precision))
            benefits.append({"kind": BIRTHDAY, "unit": unit.key, "amount": scaled})
    return benefits


# Which field is wrong, by the part of the benefit that was refused.
PARTS = {"factor": "rate_", "percent": "percent", "categories": "categories", "minimum_minor": "ships_from",
         "days": "early_days", "keys": "kept", "amount": "birthday_"}  # fmt: skip


def check(form: forms.Form) -> None:
    """Refuse what cannot be, at its field; called by a form's clean()."""
    for unit in getattr(form, "units", ()):
        for name in (f"birthday_{unit.key}",):
            amount = form.cleaned_data.get(name)
            if amount is not None and Decimal(amount).scaleb(unit.precision) % 1:
                form.add_error(name, _("The unit has fewer decimals than this."))
                form.cleaned_data[name] = None
    for benefit in read(form.cleaned_data, form.units):  # type: ignore[attr-defined]
        try:
            kinds.read([benefit])
        except kinds.BenefitRefused as error:
            form.add_error(_field_of(error.field or "", benefit), str(error))


def _field_of(part: str, benefit: Mapping[str, Any]) -> str | None:
    name = PARTS.get(part)
    return f"{name}{benefit['unit']}" if name and name.endswith("_") else name


def promises(lines: Mapping[str, str]) -> list[dict[str, str]]:
    """Line by line, each in the languages that have that line."""
    split = {language: [line.strip()[:200] for line in text.splitlines()] for language, text in lines.items()}
    longest = max((len(found) for found in split.values()), default=0)
    rows = [
        {language: found[place] for language, found in split.items() if place < len(found) and found[place]}
        for place in range(longest)
    ]
    return [row for row in rows if row]


def lines_of(benefits: Iterable[Mapping[str, Any]], language: str) -> str:
    """The promises in one language, one a line."""
    texts = [kinds.texts_of(one) for one in benefits if kinds.kind_of(one) == kinds.PROMISE]
    return "\n".join(each.get(language, "") for each in texts).rstrip()


def _plain(ratio: Fraction) -> str:
    """3/2 as 1.5."""
    return f"{Decimal(ratio.numerator) / ratio.denominator:f}"
