"""A real Celery worker whose processes die at the points of campaigns/marks.py, and those who give it work as beat does."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

from django.conf import settings
from django.db import connections

from campaigns import marks
from campaigns.messages import sending
from loyaltysite.celery import app
from loyaltysite.kit import env
from tests.faults import leases, walking

# So few letters in one hand, so that a death in the middle is a death in the middle of many.
LETTERS = 3
TASKS = ("campaigns.tasks.tick_journeys", "campaigns.tasks.send_messages")


def labor(broker: str, deaths: str, times: int, points: tuple[str, ...]) -> None:
    """Be a worker with two processes of its own, until this one, with all of them, is killed."""
    os.setsid()
    connections.close_all()
    settings.JOURNEY_LEASE_SECONDS = settings.MESSAGE_LEASE_SECONDS = leases.SECONDS
    settings.WEBHOOK_NETWORKS = ["127.0.0.0/8", "::1/128"]
    sending.BATCH = sending.LARGEST = LETTERS
    marks.put(walking.deadly(Path(deaths), times, points))
    app.conf.update(task_always_eager=False, broker_url=env.celery_broker(broker))
    name = f"labor-{os.getpid()}@%h"
    app.worker_main(
        [
            "worker",
            "-n",
            name,
            "--concurrency=2",
            "--without-gossip",
            "--without-mingle",
            "--loglevel=CRITICAL",
        ]
    )


def ask(broker: str) -> bool:
    """Send both tasks; whether Redis took them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with app.connection_for_write(env.celery_broker(broker)) as line:
                line.ensure_connection(max_retries=1, timeout=1)
                for name in TASKS:
                    app.send_task(name, connection=line, expires=5, retry=False)
        except Exception:
            return False
    return True
