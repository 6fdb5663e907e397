"""What columns mean, guessed from their names, and how dates are written, from the first rows."""

import pytest

from rewards.imports import guesses, online_retail
from rewards.imports.columns import CANONICAL


def test_our_own_names_are_known_however_they_are_written():
    assert guesses.mapping_of(["Order ID", "occurred-at", "UNIT_PRICE"]) == {
        "Order ID": "order_id",
        "occurred-at": "occurred_at",
        "UNIT_PRICE": "unit_price",
    }


def test_common_words_of_shops_are_known():
    header = [
        "Name",
        "Invoice No.",
        "Order Date",
        "Customer E-mail",
        "Qty",
        "Lineitem price",
        "Lineitem sku",
        "Colour",
    ]

    assert guesses.mapping_of(header) == {
        "Name": "name",
        "Invoice No.": "order_id",
        "Order Date": "occurred_at",
        "Customer E-mail": "member_email",
        "Qty": "quantity",
        "Lineitem price": "unit_price",
        "Lineitem sku": "sku",
        "Colour": "",
    }


def test_each_column_of_ours_is_given_once_to_the_surest():
    found = guesses.mapping_of(["Total", "Subtotal", "amount"])

    assert found == {"Total": "", "Subtotal": "", "amount": "amount"}


def test_a_slip_of_the_pen_is_forgiven():
    assert guesses.mapping_of(["quantitty"]) == {"quantitty": "quantity"}


def test_every_word_stands_for_a_column_that_there_is():
    assert set(guesses.BY_WORD.values()) <= set(CANONICAL)


@pytest.mark.parametrize(
    ("texts", "pattern"),
    [
        (["2026-01-31 18:05", "2026-02-01T09:00:00Z"], ""),
        (["31/01/2026 18:05"], "%d/%m/%Y %H:%M"),
        (["01/31/2026 18:05", "02/01/2026 09:00"], "%m/%d/%Y %H:%M"),
        (["31.01.2026"], "%d.%m.%Y"),
        (["", "  "], ""),
        (["yesterday"], ""),
        (["31/01/2026", "someday", "30/01/2026"], "%d/%m/%Y"),
    ],
)
def test_dates_are_read_the_first_way_that_fits_most_of_them(texts, pattern):
    assert guesses.pattern_of(texts) == pattern


def test_the_uci_data_is_known_by_its_columns():
    assert guesses.profile_of(online_retail.COLUMNS) == "online-retail"
    assert guesses.profile_of(["InvoiceNo"]) == "canonical"
