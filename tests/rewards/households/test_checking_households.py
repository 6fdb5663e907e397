"""check_ledger proves households, and finds one without its head, one that kept something, and a wrong name."""

import pytest

from rewards import checking, redemptions
from rewards.households import parting
from tests.rewards import builders as b
from tests.rewards.catalogue import put_up
from tests.rewards.households.homes import NOW, is_right, move, open_home

CHANGES = {
    "its head has left": (
        "UPDATE rewards_householdplace p SET left_at = joined_at FROM rewards_household h WHERE p.member_id = h.head_id",
        {"household.head"},
    ),
    "it kept what it had": ("UPDATE rewards_household SET ended_at = founded_at", {"household.end"}),
    "it took from nobody": (
        "UPDATE rewards_redemption SET household_id = NULL",
        {"redemption.household"},
    ),
    "it took from another": ("UPDATE rewards_redemption SET household_id = 0", {"redemption.household"}),
}


@pytest.fixture
def program(fresh_database):
    """150 were shared; 60 of them are held for ben."""
    program = open_home()
    move(program, "in", 150)
    put_up(program)
    redemptions.reserve(
        program=program, member=b.find(program, "ben"), reward="mug", key="k", now=b.moment(NOW), shares=True
    )
    return program


def test_a_household_that_adds_up_holds(program):
    rows = {
        proof.key: proof.rows for proof in checking.run(program=program, verify=True).proofs if proof.rows
    }

    assert (rows["household.head"], rows["redemption.household"]) == (1, 1)
    parting.dissolve(program=program, head=b.find(program, "anna"), now=b.moment(NOW))
    assert is_right(program)


@pytest.mark.parametrize(("statement", "found"), CHANGES.values(), ids=CHANGES)
def test_each_change_behind_our_back_is_found(program, owner_connection, statement, found):
    owner_connection.execute("ALTER TABLE rewards_redemption DISABLE TRIGGER USER")
    owner_connection.execute(statement)

    report = checking.run(program=program, verify=True)

    assert {fault.check for fault in report.faults} == found
