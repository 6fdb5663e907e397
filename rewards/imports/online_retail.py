"""The columns of the UCI "Online Retail" data (Chen 2015, doi 10.24432/C5BW33), and what its oddities mean.

- An invoice is an order; the rows of one may carry several timestamps, of which the first counts.
- An invoice that begins with C is a return that names no order. Somebody who only brings back is known to the shop
  and so becomes a member, which keeps a repeated import from finding other people than the first.
- Without a CustomerID an order is anonymous. Rows that are there twice were bought twice.
- Lines of no price in an invoice with others are kept and cost nothing. An invoice of nothing else sold nothing: with
  quantities below zero it writes off stock, with others it corrects stock or gives samples.
- Invoices that begin with A adjust bad debt. None of these is an order or a return; they are set aside and counted.
- In a row without InvoiceNo it, and with it the order's date, customer and country, are those of the row above.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import lru_cache

from django.utils.translation import gettext as _

from rewards.imports import canonical, values
from rewards.imports.canonical import RowRefused, Terms
from rewards.imports.categories import category_of
from rewards.imports.groups import Group
from rewards.imports.values import CellRefused
from rewards.intake.items import Item, LineIn, OrderIn, ReturnIn, ReturnLineIn, Who

COLUMNS = (
    "InvoiceNo",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice",
    "CustomerID",
    "Country",
)
BAD_DEBT, WRITE_OFF, NOTHING_SOLD = "bad debt adjusted", "stock written off", "nothing sold"
# Codes that are no goods. Postage and vouchers earn nothing; fees, discounts and manual lines are as their amounts.
KINDS = {
    "POST": "shipping",
    "DOT": "shipping",
    "C2": "shipping",
    "BANK CHARGES": "fee",
    "AMAZONFEE": "fee",
    "CRUK": "fee",
}
VOUCHER = re.compile("gift_[0-9]+_[0-9]+", re.ASCII)
ABROAD, HOME = "export", "United Kingdom"


class Profile(canonical.Profile):
    known = COLUMNS
    of_line = ("StockCode", "Description", "Quantity", "UnitPrice")
    required = tuple((column,) for column in COLUMNS if column != "Country")

    def __init__(self, header: Sequence[str], *, mapping: Mapping[str, str], terms: Terms) -> None:
        super().__init__(header, mapping=mapping, terms=terms)
        self.above = ""
        at = self.layout
        self.invoice, self.customer = at["InvoiceNo"], at["CustomerID"]

    def key(self, cells: list[str]) -> str:
        cells.append("")
        self.above = cells[self.invoice].strip() or self.above
        return self.above

    def share(self, group: Group) -> str:
        return group.rows[0][self.customer].strip().removesuffix(".0") or group.key

    def is_apart(self, group: Group) -> bool:
        """Always: there is one way to name a member, and no return names an order."""
        return True

    def item(self, group: Group) -> Item | str:
        return Reading(self, group).item()


class Reading:
    """One invoice being read; `number` is the row at hand."""

    def __init__(self, profile: Profile, group: Group) -> None:
        self.profile, self.at, self.terms = profile, profile.layout, profile.terms
        self.invoice, self.rows = group.key, group.rows
        self.number = 0

    def item(self) -> Item | str:
        try:
            return self._item()
        except CellRefused as error:
            said = error.said_of(self.at.called(error.field or ""))
            raise RowRefused(self.number, error.code, said) from None

    def cell(self, column: str) -> str:
        """A cell of the first row, which speaks for the whole invoice."""
        return self.rows[0][self.at[column]].strip()

    def _item(self) -> Item | str:
        if self.invoice.startswith("A"):
            return BAD_DEBT
        if not self.invoice.startswith("C") and self._sells_at_once():
            return self._order()
        figures = self._figures()
        if self.invoice.startswith("C"):
            return self._return(figures)
        if not any(price for _count, price in figures):
            return WRITE_OFF if max(figures)[0] < 0 else NOTHING_SOLD
        return self._order()

    def _sells_at_once(self) -> bool:
        """Whether the first row already is a sale: then all rows must be, and their figures are read with the lines."""
        row = self.rows[0]
        count, price = figures_of(row[self.at["Quantity"]], row[self.at["UnitPrice"]])
        return count > 0 and price > 0

    def _figures(self) -> list[tuple[int, Decimal]]:
        quantity, price = self.at["Quantity"], self.at["UnitPrice"]
        found = []
        for number, row in enumerate(self.rows):
            self.number = number
            found.append(figures_of(row[quantity], row[price]))
        return found

    def _order(self) -> OrderIn:
        cells_of = self.profile.line_cells
        lines = []
        for number, row in enumerate(self.rows):
            self.number = number
            lines.append(line_of(*cells_of(row)))
        return OrderIn(
            source=self.terms.source,
            external_id=values.text(self.invoice, "InvoiceNo", most=128),
            occurred_at=self._moment(),
            lines=tuple(lines),
            member=self._member(),
            store=self.terms.store,
            channel="web" if self.cell("Country") == HOME else ABROAD,
        )

    def _return(self, figures: list[tuple[int, Decimal]]) -> ReturnIn:
        lines = []
        for number, (row, (count, price)) in enumerate(zip(self.rows, figures, strict=True)):
            self.number = number
            if count >= 0:
                raise CellRefused("Quantity", _("a cancellation needs a quantity below zero."))
            sku = values.text(row[self.at["StockCode"]].strip(), "StockCode", most=128)
            lines.append(ReturnLineIn(sku, -count, values.line_amounts(-count, str(price), "", 2)[0]))
        return ReturnIn(
            source=self.terms.source,
            external_id=values.text(self.invoice, "InvoiceNo", most=128),
            occurred_at=self._moment(),
            member=self._member(),
            lines=tuple(lines),
        )

    def _moment(self) -> datetime:
        terms = self.terms
        return values.moment(self.cell("InvoiceDate"), terms.zone, terms.pattern, terms.days, "InvoiceDate")

    def _member(self) -> Who | None:
        customer = self.cell("CustomerID").removesuffix(".0")
        if not customer:
            return None
        return Who("shop", values.identity(customer, "shop", "CustomerID", None), joins=True)


@lru_cache(maxsize=1 << 15)
def figures_of(quantity: str, price: str) -> tuple[int, Decimal]:
    """Quantity, of either sign, and unit price of a row."""
    count, amount = (
        values.signed_quantity(quantity.strip(), "Quantity"),
        values.number(price.strip(), "UnitPrice"),
    )
    if amount < 0:
        raise CellRefused("UnitPrice", _("below zero."))
    return count, amount


@lru_cache(maxsize=1 << 16)
def line_of(sku: str, name: str, quantity: str, price: str) -> LineIn:
    """A line sold. Kept, because a shop sells the same things over and over; it is a value that nobody changes."""
    sku, name = sku.strip(), name.strip()
    count, amount = figures_of(quantity, price)
    if count <= 0:
        raise CellRefused("Quantity", _("a sale needs a quantity above zero."))
    kind = KINDS.get(sku) or ("gift_card" if VOUCHER.fullmatch(sku) else "product")
    return LineIn(
        sku=values.text(sku, "StockCode", most=128),
        quantity=count,
        amount_minor=values.line_amounts(count, str(amount), "", 2)[0],
        name=values.text(name, "Description", most=300),
        category=category_of(name) if kind == "product" else "",
        kind=kind,
    )
