"""A person leaves while orders of the same person come in: whatever comes after is nobody's."""

import pytest
from django_scopes import scope

from members import erasure
from members.models import Identity, Member, Order, Program
from rewards import checking
from tests.races import actors
from tests.races.actors import NOW, PROCESSES, holds
from tests.rewards import builders as b

pytestmark = [pytest.mark.races, pytest.mark.slow]

ORDERS = 4
# Loses every mark, as if none were left.
NO_MARKS = """
    CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
    CREATE TRIGGER lose BEFORE INSERT ON members_erasuremark FOR EACH ROW EXECUTE FUNCTION lose();
"""


def leave_or_buy(program: int, number: int) -> list[str]:
    """The first process forgets anna, the others record orders by her address, which would let her join."""
    if number:
        return actors.record(program, [[b.order(f"{number}.{n}", NOW, 1000)] for n in range(ORDERS)])
    found = Program.objects.get(pk=program)
    erasure.erase(member=b.find(found, "anna"), now=NOW)
    return ["erased"]


@pytest.mark.parametrize("guarded", [True, False], ids=["guarded", "control"])
def test_nobody_comes_back_by_an_order_that_was_under_way(
    fresh_database, owner_connection, processes, guarded
):
    if not guarded:
        owner_connection.execute(NO_MARKS)

    def once(number: int) -> bool:
        program = b.open_program()
        b.record(program, b.order("0.0", "2026-01-10", 1000))
        told = processes.each(leave_or_buy, [(program.pk, n) for n in range(PROCESSES)])
        # One more, which comes after her in any case.
        b.record(program, b.order("late", NOW, 1000))
        with scope(program=program):
            left = Member.objects.count(), Identity.objects.count(), Order.objects.count()
            late = Order.objects.get(external_id="late").member_id
        assert {status for each in told for status in each} == {"recorded", "erased"}
        assert checking.run(program=program, verify=True).wrong == 0
        return left == (1, 0, (PROCESSES - 1) * ORDERS + 2) and late is None

    assert holds(once, guarded=guarded) is guarded
