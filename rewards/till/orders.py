"""What was sold becomes an order: an amount typed at a till is gross, and its tax is that of the program (17)."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from loyaltysite.kit.errors import Conflict, DomainError
from members.models import Member, Order, OrderState, Program, Store
from rewards.engine.basis import tax_contained
from rewards.intake.items import LineIn, OrderIn, Who
from rewards.till import goods

SOURCE = "till"
CHANNEL = "store"
MOST_MINOR = 10**9
MOST_TRIES = 20


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
    """What a cashier typed: articles and an amount beside them, both gross, in the program's currency."""

    amount_minor: int = 0
    pieces: tuple[Piece, ...] = ()
    store: str = ""
    receipt: str = ""

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
    )


def _check_store(program: Program, code: str) -> None:
    open_stores = set(Store.objects.filter(program=program, is_active=True).values_list("code", flat=True))
    if open_stores and code not in open_stores:
        raise StoreMissing(field="store")


def _lines(program: Program, sale: Sale) -> list[LineIn]:
    known: Mapping[str, goods.Article] = goods.by_sku(program=program, skus={p.sku for p in sale.pieces})
    lines = []
    for piece in sale.pieces:
        article = known.get(piece.sku)
        name, category = (article.name, article.category) if article else ("", "")
        lines.append(_line(program, piece.sku, piece.quantity, piece.amount_minor, name, category))
    if sale.amount_minor:
        lines.append(_line(program, "", 1, sale.amount_minor))
    return lines


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
