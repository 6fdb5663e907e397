"""The types a field can have: which operators each knows, and how JSON values are read and written."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

MAX_TEXT = 500
MAX_VALUES = 1_000
MAX_DAYS = 36_500
MAX_INTEGER = 2**63 - 1
MAX_DIGITS = 30


class Op(StrEnum):
    """What a leaf can ask of a field; the value is what stands in the JSON tree."""

    EQUAL = "="
    DIFFERENT = "!="
    BELOW = "<"
    AT_MOST = "<="
    ABOVE = ">"
    AT_LEAST = ">="
    IN = "in"
    NOT_IN = "not in"
    BETWEEN = "between"
    CONTAINS = "contains"
    STARTS_WITH = "starts with"
    IS_SET = "is set"
    IS_NOT_SET = "is not set"
    HAS_ANY = "has any"
    HAS_ALL = "has all"
    WITHIN_LAST = "within last"
    WITHIN_NEXT = "within next"


PRESENCE = (Op.IS_SET, Op.IS_NOT_SET)
ORDERING = (Op.BELOW, Op.AT_MOST, Op.ABOVE, Op.AT_LEAST, Op.BETWEEN)
EQUALITY = (Op.EQUAL, Op.DIFFERENT, Op.IN, Op.NOT_IN)
RELATIVE = (Op.WITHIN_LAST, Op.WITHIN_NEXT)
LISTS = (Op.IN, Op.NOT_IN, Op.HAS_ANY, Op.HAS_ALL)


class WrongValue(Exception):
    """A JSON value that does not fit its type; `place` is where inside the value."""

    def __init__(self, message: str | Promise, place: str = "", **params: Any) -> None:
        super().__init__(message)
        self.message, self.place, self.params = message, place, params

    @property
    def text(self) -> str:
        """The message in the active language, its places filled."""
        return str(self.message) % self.params if self.params else str(self.message)


def _same(value: Any) -> Any:
    return value


@dataclass(frozen=True, slots=True)
class Kind:
    """One type. `read` takes a JSON scalar to the Python value that is compared, `write` back again."""

    name: str
    operators: tuple[Op, ...]
    read: Callable[[Any], Any]
    write: Callable[[Any], Any] = field(default=_same)
    wraps: bool = False  # a range may pass its own end, as the days of the year do
    blank: bool = False  # "" counts as missing

    def __str__(self) -> str:
        return self.name

    def read_for(self, op: Op, value: Any) -> Any:
        """The Python value for this operator: None, a scalar, a pair, a tuple without repeats, or days."""
        if op in PRESENCE:
            return None
        if op in RELATIVE:
            return _read_days(value, least=1 if self.name == "datetime" else 0)
        if op in LISTS:
            return tuple(dict.fromkeys(self._read_list(value)))
        if op is Op.BETWEEN:
            return self._read_range(value)
        return self.read(value)

    def write_for(self, op: Op, value: Any) -> Any:
        if op in LISTS or op is Op.BETWEEN:
            return [self.write(item) for item in value]
        return value if op in RELATIVE else self.write(value)

    def _read_list(self, value: Any) -> list[Any]:
        if not isinstance(value, list) or not value:
            raise WrongValue(_("Give a list with at least one value."))
        if len(value) > MAX_VALUES:
            raise WrongValue(_("A list may hold at most %(most)d values."), most=MAX_VALUES)
        return self._read_each(value)

    def _read_range(self, value: Any) -> tuple[Any, Any]:
        if not isinstance(value, list) or len(value) != 2:
            raise WrongValue(_("Give two values, the first and the last."))
        first, last = self._read_each(value)
        if first > last and not self.wraps:
            raise WrongValue(_("The first value of a range must not be above the last."))
        return first, last

    def _read_each(self, values: Sequence[Any]) -> list[Any]:
        read = []
        for index, value in enumerate(values):
            try:
                read.append(self.read(value))
            except WrongValue as wrong:
                raise WrongValue(wrong.message, f"[{index}]", **wrong.params) from None
        return read


def _read_days(value: Any, *, least: int) -> int:
    """For days 0 is today; for moments it would be this very microsecond, which nobody means."""
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= MAX_DAYS:
        message = _("Give a number of days from %(least)d to %(most)d.")
        raise WrongValue(message, least=least, most=MAX_DAYS)
    return value


def _read_integer(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise WrongValue(_("Give a whole number."))
    if abs(value) > MAX_INTEGER:
        raise WrongValue(_("This number is too large."))
    return value


def _read_decimal(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal) or value == "":
        raise WrongValue(_("Give a number."))
    text = str(value)
    if len(text) > 2 * MAX_DIGITS or not text.isascii():
        raise WrongValue(_("Give a number with at most %(most)d digits."), most=MAX_DIGITS)
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise WrongValue(_("Give a number.")) from None
    if not number.is_finite():
        raise WrongValue(_("Give a number."))
    if len(number.as_tuple().digits) > MAX_DIGITS or abs(number.adjusted()) > MAX_DIGITS:
        raise WrongValue(_("Give a number with at most %(most)d digits."), most=MAX_DIGITS)
    return number


def _write_decimal(value: Decimal) -> str:
    """The shortest plain notation, so that 5, 5.0 and 5e0 are one and the same tree."""
    text = format(value, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in {"-0", ""} else text


def _read_text(value: Any) -> str:
    if not isinstance(value, str):
        raise WrongValue(_("Give a text."))
    if not value:
        raise WrongValue(_("Give a text that is not empty; to ask for a missing one, use “is not set”."))
    if len(value) > MAX_TEXT:
        raise WrongValue(_("A text may have at most %(most)d characters."), most=MAX_TEXT)
    if not is_storable(value):
        raise WrongValue(_("This text holds characters that cannot be stored."))
    return value


def is_storable(text: str) -> bool:
    """Whether PostgreSQL can hold the text: no NUL, no half of a surrogate pair."""
    return "\x00" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


def _read_boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise WrongValue(_("Give yes or no."))
    return value


def _read_date(value: Any) -> date:
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise WrongValue(_("Give a date such as 2026-01-31."))


def _read_datetime(value: Any) -> datetime:
    if isinstance(value, str) and len(value) <= 40:
        try:
            moment = datetime.fromisoformat(value)
            if moment.tzinfo is not None:
                return moment.astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    raise WrongValue(_("Give a moment with its offset from UTC, such as 2026-01-31T18:00:00+01:00."))


def _write_datetime(value: datetime) -> str:
    return value.isoformat().replace("+00:00", "Z")


def _read_month_day(value: Any) -> int:
    """A day of any year as month × 100 + day; 02-29 exists."""
    if isinstance(value, str) and re.fullmatch(r"\d\d-\d\d", value, re.ASCII):
        try:
            day = date.fromisoformat(f"2000-{value}")
        except ValueError:
            pass
        else:
            return day.month * 100 + day.day
    raise WrongValue(_("Give a day of the year as month and day, such as 01-31."))


def _write_month_day(value: int) -> str:
    return f"{value // 100:02d}-{value % 100:02d}"


INTEGER = Kind("integer", EQUALITY + ORDERING + PRESENCE, _read_integer)
MONEY = Kind("money", EQUALITY + ORDERING + PRESENCE, _read_integer)
DECIMAL = Kind("decimal", EQUALITY + ORDERING + PRESENCE, _read_decimal, _write_decimal)
TEXT = Kind("text", (*EQUALITY, Op.CONTAINS, Op.STARTS_WITH, *PRESENCE), _read_text, blank=True)
CHOICE = Kind("choice", EQUALITY + PRESENCE, _read_text, blank=True)
BOOLEAN = Kind("boolean", (Op.EQUAL, *PRESENCE), _read_boolean)
DATE = Kind("date", EQUALITY + ORDERING + RELATIVE + PRESENCE, _read_date, date.isoformat)
# Two moments are never equal by chance, and equality of moments in two zones is odd around a clock change.
DATETIME = Kind("datetime", ORDERING + RELATIVE + PRESENCE, _read_datetime, _write_datetime)
MONTH_DAY = Kind(
    "month_day",
    (Op.EQUAL, Op.IN, Op.BETWEEN, *RELATIVE, *PRESENCE),
    _read_month_day,
    _write_month_day,
    wraps=True,
)
SET = Kind("set", (Op.HAS_ANY, Op.HAS_ALL, *PRESENCE), _read_text)

COUNTING = (Op.EQUAL, Op.DIFFERENT, Op.BELOW, Op.AT_MOST, Op.ABOVE, Op.AT_LEAST)
