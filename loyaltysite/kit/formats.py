"""How numbers, money, amounts of a unit and dates are written in a reader's language.

Babel knows the patterns but leaves Latin digits and the Gregorian calendar, so digits are mapped here and Persian
dates come from jdatetime. A locale may carry the reader's own choice after `-u-` as in BCP 47: `ar-u-nu-latn` is
Arabic with Latin digits, `fa-u-ca-gregory` Persian with the Gregorian calendar.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Protocol
from unicodedata import bidirectional

import jdatetime
from babel import Locale, UnknownLocaleError, dates, numbers
from django.utils import timezone
from django.utils.translation import get_language, gettext, ngettext

ZERO = Decimal()
MINUS = "\N{MINUS SIGN}"
NBSP = "\N{NO-BREAK SPACE}"
# CLDR writes some of these before a sign; <bdi> isolates the whole, and a mark inside a number is read aloud by some.
MARKS = str.maketrans("", "", "\u061c\u200e\u200f")

# Persian and Hebrew write a sign left of the number, as in Latin text; only with Arabic digits it stands right of it.
ARABIC = "٠١٢٣٤٥٦٧٨٩"
SIGNED = re.compile(r"[+−][0-9۰-۹][0-9۰-۹.,٫٬]*[%٪]?")

DIGITS = {
    "arab": str.maketrans("0123456789", ARABIC),
    "arabext": str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹"),
    "latn": {},
}
SEPARATORS = {
    "arab": str.maketrans({",": "٬", ".": "٫", "%": "٪"}),
    "arabext": str.maketrans({",": "٬", ".": "٫", "%": "٪"}),
    "latn": str.maketrans({"٬": ",", "٫": ".", "٪": "%"}),
}
DEFAULT_DIGITS = {"ar": "arab", "fa": "arabext"}
DEFAULT_CALENDAR = {"fa": "persian"}
# Where a language that names no country begins its weeks as at home: on Saturday or Sunday. English, at home in many, on Monday.
HOME = {"ar": "ar_EG", "fa": "fa_IR", "he": "he_IL"}
RIGHT_TO_LEFT = frozenset({"ar", "he", "fa"})

# ISO 4217: minor units of one major unit, as a power of ten, where it is not two.
MINOR_DIGITS = dict.fromkeys(
    "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0
) | dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3)

# Day, month and year in the order and with the words of each language; a CLDR pattern each.
PATTERNS = {
    "en": {
        "date": "d MMM y",
        "long": "d MMMM y",
        "day": "d MMMM",
        "short": "d MMM",
        "weekday": "EEEE d MMMM",
    },
    "ar": {
        "date": "d MMMM y",
        "long": "d MMMM y",
        "day": "d MMMM",
        "short": "d MMMM",
        "weekday": "EEEE، d MMMM",
    },
    "he": {
        "date": "d בMMM y",
        "long": "d בMMMM y",
        "day": "d בMMMM",
        "short": "d בMMM",
        "weekday": "EEEE, d בMMMM",
    },
    "fa": {
        "date": "d MMMM y",
        "long": "d MMMM y",
        "day": "d MMMM",
        "short": "d MMMM",
        "weekday": "EEEE d MMMM",
    },
}
FORMS = {"month": "MMMM y", "year": "y"}
SHORT_FORMS = {"mon": "MMM y", "name": "MMM"}
PERSIAN_MONTHS = tuple("فروردین اردیبهشت خرداد تیر مرداد شهریور مهر آبان آذر دی بهمن اسفند".split())

_chosen: ContextVar[str | None] = ContextVar("formats_locale", default=None)


class Unit(Protocol):
    """What an amount is counted in; `names` has one name per plural category and language."""

    precision: int
    names: Mapping[str, str | Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Style:
    """A reader's language with the digits and the calendar that go with it."""

    locale: Locale
    digits: str
    calendar: str

    @property
    def language(self) -> str:
        return str(self.locale.language)

    @property
    def direction(self) -> str:
        return "rtl" if self.language in RIGHT_TO_LEFT else "ltr"

    @property
    def first_weekday(self) -> int:
        """The day that a week begins with, Monday is 0."""
        named = self.locale.territory or self.language not in HOME
        return int((self.locale if named else Locale.parse(HOME[self.language])).first_week_day)


@contextmanager
def use(locale: str | None) -> Iterator[None]:
    """Write everything inside the block as this locale wants; None follows the active translation."""
    token = _chosen.set(locale)
    try:
        yield
    finally:
        _chosen.reset(token)


def choose(locale: str | None) -> None:
    """Like `use`, until the end of the current context (a request)."""
    _chosen.set(locale)


@lru_cache(maxsize=64)
def _parse(tag: str) -> Style:
    base, _, extension = tag.replace("_", "-").partition("-u-")
    try:
        locale = Locale.parse(base, sep="-")
    except (UnknownLocaleError, ValueError):
        locale = Locale.parse(base.split("-")[0]) if base.split("-")[0] in PATTERNS else Locale.parse("en")
    choices = dict(re.findall(r"(nu|ca)-([a-z0-9]+)", extension))
    digits = choices.get("nu", DEFAULT_DIGITS.get(locale.language, "latn"))
    calendar = choices.get("ca", DEFAULT_CALENDAR.get(locale.language, "gregory"))
    return Style(locale=locale, digits=digits if digits in DIGITS else "latn", calendar=calendar)


def style_of(locale: str | None = None) -> Style:
    """The style of a locale tag; without one, of the chosen locale or the active translation."""
    return _parse(tag_of(locale))


def tag_of(locale: str | None = None) -> str:
    """The locale tag in force."""
    return locale or _chosen.get() or get_language() or "en"


def _write(text: str, style: Style) -> str:
    text = text.translate(MARKS).replace("-", MINUS)
    return text.translate(SEPARATORS[style.digits]).translate(DIGITS[style.digits])


def isolate(text: str) -> str:
    """The text between isolates (U+2068, U+2069), for where no markup can stand: options, titles, plain mails."""
    return f"\u2068{text}\u2069"


def direction_of(text: str) -> str:
    """The direction in which a formatted value is laid out, so that its sign and symbol stay where they belong."""
    if text.isascii():
        return "ltr"
    return (
        "rtl" if any(bidirectional(letter) in ("R", "AL") or letter in ARABIC for letter in text) else "ltr"
    )


def leading_number(text: str) -> str:
    """The number that a text begins with when it has a sign that stands left of it in text from the right, or nothing."""
    found = SIGNED.match(text)
    return found[0] if found else ""


def map_digits(text: str, locale: str | None = None) -> str:
    """The same text with the digits of the locale; separators and signs stay."""
    return text.translate(DIGITS[style_of(locale).digits])


def _signed(text: str, *, positive: bool, sign: bool) -> str:
    return f"+{text}" if sign and positive else text


def _decimal(value: Decimal | Fraction | float) -> Decimal:
    if isinstance(value, Fraction):
        return Decimal(value.numerator) / Decimal(value.denominator)
    return Decimal(str(value))


def _pattern(decimals: int | None, value: Decimal) -> str:
    if decimals is None:
        exponent = value.normalize().as_tuple().exponent
        return "#,##0." + "#" * min(6, max(0, -exponent if isinstance(exponent, int) else 0))
    return "#,##0" + ("." + "0" * decimals if decimals else "")


def format_number(
    value: Decimal | Fraction | float,
    locale: str | None = None,
    *,
    decimals: int | None = None,
    sign: bool = False,
) -> str:
    """1,284; with `decimals` exactly so many, without it as many as the value has; `sign` writes + on gains."""
    exact = _decimal(value)
    # Zero has a sign, which nobody reads, and equals the one without.
    text = _number(exact or ZERO, decimals, tag_of(locale))
    return _signed(text, positive=exact > 0, sign=sign)


@lru_cache(maxsize=1 << 12)
def _number(value: Decimal, decimals: int | None, tag: str) -> str:
    """Kept: the pages of a list write the same numbers again and again, and Babel takes its time for each."""
    style = _parse(tag)
    pattern = _pattern(decimals, value).rstrip(".")
    return _write(numbers.format_decimal(value, format=pattern, locale=_number_locale(style)), style)


def _number_locale(style: Style) -> Locale:
    # Persian symbols in CLDR already are ٬ and ٫; Latin ones come from English whatever the language.
    return Locale.parse("en") if style.digits != "latn" or style.language in DEFAULT_DIGITS else style.locale


def format_percent(
    share: Decimal | Fraction | float, locale: str | None = None, *, decimals: int = 1, sign: bool = False
) -> str:
    """38.4% of a share of 0.384."""
    style = style_of(locale)
    exact = _decimal(share) * 100
    return format_number(exact, locale, decimals=decimals, sign=sign) + (
        "%" if style.digits == "latn" else "٪"
    )


def format_points(difference: Decimal | Fraction | float, locale: str | None = None) -> str:
    """A change of a percentage in points: +1.9 pt for 0.019."""
    number = format_number(_decimal(difference) * 100, locale, decimals=1, sign=True)
    return gettext("%(number)s pt") % {"number": number}


def format_compact(value: Decimal | Fraction | float, locale: str | None = None) -> str:
    """An axis label: 950, 20k, 1.5M in the words and digits of the reader."""
    style = style_of(locale)
    exact = _decimal(value)
    if abs(exact) < 10**4:
        return format_number(exact, locale)
    text = numbers.format_compact_decimal(exact, locale=style.locale, fraction_digits=1)
    return _write(text, style).replace("K", "k")


def minor_digits(currency: str) -> int:
    """How many digits the minor unit of a currency has (ISO 4217)."""
    return MINOR_DIGITS.get(currency, 2)


def format_money(
    minor: Decimal | int,
    currency: str,
    locale: str | None = None,
    *,
    sign: bool = False,
    short: bool = False,
) -> str:
    """£12.84 for 1284 minor units; `short` leaves out a fraction of nothing but zeros, as in "£5 voucher"."""
    style = style_of(locale)
    digits = minor_digits(currency)
    major = (Decimal(minor) / (10**digits)).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_EVEN)
    shown = 0 if short and major == major.to_integral_value() else digits
    number = format_number(abs(major), locale, decimals=shown)
    text = _with_symbol(number, _symbol(currency, style), style)
    if major < 0:
        return MINUS + text
    return _signed(text, positive=major > 0, sign=sign)


def _with_symbol(number: str, symbol: str, style: Style) -> str:
    pattern = style.locale.currency_formats["standard"].pattern.translate(MARKS)
    # Hebrew and Persian set the sign at the left of the digits: first in a left-to-right run.
    after = pattern.endswith("¤") and style.language != "he"
    if after or direction_of(symbol) == "rtl":
        return f"{number}{NBSP}{symbol}"
    return f"{symbol}{NBSP if symbol[-1].isalpha() else ''}{number}"


def _symbol(currency: str, style: Style) -> str:
    symbol = str(numbers.get_currency_symbol(currency, locale=style.locale)).translate(MARKS)
    # A program has one currency, so "UK£" or "US$" would only puzzle its members.
    return re.sub(r"^[A-Z]{2,3}(?=[^\w\s])", "", symbol)


def format_units(amount: int, unit: Unit, locale: str | None = None, *, sign: bool = False) -> str:
    """1,284 Stars for an amount in the unit's smallest step; the name follows the plural rules of the language."""
    number = format_number(
        Decimal(amount).scaleb(-unit.precision), locale, decimals=unit.precision or None, sign=sign
    )
    return f"{number}{NBSP}{unit_name(amount, unit, locale)}"


def unit_name(amount: Decimal | int, unit: Unit, locale: str | None = None) -> str:
    """The unit's name as it stands beside this amount."""
    style = style_of(locale)
    names = unit.names.get(style.language) or next(iter(unit.names.values()), str(unit))
    if isinstance(names, str):
        return names
    category = style.locale.plural_form(abs(Decimal(amount).scaleb(-unit.precision)))
    return names.get(category) or names.get("other") or next(iter(names.values()))


def format_date(
    value: date | datetime, locale: str | None = None, tz: tzinfo | None = None, *, form: str = "date"
) -> str:
    """19 Nov 2026; `form` is one of date, long, day (no year), short, weekday, month, mon
    (Nov 2026), name (Nov), year, time and moment.

    A datetime is taken to `tz`, or to Django's current zone.
    """
    if isinstance(value, datetime):
        value = timezone.localtime(value, tz) if timezone.is_aware(value) else value
        if form == "time":
            return map_digits(f"{value:%H:%M}", locale)
        if form == "moment":
            comma = "، " if style_of(locale).language in ("ar", "fa") else ", "
            return format_date(value, locale, tz) + comma + format_date(value, locale, tz, form="time")
        value = value.date()
    return _date(value, form, tag_of(locale))


@lru_cache(maxsize=1 << 12)
def _date(value: date, form: str, tag: str) -> str:
    style = _parse(tag)
    pattern = _date_pattern(style, form)
    if style.calendar == "persian":
        pattern = _with_persian(pattern, value)
    return map_digits(dates.format_date(value, pattern, locale=style.locale), tag)


def _date_pattern(style: Style, form: str) -> str:
    if form in FORMS:
        return FORMS[form]
    if form in SHORT_FORMS:
        return (
            SHORT_FORMS[form] if style.language in ("en", "he") else SHORT_FORMS[form].replace("MMM", "MMMM")
        )
    known = PATTERNS.get(style.language)
    if known is None:
        return "long" if form in ("long", "weekday") else "medium"
    return known["date" if form == "moment" else form]


def _with_persian(pattern: str, value: date) -> str:
    """Write the day, month and year of the Persian calendar into a pattern; the weekday stays for Babel."""
    persian = jdatetime.date.fromgregorian(date=value)
    parts = {"d": str(persian.day), "MMMM": PERSIAN_MONTHS[persian.month - 1], "y": str(persian.year)}
    return re.sub(r"\bd\b|MMMM|\by\b", lambda found: f"'{parts[found[0]]}'", pattern)


def format_relative(value: date, today: date, locale: str | None = None) -> str:
    """today, tomorrow, in 9 days, 3 days ago; past a month the date itself, since nobody counts so far."""
    days = (value - today).days
    if days in (-1, 0, 1):
        return {-1: gettext("yesterday"), 0: gettext("today"), 1: gettext("tomorrow")}[days]
    count = format_number(abs(days), locale)
    if 0 < days <= 31:
        return ngettext("in %(count)s day", "in %(count)s days", days) % {"count": count}
    if -31 <= days < 0:
        return ngettext("%(count)s day ago", "%(count)s days ago", -days) % {"count": count}
    return format_date(value, locale)
