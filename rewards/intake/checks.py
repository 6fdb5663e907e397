"""What cannot be a fact at all is refused alone and before anything is read: types, lengths, ranges, moments, people.

Limits are those of the tables, so that no batch ever fails for one of its items. What needs the program (its stores,
its currency) or its members is asked later.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from django.utils.translation import gettext as _

from loyaltysite.kit.errors import DomainError
from members import identities
from members.models import Identity
from rewards import quotes
from rewards.engine.rules import ORDER, SCHEDULED
from rewards.intake import renewals
from rewards.intake.items import (
    CancelIn,
    EventIn,
    Item,
    LineIn,
    OrderIn,
    Outcome,
    PaidIn,
    ReturnIn,
    ReturnLineIn,
    TenderIn,
    Who,
)

OWN_SOURCE = "wafa"
# Kinds of events that only we tell.
RESERVED = (SCHEDULED, "plan.")
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
# Clocks of tills run ahead at times; more than this is a mistake.
TOO_LATE = timedelta(days=1)
MOST = 2**31 - 1
MOST_MINOR = 10**13
MOST_LINES = 5000
MOST_TENDERS = 10
# A NUL, which JSON may hold and PostgreSQL cannot; not a backslash that somebody wrote before "u0000".
NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
MOST_DATA = 10_000
KINDS = frozenset(Identity.Kind.values)
# Lines that were found good, kept alive so that their ids stay theirs.
MOST_CHECKED = 1 << 15
_checked: dict[int, LineIn] = {}


class Refusal(DomainError):
    """One item cannot be taken; the others of its batch are."""

    code = "item_refused"

    def __init__(self, code: str, message: str, field: str = "") -> None:
        super().__init__(message, field=field or None)
        self.reason = code


def refuse(items: Sequence[Item], now: datetime) -> dict[int, Outcome]:
    """The answers to the items that cannot be facts, by their place."""
    refused = {}
    for index, item in enumerate(items):
        try:
            check(item, now)
        except DomainError as error:
            refused[index] = answer(error)
    return refused


def answer(error: DomainError) -> Outcome:
    code = error.reason if isinstance(error, Refusal) else error.code
    params = {name: value for name, value in error.params.items() if name != "why"}
    return Outcome("refused", code, str(error), field=error.field or "", params=params)


def check(item: Item, now: datetime) -> None:
    """Raise Refusal or IdentityInvalid for what cannot be stored or cannot be meant."""
    _text(item.source, 32, "source", least=1)
    if not item.external_id:
        raise Refusal("fact_unnamed", _("Give the number by which you know it."), "external_id")
    _text(item.external_id, 128, "external_id")
    _moment(item.occurred_at, now)
    CHECKS[type(item)](item)


# --- by kind --------------------------------------------------------------------------------------------------


def _check_order(item: OrderIn) -> None:
    if not item.lines:
        raise Refusal("order_empty", _("An order needs at least one line."), "lines")
    if len(item.lines) > MOST_LINES:
        raise Refusal("order_too_long", _("An order has at most 5000 lines."), "lines")
    _text(item.store, 64, "store")
    _text(item.channel, 32, "channel")
    _text(item.currency, 3, "currency")
    _whole(item.revision, 0, MOST, "revision")
    _minor(item.credit_minor, "credit")
    if item.quote:
        quotes.read(item.quote)
    for code in item.codes:
        _text(code, 300, "codes")
    for line in item.lines:
        _check_line(line)
    if item.tenders:
        _check_tenders(item.tenders)
    if item.member is not None:
        _check_who(item.member)


def _check_tenders(tenders: Sequence[TenderIn]) -> None:
    if len(tenders) > MOST_TENDERS:
        raise Refusal("tenders_too_many", _("An order is paid in at most 10 ways."), "tenders")
    for tender in tenders:
        _text(tender.unit, 40, "tenders.unit")
        _text(tender.card, 64, "tenders.card")
        if bool(tender.unit) == bool(tender.card):
            raise Refusal("tender_invalid", _("Name a unit of the member, or a gift card."), "tenders")
        if tender.amount is not None and tender.money_minor is not None:
            raise Refusal("tender_invalid", _("Say how many units or how much money, not both."), "tenders")
        for value in (tender.amount, tender.money_minor):
            if value is not None:
                _whole(value, 1, MOST_MINOR, "tenders")
    named = [(tender.unit, tender.card) for tender in tenders]
    if len(set(named)) < len(named):
        raise Refusal("tender_twice", _("Name each way of paying once."), "tenders")


def _check_line(line: LineIn) -> None:
    # A line is a value that nobody changes, and an import uses the same one for every order that holds it.
    if _checked.get(id(line)) is line:
        return
    if not _is_ordinary(line):
        _examine_line(line)
    if len(_checked) >= MOST_CHECKED:
        _checked.clear()
    _checked[id(line)] = line


def _is_ordinary(line: LineIn) -> bool:
    """Whether all is well at one glance, as with nearly every line; the others are looked at value by value."""
    sku, name, category, kind = line.sku, line.name, line.category, line.kind
    if not (type(sku) is type(name) is type(category) is type(kind) is str):
        return False
    if not (type(line.quantity) is type(line.amount_minor) is type(line.discount_minor) is int):
        return False
    together = f"{sku}{name}{category}{kind}"
    return (
        len(sku) <= 128
        and len(name) <= 300
        and len(category) <= 128
        and 1 <= len(kind) <= 16
        and together.isascii()
        and "\0" not in together
        and 1 <= line.quantity <= MOST
        and 0 <= line.amount_minor <= MOST_MINOR
        and 0 <= line.discount_minor <= MOST_MINOR
        and type(line.tax_minor) is int
        and 0 <= line.tax_minor <= MOST_MINOR
        and line.cost_minor is None
    )


def _examine_line(line: LineIn) -> None:
    _text(line.sku, 128, "lines.sku")
    _text(line.name, 300, "lines.name")
    _text(line.category, 128, "lines.category")
    _text(line.kind, 16, "lines.kind", least=1)
    _quantity(line.quantity)
    _minor(line.amount_minor, "lines.amount")
    _minor(line.discount_minor, "lines.discount")
    _minor(line.tax_minor, "lines.tax")
    if line.cost_minor is not None:
        _minor(line.cost_minor, "lines.cost")


def _check_return(item: ReturnIn) -> None:
    _text(item.order, 128, "order")
    if not item.order and not item.lines:
        raise Refusal("return_without_lines", _("A return that names no order needs its lines."), "lines")
    if len(item.lines) > MOST_LINES:
        raise Refusal("return_too_long", _("A return has at most 5000 lines."), "lines")
    for line in item.lines:
        _check_return_line(line)
    if item.amount_minor is not None:
        _minor(item.amount_minor, "amount")
    if item.member is not None:
        _check_who(item.member)


def _check_return_line(line: ReturnLineIn) -> None:
    _text(line.sku, 128, "lines.sku")
    _quantity(line.quantity)
    _minor(line.amount_minor, "lines.amount")
    if line.position is not None:
        _whole(line.position, 1, MOST, "lines.position")


def _check_event(item: EventIn) -> None:
    if not item.kind:
        raise Refusal("event_unnamed", _("An event needs its kind."), "kind")
    _text(item.kind, 58, "kind")
    if item.kind == ORDER or (item.kind.startswith(RESERVED) and item.source != OWN_SOURCE):
        raise Refusal("event_kind_reserved", _("This kind is reserved."), "kind")
    try:
        content = orjson.dumps(dict(item.data))
    except (TypeError, ValueError) as error:
        raise Refusal("data_invalid", _("The data of an event is JSON."), "data") from error
    if NUL.search(content):
        raise Refusal("data_invalid", _("This text holds characters that cannot be stored."), "data")
    if len(content) > MOST_DATA:
        raise Refusal("data_too_long", _("The data of an event is at most 10 KB."), "data")
    if isinstance(named := item.data.get("order"), str):
        _text(named, 128, "data.order")
    if item.kind == renewals.KIND:
        try:
            renewals.check(item.data)
        except renewals.RenewalInvalid as error:
            raise Refusal("renewal_invalid", str(error), error.field) from error
    _check_who(item.member)


def _check_who(who: Who) -> None:
    _text(who.name, 200, "member.name")
    _text(who.language, 8, "member.language")
    if who.kind == "number":
        if not (who.value.isascii() and who.value.isdigit() and len(who.value) <= 12):
            raise Refusal("member_unknown", _("There is no such member."), "member")
    elif who.kind in KINDS:
        identities.normalize(who.kind, who.value)
    else:
        raise Refusal("identity_kind_unknown", _("This kind of identity is not known."), "member.kind")


CHECKS: dict[type[Any], Callable[[Any], None]] = {
    OrderIn: _check_order,
    PaidIn: lambda item: None,
    CancelIn: lambda item: None,
    ReturnIn: _check_return,
    EventIn: _check_event,
}

# --- values ---------------------------------------------------------------------------------------------------


def _text(value: str, most: int, field: str, *, least: int = 0) -> None:
    if not isinstance(value, str) or not least <= len(value) <= most:
        message = _("Give a text of %(least)d to %(most)d characters.") % {"least": least, "most": most}
        raise Refusal("text_invalid", message, field)
    if "\0" in value or not (value.isascii() or _is_unicode(value)):
        raise Refusal("text_invalid", _("The text holds characters that cannot be stored."), field)


def _is_unicode(value: str) -> bool:
    """Whether it has no half of a surrogate pair, which no encoding can write."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _quantity(value: int) -> None:
    if type(value) is not int or not 1 <= value <= MOST:
        raise Refusal("quantity_invalid", _("A quantity is a whole number of at least 1."), "lines.quantity")


def _minor(value: int, field: str) -> None:
    if type(value) is not int or value > MOST_MINOR:
        raise Refusal("amount_invalid", _("An amount is a whole number of minor units."), field)
    if value < 0:
        raise Refusal("amount_negative", _("An amount is not negative."), field)


def _whole(value: int, least: int, most: int, field: str) -> None:
    if type(value) is not int or not least <= value <= most:
        message = _("Give a whole number from %(least)d to %(most)d.") % {"least": least, "most": most}
        raise Refusal("number_invalid", message, field)


def _moment(value: datetime, now: datetime) -> None:
    if value.tzinfo is None:
        raise Refusal("moment_without_zone", _("The moment needs a time zone."), "occurred_at")
    if value > now + TOO_LATE:
        raise Refusal("moment_in_future", _("The moment lies in the future."), "occurred_at")
    if value < EARLIEST:
        raise Refusal("moment_too_early", _("The moment lies before 1970."), "occurred_at")
