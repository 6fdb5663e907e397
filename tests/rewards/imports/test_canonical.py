"""Our own columns: what the rows of one order mean, and why an order is refused."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from rewards.imports.canonical import Profile, RowRefused, Terms
from rewards.imports.columns import CANONICAL
from rewards.imports.groups import Group
from rewards.imports.sources import SourceUnreadable
from rewards.intake.items import CancelIn, LineIn, OrderIn, PaidIn, ReturnIn, ReturnLineIn, Who

TERMS = Terms("till", ZoneInfo("Europe/London"), "GBP", region="GB", store="online")
AT = datetime(2026, 7, 1, 11, 30, tzinfo=UTC)
ORDER = {"order_id": "A1", "occurred_at": "2026-07-01 12:30"}
LINE = ORDER | {"sku": "MUG", "quantity": "2", "unit_price": "2.55"}
RETURN = ORDER | {"type": "return", "return_id": "R1"}


def read(*rows: dict[str, str], header=CANONICAL, mapping=None):
    """The item that these rows make."""
    profile = Profile(header, mapping=mapping or {}, terms=TERMS)
    cells = [[row.get(column, "") for column in header] for row in rows]
    keys = {profile.key(each) for each in cells}
    assert len(keys) == 1
    return profile.item(Group(keys.pop(), list(range(2, 2 + len(rows))), cells))


def test_rows_become_an_order_with_its_lines():
    first = LINE | {
        "member_email": "Anna@Example.com",
        "member_name": "Anna",
        "channel": "web",
        "name": "Mug",
    }
    second = {
        "order_id": "A1", "sku": "POST", "kind": "Shipping", "unit_price": "3.95", "discount": "1.00", "tax": "0.49",
        "unit_cost": "2.10", "category": "post",
    }  # fmt: skip

    item = read(first, second)

    assert item == OrderIn(
        source="till",
        external_id="A1",
        occurred_at=AT,
        lines=(
            LineIn("MUG", 2, 510, name="Mug"),
            LineIn(
                "POST",
                1,
                295,
                category="post",
                kind="shipping",
                discount_minor=100,
                tax_minor=49,
                cost_minor=210,
            ),
        ),
        member=Who("email", "anna@example.com", joins=True, name="Anna"),
        store="online",
        channel="web",
        currency="GBP",
    )


@pytest.mark.parametrize(
    ("column", "value", "who"),
    [
        ("member_email", "ANNA@example.com", Who("email", "anna@example.com", joins=True)),
        ("member_phone", "07700 900123", Who("phone", "+447700900123", joins=True)),
        ("member_card", "12 34-56", Who("card", "123456", joins=True)),
        ("member_shop_id", " 17850 ", Who("shop", "17850", joins=True)),
        ("member_number", "123456789015", Who("number", "123456789015")),
    ],
)
def test_a_member_is_named_by_any_identity(column, value, who):
    assert read(LINE | {column: value}).member == who


def test_the_first_identity_in_the_order_of_columns_counts():
    found = read(LINE | {"member_email": "anna@example.com", "member_shop_id": "17850"})

    assert found.member == Who("shop", "17850", joins=True)


def test_an_order_without_a_member_is_anonymous():
    assert read(LINE).member is None


@pytest.mark.parametrize(
    ("rows", "item"),
    [
        ([LINE | {"type": "unpaid"}], OrderIn("till", "A1", AT, (LineIn("MUG", 2, 510),), store="online", currency="GBP", is_paid=False)),
        ([ORDER | {"type": "Paid"}], PaidIn("till", "A1", AT)),
        ([ORDER | {"type": "cancel"}], CancelIn("till", "A1", AT)),
        ([RETURN], ReturnIn("till", "R1", AT, order="A1")),
        ([RETURN | {"amount": "2.50"}], ReturnIn("till", "R1", AT, order="A1", amount_minor=250)),
        (
            [RETURN | {"order_id": "", "member_card": "77", "sku": "MUG", "quantity": "1", "unit_price": "2.55"}],
            ReturnIn("till", "R1", AT, member=Who("card", "77", joins=True), lines=(ReturnLineIn("MUG", 1, 255),)),
        ),
    ],
    ids=["unpaid", "paid", "cancel", "return of all", "return of an amount", "return that names no order"],
)  # fmt: skip
def test_each_type_becomes_its_item(rows, item):
    assert read(*rows) == item


def test_amount_stands_for_the_whole_line():
    line = {name: value for name, value in LINE.items() if name != "unit_price"}

    assert read(line | {"amount": "5.00"}).lines[0].amount_minor == 500


REFUSED = {
    "no date": ([LINE | {"occurred_at": ""}], 0, "occurred_at"),
    "no price": ([LINE | {"unit_price": ""}], 0, "amount"),
    "comma": ([LINE | {"unit_price": "2,55"}], 0, "unit_price"),
    "quantity": ([LINE, LINE | {"quantity": "-1"}], 1, "quantity"),
    "discount": ([LINE | {"discount": "9.00"}], 0, "more than the line costs"),
    "negative discount": ([LINE | {"discount": "-1"}], 0, "below zero"),
    "tax": ([LINE | {"tax": "6.00"}], 0, "not a part"),
    "kind": ([LINE | {"kind": "gift"}], 0, "none of product, shipping"),
    "type": ([LINE | {"type": "sale"}], 0, "none of order, unpaid"),
    "currency": ([LINE | {"currency": "pounds"}], 0, "not a currency"),
    "amounts differ": ([LINE | {"amount": "5.00"}], 0, "differs from quantity"),
    "other date": ([LINE, LINE | {"occurred_at": "2026-07-02"}], 1, "differs from the order's first row"),
    "other member": ([LINE, LINE | {"member_email": "x@example.com"}], 1, "differs from the order's first row"),
    "long sku": ([LINE | {"sku": "x" * 129}], 0, "longer than 128"),
    "long id": ([LINE | {"order_id": "x" * 129}], 0, "longer than 128"),
    "e-mail": ([LINE | {"member_email": "anna"}], 0, "not an e-mail address"),
    "lines and amount": ([RETURN | {"sku": "MUG", "unit_price": "1"}, RETURN | {"amount": "1"}], 1, "either lines or one amount"),
    "return of two orders": ([RETURN, RETURN | {"order_id": "A2"}], 1, "belongs to one order"),
    "returned minus": ([RETURN | {"sku": "MUG", "quantity": "-1", "unit_price": "1"}], 0, "above zero"),
}  # fmt: skip


@pytest.mark.parametrize(("rows", "blamed", "reason"), REFUSED.values(), ids=REFUSED)
def test_a_bad_row_is_named_and_refuses_its_order(rows, blamed, reason):
    with pytest.raises(RowRefused) as refused:
        read(*rows)

    assert refused.value.row == blamed
    assert reason in refused.value.message


def test_columns_are_found_by_name_case_and_mapping():
    header = ["Order ID", "Occurred At", "sku", "Qty", "Unit Price"]
    cells = ["A1", "2026-07-01 12:30", "MUG", "2", "2.55"]
    profile = Profile(header, mapping={"Qty": "quantity"}, terms=TERMS)

    profile.key(cells)

    assert profile.item(Group("order A1", [2], [cells])).lines == (LineIn("MUG", 2, 510),)


def test_a_refusal_names_the_column_as_the_file_does():
    header = ["Order ID", "Occurred At", "sku", "Menge 100 %(s)", "Unit Price"]
    cells = ["A1", "2026-07-01 12:30", "MUG", "two", "2.55"]
    profile = Profile(header, mapping={"Menge 100 %(s)": "quantity"}, terms=TERMS)
    profile.key(cells)

    with pytest.raises(RowRefused) as refused:
        profile.item(Group("order A1", [2], [cells]))

    assert refused.value.message == "Menge 100 %(s): “two” is not a whole number."


HEADERS = {
    "missing": (
        ["order_id", "sku", "unit_price"],
        {},
        "no column occurred_at. The file has: order_id, sku, unit_price",
    ),
    "no price": (["order_id", "occurred_at"], {}, "no column unit_price or amount"),
    "ours unknown": (list(CANONICAL), {"sku": "sjku"}, "no column sjku. Did you mean sku"),
    "theirs unknown": (["order_id"], {"Datum": "occurred_at"}, "the file has no column Datum"),
    "taken twice": ([*CANONICAL, "Artikel"], {"Artikel": "sku"}, "Two columns of the file are taken as sku"),
}


@pytest.mark.parametrize(("header", "mapping", "sentence"), HEADERS.values(), ids=HEADERS)
def test_refuses_a_header_that_lacks_what_is_needed(header, mapping, sentence):
    with pytest.raises(SourceUnreadable) as refused:
        Profile(header, mapping=mapping, terms=TERMS)

    assert sentence in str(refused.value)


def test_columns_that_nobody_reads_are_told():
    profile = Profile([*CANONICAL, "note"], mapping={}, terms=TERMS)

    assert profile.layout.unused == ("note",)
