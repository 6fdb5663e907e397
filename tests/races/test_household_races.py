"""Two of a household take or redeem what is shared at once: it is never taken twice, nor by who has left (14, 16, 38)."""

from contextlib import suppress

import pytest
from django.db import Error, connection
from django_scopes import scope

from loyaltysite.kit.errors import DomainError
from members.models import Identity, Program
from rewards import ledger, redemptions, sendings
from rewards.households import moving, parting, places
from rewards.models import Redemption, Wallet
from tests.fixtures.waiting import Late, until
from tests.races import actors
from tests.races.actors import NOW, PROCESSES, holds
from tests.rewards import builders as b
from tests.rewards.catalogue import put_up

pytestmark = [pytest.mark.races, pytest.mark.slow]

EACH = 4


def take(program: int, number: int) -> list[str]:
    found = Program.objects.get(pk=program)
    member = b.find(found, "anna" if number % 2 else "ben")
    return [_take(found, member, f"{number}-{n}") for n in range(EACH)]


def _take(program, member, key):
    try:
        moving.move(program=program, member=member, way="out", unit="points", amount=30, key=key, now=NOW)
    except ledger.InsufficientPoints:
        return "empty"
    return "taken"


def enter(program, name):
    to = sendings.read_contact(f"{name}@example.com")
    made = places.invite(program=program, head=b.find(program, "anna"), to=to, now=NOW)
    with scope(program=program):
        Identity.objects.update(verified_at=NOW)
    member = b.find(program, name)
    places.answer(program=program, member=member, invitation_id=made.pk, accepts=True, now=NOW)


def home() -> Program:
    """Anna and ben with 100 each, of which anna has put hers in."""
    program = b.open_program(units={"points": {"is_shared": True}})
    for name in ("anna", "ben"):
        b.record(program, b.order(f"O-{name}", "2026-01-10", 10_000, member=name))
    anna = b.find(program, "anna")
    places.found(program=program, member=anna, now=NOW)
    enter(program, "ben")
    moving.move(program=program, member=anna, way="in", unit="points", amount=100, key="in", now=NOW)
    return program


@pytest.mark.parametrize("guarded", [True, False], ids=["guarded", "control"])
def test_two_who_take_at_once_take_it_once(fresh_database, owner_connection, processes, guarded):
    if not guarded:
        actors.unguard(owner_connection)

    def once(number: int) -> bool:
        program = home()
        told = processes.each(take, [(program.pk, n) for n in range(PROCESSES)])
        if any(isinstance(each, BaseException) for each in told):
            return False
        with scope(program=program):
            everybody = sum(Wallet.objects.values_list("active", flat=True))
        taken = [one for each in told for one in each].count("taken")
        return everybody == 200 and taken == 3 and not b.wrong_wallets(program)

    assert holds(once, guarded=guarded) is guarded


def redeem(program: int, number: int) -> list[str]:
    found = Program.objects.get(pk=program)
    member = b.find(found, "anna" if number % 2 else "cora")
    return [_redeem(found, member, f"{number}-{n}") for n in range(EACH)]


def _redeem(program, member, key):
    try:
        redemptions.reserve(program=program, member=member, reward="mug", key=key, now=NOW, shares=True)
    except (DomainError, Error) as error:
        return type(error).__name__
    return "taken"


@pytest.mark.parametrize("guarded", [True, False], ids=["guarded", "control"])
def test_two_who_redeem_at_once_hold_it_once(fresh_database, owner_connection, processes, guarded):
    if not guarded:
        actors.unguard(owner_connection)

    def once(number: int) -> bool:
        program = home()
        b.join(program, "cora")
        enter(program, "cora")
        put_up(program, price={"points": 30})
        told = processes.each(redeem, [(program.pk, n) for n in range(PROCESSES)])
        if any(isinstance(each, BaseException) for each in told):
            return False
        taken = [one for each in told for one in each].count("taken")
        with scope(program=program):
            home_wallet = Wallet.objects.get(holder__kind="household")
            held = Redemption.objects.filter(state="reserved").count()
        sums = (home_wallet.active, home_wallet.reserved)
        return (taken, held, sums) == (3, 3, (10, 90)) and not b.wrong_wallets(program)

    assert holds(once, guarded=guarded) is guarded


def come_and_go(program: int, number: int, waits: bool) -> list[str]:
    """Cora redeems out of the household, and is taken out of it meanwhile."""
    found = Program.objects.get(pk=program)
    cora = b.find(found, "cora")
    if number % 4:
        return [_redeem(found, cora, f"{number}-{n}") for n in range(EACH)]
    if waits:
        wait_for_one_between()
    try:
        parting.leave(program=found, member=cora, now=NOW)
    except (DomainError, Error) as error:
        return [type(error).__name__]
    return ["left"]


def wait_for_one_between() -> None:
    """Until somebody has read that cora belongs to the household, and has not written yet."""

    def is_there() -> bool:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()"
            )
            return cursor.fetchone()[0] > 0

    with suppress(Late):  # should all have gone by, another round shows it
        until(is_there, seconds=10)


@pytest.mark.parametrize("guarded", [True, False], ids=["guarded", "control"])
def test_who_leaves_holds_nothing_of_it(fresh_database, owner_connection, processes, guarded):
    if not guarded:
        actors.unguard(owner_connection, stall=0.3)

    def once(number: int) -> bool:
        program = home()
        b.join(program, "cora")
        enter(program, "cora")
        put_up(program, price={"points": 5})
        told = processes.each(come_and_go, [(program.pk, n, not guarded) for n in range(PROCESSES)])
        if any(isinstance(each, BaseException) for each in told):
            return False
        with scope(program=program):
            held = Redemption.objects.filter(state="reserved").count()
            wallet = Wallet.objects.get(holder__kind="household")
        gone = [one for each in told for one in each].count("left")
        return (gone, held, wallet.active, wallet.reserved) == (1, 0, 100, 0)

    assert holds(once, guarded=guarded) is guarded
