"""What was sold becomes an order: an amount typed at a till is gross, and its tax is that of the program (17)."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from loyaltysite.kit.errors import Conflict, DomainError
from members.models import Member, Order, OrderState, Program, Store
from rewards.engine.basis import tax_contained
from rewards.intake.items import LineIn, OrderIn, TenderIn, Who
from rewards.till import goods, stamps

SOURCE = "till"
CHANNEL = "store"
MOST_MINOR = 10**9
MOST_TRIES = 20
# A number made from the key of a tap.
MADE = re.compile(r"T-[A-Z2-7]{13}")


class SaleInvalid(DomainError):
    code = "sale_invalid"
    message = _("Type the amount, or choose what was bought.")


class StoreMissing(DomainError):
    code = "store_missing"
    message = _("Choose the store first.")


class ReceiptUsed(Conflict):
    code = "receipt_used"
    message = _("This receipt was counted already. Undo that first if it went to the wrong member.")


@dataclass(frozen=True, slots=True)
class Piece:
    """So many of one article; `amount_minor` is what they cost together, tax included."""

    sku: str
    quantity: int
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Sale:
    """What a cashier typed: articles and an amount beside them, both gross, in the program's currency; `tenders` pay
    for part of it."""

    amount_minor: int = 0
    pieces: tuple[Piece, ...] = ()
    store: str = ""
    receipt: str = ""
    codes: tuple[str, ...] = ()
    tenders: tuple[TenderIn, ...] = ()

    @property
    def content(self) -> dict[str, Any]:
        """What was tapped, for the print of the tap; codes and tenders only where there are any, so that older prints
        hold."""
        found = asdict(self)
        return {name: value for name, value in found.items() if value or name not in {"codes", "tenders"}}

    @property
    def total_minor(self) -> int:
        return self.amount_minor + sum(piece.amount_minor for piece in self.pieces)


def as_order(*, program: Program, sale: Sale, member: Member, key: UUID, at: datetime) -> OrderIn:
    """The order for the intake. Raises SaleInvalid, StoreMissing, ReceiptUsed."""
    if not 0 < sale.total_minor <= MOST_MINOR or sale.amount_minor < 0:
        raise SaleInvalid(field="amount")
    _check_store(program, sale.store)
    return OrderIn(
        source=SOURCE,
        external_id=_name(program, sale, key),
        occurred_at=at,
        lines=tuple(_lines(program, sale)),
        member=Who("number", member.number),
        store=sale.store,
        channel=CHANNEL,
        codes=sale.codes,
        tenders=sale.tenders,
    )


def number_of(order: Order) -> str:
    """The number by which people know the order: of a sale at a till its receipt's, "" where it has none."""
    if order.source != SOURCE:
        return order.external_id
    return "" if MADE.fullmatch(order.external_id) else order.external_id.rpartition(":")[2]


def _check_store(program: Program, code: str) -> None:
    open_stores = set(Store.objects.filter(program=program, is_active=True).values_list("code", flat=True))
    if open_stores and code not in open_stores:
        raise StoreMissing(field="store")


def _lines(program: Program, sale: Sale) -> list[LineIn]:
    known = _articles(program, {piece.sku for piece in sale.pieces})
    lines = []
    for piece in sale.pieces:
        article = known.get(piece.sku)
        name, category = (article.name, article.category) if article else ("", "")
        lines.append(_line(program, piece.sku, piece.quantity, piece.amount_minor, name, category))
    if sale.amount_minor:
        lines.append(_line(program, "", 1, sale.amount_minor))
    return lines


def _articles(program: Program, skus: set[str]) -> Mapping[str, goods.Article]:
    """By SKU, with name and category: as stamps were set up, else as they were sold lately."""
    return {**goods.by_sku(program=program, skus=skus), **stamps.by_sku(program=program, skus=skus)}


def _line(
    program: Program, sku: str, quantity: int, gross_minor: int, name: str = "", category: str = ""
) -> LineIn:
    """A line as the program's prices are: with the tax in them, or with the tax on top."""
    tax = tax_contained(gross_minor=gross_minor, rate=program.tax_rate)
    net = gross_minor if program.prices_include_tax else gross_minor - tax
    return LineIn(sku=sku, quantity=quantity, amount_minor=net, name=name, category=category, tax_minor=tax)


def _name(program: Program, sale: Sale, key: UUID) -> str:
    """The order's number: the receipt's within its store, else one made from the key of the tap.

    A receipt counts once. After its order was undone it may be given again, to the right member this time."""
    if not sale.receipt:
        return "T-" + base64.b32encode(hashlib.sha256(key.bytes).digest()).decode()[:13]
    first = f"{sale.store}:{sale.receipt}" if sale.store else sale.receipt
    names = [first, *(f"{first}/{number}" for number in range(2, MOST_TRIES))]
    states = dict(
        Order.objects.filter(program=program, source=SOURCE, external_id__in=names).values_list(
            "external_id", "state"
        )
    )
    for name in names:
        state = states.get(name)
        if state is None:
            return name
        if state != OrderState.CANCELLED:
            break
    raise ReceiptUsed(field="receipt")
