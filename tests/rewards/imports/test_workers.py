"""Imports that are killed, lose a worker, or run in several processes end as one undisturbed run does."""

import io
import json
import os
import signal
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from django.core.management import CommandError, call_command

from rewards import posting
from rewards.imports import workers
from tests.rewards import builders as b
from tests.rewards.imports.files import many, run, state_of, write

pytestmark = pytest.mark.faults


def import_and_die(slug: str, path: str, calls: int, *, after: bool, processes: int = 1) -> None:
    """Import until the given call of the posting, then kill -9 before or after the statement."""
    real, done = posting.post, [0]

    def post(document, kept=None):
        done[0] += 1
        if done[0] == calls and not after:
            os.kill(os.getpid(), signal.SIGKILL)
        answer = real(document, kept)
        if done[0] == calls:
            os.kill(os.getpid(), signal.SIGKILL)
        return answer

    posting.post = post
    call_command(
        "import_orders", path, program=slug, verbosity=0, batch=7, processes=processes, stdout=io.StringIO()
    )


@pytest.mark.parametrize("after", [False, True], ids=["before the statement", "after it"])
def test_killed_in_the_middle_and_started_again_is_like_one_run(fresh_database, processes, tmp_path, after):
    path = write(tmp_path / "orders.csv", many())
    whole, broken = b.open_program(currency="GBP"), b.open_program(currency="GBP")
    run(whole, path, batch=7)

    processes(1, import_and_die, broken.slug, str(path), 4, after=after)
    orders_then, _lines, _entries = state_of(broken)
    report = run(broken, path, batch=7)

    assert orders_then == (28 if after else 21)
    assert report["repeated"] == orders_then
    assert state_of(broken) == state_of(whole)
    assert b.wrong_wallets(broken) == []
    call_command("check_ledger", verify=True, stdout=io.StringIO())


def import_with_two(slug: str, path: str) -> dict[str, object]:
    answer = io.StringIO()
    call_command(
        "import_orders", path, program=slug, json=True, verbosity=0, batch=5, processes=2, stdout=answer
    )
    return json.loads(answer.getvalue())


def test_two_processes_give_the_same_as_one(fresh_database, processes, tmp_path):
    path = write(tmp_path / "orders.csv", many())
    one, two = b.open_program(currency="GBP"), b.open_program(currency="GBP")
    alone = run(one, path, batch=5)

    (report,) = processes(1, import_with_two, two.slug, str(path))

    apart = {"seconds", "rows_per_second"}
    assert {k: v for k, v in report.items() if k not in apart} == {
        k: v for k, v in alone.items() if k not in apart
    }
    assert state_of(two) == state_of(one)


def import_and_lose_a_worker(slug: str, path: str) -> str:
    """The first worker is killed when it has been sent work; the command must say so."""
    real = workers.Worker.send

    def send(self):
        real(self)
        os.kill(self.process.pid, signal.SIGKILL)

    workers.Worker.send = send
    try:
        import_with_two(slug, path)
    except CommandError as error:
        return str(error)
    return ""


def test_a_lost_worker_is_told_and_the_import_goes_on_when_run_again(fresh_database, processes, tmp_path):
    path = write(tmp_path / "orders.csv", many())
    program, whole = b.open_program(currency="GBP"), b.open_program(currency="GBP")
    run(whole, path)

    (said,) = processes(1, import_and_lose_a_worker, program.slug, str(path))
    run(program, path)

    assert "run the import again" in said
    assert state_of(program) == state_of(whole)


def import_and_leave_workers(slug: str, path: str, note: str) -> None:
    """Kill the parent when both workers are there; their process ids are in the file `note`."""
    real = workers.Crew.finish

    def finish(self):
        Path(note).write_text(" ".join(str(worker.process.pid) for worker in self.workers))
        os.kill(os.getpid(), signal.SIGKILL)
        return real(self)

    workers.Crew.finish = finish
    import_with_two(slug, path)


def test_workers_end_with_their_parent(fresh_database, processes, tmp_path):
    note = tmp_path / "workers"
    program = b.open_program(currency="GBP")

    processes(
        1, import_and_leave_workers, program.slug, str(write(tmp_path / "orders.csv", many())), str(note)
    )

    left = []
    for pid in note.read_text().split():
        with suppress(psutil.NoSuchProcess):
            left.append(psutil.Process(int(pid)))
    _gone, alive = psutil.wait_procs(left, timeout=240)
    assert alive == []
