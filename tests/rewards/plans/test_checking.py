"""check_ledger proves terms and savings, and finds what somebody changed behind the posting's back."""

import pytest

from rewards import checking
from tests.rewards import builders as b
from tests.rewards import plans_shop as p

CHANGES = {
    "whose it is": ("UPDATE rewards_term SET member_id = 0", {"term.home"}),
    "whose plan": ("UPDATE rewards_term SET plan_id = 0", {"term.home"}),
    "what it saved": ("UPDATE rewards_saving SET amount_minor = -5", {"term.saved"}),
    "whose saving": ("UPDATE rewards_saving SET term_id = 0", {"saving.home"}),
    "when it began": (
        "UPDATE rewards_term SET starts_at = starts_at - interval '2 days' WHERE number = 2",
        {"term.order"},
    ),
}


@pytest.fixture
def program(fresh_database):
    program = b.open_program()
    b.join(program, "anna")
    p.put_up(program)
    p.pay(program, "2026-01-05")
    b.record(program, b.order("A", "2026-01-10", b.line(900, discount_minor=100)))
    p.pay(program, "2026-12-20")
    return program


def test_what_adds_up_holds(program):
    report = checking.run(program=program, verify=True)

    assert report.faults == []
    rows = {proof.key: proof.rows for proof in report.proofs}
    assert (rows["term.home"], rows["saving.home"]) == (2, 1)


@pytest.mark.parametrize("what", CHANGES)
def test_it_finds_what_was_changed(program, owner_connection, what):
    statement, keys = CHANGES[what]
    owner_connection.execute("ALTER TABLE rewards_term DISABLE TRIGGER USER")
    owner_connection.execute("ALTER TABLE rewards_saving DISABLE TRIGGER USER")
    owner_connection.execute("ALTER TABLE rewards_term DROP CONSTRAINT term_one_at_a_time")

    owner_connection.execute(statement)

    assert {fault.check for fault in checking.run(program=program).faults} == keys
