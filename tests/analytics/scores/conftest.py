"""A shop with the customers of the CDNOW sample, scored once as of the last day of its first nine months."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django_scopes import scope

from analytics.models import ValuePolicy
from analytics.scores import runs
from members.models import Consent, Holder, Member, Order, Program
from tests.analytics.lifetime.customers import DATA
from tests.fixtures.databases import clone, pointed_at
from tests.rewards import builders as b

NOW = datetime(1997, 9, 30, 18, tzinfo=UTC)


def rows():
    """(customer, day, cents) of every row of the sample."""
    file = DATA / "CDNOW_sample.txt.gz"
    if not file.exists():
        pytest.skip("the shared CDNOW data is not beside the project")
    with gzip.open(file, "rt") as lines:
        for line in lines:
            _, number, day, _, amount = line.split()
            yield int(number), f"{day[:4]}-{day[4:6]}-{day[6:]}", int(Decimal(amount) * 100)


def open_shop():
    """The customers of the sample, whose ids follow each other as in the file; nothing here is about earning."""
    program = b.open_program(rules={}, units={}, margin_rate=3_000, discount_rate=1_000)
    with scope(program=program):
        holders = Holder.objects.bulk_create([Holder(program=program) for _ in range(2357)])
        ids = sorted(holder.pk for holder in holders)
        Member.objects.bulk_create(
            [Member(holder_id=pk, program=program, number=f"{n:012d}") for n, pk in enumerate(ids)]
        )
        Order.objects.bulk_create(
            [
                Order(
                    program=program, source="x", external_id=str(place), member_id=ids[number - 1], state="paid",
                    currency="EUR", total_minor=cents, occurred_at=b.moment(day),
                )
                for place, (number, day, cents) in enumerate(rows())
            ],
            batch_size=2_000,
        )  # fmt: skip
    return program


@pytest.fixture(scope="package")
def shop(test_cluster, template, django_db_setup, django_db_blocker):
    """A database with the sample, scored once as of the last day of its first nine months, with a budget of 50.00."""
    with clone(test_cluster, template) as made, django_db_blocker.unblock(), pointed_at(made):
        program = open_shop()
        with scope(program=program):
            ValuePolicy.objects.create(program=program, budget_minor=5_000, holdout=20)
            Consent.objects.bulk_create(
                [
                    Consent(
                        program=program,
                        member=member,
                        channel="email",
                        topic="offers",
                        is_given=True,
                        since=NOW,
                    )
                    for member in Member.objects.order_by("pk")[:1500]
                ]
            )
        run = runs.ask(program=program, now=NOW)
        assert runs.carry_out(run=run, now=NOW)
        yield made


@pytest.fixture
def program(shop, django_db_blocker):
    with django_db_blocker.unblock(), pointed_at(shop):
        yield Program.objects.get()
