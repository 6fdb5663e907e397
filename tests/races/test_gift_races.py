"""Many give to one cause at once: every receipt has a number of its own, none is left out, nothing is lost (14, 16)."""

import pytest
from django_scopes import scope

from members.models import Program
from rewards.causes import reading
from rewards.models import Donation
from tests.races import actors
from tests.races.actors import NOW, PROCESSES, holds
from tests.rewards import builders as b
from tests.rewards.causes import house

pytestmark = [pytest.mark.races, pytest.mark.slow]

EACH = 4
NAMES = ("anna", "ben", "cora")


def give(program: int, number: int) -> int:
    found = Program.objects.get(pk=program)
    for n in range(EACH):
        house.give(found, 10, member=NAMES[number % len(NAMES)], key=f"{number}-{n}", at=NOW.isoformat())
    return EACH


@pytest.mark.parametrize("guarded", [True, False], ids=["guarded", "control"])
def test_gifts_at_once_are_all_there_with_a_receipt_each(
    fresh_database, owner_connection, processes, guarded
):
    if not guarded:
        actors.unguard(owner_connection)

    def once(number: int) -> bool:
        program = b.open_program()
        for name in NAMES:
            b.record(program, b.order(f"O-{name}", "2026-01-10", 100_000, member=name))
        house.put_up(program)
        told = processes.each(give, [(program.pk, n) for n in range(PROCESSES)])
        if any(isinstance(each, BaseException) for each in told):
            return False
        total = reading.find(program=program, key="lighthouse").total
        with scope(program=program):
            numbers = sorted(Donation.objects.values_list("number", flat=True))
        gifts = EACH * PROCESSES
        same = numbers == list(range(1, gifts + 1)) and (total.gifts, total.worth_minor) == (
            gifts,
            10 * gifts,
        )
        return same and house.is_right(program)

    assert holds(once, guarded=guarded) is guarded
