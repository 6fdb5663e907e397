"""One answer for one key, whoever is fastest and whatever is killed: the database alone sees to it, without Redis."""

from __future__ import annotations

import itertools
import json
import os
import time
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django_scopes import scope

from members.models import ApiAnswer, Order
from tests.fixtures.waiting import until
from tests.members.api_shop import Shop, order
from tests.races import actors
from tests.rewards import builders as b

pytestmark = [pytest.mark.races, pytest.mark.slow]

PROCESSES, ROUNDS, KILLS = 6, 12, 6


def send(secret, calls):
    """Each call's status, content and whether it was replayed."""
    client = Client(raise_request_exception=False)
    return [_send(client, secret, *call) for call in calls]


def _send(client, secret, path, content, key):
    headers = {"Authorization": f"Bearer {secret}", "Idempotency-Key": key}
    response = client.post(f"/api/v1/{path}", json.dumps(content), "application/json", headers=headers)
    return response.status_code, response.content, response.get("Idempotent-Replayed") == "true"


def orders():
    return [("orders", order(str(number), 1000), f"key-{number}") for number in range(ROUNDS)]


def race(processes, shop, calls):
    """What each process was told, call by call."""
    told = processes(PROCESSES, send, shop.secret, calls)
    assert not [each for each in told if isinstance(each, BaseException)], told
    return list(zip(*told, strict=True))


def is_answered_once(answers):
    """Everybody who was answered got the first one's bytes; others were told to try again."""
    bodies = {(status, body) for status, body, _replayed in answers if status != 409}
    return {status for status, _body in bodies} == {201} and len(bodies) == 1


@pytest.fixture
def shop(fresh_database):
    shop = Shop(b.open_program(), writes_per_minute=1_000_000)
    shop.post("orders", order("first", 10_000))
    return shop


@pytest.mark.parametrize("guarded", [True, False])
def test_equal_orders_with_one_key_are_answered_alike(shop, processes, owner_connection, guarded):
    if not guarded:
        # Two answers for one key: the facts still hold, but the second is told another thing than the first.
        actors.drop(owner_connection, "members_apianswer", "members_apianswer_pkey")
        # Each waits before it writes, so that others have looked for an answer by then.
        actors.rewrite_post(owner_connection, stall=0.1)

    told = race(processes, shop, orders())

    assert all(map(is_answered_once, told)) == guarded
    assert b.balance(shop.program).active == 100 + 10 * ROUNDS
    assert b.wrong_wallets(shop.program) == []


def test_equal_adjustments_with_one_key_are_posted_once(shop, processes):
    member = b.find(shop.program, "anna").pk
    wish = {"unit": "points", "amount": 5, "reason": "Late"}

    told = race(processes, shop, [(f"members/{member}/adjustments", wish, f"k{n}") for n in range(ROUNDS)])

    assert all(map(is_answered_once, told))
    assert b.balance(shop.program).active == 100 + 5 * ROUNDS


def test_of_two_requests_with_one_key_one_wins(shop, processes):
    calls = [
        [("orders", order(f"{n}-{who}", 1000), f"k{n}") for n in range(ROUNDS)] for who in range(PROCESSES)
    ]

    told = processes.each(send, [(shop.secret, each) for each in calls])

    for answers in zip(*told, strict=True):
        assert [status for status, _body, _replayed in answers].count(201) == 1, answers
        assert {status for status, _body, _replayed in answers} <= {201, 409, 422}
    assert b.balance(shop.program).active == 100 + 10 * ROUNDS


# --- killed in mid-work -----------------------------------------------------------------------------------------------


def write(secret, first, path):
    """Send one order after the other; each answer is on disk once it was received."""
    client = Client(raise_request_exception=False)
    with Path(path).open("ab", buffering=0) as file:
        for number in itertools.count(first):
            status, body, _replayed = _send(client, secret, *call(number))
            file.write(json.dumps([number, status, body.decode()]).encode() + b"\n")
            os.fsync(file.fileno())


def call(number):
    return "orders", order(f"W{number}", 1000), f"w-{number}"


def test_a_killed_server_has_posted_and_answered_or_neither(shop, processes, tmp_path):
    path, told = tmp_path / "told", {}
    for round_ in range(KILLS):
        process = processes.start(write, shop.secret, len(told), str(path))
        known = len(told)
        until(lambda known=known: len(read(path)) >= known + 2, what="two more answers")
        time.sleep(0.004 * round_)
        process.kill()
        assert isinstance(process.result(), ProcessLookupError)
        _wait_until_alone()
        assert counts(shop) == (counts(shop)[1],) * 2
        told = read(path)

    for number, (status, body) in told.items():
        again = _send(Client(), shop.secret, *call(number))
        assert again == (status, body.encode(), True)
    last = _send(Client(), shop.secret, *call(len(told)))
    assert last[0] == 201
    assert b.balance(shop.program).active == 100 + 10 * (len(told) + 1)
    assert b.wrong_wallets(shop.program) == []


def read(path):
    lines = path.read_text().splitlines(keepends=True) if path.exists() else []
    return {
        number: (status, body)
        for number, status, body in map(json.loads, (x for x in lines if x[-1:] == "\n"))
    }


def counts(shop):
    """How many orders and answers there are."""
    with scope(program=shop.program):
        return Order.objects.count(), ApiAnswer.objects.count()


def _wait_until_alone():
    """Until the server has noticed that its client is gone."""

    def is_alone() -> bool:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            return cursor.fetchone()[0] == 0

    until(is_alone, what="the server has noticed it")
