"""What a cashier types as an amount, in the digits of any of our languages."""

import pytest

from rewards.till import amounts


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("42.60", "GBP", 4260),
        ("42,60", "GBP", 4260),
        ("42.6", "GBP", 4260),
        ("42", "GBP", 4200),
        ("1,284.50", "GBP", 128450),
        ("1.284,50", "EUR", 128450),
        ("1,284", "GBP", 128400),
        ("1 284,5", "EUR", 128450),
        ("1,284,000", "GBP", 128400000),
        ("٤٢٫٦٠", "SAR", 4260),
        ("۱٬۲۸۴٫۵۰", "GBP", 128450),
        ("1284", "JPY", 1284),
        ("1,284", "JPY", 1284),
        ("1.284", "KWD", 1284),
        ("0", "GBP", 0),
    ],
)
def test_amounts_are_read_as_they_are_written(text, currency, minor):
    assert amounts.parse(text, currency) == minor


@pytest.mark.parametrize(
    ("text", "currency"),
    [("", "GBP"), ("abc", "GBP"), ("-5", "GBP"), ("4.2.6", "GBP"), ("42.605", "GBP"), ("42.6", "JPY"), ("1e5", "GBP"), ("9" * 13, "GBP"), ("£5", "GBP"), (".", "GBP")],
)  # fmt: skip
def test_what_is_no_amount_of_the_currency_is_none(text, currency):
    assert amounts.parse(text, currency) is None
