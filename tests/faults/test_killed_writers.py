"""Kill -9 of what writes, in mid-batch and at random moments, on a cluster with durability on."""

import os
import random
import signal
import time
from pathlib import Path

import psycopg
import pytest
from django.db import connection

from loyaltysite.embedded.postgres import SUPERUSER
from rewards import checking
from tests.faults import writing
from tests.fixtures.processes import Processes
from tests.fixtures.waiting import until
from tests.rewards import builders as b

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.timeout(1200)]

ROUNDS = int(os.environ.get("WAFA_FAULT_ROUNDS", "10"))
CRASHES = max(1, ROUNDS // 5)


def wait_for_one(path: Path, known: int) -> None:
    """Until something new was acknowledged, so that the kill falls into work."""
    until(lambda: len(writing.acknowledged(path)) > known, what="a batch that was acknowledged")


def test_a_killed_writer_leaves_whole_batches_only(durable_cluster, tmp_path):
    program, path = b.open_program(), tmp_path / "acknowledged"
    processes, tried = Processes(durable_cluster.environment()), 0

    for number in range(ROUNDS):
        known = len(writing.acknowledged(path))
        process = processes.start(writing.write, program.pk, 1, tried, str(path))
        wait_for_one(path, known)
        time.sleep(random.uniform(0, 0.15))
        process.kill()
        assert isinstance(process.result(), ProcessLookupError)
        wait_until_alone(durable_cluster)

        told = writing.acknowledged(path)
        found = writing.assert_whole(program, told)
        tried = max(key[1] for key in found) + 1
        assert len(found) - len(told) <= number + 1, (
            "at most one batch a round was whole and not acknowledged"
        )

    writing.assert_once(program, {(1, number) for number in range(tried + 1)})
    assert checking.run(program=program, verify=True).faults == []


def wait_until_alone(database) -> None:
    """Until the server has noticed that its client is gone, and has committed or rolled back what it was at."""
    connection.close()
    with database.connect(SUPERUSER) as watcher:

        def is_alone() -> bool:
            row = watcher.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
            ).fetchone()
            return row == (0,)

        until(is_alone, what="the server has noticed it")


@pytest.mark.parametrize("victim", ["postmaster", "backend"])
def test_a_killed_server_keeps_all_it_acknowledged(durable_cluster, tmp_path, victim):
    program, path = b.open_program(), tmp_path / "acknowledged"
    processes, first = Processes(durable_cluster.environment()), 0

    for _ in range(CRASHES):
        known = len(writing.acknowledged(path))
        running = [processes.start(writing.write, program.pk, writer, first, str(path)) for writer in (1, 2)]
        wait_for_one(path, known)
        time.sleep(random.uniform(0, 0.2))
        crash(durable_cluster, victim)
        results = [process.result() for process in running]
        assert all(isinstance(one, Exception) for one in results), results

        found = writing.assert_whole(program, writing.acknowledged(path))
        first = max(key[1] for key in found) + 1

    writing.assert_once(program, {(writer, number) for writer in (1, 2) for number in range(first + 1)})
    assert checking.run(program=program, verify=True).faults == []


def busy_backend(watcher: psycopg.Connection) -> int:
    """One that reads or posts; between two of these a writer does other things for a moment."""

    def look() -> int | None:
        row = watcher.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND backend_type = 'client backend' AND query ~ 'wafa_(post|read)' ORDER BY state LIMIT 1"
        ).fetchone()
        return row and row[0]

    return until(look, what="a writer at work")


def crash(database, victim: str) -> None:
    """Kill -9 the whole server, or one busy backend, on which PostgreSQL restarts itself; come back when it answers."""
    if victim == "postmaster":
        database.cluster.kill()
        connection.close()
        database.cluster.start(attached=True)
        return
    connection.close()
    watcher = database.connect(SUPERUSER)
    os.kill(busy_backend(watcher), signal.SIGKILL)
    # Only when the server has noticed that one of its processes died it ends all the others.
    until(lambda: not answers(watcher), what="the server has noticed")
    watcher.close()
    until(lambda: is_back(database), what="the server is back")


def answers(watcher: psycopg.Connection) -> bool:
    try:
        watcher.execute("SELECT 1")
    except psycopg.OperationalError:
        return False
    return True


def is_back(database) -> bool:
    try:
        with database.connect() as probe:
            return answers(probe)
    except psycopg.OperationalError:
        return False
