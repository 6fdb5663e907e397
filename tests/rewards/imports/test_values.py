"""Cells become exact values, and every refusal quotes the cell and names the column."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from rewards.imports import values
from rewards.imports.values import CellRefused

LONDON, UTC_ZONE = ZoneInfo("Europe/London"), ZoneInfo("UTC")


@pytest.mark.parametrize(
    ("count", "price", "discount", "digits", "amount", "off"),
    [
        (3, "2.55", "", 2, 765, 0),
        (3, "0.335", "", 2, 100, 0),  # 1.005: half to even, once and not a line at a time
        (1, "0.015", "", 2, 2, 0),
        (1, "0.025", "", 2, 2, 0),
        (1, "0.001", "", 2, 0, 0),
        (2, "10", "2.50", 2, 1750, 250),
        (1, "1.2345", "", 3, 1234, 0),
        (7, "150", "", 0, 1050, 0),
        (80995, "2.08", "", 2, 16846960, 0),
    ],
)
def test_amounts_are_exact_and_rounded_half_even_once(count, price, discount, digits, amount, off):
    assert values.line_amounts(count, price, discount, digits) == (amount, off)


@pytest.mark.parametrize(
    "text", ["", "1,5", "1.", ".5", "+1", "1e3", "NaN", "١", "1 000", "0x1", "1" * 16, "--1"]
)
def test_refuses_what_is_not_a_plain_number(text):
    with pytest.raises(CellRefused, match=r"unit_price: .* is not a number"):
        values.number(text, "unit_price")


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "two", "", "2000000000"])
def test_refuses_what_is_not_a_quantity(text):
    with pytest.raises(CellRefused, match="quantity: "):
        values.quantity(text, "quantity")


def test_refuses_amounts_beyond_all_sense():
    with pytest.raises(CellRefused, match="too large"):
        values.line_amounts(10**9, "999999999999", "", 2)


@pytest.mark.parametrize(
    ("text", "zone", "pattern", "days", "expected"),
    [
        ("2026-07-01 12:30", LONDON, None, 0, datetime(2026, 7, 1, 11, 30, tzinfo=UTC)),
        ("2026-01-01T12:30:05", LONDON, None, 0, datetime(2026, 1, 1, 12, 30, 5, tzinfo=UTC)),
        ("2026-07-01T12:30Z", LONDON, None, 0, datetime(2026, 7, 1, 12, 30, tzinfo=UTC)),
        ("2026-07-01T12:30+03:00", LONDON, None, 0, datetime(2026, 7, 1, 9, 30, tzinfo=UTC)),
        ("2026-07-01", LONDON, None, 0, datetime(2026, 6, 30, 23, 0, tzinfo=UTC)),
        ("01/07/2026 12.30", UTC_ZONE, "%d/%m/%Y %H.%M", 0, datetime(2026, 7, 1, 12, 30, tzinfo=UTC)),
        # The same time of day, though the clocks are on another time there.
        ("2010-12-01 08:26", LONDON, None, 182, datetime(2011, 6, 1, 7, 26, tzinfo=UTC)),
    ],
)
def test_moments_without_an_offset_are_of_the_program(text, zone, pattern, days, expected):
    assert values.moment(text, zone, pattern, days) == expected


@pytest.mark.parametrize("text", ["", "yesterday", "2026-02-30", "01/07/2026", "1026-01-01", "2926-01-01"])
def test_refuses_what_is_no_moment(text):
    with pytest.raises(CellRefused, match="occurred_at: "):
        values.moment(text, UTC_ZONE, None, 0)


@pytest.mark.parametrize(
    ("value", "kind", "normal"),
    [("Anna@Example.COM", "email", "anna@example.com"), ("020 7946 0018", "phone", "+442079460018")],
)
def test_identities_take_their_one_form(value, kind, normal):
    assert values.identity(value, kind, "member", "GB") == normal


def test_refuses_an_identity_that_cannot_be_one():
    with pytest.raises(CellRefused, match="member_email: “anna”: This is not an e-mail address"):
        values.identity("anna", "email", "member_email", None)
