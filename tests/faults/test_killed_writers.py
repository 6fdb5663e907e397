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
from tests.rewards import builders as b

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.timeout(300)]

ROUNDS = int(os.environ.get("WAFA_FAULT_ROUNDS", "10"))
CRASHES = max(1, ROUNDS // 5)


def wait_for_one(path: Path, known: int) -> None:
    """Until something new was acknowledged, so that the kill falls into work."""
    end = time.monotonic() + 30
    while len(writing.acknowledged(path)) <= known and time.monotonic() < end:
        time.sleep(0.005)


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
    """Until the server has noticed that its client is gone and rolled its work back."""
    with database.connect(SUPERUSER) as watcher:
        for _ in range(600):
            row = watcher.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active'"
                " AND pid <> pg_backend_pid()"
            ).fetchone()
            if row == (0,):
                return
            time.sleep(0.02)


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
        assert all(isinstance(result, Exception) for result in results), results

        found = writing.assert_whole(program, writing.acknowledged(path))
        first = max(key[1] for key in found) + 1

    writing.assert_once(program, {(writer, number) for writer in (1, 2) for number in range(first + 1)})
    assert checking.run(program=program, verify=True).faults == []


def busy_backend(watcher: psycopg.Connection) -> int:
    """One that reads or posts; between two of these a writer does other things for a moment."""
    for _ in range(500):
        row = watcher.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND backend_type = 'client backend' AND query ~ 'wafa_(post|read)' ORDER BY state LIMIT 1"
        ).fetchone()
        if row is not None:
            return int(row[0])
        time.sleep(0.01)
    raise AssertionError("no writer is at work")


def crash(database, victim: str) -> None:
    """Kill -9 the whole server, or one busy backend, on which PostgreSQL restarts itself; come back when it answers."""
    if victim == "postmaster":
        database.cluster.kill()
        connection.close()
        database.cluster.start(attached=True)
        return
    with database.connect(SUPERUSER) as watcher:
        os.kill(busy_backend(watcher), signal.SIGKILL)
    connection.close()
    for _ in range(600):
        try:
            with database.connect() as probe:
                probe.execute("SELECT 1")
                return
        except psycopg.OperationalError:
            time.sleep(0.05)
