"""How many statements each write takes, transaction control included: it does not grow with rules, lines or lots."""

import pytest

from rewards import ids, ledger
from tests.rewards import builders as b
from tests.rewards.statements import counted

pytestmark = pytest.mark.usefixtures("fresh_database")


def shop(rules: int = 1, lots: int = 1):
    """A program whose rulebook, ids and prepared statements are warm, and a member with so many open lots."""
    definitions = {f"rule-{n}": {"amount": b.ONE_PER_MAJOR, "caps": {"day": "1000000"}} for n in range(rules)}
    program = b.open_program(rules=definitions, tiers={"basic": (0, {}), "gold": (10**9, {"points": "2"})})
    b.record(program, *(b.order(f"lot-{n}", "2026-01-01", 1000) for n in range(lots)))
    b.record(program, b.order("warm", "2026-01-02", 1000))
    b.spend(program, 1, "2026-01-02")
    ids.pool(20_000)
    return program


def lines(count: int):
    return [b.line(100, f"sku-{n}") for n in range(count)]


@pytest.mark.parametrize(
    ("rules", "items", "lots"), [(1, 1, 1), (30, 1, 1), (1, 50, 1), (1, 1, 200), (30, 50, 200)]
)
def test_one_order_takes_two_statements(rules, items, lots):
    program = shop(rules, lots)

    with counted() as statements:
        (outcome,) = b.record(program, b.order("A", "2026-01-03", *lines(items)))

    assert outcome.awarded == {"points": rules * items}
    assert len(statements) == 2, statements.sent


def test_an_order_of_a_new_member_takes_two_statements():
    program = shop()

    with counted() as statements:
        b.record(program, b.order("A", "2026-01-03", 1000, member="ben"))

    assert len(statements) == 2, statements.sent


def test_a_repeat_takes_two_statements():
    program = shop()
    told = b.order("A", "2026-01-03", 1000)
    b.record(program, told)

    with counted() as statements:
        b.record(program, told)

    assert len(statements) <= 2, statements.sent


def test_a_batch_of_a_thousand_takes_five_statements():
    """Reading, and a transaction in which the lines go by COPY before the posting."""
    program = shop()
    orders = [b.order(f"A{n}", "2026-01-03", 1000, 2000, member=f"m{n % 300}") for n in range(1000)]

    with counted() as statements:
        outcomes = b.record(program, *orders)

    assert {outcome.status for outcome in outcomes} == {"recorded"}
    assert len(statements) == 5, statements.sent


@pytest.mark.parametrize("lots", [1, 200])
def test_a_return_takes_two_statements(lots):
    program = shop(30, lots)
    b.record(program, b.order("A", "2026-01-03", *lines(50)))

    with counted() as statements:
        b.record(program, b.bring_back("R", "2026-01-04", "sku-1", order="A"))

    assert len(statements) == 2, statements.sent


def test_a_return_that_names_no_order_takes_two_statements():
    program = shop()
    b.record(program, *(b.order(f"A{n}", "2026-01-03", *lines(20)) for n in range(20)))

    with counted() as statements:
        (outcome,) = b.record(program, b.bring_back("R", "2026-01-04", ("sku-1", 15), "sku-2", member="anna"))

    assert outcome.unmatched == 0
    assert len(statements) == 2, statements.sent


@pytest.mark.parametrize("lots", [1, 200])
def test_a_spend_takes_two_statements(lots):
    program = shop(1, lots)
    anna = b.find(program, "anna")

    with counted() as statements:
        ledger.spend(
            program=program, member=anna, unit="points", amount=5, key="k", now=b.moment("2026-01-03")
        )

    assert len(statements) == 2, statements.sent


def test_taking_ids_costs_one_more_statement_now_and_then():
    program = shop()
    ids.forget()

    with counted() as statements:
        b.record(program, b.order("A", "2026-01-03", 1000))

    assert len(statements) == 3, statements.sent


def test_a_write_within_a_transaction_says_so_with_a_savepoint():
    from django.db import transaction

    program = shop()

    with counted() as statements, transaction.atomic():
        b.record(program, b.order("A", "2026-01-03", 1000))

    assert len(statements) <= 6, statements.sent
