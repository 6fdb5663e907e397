"""check_ledger proves redemptions, and finds one that took another price, belongs elsewhere, or holds nothing."""

import pytest
from django_scopes import scope

from rewards import checking, holds, redemptions, sendings
from rewards.models import Lot, Redemption
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
    assert rows["redemption.claimed"] == 1


@pytest.mark.parametrize(("statement", "found"), CHANGES.values(), ids=CHANGES)
def test_each_change_behind_our_back_is_found(program, owner_connection, statement, found):
    for table in ("rewards_redemption", "rewards_lot"):
        owner_connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    owner_connection.execute(statement)

    report = checking.run(program=program, verify=True)

    assert {fault.check for fault in report.faults} == found


def keep(program):
    """A mug reserved, 7 points held by staff and 5 on their way to Ben: the numbers of the three."""
    anna, ben = b.find(program, "anna"), b.join(program, "ben")
    who = {"program": program, "unit": "points", "now": START}
    held = holds.hold(**who, member=anna, amount=7, reason="a look at it", by=b.staff(), key="hold")
    to = sendings.Contact(sendings.NUMBER, ben.number)
    sent = sendings.send(**who, sender=anna, to=to, amount=5, key="sending")
    with scope(program=program):
        reserved = Redemption.objects.get(state="reserved")
    return {"redemption": reserved.pk, "hold": held.pk, "sending": sent.pk}


LOST = {
    "redemption": (
        "UPDATE rewards_redemption SET state = 'released', is_given_back = true, closed_at = now(), due_at = NULL",
        12,
        "released 100",
    ),
    "hold": ("UPDATE rewards_hold SET released_at = now(), released_by_id = author_id", 105, "released 7"),
    "sending": ("UPDATE rewards_sending SET state = 'withdrawn', closed_at = now()", 107, "withdrawn 5"),
}


@pytest.mark.parametrize("kind", LOST)
def test_points_held_for_nothing_are_found_and_what_forgot_them_is_named(
    fresh_database, owner_connection, kind
):
    """Every sum agrees and the points are gone for the member: nothing will ever release them."""
    program = b.open_program(units={"points": {"transfer_limit": 10**6}})
    b.record(program, b.order("A", "2026-01-10", 500_00))
    put_up(program)
    redemptions.reserve(program=program, member=b.find(program, "anna"), reward="mug", key="k", now=START)
    numbers = keep(program)
    statement, claimed, told = LOST[kind]
    assert checking.run(program=program, verify=True).faults == []
    owner_connection.execute(f"ALTER TABLE rewards_{kind} DISABLE TRIGGER USER")
    owner_connection.execute(statement)

    (fault,) = checking.run(program=program).faults

    with scope(program=program):
        lot = Lot.objects.get()
    assert (fault.check, fault.subject, fault.found) == ("redemption.claimed", f"lot {lot.pk}", "112")
    assert (fault.wallet, fault.holder) == (lot.wallet_id, b.find(program, "anna").pk)
    assert fault.expected.startswith(f"{claimed}: ")
    assert f"{kind} {numbers[kind]} {told}" in fault.expected


def test_a_redemption_that_names_a_lot_that_is_none_is_found(program, owner_connection):
    """Also where one program alone is looked at, to which a missing lot does not belong."""
    owner_connection.execute("ALTER TABLE rewards_redemption DISABLE TRIGGER USER")
    owner_connection.execute(
        "UPDATE rewards_redemption SET parts = jsonb_set(parts, '{0,1}', '12345') WHERE state = 'reserved'"
    )

    faults = checking.run(program=program).faults

    assert {(fault.check, fault.expected.split(":")[0], fault.found) for fault in faults} == {
        ("redemption.held", "100", ""),
        ("redemption.claimed", "0", "100"),
    }
