"""A quote keeps a promise: an order that presents it is priced by the quoted rule versions; caps still hold (23).

Signed with the site's key for one program, member, set of lines and time; usable once, because it is also a fact.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import orjson
from django.core import signing
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit.errors import DomainError
from rewards.intake.items import OrderIn
from rewards.pools import signs

SALT = "wafa.quote"
LIFE = timedelta(minutes=30)
type Parts = Sequence[tuple[int, int, int]]


class QuoteRefused(DomainError):
    code = "quote_refused"
    message = _("This quote is not valid for this order.")


class QuoteExpired(QuoteRefused):
    code = "quote_expired"
    message = _("This quote has run out.")


@dataclass(frozen=True, slots=True)
class Quote:
    """What was promised: to whom, on which lines, by which rule versions, until when."""

    id: str
    program_id: int
    member_id: int
    lines: str
    versions: tuple[int, ...]
    until: datetime


def sign(
    *,
    program_id: int,
    member_id: int,
    item: OrderIn,
    versions: tuple[int, ...],
    now: datetime,
    paid: Parts = (),
) -> str:
    """A new quote as one text. `paid` is what tenders pay: (wallet, ledger units, money) each."""
    until = now + LIFE
    content = [
        secrets.token_hex(8),
        program_id,
        member_id,
        lines_of(item, paid),
        list(versions),
        int(until.timestamp()),
    ]
    return signing.dumps(content, salt=SALT, compress=True)


def read(text: str) -> Quote:
    """The quote in a text. Raises QuoteRefused when it was not signed here."""
    try:
        number, program, member, lines, versions, until = signing.loads(text, salt=SALT)
    except (signing.BadSignature, ValueError) as error:
        raise QuoteRefused(field="quote") from error
    return Quote(number, program, member, lines, tuple(versions), datetime.fromtimestamp(until, UTC))


def check(
    quote: Quote,
    *,
    program_id: int,
    member_id: int | None,
    item: OrderIn,
    moment: datetime,
    paid: Parts = (),
) -> None:
    """Raise QuoteRefused or QuoteExpired unless the quote was given for this very order, paid in this very way."""
    if (quote.program_id, quote.member_id, quote.lines) != (program_id, member_id, lines_of(item, paid)):
        raise QuoteRefused(field="quote")
    if moment > quote.until:
        raise QuoteExpired(field="quote")


def lines_of(item: OrderIn, paid: Parts = ()) -> str:
    """What the promise hangs on: lines, store, channel, the part paid with points or credit and the codes."""
    more: list[object] = [sorted(map(signs.clean, item.codes))] if item.codes else []
    if paid:
        more.append(["tenders", *paid])
    content = orjson.dumps([item.lines, item.store, item.channel, item.credit_minor, *more])
    return hashlib.sha256(content).hexdigest()
