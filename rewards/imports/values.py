"""One cell becomes one exact value or a refusal that says how to write it. No floats anywhere."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from loyaltysite.kit.errors import DomainError
from members import identities
from rewards.engine.basis import amount_minor

NUMBER = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,9})?", re.ASCII)
WHOLE = re.compile(r"-?[0-9]{1,10}(?:\.0{1,9})?", re.ASCII)
MOST_QUANTITY = 10**9
MOST_MINOR = 10**15
YEARS = range(1900, 2101)


class CellRefused(DomainError):
    """A cell that says nothing usable; `column` is its canonical name."""

    code = "cell_invalid"

    def __init__(self, column: str, message: str, **params: object) -> None:
        super().__init__(message, field=column, **params)

    def __str__(self) -> str:
        return self.said_of(self.field or "")

    def said_of(self, name: str) -> str:
        """The reason with the column under this name, which may be any text of the file."""
        return f"{name}: {super().__str__()}"


def shown(text: str) -> str:
    """A cell as a message may quote it."""
    return text if len(text) <= 40 else text[:39] + "…"


@lru_cache(maxsize=1 << 16)
def number(text: str, column: str) -> Decimal:
    if not NUMBER.fullmatch(text):
        raise CellRefused(column, _("“%(text)s” is not a number; write it like 1234.50."), text=shown(text))
    return Decimal(text)


@lru_cache(maxsize=1 << 12)
def quantity(text: str, column: str) -> int:
    """A whole number above zero."""
    found = signed_quantity(text, column)
    if found <= 0:
        raise CellRefused(column, _("“%(text)s” is not above zero."), text=shown(text))
    return found


@lru_cache(maxsize=1 << 12)
def signed_quantity(text: str, column: str) -> int:
    if not WHOLE.fullmatch(text):
        raise CellRefused(column, _("“%(text)s” is not a whole number."), text=shown(text))
    found = int(text.partition(".")[0])
    if abs(found) > MOST_QUANTITY:
        raise CellRefused(column, _("“%(text)s” is too large."), text=shown(text))
    return found


def minor(value: Decimal, digits: int, column: str) -> int:
    """An amount of money in minor units, rounded half-even once."""
    return _within(amount_minor(quantity=1, unit_price=value, digits=digits), column)


def _within(found: int, column: str) -> int:
    if abs(found) > MOST_MINOR:
        raise CellRefused(column, _("this amount is too large."))
    return found


@lru_cache(maxsize=1 << 16)
def line_amounts(count: int, price: str, discount: str, digits: int) -> tuple[int, int]:
    """What a line costs net of its discount, and the discount, in minor units: quantity × unit price − discount is
    exact and rounded half-even once."""
    taken = number(discount, "discount") if discount else Decimal(0)
    if taken < 0:
        raise CellRefused("discount", _("“%(text)s” is below zero."), text=shown(discount))
    net = amount_minor(quantity=count, unit_price=number(price, "unit_price"), discount=taken, digits=digits)
    return _within(net, "unit_price"), minor(taken, digits, "discount")


@lru_cache(maxsize=1 << 12)
def moment(
    text: str, zone: ZoneInfo, pattern: str | None, days: int, column: str = "occurred_at"
) -> datetime:
    """A moment in UTC: ISO 8601 or `pattern` (as strptime has it); without an offset it is of `zone`.

    It is moved by `days` at the same time of day."""
    try:
        found = datetime.strptime(text, pattern) if pattern else datetime.fromisoformat(text)  # noqa: DTZ007
    except ValueError:
        raise CellRefused(
            column,
            _("“%(text)s” is not a date and time like %(example)s."),
            text=shown(text),
            example=datetime(2026, 1, 31, 18, 5, tzinfo=UTC).strftime(pattern or "%Y-%m-%d %H:%M"),
        ) from None
    if found.year not in YEARS:
        raise CellRefused(column, _("the year of “%(text)s” cannot be right."), text=shown(text))
    found += timedelta(days=days)
    return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)


def text(value: str, column: str, *, most: int) -> str:
    if len(value) > most:
        raise CellRefused(column, _("longer than %(most)d characters."), most=most)
    return value


@lru_cache(maxsize=1 << 14)
def identity(value: str, kind: str, column: str, region: str | None) -> str:
    """What names a member, in its one form."""
    if kind == "number":
        return text(value, column, most=12)
    try:
        return identities.normalize(kind, value, region=region)
    except identities.IdentityInvalid as error:
        raise CellRefused(column, _("“%(text)s”: ") % {"text": shown(value)} + str(error)) from None
