"""check_ledger proves redemptions, and finds one that took another price, belongs elsewhere, or holds nothing."""

import pytest

from rewards import checking, redemptions
from tests.rewards import builders as b
from tests.rewards.catalogue import put_up

START = b.moment("2026-03-01")
CHANGES = {
    "what it cost": ("UPDATE rewards_redemption SET price = '{\"points\": 101}'", {"redemption.price"}),
    "whose reward": ("UPDATE rewards_redemption SET reward_id = 0", {"redemption.home", "reward.taken"}),
    "whose it is": ("UPDATE rewards_redemption SET member_id = 0", {"redemption.home"}),
    "what is taken": ("UPDATE rewards_reward SET taken = taken + 1", {"reward.taken"}),
    "what is held": (
        "UPDATE rewards_lot SET reserved = 0, remaining = remaining - reserved WHERE reserved > 0",
        {"redemption.held", "lot.remaining", "lot.reserved", "wallet.lots"},
    ),
}


@pytest.fixture
def program(fresh_database):
    """One redemption that is reserved, one that is issued, and one that was released."""
    program = b.open_program()
    b.record(program, b.order("A", "2026-01-10", 500_00))
    put_up(program, stock=5)
    anna = b.find(program, "anna")
    made = [
        redemptions.reserve(program=program, member=anna, reward="mug", key=str(key), now=START)
        for key in range(3)
    ]
    redemptions.confirm(program=program, redemption_id=made[1].pk, now=START)
    redemptions.release(program=program, redemption_id=made[2].pk, now=START)
    return program


def test_redemptions_that_add_up_hold(program):
    report = checking.run(program=program, verify=True)

    rows = {proof.key: proof.rows for proof in report.proofs}
    assert report.wrong == 0
    assert (rows["reward.taken"], rows["redemption.home"], rows["redemption.held"]) == (1, 3, 1)


@pytest.mark.parametrize(("statement", "found"), CHANGES.values(), ids=CHANGES)
def test_each_change_behind_our_back_is_found(program, owner_connection, statement, found):
    for table in ("rewards_redemption", "rewards_lot"):
        owner_connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    owner_connection.execute(statement)

    report = checking.run(program=program, verify=True)

    assert {fault.check for fault in report.faults} == found
