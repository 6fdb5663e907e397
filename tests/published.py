"""Two published data sets as shops: their orders written straight, in thousandths, so that no price is rounded."""

import csv
import gzip
import io
import lzma
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest
from django_scopes import scope

from members import numbers
from members.models import Holder, Member, Order
from tests.rewards import builders as b

DATA = Path(__file__).parents[1].parent / "shared" / "data"


def found(path):
    if not path.exists():
        pytest.skip("the shared data is not beside the project")
    return path


def cdnow():
    """(customer, day, amount in thousandths) of every row of the sample."""
    with gzip.open(found(DATA / "cdnow" / "CDNOW_sample.txt.gz"), "rt") as lines:
        for line in lines:
            _, number, day, _, amount = line.split()
            yield number, date.fromisoformat(day), int(Decimal(amount) * 1000)


@cache
def online_retail():
    """As above, an order an invoice: sales to known customers."""
    invoices = {}
    with lzma.open(found(DATA / "online_retail" / "online_retail.csv.xz")) as file:
        for row in csv.DictReader(io.TextIOWrapper(file, "utf-8")):
            quantity, price = int(row["Quantity"]), Decimal(row["UnitPrice"])
            customer = row["CustomerID"].removesuffix(".0")
            if customer and not row["InvoiceNo"].startswith("C") and quantity > 0 and price > 0:
                known = invoices.setdefault(row["InvoiceNo"], [customer, row["InvoiceDate"][:10], 0])
                known[2] += int(quantity * price * 1000)
    return [(customer, date.fromisoformat(day), amount) for customer, day, amount in invoices.values()]


def shop_of(orders):
    """A program with these orders, written straight: nothing here is about earning. The ids of members by customer."""
    program = b.open_program(currency="KWD", rules={}, units={})
    orders = list(orders)
    customers = sorted({customer for customer, _day, _amount in orders})
    firsts = {}
    for customer, day, _amount in orders:
        moment = datetime(day.year, day.month, day.day, tzinfo=UTC)
        firsts[customer] = min(firsts.get(customer, moment), moment)
    with scope(program=program):
        holders = Holder.objects.bulk_create([Holder(program=program) for _ in customers])
        members = dict(zip(customers, sorted(one.pk for one in holders), strict=True))
        Member.objects.bulk_create(
            [
                Member(holder_id=pk, program=program, number=numbers.draw(), joined_at=firsts[customer])
                for customer, pk in members.items()
            ]
        )
        Order.objects.bulk_create(
            [
                Order(
                    program=program, source="x", external_id=str(number), member_id=members[customer], state="paid",
                    currency="KWD", total_minor=amount, occurred_at=datetime(day.year, day.month, day.day, 12, tzinfo=UTC),
                )
                for number, (customer, day, amount) in enumerate(orders)
            ],
            batch_size=5000,
        )  # fmt: skip
    return program, {pk: customer for customer, pk in members.items()}
