"""Celery: late acknowledgement and one message at a time, so that a killed worker loses nothing."""

from datetime import timedelta
from typing import Any

from celery.schedules import crontab

CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_SERIALIZER = "json"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_SOFT_TIME_LIMIT = 240
CELERY_TASK_TIME_LIMIT = 300
# Longer than any task may take, or Redis would hand a running task to a second worker.
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = {"visibility_timeout": 900, "global_keyprefix": "wafa:"}
# What may take longer has a queue and a worker of its own: mails, expiry and tiers never wait for it. It is acknowledged
# at once, and what is lost with a worker is noticed in the database.
CELERY_TASK_DEFAULT_QUEUE = "celery"
LONG_QUEUE = "long"
CELERY_TASK_ROUTES = {
    "rewards.tasks.run_import": {"queue": LONG_QUEUE},
    "rewards.tasks.regrade_tiers": {"queue": LONG_QUEUE},
    "analytics.tasks.recount_programs": {"queue": LONG_QUEUE},
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_MAX_TASKS_PER_CHILD = 1000
CELERY_TIMEZONE = "UTC"

HEARTBEAT_SECONDS = 15
# One line a periodic task: name, task, how often. Each is idempotent and may be skipped or doubled.
CELERY_BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "heartbeat": {
        "task": "loyaltysite.kit.tasks.heartbeat",
        "schedule": timedelta(seconds=HEARTBEAT_SECONDS),
        # An old heartbeat is no news: it must not queue up while no worker runs.
        "options": {"expires": HEARTBEAT_SECONDS},
    },
    "settle-wallets": {
        "task": "rewards.tasks.settle_wallets",
        "schedule": timedelta(minutes=10),
        "options": {"expires": 600},
    },
    "end-redemptions": {
        "task": "rewards.tasks.end_redemptions",
        "schedule": timedelta(seconds=30),
        "options": {"expires": 30},
    },
    "announce-endings": {
        "task": "rewards.tasks.announce_endings",
        "schedule": timedelta(hours=1),
        "options": {"expires": 3600},
    },
    "review-tiers": {
        "task": "rewards.tasks.review_tiers",
        "schedule": timedelta(minutes=10),
        "options": {"expires": 600},
    },
    "fold-changes": {
        "task": "analytics.tasks.fold_changes",
        "schedule": timedelta(seconds=5),
        "options": {"expires": 5},
    },
    "recount-programs": {
        "task": "analytics.tasks.recount_programs",
        "schedule": timedelta(minutes=1),
        "options": {"expires": 60},
    },
    "forget-answers": {
        "task": "members.tasks.forget_answers",
        "schedule": crontab(hour=3, minute=40),
    },
    "resume-bulk": {
        "task": "rewards.tasks.resume_bulk",
        "schedule": timedelta(minutes=1),
        "options": {"expires": 60},
    },
    "resume-imports": {
        "task": "rewards.tasks.resume_imports",
        "schedule": timedelta(seconds=30),
        "options": {"expires": 30},
    },
    "record-occasions": {
        "task": "rewards.tasks.record_occasions",
        "schedule": crontab(minute="*/10"),
        "options": {"expires": 600},
    },
    "seal-ledgers": {
        "task": "rewards.tasks.seal_ledgers",
        "schedule": crontab(hour=2, minute=30),
    },
}
