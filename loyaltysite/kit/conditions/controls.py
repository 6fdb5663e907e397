"""Which control asks for a value, and how its texts become JSON and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Any
from unicodedata import decimal

from django.utils.translation import gettext_lazy as _

from loyaltysite.kit.conditions.kinds import LISTS, PRESENCE, RELATIVE, Kind, Op, WrongValue
from loyaltysite.kit.conditions.registry import Field
from loyaltysite.kit.formats import minor_digits

# Inputs that browsers know; all numbers are typed as text, since readers have digits of their own.
INPUTS = {"date": "date", "datetime": "datetime-local"}
NUMBERS = ("integer", "money", "decimal")
MORE = 1  # empty places behind the values of a list


@dataclass(frozen=True, slots=True)
class Terms:
    """What values are read with: the currency of money, the zone of moments."""

    currency: str = ""
    zone: tzinfo | None = None

    @property
    def digits(self) -> int:
        return minor_digits(self.currency) if self.currency else 2


@dataclass(frozen=True, slots=True)
class Control:
    """`shape` is none, one, range, list or checks; `options` make it a choice, `suggestions` only help."""

    shape: str = "none"
    input: str = "text"
    css: str = ""
    suffix: str = ""
    values: Sequence[str] = ()
    options: Sequence[tuple[str, str]] = ()
    suggestions: Sequence[str] = field(default_factory=list)


def control_of(
    asked: Field, op: Op, values: Sequence[str], terms: Terms, suggestions: Sequence[str] = ()
) -> Control:
    """The control for this field and operator, filled with what was typed."""
    if op in PRESENCE:
        return Control()
    if op in RELATIVE:
        return Control("one", css="num", suffix=str(_("days")), values=_places(values, 1))
    name = asked.kind.name
    options = _options(asked, values)
    shape = "range" if op is Op.BETWEEN else "list" if op in LISTS else "one"
    if options and shape == "list":
        return Control("checks", values=values, options=options)
    places = {"one": 1, "range": 2, "list": len(_filled(values)) + MORE}[shape]
    return Control(
        shape,
        input=INPUTS.get(name, "text"),
        css="num" if name in (*NUMBERS, "month_day") else "",
        suffix=terms.currency if name == "money" else "",
        values=_places(_filled(values) if shape == "list" else values, places),
        options=options,
        suggestions=suggestions,
    )


def _options(asked: Field, values: Sequence[str]) -> list[tuple[str, str]]:
    if asked.kind.name == "boolean":
        return [("yes", str(_("yes"))), ("no", str(_("no")))]
    options = [(value, str(label)) for value, label in asked.offers()]
    if not options:
        return []
    known = {value for value, _label in options}
    # What was chosen once stays to be seen, also when it is offered no more.
    return options + [(value, value) for value in _filled(values) if value not in known]


def _filled(values: Sequence[str]) -> list[str]:
    return [value for value in values if value != ""]


def _places(values: Sequence[str], number: int) -> list[str]:
    return [*values[:number], *[""] * (number - len(values))]


# Texts to JSON


def read(asked: Field, op: Op, values: Sequence[str], terms: Terms) -> Any:
    """The JSON value of what was typed; None where nothing was. Raises WrongValue."""
    if op in PRESENCE:
        return None
    if op in RELATIVE:
        return read_whole(values[0]) if _filled(values[:1]) else None
    if op is Op.BETWEEN:
        pair = _filled(values[:2])
        return [_read_one(asked.kind, value, terms) for value in pair] if len(pair) == 2 else None
    if op in LISTS:
        return [_read_one(asked.kind, value, terms) for value in _filled(values)] or None
    # A text of nothing but blanks is a text; an empty one is missing.
    first = values[0] if values else ""
    return _read_one(asked.kind, first, terms) if first != "" else None


def _read_one(kind: Kind, text: str, terms: Terms) -> Any:
    if kind.name == "integer":
        return read_whole(text)
    if kind.name == "money":
        return read_money(text, terms)
    if kind.name == "decimal":
        return str(read_number(text))
    if kind.name == "boolean":
        return {"yes": True, "no": False}.get(text)
    if kind.name == "datetime":
        return _read_moment(text, terms)
    return text.strip() if kind.name in ("date", "month_day") else text


def read_number(text: str) -> Decimal:
    """A number in the reader's digits: ١٢٫٥ and 12.5; groups of three may be set off. Raises WrongValue."""
    plain = "".join(str(decimal(letter, letter)) for letter in text.strip())
    plain = plain.replace("٬", "").replace("٫", ".").replace("\N{MINUS SIGN}", "-").replace(" ", "")
    whole, _comma, rest = plain.rpartition(",")
    if whole and len(rest.partition(".")[0]) == 3:
        plain = plain.replace(",", "")
    try:
        number = Decimal(plain.replace(",", "."))
    except InvalidOperation:
        raise WrongValue(_("Give a number.")) from None
    if not number.is_finite() or abs(number.adjusted()) > 30:
        raise WrongValue(_("Give a number."))
    return number


def read_whole(text: str) -> int:
    number = read_number(text)
    if number != number.to_integral_value():
        raise WrongValue(_("Give a whole number."))
    return int(number)


def read_money(text: str, terms: Terms) -> int:
    minor = read_number(text).scaleb(terms.digits)
    if minor != minor.to_integral_value():
        message = _("Give an amount with at most %(digits)d decimals.")
        raise WrongValue(message, digits=terms.digits)
    return int(minor)


def _read_moment(text: str, terms: Terms) -> str:
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise WrongValue(_("Give a date and a time.")) from None
    local = moment if moment.tzinfo else moment.replace(tzinfo=terms.zone)
    return local.isoformat()


# JSON to texts


def write(asked: Field | None, op: str, value: Any, terms: Terms) -> list[str]:
    """The texts that stand in the controls for a stored value."""
    if value is None:
        return []
    if asked is None or op in RELATIVE:
        return [str(item) for item in value] if isinstance(value, list) else [str(value)]
    items = value if isinstance(value, list) else [value]
    return [_write_one(asked.kind, item, terms) for item in items]


def _write_one(kind: Kind, value: Any, terms: Terms) -> str:
    if kind.name == "money":
        return write_money(value, terms)
    if kind.name == "boolean":
        return "yes" if value else "no"
    if kind.name == "datetime":
        moment = datetime.fromisoformat(value).astimezone(terms.zone)
        return moment.replace(tzinfo=None).isoformat()
    return str(value)


def write_money(minor: int, terms: Terms) -> str:
    """12.50 for 1250, and 12 for 1200."""
    major = Decimal(minor).scaleb(-terms.digits)
    return str(major.to_integral_value() if major == major.to_integral_value() else major)
