"""One code from many tills at once allows one spending."""

import pytest
from django.core.cache import cache
from django_scopes import scope

from members.models import Program, Role, TeamMembership
from rewards import passcodes, spending
from rewards.models import Warrant
from tests.members.teams import hire
from tests.races.actors import NOW, PROCESSES, holds
from tests.rewards import builders as b

pytestmark = [pytest.mark.races, pytest.mark.slow]


def spend(program: int, owner: int, code: str, key: str) -> str:
    found = Program.objects.get(pk=program)
    by = TeamMembership.objects.get(program=found, user_id=owner)
    cache.clear()  # so many tills at once would be held back as guessers
    try:
        spending.spend(
            program=found, member=b.find(found, "anna"), unit="points", amount=10,
            authorization=spending.Passcode(code), by=by, key=key, now=NOW,
        )  # fmt: skip
    except Exception as error:
        return type(error).__name__
    return "spent"


@pytest.mark.parametrize("guarded", [True, False], ids=["guarded", "control"])
def test_one_code_from_many_tills_spends_once(fresh_database, owner_connection, processes, guarded):
    if not guarded:
        owner_connection.execute("DROP INDEX warrant_code_works_once")

    def once(number: int) -> bool:
        program = b.open_program()
        b.record(program, b.order("A", "2026-01-10", 100_000))
        owner = hire(program, Role.OWNER)
        code = passcodes.show(member=b.find(program, "anna"), now=NOW).code
        told = processes.each(spend, [(program.pk, owner.pk, code, f"k{n}") for n in range(PROCESSES)])
        with scope(program=program):
            count = Warrant.objects.count()
        assert told.count("spent") == count
        assert b.balance(program).active == 1000 - 10 * count
        assert b.wrong_wallets(program) == []
        return count == 1

    assert holds(once, guarded=guarded) is guarded
