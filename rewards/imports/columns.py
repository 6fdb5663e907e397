"""The canonical columns of an import (docs/import.md) and where a file has them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from rewards.imports.sources import SourceUnreadable

# Which cell names the member, the first filled one, and the kind of identity it is.
IDENTITIES = {
    "member_number": "number",
    "member_shop_id": "shop",
    "member_card": "card",
    "member_email": "email",
    "member_phone": "phone",
}
# Said once an order: a later row repeats them or leaves them empty.
OF_ORDER = ("occurred_at", *IDENTITIES, "member_name", "member_language", "store", "channel", "currency")
OF_LINE = (
    "sku", "name", "category", "kind", "quantity", "unit_price", "amount", "discount", "tax", "unit_cost",
)  # fmt: skip
CANONICAL = ("type", "order_id", "return_id", *OF_ORDER, *OF_LINE)
ABSENT = -1


class ColumnMissing(SourceUnreadable):
    """No column of the file is taken as one of `group`, which an order cannot do without."""

    code = "column_missing"
    message = gettext_lazy("There is no column %(column)s. The file has: %(found)s.")


@dataclass(frozen=True, slots=True)
class Layout:
    """Where each column is. One that the file lacks is at ABSENT, and every row ends with an empty cell, so that
    reading it needs no question."""

    places: Mapping[str, int]
    unused: tuple[str, ...]
    header: Sequence[str] = ()

    def __getitem__(self, column: str) -> int:
        return self.places[column]

    def has(self, column: str) -> bool:
        return self.places[column] != ABSENT

    def called(self, column: str) -> str:
        """The column as the file names it; as we do where the file has none."""
        place = self.places.get(column, ABSENT)
        return self.header[place].strip() if 0 <= place < len(self.header) else column


def lay_out(
    header: Sequence[str],
    *,
    mapping: Mapping[str, str],
    known: Iterable[str],
    required: Iterable[Iterable[str]],
) -> Layout:
    """Find the `known` columns in a header. `mapping` renames: {name in the file: known column, "" leaves it out}.

    Of each group in `required` one must be there. Raises SourceUnreadable."""
    known = tuple(known)
    _check_mapping(header, mapping, known)
    named = [mapping.get(name, name if name in known else name.lower().replace(" ", "_")) for name in header]
    named = [name if name in known else "" for name in named]
    for column in known:
        if named.count(column) > 1:
            raise SourceUnreadable(_("Two columns of the file are taken as %(column)s."), column=column)
    for group in required:
        if not any(column in named for column in group):
            raise ColumnMissing(group=tuple(group), column=_(" or ").join(group), found=", ".join(header))
    places = {column: named.index(column) if column in named else ABSENT for column in known}
    unused = tuple(name for name, taken in zip(header, named, strict=True) if not taken)
    return Layout(places, unused, tuple(header))


def _check_mapping(header: Sequence[str], mapping: Mapping[str, str], known: tuple[str, ...]) -> None:
    for theirs, ours in mapping.items():
        if ours and ours not in known:
            near = difflib.get_close_matches(ours, known, n=1)
            hint = _(" Did you mean %(near)s?") % {"near": near[0]} if near else ""
            raise SourceUnreadable(_("--map: there is no column %(ours)s.") % {"ours": ours} + hint)
        if theirs not in header:
            raise SourceUnreadable(
                _("--map: the file has no column %(theirs)s. It has: %(found)s."),
                theirs=theirs,
                found=", ".join(header),
            )
