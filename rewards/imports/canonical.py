"""Files with our own columns (docs/import.md): the rows of one order become one item for the intake."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from operator import itemgetter
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from loyaltysite.kit.formats import minor_digits
from rewards.imports import values
from rewards.imports.columns import ABSENT, CANONICAL, IDENTITIES, OF_LINE, OF_ORDER, Layout, lay_out
from rewards.imports.groups import Group
from rewards.imports.values import CellRefused
from rewards.intake.items import CancelIn, Item, LineIn, OrderIn, PaidIn, ReturnIn, ReturnLineIn, Who

ORDER, UNPAID, PAID, CANCEL, RETURN = "order", "unpaid", "paid", "cancel", "return"
TYPES = (ORDER, UNPAID, PAID, CANCEL, RETURN)
KINDS = ("product", "shipping", "tip", "gift_card", "fee")
REQUIRED = (("order_id", "return_id"), ("occurred_at",), ("unit_price", "amount"))


class RowRefused(Exception):
    """A row cannot be taken, and its order with it; `row` counts from 0 within the order."""

    def __init__(self, row: int, code: str, message: str) -> None:
        super().__init__(message)
        self.row, self.code, self.message = row, code, message


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for the whole file. `pattern` is how dates are written (strptime), `days` by how
    many days they are moved, `region` the country of phone numbers without a country code and `store`
    where orders happened that name no store."""

    source: str
    zone: ZoneInfo
    currency: str
    pattern: str | None = None
    days: int = 0
    region: str | None = None
    store: str = ""


class Profile:
    """How files of one kind are read. Others derive from it: see online_retail."""

    known: Sequence[str] = CANONICAL
    of_line: Sequence[str] = OF_LINE
    required: Sequence[Sequence[str]] = REQUIRED

    def __init__(self, header: Sequence[str], *, mapping: Mapping[str, str], terms: Terms) -> None:
        self.layout: Layout = lay_out(header, mapping=mapping, known=self.known, required=self.required)
        self.line_cells = itemgetter(*(self.layout[column] for column in self.of_line))
        self.terms = terms
        # Looked up once and not for every row.
        self.said_once = tuple(
            column for column in OF_ORDER if self.layout.places.get(column, ABSENT) != ABSENT
        )
        self.once_cells = itemgetter(*(self.layout[column] for column in self.said_once), ABSENT, ABSENT)
        self.led_by = ""
        self.identities = [column for column in self.said_once if column in IDENTITIES]
        self.places = tuple(
            self.layout.places.get(column, ABSENT) for column in ("type", "order_id", "return_id")
        )

    def key(self, cells: list[str]) -> str:
        """What names the order a row belongs to; also appends the empty cell that absent columns point to."""
        cells.append("")
        kind_at, order_at, return_at = self.places
        kind = cells[kind_at].strip().lower()
        named = cells[return_at if kind == RETURN else order_at].strip()
        return f"{kind or ORDER} {named}" if named else ""

    def share(self, group: Group) -> str:
        """What the work is split by: the member, however typed, so that one member's facts stay in order."""
        at, first = self.layout, group.rows[0]
        for column in self.identities:
            if found := first[at[column]].strip():
                try:
                    return values.identity(found, IDENTITIES[column], column, self.terms.region)
                except CellRefused:
                    return found
        return group.key

    def is_apart(self, group: Group) -> bool:
        """Whether nothing of an earlier order that share() puts elsewhere can concern this one: the member is named in
        the same column as always, or nobody is and it names no order but itself."""
        at, first = self.layout, group.rows[0]
        column = next((each for each in self.identities if first[at[each]].strip()), "")
        if not column:
            return first[self.places[0]].strip().lower() in {"", ORDER, UNPAID}
        self.led_by = self.led_by or column
        return column == self.led_by

    def item(self, group: Group) -> Item | str:
        """The item, or the reason why these rows are none of our business. Raises RowRefused."""
        return Reading(self, group).item()


class Reading:
    """One order being read; `number` is the row at hand, so that a refusal can name it."""

    def __init__(self, profile: Profile, group: Group) -> None:
        self.profile, self.at, self.terms = profile, profile.layout, profile.terms
        self.rows = group.rows
        self.number = 0

    def item(self) -> Item:
        try:
            self._check_agreement()
            return self._item()
        except CellRefused as error:
            said = error.said_of(self.at.called(error.field or ""))
            raise RowRefused(self.number, error.code, said) from None

    def first(self, column: str) -> str:
        return self.rows[0][self.at[column]].strip()

    def _check_agreement(self) -> None:
        """What is said once an order must not be said differently further down."""
        once_cells = self.profile.once_cells
        head = once_cells(self.rows[0])
        for number, cells in enumerate(self.rows):
            said = once_cells(cells)
            if said != head and any(said):
                self.number = number
                self._compare(said, head)

    def _compare(self, said: tuple[str, ...], head: tuple[str, ...]) -> None:
        for column, here, above in zip(self.profile.said_once, said, head, strict=False):
            if here.strip() not in ("", above.strip()):
                raise CellRefused(
                    column, _("“%(text)s” differs from the order's first row."), text=values.shown(here)
                )

    def _item(self) -> Item:
        kind = self.first("type").lower() or ORDER
        if kind not in TYPES:
            raise CellRefused(
                "type", _("“%(text)s” is none of %(types)s."), text=values.shown(kind), types=", ".join(TYPES)
            )
        at = self._moment()
        order = values.text(self.first("order_id"), "order_id", most=128)
        if kind == RETURN:
            return self._return(order, at)
        if kind == PAID:
            return PaidIn(self.terms.source, order, at)
        if kind == CANCEL:
            return CancelIn(self.terms.source, order, at)
        return OrderIn(
            source=self.terms.source,
            external_id=order,
            occurred_at=at,
            lines=self._lines(),
            member=self._member(),
            store=values.text(self.first("store") or self.terms.store, "store", most=64),
            channel=values.text(self.first("channel"), "channel", most=32),
            currency=self._currency(),
            is_paid=kind == ORDER,
        )

    def _lines(self) -> tuple[LineIn, ...]:
        digits, cells_of = minor_digits(self._currency()), self.profile.line_cells
        lines = []
        for number, cells in enumerate(self.rows):
            self.number = number
            lines.append(line_of(digits, *cells_of(cells)))
        return tuple(lines)

    def _moment(self) -> datetime:
        return values.moment(self.first("occurred_at"), self.terms.zone, self.terms.pattern, self.terms.days)

    def _currency(self) -> str:
        found = self.first("currency").upper() or self.terms.currency
        if len(found) != 3 or not found.isascii() or not found.isalpha():
            raise CellRefused(
                "currency", _("“%(text)s” is not a currency like GBP."), text=values.shown(found)
            )
        return found

    def _member(self) -> Who | None:
        for column in self.profile.identities:
            if found := self.first(column):
                kind = IDENTITIES[column]
                return Who(
                    kind=kind,
                    value=values.identity(found, kind, column, self.terms.region),
                    joins=kind != "number",
                    name=values.text(self.first("member_name"), "member_name", most=200),
                    language=values.text(self.first("member_language"), "member_language", most=8),
                )
        return None

    def _return(self, order: str, at: datetime) -> ReturnIn:
        lines: list[ReturnLineIn] = []
        amount: int | None = None
        digits, cells_of = minor_digits(self._currency()), self.profile.line_cells
        for number, cells in enumerate(self.rows):
            self.number = number
            if cells[self.at["order_id"]].strip() not in ("", order):
                raise CellRefused("order_id", _("a return belongs to one order."))
            sku, _name, _category, _kind, count, *amounts = (cell.strip() for cell in cells_of(cells))
            if not (sku or count or any(amounts)):
                continue
            if not sku and not count:
                amount = (amount or 0) + amounts_of(1, digits, *amounts[:3])[0]
                continue
            size = values.quantity(count or "1", "quantity")
            lines.append(
                ReturnLineIn(
                    values.text(sku, "sku", most=128), size, amounts_of(size, digits, *amounts[:3])[0]
                )
            )
        if lines and amount is not None:
            raise CellRefused("sku", _("a return has either lines or one amount."))
        return ReturnIn(
            source=self.terms.source,
            external_id=values.text(self.first("return_id"), "return_id", most=128),
            occurred_at=at,
            order=order,
            member=self._member(),
            lines=tuple(lines),
            amount_minor=amount,
        )


@lru_cache(maxsize=1 << 16)
def line_of(  # noqa: PLR0917 - the cells in the order of columns.OF_LINE
    digits: int, sku: str, name: str, category: str, kind: str, quantity: str, price: str, amount: str,
    discount: str, tax: str, cost: str,
) -> LineIn:  # fmt: skip
    """One line from its cells. Kept, because a shop sells the same things over and over; nobody changes it."""
    count = values.quantity(quantity.strip() or "1", "quantity")
    net, off = amounts_of(count, digits, price.strip(), amount.strip(), discount.strip())
    if net < 0:
        raise CellRefused("discount", _("more than the line costs."))
    cost = cost.strip()
    return LineIn(
        sku=values.text(sku.strip(), "sku", most=128),
        quantity=count,
        amount_minor=net,
        name=values.text(name.strip(), "name", most=300),
        category=values.text(category.strip(), "category", most=128),
        kind=_kind(kind.strip().lower()),
        discount_minor=off,
        tax_minor=_tax(tax.strip(), net, digits),
        cost_minor=values.line_amounts(count, cost, "", digits)[0] if cost else None,
    )


def amounts_of(count: int, digits: int, price: str, amount: str, discount: str) -> tuple[int, int]:
    """What a line costs net of its discount, and the discount: from its price, or as `amount` says."""
    if not price:
        net = values.minor(values.number(amount, "amount"), digits, "amount")
        return net, values.line_amounts(0, "0", discount, digits)[1]
    found = values.line_amounts(count, price, discount, digits)
    if amount and values.minor(values.number(amount, "amount"), digits, "amount") != found[0]:
        raise CellRefused("amount", _("differs from quantity × unit_price − discount."))
    return found


def _kind(text: str) -> str:
    if text and text not in KINDS:
        raise CellRefused(
            "kind", _("“%(text)s” is none of %(known)s."), text=values.shown(text), known=", ".join(KINDS)
        )
    return text or KINDS[0]


def _tax(text: str, amount: int, digits: int) -> int:
    if not text:
        return 0
    found = values.minor(values.number(text, "tax"), digits, "tax")
    if not 0 <= found <= amount:
        raise CellRefused("tax", _("“%(text)s” is not a part of the line's amount."), text=values.shown(text))
    return found
