"""The settings of a program, and its logo."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any
from zoneinfo import available_timezones

from babel.numbers import is_currency
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from members.models import Program

TAX, POINTS = "tax", "points"
KINDS = ("shipping", "tip", "gift_card")
EARNS = (
    (TAX, _("Tax")),
    ("shipping", _("Shipping")),
    ("tip", _("Tips")),
    ("gift_card", _("Gift cards bought")),
    (POINTS, _("The part paid with points or credit")),
)


def zones() -> list[tuple[str, str]]:
    """Places of the world; the many old names and offsets are left out."""
    named = sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc/"))
    return [("UTC", "UTC"), *((zone, zone.replace("_", " ")) for zone in named)]


class ProgramForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=120)
    currency = forms.CharField(
        label=_("Currency"),
        max_length=3,
        help_text=_("Three letters, such as EUR. It stays from the first order on."),
    )
    time_zone = forms.ChoiceField(
        label=_("Time zone"), choices=zones, help_text=_("Days, months and years of the program begin here.")
    )
    main_language = forms.ChoiceField(
        label=_("Main language"),
        choices=settings.LANGUAGES,
        help_text=_("Where nobody's own language is known."),
    )
    languages = forms.MultipleChoiceField(
        label=_("Languages"),
        choices=settings.LANGUAGES,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Names of units and tiers can be given in each of them."),
    )
    prices_include_tax = forms.BooleanField(label=_("Prices include tax"), required=False)
    tax_rate = forms.DecimalField(
        label=_("Tax rate"), min_value=0, max_value=100, max_digits=6, decimal_places=3,
        help_text=_("For amounts typed at a till, which name no tax."),
    )  # fmt: skip
    return_days = forms.IntegerField(
        label=_("Days to return"),
        min_value=0,
        max_value=3650,
        help_text=_("So long a tier just reached is provisional."),
    )
    margin_rate = forms.DecimalField(
        label=_("Margin"), min_value=0, max_value=100, max_digits=5, decimal_places=2, required=False,
        help_text=_("What remains of a sale before tax, where its lines name no cost. Empty: unknown."),
    )  # fmt: skip
    discount_rate = forms.DecimalField(
        label=_("Yearly discount"), min_value=0, max_value=100, max_digits=5, decimal_places=2, required=False,
        help_text=_("What a year of waiting takes from money to come, in values of customers."),
    )  # fmt: skip
    earns = forms.MultipleChoiceField(
        label=_("What earns beside goods"),
        choices=EARNS,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Holds for orders that arrive from now on."),
    )
    brand = forms.CharField(label=_("Brand colour"), max_length=7, help_text=_("As #rrggbb."))
    requires_mfa = forms.BooleanField(
        label=_("Owners and managers need a second factor"),
        required=False,
        help_text=_("Whoever has none sets it up at the next sign-in."),
    )

    def __init__(self, data: Any = None, *, program: Program, currency_is_fixed: bool) -> None:
        super().__init__(data, initial=_initial(program))
        self.program = program
        if currency_is_fixed:
            self.fields["currency"].disabled = True
            self.fields["currency"].help_text = _("Fixed, because there are orders in it.")

    def clean_currency(self) -> str:
        code: str = self.cleaned_data["currency"].strip().upper()
        if not (re.fullmatch(r"[A-Z]{3}", code) and is_currency(code)):
            raise ValidationError(_("There is no currency of this name. Examples: EUR, GBP, SAR."))
        return code

    def clean_brand(self) -> str:
        color = parse_color(self.cleaned_data["brand"])
        if color is None:
            raise ValidationError(_("A colour has # and six digits or letters from a to f, such as #0b4a5c."))
        return color

    def clean_languages(self) -> list[str]:
        """The main language stands first."""
        main = self.cleaned_data.get("main_language", "")
        chosen: list[str] = self.cleaned_data["languages"]
        return [main, *(one for one in chosen if one != main)] if main else chosen

    def values(self) -> dict[str, Any]:
        """What `programs.change` takes."""
        found = dict(self.cleaned_data)
        earns = set(found.pop("earns"))
        for name, empty in (("margin_rate", None), ("discount_rate", self.program.discount_rate)):
            found[name] = empty if found[name] is None else int(found[name] * 100)
        del found["main_language"]
        others = self.program.basis.get("excluded_kinds", KINDS)
        excluded = {kind for kind in others if kind not in KINDS} | (set(KINDS) - earns)
        basis = {
            "earns_on_tax": TAX in earns,
            "earns_on_points_paid": POINTS in earns,
            "excluded_kinds": sorted(excluded),
        }
        same = set(_earns(self.program)) == earns
        return found | {"basis": self.program.basis if same else self.program.basis | basis}


class LogoForm(forms.Form):
    logo = forms.FileField(
        label=_("Picture"),
        help_text=_("PNG, JPEG or WebP, at most 2 MB. It is made small and written anew."),
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/webp"}),
    )


def parse_color(typed: str) -> str | None:
    """#rrggbb in small letters; None for anything else."""
    text = typed.strip().lower()
    text = text if text.startswith("#") else f"#{text}"
    if re.fullmatch(r"#[0-9a-f]{3}", text):
        text = "#" + "".join(letter * 2 for letter in text[1:])
    return text if re.fullmatch(r"#[0-9a-f]{6}", text) else None


def _initial(program: Program) -> dict[str, Any]:
    names = (
        "name",
        "currency",
        "time_zone",
        "languages",
        "prices_include_tax",
        "return_days",
        "brand",
        "requires_mfa",
    )
    return {name: getattr(program, name) for name in names} | {
        "main_language": program.languages[0],
        "tax_rate": f"{program.tax_rate.normalize():f}",
        "earns": _earns(program),
        "margin_rate": _percent(program.margin_rate),
        "discount_rate": _percent(program.discount_rate),
    }


def _percent(points: int | None) -> str:
    """Basis points as percent: 12.5 for 1,250."""
    return "" if points is None else f"{Decimal(points).scaleb(-2).normalize():f}"


def _earns(program: Program) -> list[str]:
    basis = program.basis
    excluded = basis.get("excluded_kinds", KINDS)
    found = [kind for kind in KINDS if kind not in excluded]
    found += [TAX] if basis.get("earns_on_tax") else []
    return found + ([POINTS] if basis.get("earns_on_points_paid") else [])
