"""A file to import, and how its columns are to be read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from rewards.imports.canonical import REQUIRED
from rewards.imports.columns import CANONICAL
from rewards.imports.guesses import PATTERNS

# What people call the columns of docs/import.md.
LABELS = {
    "type": gettext_lazy("Kind of row: order, return …"),
    "order_id": gettext_lazy("Order number"),
    "return_id": gettext_lazy("Number of the return"),
    "occurred_at": gettext_lazy("Date and time"),
    "member_number": gettext_lazy("Member number"),
    "member_shop_id": gettext_lazy("Customer id of the shop"),
    "member_card": gettext_lazy("Card number"),
    "member_email": gettext_lazy("E-mail"),
    "member_phone": gettext_lazy("Phone"),
    "member_name": gettext_lazy("Member’s name"),
    "member_language": gettext_lazy("Member’s language"),
    "store": gettext_lazy("Store"),
    "channel": gettext_lazy("Channel"),
    "currency": gettext_lazy("Currency"),
    "sku": gettext_lazy("Product code (SKU)"),
    "name": gettext_lazy("Product name"),
    "category": gettext_lazy("Category"),
    "kind": gettext_lazy("Kind of line: product, shipping …"),
    "quantity": gettext_lazy("Quantity"),
    "unit_price": gettext_lazy("Price of one"),
    "amount": gettext_lazy("Amount of the line"),
    "discount": gettext_lazy("Discount"),
    "tax": gettext_lazy("Tax in it"),
    "unit_cost": gettext_lazy("Cost of one"),
}
ENCODINGS = (
    ("", gettext_lazy("UTF-8, or as the file says")),
    ("cp1252", gettext_lazy("Windows, Western Europe")),
    ("iso-8859-15", gettext_lazy("ISO 8859-15, Western Europe")),
    ("cp1256", gettext_lazy("Windows, Arabic and Persian")),
    ("cp1255", gettext_lazy("Windows, Hebrew")),
)
ISO = gettext_lazy("2026-01-31 18:05 (ISO 8601)")
PARTS = {"%Y": "2026", "%m": "01", "%d": "31", "%H": "18", "%M": "05", "%S": "30"}


def _example(pattern: str) -> str:
    for part, text in PARTS.items():
        pattern = pattern.replace(part, text)
    return pattern


class UploadForm(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("File"),
        help_text=gettext_lazy("CSV with a header, plain or packed with gzip or xz."),
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,.gz,.xz,text/csv"}),
    )


class OptionsForm(forms.Form):
    """One choice for each column of the file, `column_0` and so on, and what holds for the whole file."""

    source = forms.SlugField(
        label=gettext_lazy("Source"),
        max_length=32,
        help_text=gettext_lazy(
            "Where the order numbers come from. Use one name for one shop, and an order counts once."
        ),
    )
    date_format = forms.ChoiceField(
        label=gettext_lazy("Dates are written like"),
        required=False,
        choices=[(pattern, _example(pattern) if pattern else ISO) for pattern in PATTERNS],
    )
    store = forms.ChoiceField(
        label=gettext_lazy("Store of orders that name none"), required=False, choices=[]
    )
    region = forms.RegexField(
        r"^[A-Za-z]{2}$",
        label=gettext_lazy("Country of phone numbers"),
        required=False,
        help_text=gettext_lazy("Such as GB, for numbers without a country code."),
    )
    encoding = forms.ChoiceField(label=gettext_lazy("Encoding"), required=False, choices=ENCODINGS)
    creates_stores = forms.BooleanField(
        label=gettext_lazy("Create stores that are not known yet"), required=False
    )

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        header: Sequence[str],
        options: Mapping[str, Any],
        stores: Iterable[tuple[str, str]],
    ) -> None:
        self.header, self.profile = list(header), options.get("profile", "canonical")
        initial = {
            name: options.get(name)
            for name in ("source", "date_format", "store", "region", "encoding", "creates_stores")
        }
        super().__init__(data, initial=initial)
        self.fields["store"].choices = [("", _("None")), *stores]  # type: ignore[attr-defined]
        if self.profile == "canonical":
            choices = [("", _("Not used")), *((column, LABELS[column]) for column in CANONICAL)]
            for place, name in enumerate(self.header):
                self.fields[f"column_{place}"] = forms.ChoiceField(
                    label=name,
                    required=False,
                    choices=choices,
                    initial=options.get("mapping", {}).get(name, ""),
                )

    @property
    def columns(self) -> list[forms.BoundField]:
        return [self[f"column_{place}"] for place in range(len(self.header)) if self.profile == "canonical"]

    @property
    def others(self) -> list[forms.BoundField]:
        return [
            self[name] for name in ("source", "date_format", "store", "region", "encoding", "creates_stores")
        ]

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        if self.profile != "canonical":
            return found
        taken: dict[str, int] = {}
        for place in range(len(self.header)):
            column = found.get(f"column_{place}")
            if column and column in taken:
                text = _("“%(name)s” is taken as this already.") % {"name": self.header[taken[column]]}
                self.add_error(f"column_{place}", text)
            elif column:
                taken[column] = place
        for group in REQUIRED:
            if not any(column in taken for column in group):
                names = _(" or ").join(str(LABELS[column]) for column in group)
                self.add_error(None, _("Say which column is: %(names)s.") % {"names": names})
        return found

    def options(self) -> dict[str, Any]:
        """What is to be kept of a valid form."""
        found = self.cleaned_data
        mapping = {name: found.get(f"column_{place}", "") for place, name in enumerate(self.header)}
        return {
            "profile": self.profile,
            "mapping": mapping if self.profile == "canonical" else {},
            **{
                name: found[name] for name in ("source", "date_format", "store", "encoding", "creates_stores")
            },
            "region": found["region"].upper(),
        }
