"""Sentences with numbers, money and days in them, each isolated so that signs stay put in both directions."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from fractions import Fraction

from django.utils import timezone
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe

from loyaltysite.kit import formats
from loyaltysite.kit.templatetags.formats import dated, isolate, money, number, short_money, units
from members.models import Program
from rewards.models import Unit

TICK = timedelta(microseconds=1)
DIGITS = 4

__all__ = [
    "amount",
    "dated",
    "foreign",
    "last_day",
    "money",
    "number",
    "point_price",
    "say",
    "short_money",
    "units",
]


def say(text: str, **parts: str) -> SafeString:
    """The text with its %(places)s filled; text and parts are escaped unless they are safe already."""
    filled = {name: conditional_escape(part) for name, part in parts.items()}
    return mark_safe(conditional_escape(text) % filled if parts else conditional_escape(text))  # noqa: S308


def foreign(text: str) -> SafeString:
    """Words of the shop, which may run in another direction than the page."""
    return format_html("<bdi>{}</bdi>", text)


def last_day(end: datetime) -> date:
    """The last day on which something can be used that ends at this moment (SEMANTICS 10)."""
    return timezone.localtime(end - TICK).date()


def amount(text: str, unit: Unit) -> SafeString:
    """An exact amount of the engine ("16.2", "5/3") as people read it: 16.2, and 1.6666… where it has no end."""
    exact = Fraction(text)
    places = 10 ** (unit.precision + DIGITS)
    shown = Fraction(int(exact * places), places)
    return isolate(formats.format_number(shown) + ("" if shown == exact else "…"))


def point_price(program: Program, value: str, per_minor: int, unit: Unit) -> tuple[str, str]:
    """What an amount per money gives and per how much: (1 Star, £1)."""
    exact = Fraction(value) * 10**unit.precision
    whole = exact.denominator == 1
    given = (
        units(int(exact), unit) if whole else isolate(f"{amount(value, unit)} {formats.unit_name(2, unit)}")
    )
    return given, short_money(per_minor, program.currency)
