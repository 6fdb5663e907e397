"""check_ledger proves gifts, receipts and totals, and finds each that was changed behind our back."""

import pytest

from rewards import checking
from rewards.causes import giving
from tests.rewards import builders as b
from tests.rewards.causes.house import give, open_house, pay

CHANGES = {
    "a number left out": ("UPDATE rewards_donation SET number = 7 WHERE number = 2", {"donation.number"}),
    "how much": (
        "UPDATE rewards_donation SET amount = amount + 1 WHERE number = 1",
        {"donation.sum", "cause.total"},
    ),
    "what it was worth": ("UPDATE rewards_donation SET worth_minor = 1 WHERE number = 1", {"cause.total"}),
    "that it was taken back": (
        "UPDATE rewards_donation SET withdrawn_at = now(), withdrawn_fact_id = 1 WHERE number = 1",
        {"donation.withdrawn", "cause.total"},
    ),
    "whose cause": (
        "UPDATE rewards_donation SET cause_id = 0 WHERE number = 1",
        {"donation.home", "donation.sum", "cause.total"},
    ),
    "a receipt lost": ("DELETE FROM rewards_donation WHERE number = 3", {"donation.book"}),
    "what was paid": ("UPDATE rewards_causetotal SET paid_minor = 0", {"cause.total"}),
    "what it holds": ("UPDATE rewards_causetotal SET paid_amount = 0", {"cause.total", "cause.wallet"}),
}


@pytest.fixture
def program(fresh_database):
    """Two gifts that stand, one that was taken back, and a payout."""
    program = open_house()
    give(program, 60)
    give(program, 20)
    gift = give(program, 30)
    giving.withdraw(program=program, donation_id=gift.pk, now=b.moment("2026-02-01T12:05"))
    pay(program, 30)
    return program


def test_gifts_that_add_up_hold(program):
    report = checking.run(program=program, verify=True)

    rows = {proof.key: proof.rows for proof in report.proofs}
    assert report.faults == []
    assert (rows["donation.sum"], rows["donation.withdrawn"], rows["donation.book"], rows["cause.total"]) == (
        3,
        1,
        1,
        1,
    )


@pytest.mark.parametrize(("statement", "found"), CHANGES.values(), ids=CHANGES)
def test_each_change_behind_our_back_is_found(program, owner_connection, statement, found):
    owner_connection.execute("ALTER TABLE rewards_donation DISABLE TRIGGER USER")
    owner_connection.execute(statement)

    report = checking.run(program=program, verify=True)

    assert {fault.check for fault in report.faults} == found
