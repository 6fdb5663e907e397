"""One tap that is sent by many at once: a key has effect once, and each sender hears the same answer."""

import uuid

import pytest
from django.core.cache import cache
from django.utils import timezone
from django_scopes import scope

from members.models import Order, Program, Role, User
from rewards.models import TillAction
from tests.members.teams import hire, signed_in
from tests.races.actors import PROCESSES
from tests.rewards import builders
from tests.rewards.till import shop

pytestmark = [pytest.mark.races, pytest.mark.slow]


def send(program: int, cashier: int, number: str, key: str, at: str) -> tuple[int, str]:
    """What one process is told over HTTP."""
    user, found = User.objects.get(pk=cashier), Program.objects.get(pk=program)
    fields = {
        "key": key,
        "at": at,
        "cashier": user.pk,
        "number": number,
        "amount_minor": 1000,
        "store": "quay",
    }
    response = signed_in(user).post(shop.till_of(found, "actions/sale/"), fields, headers=shop.JSON)
    return response.status_code, response.json().get("short", response.json().get("code"))


@pytest.mark.parametrize("one_key", [True, False], ids=["one key", "control"])
def test_one_tap_from_sixteen_processes_is_one_order(fresh_database, processes, one_key):
    cache.clear()
    program = shop.open_shop()
    member, cashier = shop.amelia(program), hire(program, Role.CASHIER)
    at = timezone.now().isoformat()
    keys = [str(uuid.uuid4())] * PROCESSES if one_key else [str(uuid.uuid4()) for _ in range(PROCESSES)]

    told = processes.each(send, [(program.pk, cashier.pk, member.number, key, at) for key in keys])

    with scope(program=program):
        counts = Order.objects.count(), TillAction.objects.count()
    assert counts == ((1, 1) if one_key else (PROCESSES, PROCESSES))
    assert set(told) == {(200, "£10.00 · +10\u00a0Stars")}
    assert builders.balance(program, "amelia").active == 10 * counts[0]
    assert builders.wrong_wallets(program) == []


def take_back(program: int, cashier: int, of: str, at: str) -> int:
    user, found = User.objects.get(pk=cashier), Program.objects.get(pk=program)
    fields = {"key": str(uuid.uuid4()), "at": at, "cashier": user.pk, "of": of}
    return signed_in(user).post(shop.till_of(found, "actions/undo/"), fields, headers=shop.JSON).status_code


def test_undoing_from_sixteen_processes_takes_back_once(fresh_database, processes):
    cache.clear()
    program = shop.open_shop()
    member, cashier = shop.amelia(program), hire(program, Role.CASHIER)
    key, at = str(uuid.uuid4()), timezone.now().isoformat()
    shop.sell(signed_in(cashier), program, cashier, member, 1000)
    shop.sell(signed_in(cashier), program, cashier, member, 500, key=key)

    told = processes(PROCESSES, take_back, program.pk, cashier.pk, key, at)

    assert set(told) == {200}
    assert builders.balance(program, "amelia").active == 10
    with scope(program=program):
        assert TillAction.objects.filter(kind="undo").count() == 1
