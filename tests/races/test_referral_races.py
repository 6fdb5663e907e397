"""One friend claimed by two referrers at once, and prizes paid by several workers at once: once each."""

import pytest
from django_scopes import scope

from loyaltysite.kit.errors import DomainError
from members.models import Program
from rewards import referrals
from rewards.models import Referral
from tests.races.actors import PROCESSES, drop, holds
from tests.rewards import builders as b
from tests.rewards.referrals import friends as f

pytestmark = [pytest.mark.races, pytest.mark.slow]

NOW = b.moment("2026-03-01")


def claim(program: int, code: str) -> str:
    found = Program.objects.get(pk=program)
    try:
        referrals.claim(
            program=found, friend=b.find(found, "ben"), code=code, via="till", now=b.moment(f.JOINED)
        )
    except DomainError as error:
        return error.code
    return "claimed"


@pytest.mark.parametrize("guarded", [True, False], ids=["guarded", "control"])
def test_of_many_referrers_at_once_one_brought_the_friend(
    fresh_database, owner_connection, processes, guarded
):
    if not guarded:
        drop(owner_connection, "rewards_referral", "rewards_referral_friend_id_key")
        # All have looked before the first has written.
        owner_connection.execute("""
            CREATE FUNCTION stall() RETURNS trigger LANGUAGE plpgsql AS
                'BEGIN PERFORM pg_sleep(0.1); RETURN NEW; END';
            CREATE TRIGGER stall BEFORE INSERT ON rewards_referral FOR EACH ROW EXECUTE FUNCTION stall()
        """)

    def once(number: int) -> bool:
        program = f.open_program()
        names = [f"member{n}" for n in range(PROCESSES)]
        for name in names:
            b.join(program, name)
        b.join(program, "ben", at=f.JOINED)
        told = processes.each(claim, [(program.pk, f.code_of(program, name)) for name in names])
        with scope(program=program):
            return told.count("claimed") == 1 and Referral.objects.count() == 1

    assert holds(once, guarded=guarded) is guarded


def pay(program: int, number: int) -> str:
    found = Program.objects.get(pk=program)
    try:
        referrals.advance(program=found, now=b.moment(f.PAID))
    except Exception as error:
        return type(error).__name__
    return "done"


@pytest.mark.parametrize("guarded", [True, False], ids=["guarded", "control"])
def test_of_many_workers_at_once_each_prize_is_paid_once_and_the_cap_holds(
    fresh_database, owner_connection, processes, guarded
):
    """Each prize is a fact with effect once for ever, even if the row of the referral forgot it. The control: without
    those facts a forgotten row pays a second time."""

    def once(number: int) -> bool:
        program = f.open_program(most=3)
        for name in ("ben", "cleo", "dan", "eve"):
            f.bring(program, name)
            f.buy(program, name)
        processes.each(pay, [(program.pk, n) for n in range(PROCESSES)])
        _forget(program)
        if not guarded:
            owner_connection.execute("ALTER TABLE members_fact DISABLE TRIGGER USER")
            owner_connection.execute("DELETE FROM members_fact WHERE kind = 'referral'")
        processes.each(pay, [(program.pk, n) for n in range(PROCESSES)])
        return f.points(program, "anna", "ben", "eve") == [1500, 200, 200] and not b.wrong_wallets(program)

    assert holds(once, guarded=guarded) is guarded


def _forget(program: Program) -> None:
    """As if a worker had died between the posting and its own row, which cannot be: the ledger holds alone."""
    with scope(program=program):
        paid = Referral.objects.filter(referrer_side="paid")
        paid.update(state="waiting", closed_at=None, referrer_side="", friend_side="")
