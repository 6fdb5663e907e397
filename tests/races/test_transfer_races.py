"""Two who send to each other at once: no ring of waiting, nothing made or lost (14, 16)."""

import pytest

from members.models import Program
from rewards import ledger, transfers
from tests.races import actors
from tests.races.actors import NOW, PROCESSES, holds
from tests.rewards import builders as b

pytestmark = [pytest.mark.races, pytest.mark.slow]

EACH = 5


def send(program: int, number: int) -> list[str]:
    """Half of the processes send from anna to ben, the others back."""
    found = Program.objects.get(pk=program)
    names = ("anna", "ben") if number % 2 else ("ben", "anna")
    sender, recipient = (b.find(found, name) for name in names)
    return [_send(found, sender, recipient, f"{number}-{n}") for n in range(EACH)]


def _send(program, sender, recipient, key):
    try:
        transfers.transfer(
            program=program, sender=sender, recipient=recipient, unit="points", amount=40, key=key, now=NOW
        )
    except ledger.InsufficientPoints:
        return "empty"
    return "sent"


@pytest.mark.parametrize("guarded", [True, False], ids=["guarded", "control"])
def test_points_sent_both_ways_at_once_stay_as_many(fresh_database, owner_connection, processes, guarded):
    if not guarded:
        actors.unguard(owner_connection)

    def once(number: int) -> bool:
        program = b.open_program(units={"points": {"transfer_limit": 10**6}})
        for name in ("anna", "ben"):
            b.record(program, b.order(f"O-{name}", "2026-01-10", 10_000, member=name))
        told = processes.each(send, [(program.pk, n) for n in range(PROCESSES)])
        if any(isinstance(each, BaseException) for each in told):
            return False
        both = b.balance(program).active + b.balance(program, "ben").active
        return both == 200 and not b.wrong_wallets(program)

    assert holds(once, guarded=guarded) is guarded
