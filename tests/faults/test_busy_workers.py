"""Real workers as the site starts them: imports that take long leave mails, expiry and tiers alone."""

import socket
import time
import warnings
from contextlib import ExitStack
from datetime import UTC, datetime

import pytest
import redis
from django_scopes import scope, scopes_disabled

from loyaltysite.celery import app
from loyaltysite.kit import env
from loyaltysite.run.supervisor import Supervisor
from members.models import Role
from rewards.imports import jobs
from rewards.models import ImportRun
from rewards.tasks import WAKE_EVERY
from tests.fixtures.waiting import until
from tests.members.teams import hire
from tests.rewards.builders import open_program
from tests.rewards.imports.files import ROW, orders

HEARTBEAT = "wafa:1:worker-heartbeat"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def send(redis_url):
    """Send a task without arguments as beat does."""

    def go(name):
        with warnings.catch_warnings(), app.connection_for_write(env.celery_broker(redis_url)) as broker:
            warnings.simplefilter("ignore")
            app.send_task(name, connection=broker)

    return go


@pytest.fixture
def workers(fresh_database, redis_url, tmp_path, monkeypatch):
    """Both workers of a site that may import two files at once on one process for everything else."""
    monkeypatch.setenv("WAFA_VAR", str(tmp_path))
    monkeypatch.setenv("WAFA_WORKERS", "1")
    monkeypatch.setenv("WAFA_IMPORTS", "2")
    environment = fresh_database.environment() | {
        "REDIS_URL": redis_url,
        "DJANGO_SETTINGS_MODULE": "tests.faults.worker_settings",
    }
    with ExitStack() as stack:
        door = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        programs = Supervisor(door=door, servers=None, environment=environment).programs()
        children = [child for child in programs if child.name in {"worker", "long"}]
        for child in children:
            stack.callback(child.wait, until=0)
            stack.callback(child.ask_to_stop)
            child.start()
        yield children
        assert [child.process.poll() for child in children] == [None, None], "a worker has ended"


@pytest.fixture
def begin(settings, tmp_path):
    settings.IMPORT_DIR = tmp_path / "imports"

    def go(program):
        with scope(program=program):
            by = hire(program, Role.MANAGER)
            data = orders(ROW.format(1, 1, 1)).encode()
            run = jobs.upload(program=program, name="orders.csv", chunks=[data], by=by, now=NOW)
            jobs.start(run=run, by=by, now=NOW)
        return run

    return go


def states(*runs):
    with scopes_disabled():
        return [ImportRun.objects.get(pk=run.pk).state for run in runs]


def ask_until(send, task, condition, what):
    """Send a task as beat does again and again: a worker that is not there yet, or is held up, misses its message."""
    asked = [-WAKE_EVERY]

    def come() -> bool:
        if time.monotonic() > asked[0] + WAKE_EVERY:
            send(task)
            asked[0] = time.monotonic()
        return condition()

    until(come, seconds=600, what=what)


@pytest.mark.slow
@pytest.mark.timeout(2400)
def test_two_long_imports_leave_everything_else_alone(workers, begin, send, redis_url, fresh_database):
    program = open_program()
    runs = [begin(program), begin(open_program())]

    def last_words() -> list[str]:
        with scopes_disabled():
            rows = ImportRun.objects.filter(pk__in=[run.pk for run in runs]).order_by("pk")
            told = [f"{row.state} {row.error}" for row in rows]
        return [*told, *(child.last_words() for child in workers)]

    def wake_until(*wanted: str) -> None:
        def come() -> bool:
            return states(*runs) == list(wanted)

        ask_until(send, "rewards.tasks.resume_imports", come, last_words)

    with redis.Redis.from_url(redis_url) as store, fresh_database.connect(autocommit=False) as other:
        until(lambda: store.exists(HEARTBEAT), what=last_words)
        # Nothing of an order can be written: the imports hang.
        other.execute("LOCK TABLE members_order IN EXCLUSIVE MODE")
        wake_until("running", "running")
        # One more of the same program, which comes later so that it cannot be the first.
        runs.append(begin(program))
        send("rewards.tasks.resume_imports")

        store.delete(HEARTBEAT)
        # With one process for everything else, and it is free.
        ask_until(send, "loyaltysite.kit.tasks.heartbeat", lambda: store.exists(HEARTBEAT), last_words)
        assert states(*runs) == ["running", "running", "waiting"], last_words()
        other.rollback()
        # The end of one makes room for the program's next.
        wake_until("done", "done", "done")
