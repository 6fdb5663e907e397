"""Celery is the muscle, the database is the truth: messages carry only ids and may be lost or repeated."""

import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging, task_prerun, worker_ready

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "loyaltysite.settings.dev")

app = Celery("loyaltysite")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect(weak=False)
def use_django_logging(**_: object) -> None:
    """Keep Celery from replacing the structured logs."""


@task_prerun.connect(weak=False)
def name_the_task_in_logs(*, task_id: str, **_: object) -> None:
    from loyaltysite.kit import log

    log.request_id.set(task_id)


@worker_ready.connect(weak=False)
def give_the_first_sign_of_life(*, sender: Any, **_: object) -> None:
    """At once, so that a fresh start is ready without waiting for beat's first tick."""
    from loyaltysite.kit import tasks

    if app.conf.task_default_queue in sender.app.amqp.queues.consume_from:
        tasks.heartbeat()
