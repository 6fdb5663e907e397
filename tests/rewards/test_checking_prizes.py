"""check_ledger proves the prizes of referrals and surprises, and finds one that was not given, or given otherwise."""

import pytest

from members.models import Role, TeamMembership
from rewards import checking, surprises
from tests.members.teams import hire
from tests.rewards import builders as b
from tests.rewards.referrals import friends as f

CHANGES = {
    "what was promised": (
        """UPDATE rewards_referral SET terms = jsonb_set(terms, '{friend,amount}', '201')""",
        {"referral.prize"},
    ),
    "which fact": ("UPDATE rewards_referral SET referrer_fact = 0", {"referral.prize"}),
    "how many": ("UPDATE rewards_surprise SET given = 1", {"surprise.given", "surprise.prize"}),
    "what it cost": ("UPDATE rewards_surprise SET spent_minor = 0", {"surprise.given"}),
    "who got it": ("UPDATE rewards_surprisegift SET state = 'refused'", {"surprise.given"}),
    "what one got": (
        """UPDATE rewards_surprise SET prize = '{"unit": "points", "amount": 9}'""",
        {"surprise.prize"},
    ),
}


@pytest.fixture
def program(fresh_database):
    """A referral that was paid and one that was taken back, and a surprise for two."""
    program = f.open_program(units={"points": {"worth_numerator": 1, "worth_denominator": 1}})
    for name in ("ben", "cleo"):
        f.bring(program, name)
        f.buy(program, name)
    f.advance(program, f.PAID)
    b.record(program, b.bring_back("R", "2026-03-19", order=f"cleo-{f.BOUGHT}"))
    f.look_again(program, "cleo", at="2026-03-19")
    by = TeamMembership.objects.get(program=program, user=hire(program, Role.MANAGER))
    now = b.moment("2026-03-20")
    one = surprises.prepare(
        program=program,
        prize={"unit": "points", "amount": 10},
        reason="-",
        by=by,
        now=now,
        draws=2,
        narrowed={},
    )
    surprises.start(program=program, surprise_id=one.pk, by=by, now=now)
    while surprises.carry_on(program=program, surprise_id=one.pk, now=now):
        pass
    return program


def test_prizes_that_add_up_hold(program):
    report = checking.run(program=program, verify=True)

    rows = {proof.key: proof.rows for proof in report.proofs}
    assert report.faults == []
    assert (rows["referral.prize"], rows["surprise.given"], rows["surprise.prize"]) == (4, 1, 1)


@pytest.mark.parametrize(("statement", "found"), CHANGES.values(), ids=CHANGES)
def test_each_change_behind_our_back_is_found(program, owner_connection, statement, found):
    owner_connection.execute(statement)

    report = checking.run(program=program)

    assert {fault.check for fault in report.faults} == found
