"""Filters over kit.formats. Each value comes in its own <bdi>, so that signs stay put in any sentence."""

from datetime import date, datetime
from decimal import Decimal

from django import template
from django.template.defaultfilters import filesizeformat
from django.utils.html import format_html
from django.utils.safestring import SafeString

from loyaltysite.kit import formats

register = template.Library()

NOTHING = "–"


def isolate(text: str) -> SafeString:
    direction = formats.direction_of(text)
    number = formats.leading_number(text) if direction == "rtl" else ""
    if number:
        return format_html(
            '<bdi dir="rtl"><bdi dir="ltr">{}</bdi>{}</bdi>', number, text.removeprefix(number)
        )
    return format_html('<bdi dir="{}">{}</bdi>', direction, text)


@register.filter
def isolated(text: object) -> SafeString | str:
    """Any short text that may start with a sign; what is isolated already stays as it is."""
    if text is None or text == "":
        return ""
    if isinstance(text, SafeString) and "<" in text:
        return text
    return isolate(text if isinstance(text, str) else str(text))


@register.filter
def number(value: Decimal | float | None, decimals: int | None = None) -> SafeString | str:
    """{{ 1284|number }}, {{ 3.14|number:1 }}"""
    return NOTHING if value is None else isolate(formats.format_number(value, decimals=decimals))


@register.filter
def plain(value: Decimal | float | None) -> str:
    """{{ 2|plain }} in the reader's digits without markup, for what may stand in an attribute too."""
    return NOTHING if value is None else formats.format_number(value)


@register.filter
def filesize(size: int | None) -> SafeString | str:
    """{{ 2048|filesize }}: 2.0 KB, in the reader's digits"""
    return NOTHING if size is None else isolate(formats.map_digits(filesizeformat(size)))


@register.filter
def signed(value: Decimal | float | None, decimals: int | None = None) -> SafeString | str:
    """{{ 71|signed }}: +71"""
    return NOTHING if value is None else isolate(formats.format_number(value, decimals=decimals, sign=True))


@register.filter
def percent(share: Decimal | float | None, decimals: int = 1) -> SafeString | str:
    """{{ 0.384|percent }}: 38.4%"""
    return NOTHING if share is None else isolate(formats.format_percent(share, decimals=decimals))


@register.filter
def compact(value: Decimal | float | None) -> SafeString | str:
    """{{ 20000|compact }}: 20k"""
    return NOTHING if value is None else isolate(formats.format_compact(value))


@register.filter
def money(minor: int | None, currency: str) -> SafeString | str:
    """{{ order.net_minor|money:program.currency }}: £12.84"""
    return NOTHING if minor is None else isolate(formats.format_money(minor, currency))


@register.filter
def short_money(minor: int | None, currency: str) -> SafeString | str:
    """{{ 500|short_money:"GBP" }}: £5"""
    return NOTHING if minor is None else isolate(formats.format_money(minor, currency, short=True))


@register.filter
def signed_money(minor: int | None, currency: str) -> SafeString | str:
    """{{ 31870|signed_money:"GBP" }}: +£318.70"""
    return NOTHING if minor is None else isolate(formats.format_money(minor, currency, sign=True))


@register.filter
def units(amount: int | None, unit: formats.Unit) -> SafeString | str:
    """{{ wallet.available|units:wallet.unit }}: 1,284 Stars"""
    return NOTHING if amount is None else isolate(formats.format_units(amount, unit))


@register.filter
def signed_units(amount: int | None, unit: formats.Unit) -> SafeString | str:
    """{{ entry.amount|signed_units:unit }}: +71 Stars"""
    return NOTHING if amount is None else isolate(formats.format_units(amount, unit, sign=True))


@register.filter
def dated(value: date | datetime | None, form: str = "date") -> SafeString | str:
    """{{ lot.expires_at|dated }}: 30 Nov 2026; forms: date, long, day, short, weekday, month, year, time, moment"""
    if value is None:
        return NOTHING
    text = formats.format_date(value, form=form)
    return format_html(
        '<time datetime="{}" dir="{}">{}</time>', value.isoformat(), formats.direction_of(text), text
    )


@register.filter
def relative(value: date | None, today: date) -> SafeString | str:
    """{{ ends_on|relative:today }}: in 9 days"""
    if value is None:
        return NOTHING
    return format_html(
        '<time datetime="{}">{}</time>', value.isoformat(), formats.format_relative(value, today)
    )


@register.simple_tag
def reading_direction() -> str:
    """rtl or ltr of the active language, for <html dir>."""
    return formats.style_of().direction
