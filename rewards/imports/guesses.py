"""What the columns of somebody's file mean, guessed from their names and first rows; people correct it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from rewards.imports import online_retail
from rewards.imports.columns import CANONICAL

# Other words for our columns, in the forms in which shops export them: only letters, in small.
WORDS: Mapping[str, str] = {
    "order_id": "order ordernumber orderno ordernr orderid ordername invoice invoiceno invoicenumber receipt"
    " receiptno receiptnumber transaction transactionid bestellnummer commande",
    "return_id": "return returnnumber returnno refund refundid creditnote",
    "occurred_at": "date datetime time created createdat orderdate ordered orderedat invoicedate paidat timestamp"
    " purchasedate datum",
    "sku": "product productid productcode item itemno itemnumber article articleno stockcode variantsku lineitemsku"
    " barcode ean",
    "name": "description productname itemname title lineitemname",
    "category": "productcategory producttype department group type1",
    "quantity": "qty count units pieces lineitemquantity",
    "unit_price": "price unitprice itemprice priceeach lineitemprice",
    "amount": "total linetotal lineamount subtotal sum net paid",
    "discount": "discountamount reduction lineitemdiscount",
    "tax": "vat taxamount taxes",
    "unit_cost": "cost purchaseprice",
    "member_shop_id": "customer customerid customernumber customerno clientid buyerid userid",
    "member_email": "email emailaddress customeremail mail buyeremail",
    "member_phone": "phone phonenumber mobile telephone customerphone tel",
    "member_card": "card cardnumber cardno loyaltycard",
    "member_number": "member membernumber memberno memberid",
    "member_name": "customername fullname buyer buyername billingname",
    "member_language": "language locale",
    "store": "shop storeid storecode location branch outlet",
    "channel": "saleschannel",
    "currency": "currencycode",
    "type": "kindoforder transactiontype recordtype",
}
BY_WORD = {word: column for column, words in WORDS.items() for word in words.split()}
NEAR = 0.86

PATTERNS = (
    "", "%d/%m/%Y %H:%M", "%d/%m/%Y", "%m/%d/%Y %H:%M", "%m/%d/%Y", "%d.%m.%Y %H:%M", "%d.%m.%Y", "%Y/%m/%d %H:%M",
    "%Y/%m/%d", "%d-%m-%Y %H:%M", "%d-%m-%Y", "%d/%m/%Y %H:%M:%S", "%m/%d/%Y %H:%M:%S", "%d.%m.%Y %H:%M:%S",
)  # fmt: skip


def profile_of(header: Sequence[str]) -> str:
    """Whose columns these are."""
    needed = {name for name in online_retail.COLUMNS if name != "Country"}
    return "online-retail" if needed <= set(header) else "canonical"


def mapping_of(header: Sequence[str]) -> dict[str, str]:
    """{name in the file: our column, "" for one that is not used}; each of ours is given once, the surest first."""
    found = dict.fromkeys(header, "")
    free = set(CANONICAL)
    for guess in (_same, _word, _near):
        for name in header:
            column = "" if found[name] else guess(name)
            if column in free:
                found[name] = column
                free.discard(column)
    return found


def _same(name: str) -> str:
    plain = name.strip().lower().replace(" ", "_").replace("-", "_")
    return plain if plain in CANONICAL else ""


def _letters(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _word(name: str) -> str:
    return BY_WORD.get(_letters(name), "")


def _near(name: str) -> str:
    known = {_letters(column): column for column in CANONICAL} | BY_WORD
    near = difflib.get_close_matches(_letters(name), known, n=1, cutoff=NEAR)
    return known[near[0]] if near else ""


def pattern_of(texts: Sequence[str]) -> str:
    """The way to write dates (as strptime has it, "" for ISO 8601) in which most of these can be read."""
    given = [text.strip() for text in texts if text.strip()]
    return max(PATTERNS, key=lambda pattern: sum(fits(text, pattern) for text in given))


def fits(text: str, pattern: str) -> bool:
    """Whether a date can be read in this way."""
    try:
        datetime.strptime(text, pattern) if pattern else datetime.fromisoformat(text)  # noqa: DTZ007
    except ValueError:
        return False
    return True
