"""Numbers, money, amounts and dates in four languages."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from django.template import engines
from django.utils import translation

from loyaltysite.kit import formats

LATIN_ARABIC = "ar-u-nu-latn"
LATIN_PERSIAN = "fa-u-nu-latn-ca-gregory"


def with_spaces(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ")


@dataclass
class Stars:
    precision: int
    names: dict[str, dict[str, str]]


STARS = Stars(
    0,
    {
        "en": {"one": "Star", "other": "Stars"},
        "ar": {
            "zero": "نجمة",
            "one": "نجمة",
            "two": "نجمتان",
            "few": "نجوم",
            "many": "نجمة",
            "other": "نجمة",
        },
        "he": {"one": "כוכב", "other": "כוכבים"},
        "fa": {"one": "ستاره", "other": "ستاره"},
    },
)


@pytest.mark.parametrize(
    ("value", "locale", "expected"),
    [
        (1284, "en", "1,284"),
        (1284, "ar", "١٬٢٨٤"),
        (1284, "he", "1,284"),
        (1284, "fa", "۱٬۲۸۴"),
        (1284, LATIN_ARABIC, "1,284"),
        (1284, LATIN_PERSIAN, "1,284"),
        (Decimal("-0.5"), "en", "−0.5"),
        (Decimal("-0.5"), "ar", "−٠٫٥"),
        (Decimal("1284.50"), "fa", "۱٬۲۸۴٫۵"),
        (Fraction(1, 4), "he", "0.25"),
        (0, "en", "0"),
        (1_000_000, "de", "1.000.000"),
        (7, "xx", "7"),
    ],
)
def test_numbers_in_four_languages(value, locale, expected):
    assert formats.format_number(value, locale) == expected


@pytest.mark.parametrize(("value", "expected"), [(71, "+71"), (0, "0"), (-71, "−71")])
def test_a_sign_only_on_changes(value, expected):
    assert formats.format_number(value, "en", sign=True) == expected


def test_decimals_are_fixed_when_asked_for():
    assert formats.format_number(3, "en", decimals=2) == "3.00"
    assert formats.format_number(Decimal("2.345"), "fa", decimals=1) == "۲٫۳"


@pytest.mark.parametrize(
    ("minor", "currency", "locale", "expected"),
    [
        (1284, "GBP", "en", "£12.84"),
        (1284, "GBP", "ar", "١٢٫٨٤ £"),
        (1284, "GBP", "he", "£12.84"),
        (1284, "GBP", "fa", "£۱۲٫۸۴"),
        (1284, "GBP", LATIN_ARABIC, "12.84 £"),
        (-318_70, "GBP", "en", "−£318.70"),
        (1284, "USD", "ar", "١٢٫٨٤ $"),
        (1500, "JPY", "en", "¥1,500"),
        (12_500, "KWD", "en", "KWD 12.500"),
        (12_500, "KWD", "ar", "١٢٫٥٠٠ د.ك."),
        (150_000, "IRR", "fa", "۱٬۵۰۰٫۰۰ ریال"),
        (1284, "ILS", "he", "₪12.84"),
        (1284, "EUR", "de", "12,84 €"),
        (5, "GBP", "en", "£0.05"),
    ],
)
def test_money_has_the_digits_of_its_currency(minor, currency, locale, expected):
    assert with_spaces(formats.format_money(minor, currency, locale)) == expected


def test_a_symbol_is_never_parted_from_its_number():
    assert formats.format_money(1284, "GBP", "ar") == "١٢٫٨٤\N{NO-BREAK SPACE}£"


def test_short_money_leaves_out_a_fraction_of_zeros_only():
    assert formats.format_money(500, "GBP", "en", short=True) == "£5"
    assert formats.format_money(550, "GBP", "en", short=True) == "£5.50"


@pytest.mark.parametrize(
    ("locale", "expected"),
    [("en", "38.4%"), ("ar", "٣٨٫٤٪"), ("he", "38.4%"), ("fa", "۳۸٫۴٪"), (LATIN_ARABIC, "38.4%")],
)
def test_percents_have_one_digit(locale, expected):
    assert formats.format_percent(0.3841, locale) == expected


@pytest.mark.parametrize(
    ("value", "locale", "expected"),
    [(950, "en", "950"), (20_000, "en", "20k"), (1_500_000, "en", "1.5M"), (20_000, "fa", "۲۰ هزار")],
)
def test_axis_labels_are_short(value, locale, expected):
    assert with_spaces(formats.format_compact(value, locale)) == expected


@pytest.mark.parametrize(
    ("amount", "locale", "expected"),
    [
        (1, "en", "1 Star"),
        (1284, "en", "1,284 Stars"),
        (2, "ar", "٢ نجمتان"),
        (7, "ar", "٧ نجوم"),
        (1284, "ar", "١٬٢٨٤ نجمة"),
        (1, "he", "1 כוכב"),
        (240, "fa", "۲۴۰ ستاره"),
        (-71, "en", "−71 Stars"),
        (3, "de", "3 Stars"),
    ],
)
def test_a_unit_has_the_name_that_its_amount_needs(amount, locale, expected):
    assert with_spaces(formats.format_units(amount, STARS, locale)) == expected


def test_a_unit_with_precision_is_counted_in_its_smallest_step():
    credit = Stars(2, {"en": {"one": "Credit", "other": "Credits"}})

    assert with_spaces(formats.format_units(1250, credit, "en", sign=True)) == "+12.50 Credits"


@pytest.mark.parametrize(
    ("form", "locale", "expected"),
    [
        ("date", "en", "19 Nov 2026"),
        ("date", "ar", "١٩ نوفمبر ٢٠٢٦"),
        ("date", "he", "19 בנוב׳ 2026"),
        ("date", "fa", "۲۸ آبان ۱۴۰۵"),
        ("date", LATIN_ARABIC, "19 نوفمبر 2026"),
        ("date", LATIN_PERSIAN, "19 نوامبر 2026"),
        ("long", "en", "19 November 2026"),
        ("day", "en", "19 November"),
        ("short", "en", "19 Nov"),
        ("weekday", "en", "Thursday 19 November"),
        ("weekday", "ar", "الخميس، ١٩ نوفمبر"),
        ("weekday", "fa", "پنجشنبه ۲۸ آبان"),
        ("month", "en", "November 2026"),
        ("mon", "en", "Nov 2026"),
        ("name", "he", "נוב׳"),
        ("month", "fa", "آبان ۱۴۰۵"),
        ("year", "fa", "۱۴۰۵"),
    ],
)
def test_days_in_four_languages(form, locale, expected):
    assert formats.format_date(date(2026, 11, 19), locale, form=form) == expected


def test_the_persian_year_begins_in_march():
    assert formats.format_date(date(2027, 3, 20), "fa") == "۲۹ اسفند ۱۴۰۵"
    assert formats.format_date(date(2027, 3, 21), "fa") == "۱ فروردین ۱۴۰۶"


def test_a_moment_is_told_in_the_zone_of_the_program():
    moment = datetime(2026, 11, 19, 23, 42, tzinfo=UTC)
    tehran = ZoneInfo("Asia/Tehran")

    assert formats.format_date(moment, "en", tehran) == "20 Nov 2026"
    assert formats.format_date(moment, "fa", tehran, form="moment") == "۲۹ آبان ۱۴۰۵، ۰۳:۱۲"
    assert formats.format_date(moment, "en", UTC, form="time") == "23:42"


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2026, 11, 21), "today"),
        (date(2026, 11, 22), "tomorrow"),
        (date(2026, 11, 20), "yesterday"),
        (date(2026, 11, 30), "in 9 days"),
        (date(2026, 11, 18), "3 days ago"),
        (date(2027, 1, 31), "31 Jan 2027"),
    ],
)
def test_near_days_are_counted_and_far_ones_named(day, expected):
    assert formats.format_relative(day, date(2026, 11, 21), "en") == expected


@pytest.mark.parametrize(
    ("tag", "weekday"), [("en", 0), ("en-US", 6), ("ar", 5), ("ar-EG", 5), ("ar-MA", 0), ("fa", 5), ("he", 6)]
)
def test_weeks_begin_where_the_reader_begins_them(tag, weekday):
    assert formats.style_of(tag).first_weekday == weekday


def test_the_chosen_locale_goes_before_the_translation():
    with translation.override("ar"), formats.use("fa"):
        inside = formats.format_number(5)
    with translation.override("ar"):
        outside = formats.format_number(5)

    assert (inside, outside) == ("۵", "٥")


@pytest.mark.parametrize(
    ("template", "language", "expected"),
    [
        ("{{ 71|signed }}", "en", '<bdi dir="ltr">+71</bdi>'),
        ("{{ 71|signed }}", "ar", '<bdi dir="rtl">+٧١</bdi>'),
        ("{{ 71|signed }}", "fa", '<bdi dir="ltr">+۷۱</bdi>'),
        ("{{ 7.5|signed }}", "fa", '<bdi dir="ltr">+۷٫۵</bdi>'),
        ('{{ "−7.8 נק׳"|isolated }}', "he", '<bdi dir="rtl"><bdi dir="ltr">−7.8</bdi> נק׳</bdi>'),
        ('{{ "+۷٫۵ واحد"|isolated }}', "fa", '<bdi dir="rtl"><bdi dir="ltr">+۷٫۵</bdi> واحد</bdi>'),
        ('{{ "+٧٫٥ نقطة"|isolated }}', "ar", '<bdi dir="rtl">+٧٫٥ نقطة</bdi>'),
        ('{{ 1284|money:"GBP" }}', "ar", '<bdi dir="rtl">١٢٫٨٤ £</bdi>'),
        ("{{ nothing|number }}", "en", "–"),
        ('{{ "+1.9 <b>"|isolated }}', "en", "+1.9 <b>"),
        ("{{ text|isolated }}", "he", '<bdi dir="ltr">&lt;5</bdi>'),
        ('{{ day|dated:"day" }}', "en", '<time datetime="2026-11-30" dir="ltr">30 November</time>'),
    ],
)
def test_filters_isolate_and_escape(template, language, expected):
    context = {"nothing": None, "text": "<5", "day": date(2026, 11, 30)}

    with translation.override(language):
        written = engines["django"].from_string("{% load formats %}" + template).render(context)

    assert with_spaces(written) == expected
