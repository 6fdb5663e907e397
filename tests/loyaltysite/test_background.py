"""Background work: what may take hours stands in nobody's way, and nothing that runs is handed out twice."""

import socket

import pytest
from django.conf import settings

from loyaltysite.celery import app
from loyaltysite.demo import counting
from loyaltysite.run.supervisor import Supervisor

VISIBLE = settings.CELERY_BROKER_TRANSPORT_OPTIONS["visibility_timeout"]


def limit_of(task) -> int:
    return task.time_limit or settings.CELERY_TASK_TIME_LIMIT


def queue_of(name: str) -> str:
    return app.amqp.router.route({}, name)["queue"].name


@pytest.fixture(scope="module")
def ours():
    app.autodiscover_tasks(force=True)
    return {name: task for name, task in app.tasks.items() if not name.startswith("celery.")}


def test_what_may_take_long_has_a_queue_of_its_own(ours):
    long = {name for name, task in ours.items() if limit_of(task) > VISIBLE}

    assert {"rewards.tasks.run_import", "rewards.tasks.regrade_tiers", "analytics.tasks.run_backtest"} <= long
    assert {name for name in ours if queue_of(name) == settings.LONG_QUEUE} == long
    assert queue_of("members.tasks.send_code") == settings.CELERY_TASK_DEFAULT_QUEUE


def test_what_a_new_demo_asks_for_is_there_to_be_done(ours):
    assert set(counting.TASKS) <= ours.keys()


def test_what_runs_longer_than_a_message_stays_hidden_is_acknowledged_at_once(ours):
    assert {name for name, task in ours.items() if limit_of(task) > VISIBLE and task.acks_late} == set()


def test_the_site_runs_a_worker_for_each_queue_with_a_free_place_beside_imports(monkeypatch, tmp_path):
    monkeypatch.setenv("WAFA_VAR", str(tmp_path))
    monkeypatch.setenv("WAFA_IMPORTS", "3")
    with socket.create_server(("127.0.0.1", 0)) as door:
        children = Supervisor(door=door, servers=None, environment={}).programs()

    commands = {child.name: " ".join(child.command) for child in children}
    assert "-Q" not in commands["worker"]
    assert "-Q long" in commands["long"]
    assert "--concurrency 4" in commands["long"]
    # The settings know it as a worker: the same time limits for statements.
    assert {child.name: child.environment["WAFA_PROCESS"] for child in children}["long"] == "worker"
