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
LONG_TASKS = (
    "rewards.tasks.run_import",
    "rewards.tasks.regrade_tiers",
    "rewards.tasks.run_code_batch",
    "campaigns.tasks.fill_print_lists",
    "campaigns.tasks.prove_segments",
    "campaigns.tasks.measure_experiments",
    "campaigns.tasks.recount_experiments",
    "analytics.tasks.count_groups",
    "analytics.tasks.recount_programs",
    "analytics.tasks.watch_figures",
    "analytics.tasks.follow_goals",
    "analytics.tasks.measure_goals",
    "analytics.tasks.credit_orders",
    "analytics.tasks.count_credits",
    "analytics.tasks.make_reviews",
    "analytics.tasks.make_asked_reviews",
    "analytics.tasks.write_to_staff",
    "analytics.tasks.run_backtest",
    "analytics.tasks.watch_backtests",
    "analytics.tasks.measure_money",
    "analytics.tasks.measure_budgets",
    "analytics.tasks.score_members",
)
CELERY_TASK_ROUTES = {name: {"queue": LONG_QUEUE} for name in LONG_TASKS}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_MAX_TASKS_PER_CHILD = 1000
CELERY_TIMEZONE = "UTC"

HEARTBEAT_SECONDS = 15
# Seconds from a commit to the delivery of its events to followers; None leaves it to the tick of beat.
FOLLOWERS_WAKE_AFTER: float | None = 0.3
# How long a worker has a chunk of a journey for itself; one that died is replaced after that.
JOURNEY_LEASE_SECONDS = 120
# How long a sender has the messages that it took; what a dead one left is unknown after that, or due again if it is needed.
MESSAGE_LEASE_SECONDS = 300
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
    "advance-referrals": {
        "task": "rewards.tasks.advance_referrals",
        "schedule": timedelta(minutes=1),
        "options": {"expires": 60},
    },
    "find-purchases": {
        "task": "rewards.tasks.find_purchases",
        "schedule": timedelta(hours=1),
        "options": {"expires": 3600},
    },
    "end-plans": {
        "task": "rewards.tasks.end_plans",
        "schedule": timedelta(minutes=10),
        "options": {"expires": 600},
    },
    "pool-households": {
        "task": "rewards.tasks.pool_households",
        "schedule": timedelta(minutes=5),
        "options": {"expires": 300},
    },
    "end-sendings": {
        "task": "rewards.tasks.end_sendings",
        "schedule": timedelta(minutes=10),
        "options": {"expires": 600},
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
    "refresh-segments": {
        "task": "campaigns.tasks.refresh_segments",
        "schedule": timedelta(seconds=10),
        "options": {"expires": 10},
    },
    "prove-segments": {
        "task": "campaigns.tasks.prove_segments",
        "schedule": crontab(minute=20),
        "options": {"expires": 3600},
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
    "measure-money": {
        "task": "analytics.tasks.measure_money",
        "schedule": crontab(minute=35),
        "options": {"expires": 3600},
    },
    "measure-budgets": {
        "task": "analytics.tasks.measure_budgets",
        "schedule": crontab(minute="*/15"),
        "options": {"expires": 900},
    },
    "watch-figures": {
        "task": "analytics.tasks.watch_figures",
        "schedule": crontab(minute=10),
        "options": {"expires": 3600},
    },
    "follow-goals": {
        "task": "analytics.tasks.follow_goals",
        "schedule": crontab(minute=15),
        "options": {"expires": 3600},
    },
    "ask-for-scores": {
        "task": "analytics.tasks.ask_for_scores",
        "schedule": crontab(minute="*/10"),
        "options": {"expires": 600},
    },
    "prove-models": {
        "task": "analytics.tasks.prove_models",
        "schedule": crontab(hour=5, minute=20, day_of_week=1),
        "options": {"expires": 3600},
    },
    "score-members": {
        "task": "analytics.tasks.score_members",
        "schedule": timedelta(minutes=1),
        "options": {"expires": 60},
    },
    "credit-orders": {
        "task": "analytics.tasks.credit_orders",
        "schedule": crontab(minute=5),
        "options": {"expires": 3600},
    },
    "make-reviews": {
        "task": "analytics.tasks.make_reviews",
        "schedule": crontab(minute=20),
        "options": {"expires": 3600},
    },
    "make-asked-reviews": {
        "task": "analytics.tasks.make_asked_reviews",
        "schedule": timedelta(minutes=1),
        "options": {"expires": 60},
    },
    "write-to-staff": {
        "task": "analytics.tasks.write_to_staff",
        "schedule": crontab(minute=25),
        "options": {"expires": 3600},
    },
    "resume-backtests": {
        "task": "analytics.tasks.resume_backtests",
        "schedule": timedelta(seconds=30),
        "options": {"expires": 30},
    },
    "watch-backtests": {
        "task": "analytics.tasks.watch_backtests",
        "schedule": crontab(hour=5, minute=15),
    },
    "count-groups": {
        "task": "analytics.tasks.count_groups",
        "schedule": timedelta(minutes=5),
        "options": {"expires": 300},
    },
    "deliver-events": {
        "task": "members.tasks.deliver_events",
        "schedule": timedelta(seconds=5),
        "options": {"expires": 5},
    },
    "send-webhooks": {
        "task": "members.tasks.send_webhooks",
        "schedule": timedelta(seconds=5),
        "options": {"expires": 5},
    },
    "send-messages": {
        "task": "campaigns.tasks.send_messages",
        "schedule": timedelta(seconds=5),
        "options": {"expires": 5},
    },
    "forget-webhook-messages": {
        "task": "members.tasks.forget_webhook_messages",
        "schedule": crontab(hour=4, minute=10),
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
    "resume-surprises": {
        "task": "rewards.tasks.resume_surprises",
        "schedule": timedelta(minutes=1),
        "options": {"expires": 60},
    },
    "resume-imports": {
        "task": "rewards.tasks.resume_imports",
        "schedule": timedelta(seconds=30),
        "options": {"expires": 30},
    },
    "resume-code-batches": {
        "task": "rewards.tasks.resume_code_batches",
        "schedule": timedelta(seconds=30),
        "options": {"expires": 30},
    },
    "record-occasions": {
        "task": "rewards.tasks.record_occasions",
        "schedule": crontab(minute="*/10"),
        "options": {"expires": 600},
    },
    "count-badges": {
        "task": "rewards.tasks.count_badges",
        "schedule": timedelta(seconds=20),
        "options": {"expires": 20},
    },
    "follow-events": {
        "task": "rewards.tasks.follow_events",
        "schedule": crontab(minute="*/5"),
        "options": {"expires": 300},
    },
    "tick-journeys": {
        "task": "campaigns.tasks.tick_journeys",
        "schedule": timedelta(seconds=5),
        "options": {"expires": 5},
    },
    "ask-for-weather": {
        "task": "campaigns.tasks.ask_for_weather",
        "schedule": timedelta(minutes=20),
        "options": {"expires": 600},
    },
    "fill-print-lists": {
        "task": "campaigns.tasks.fill_print_lists",
        "schedule": timedelta(minutes=1),
        "options": {"expires": 60},
    },
    "scan-journeys": {
        "task": "campaigns.tasks.scan_journeys",
        "schedule": timedelta(minutes=5),
        "options": {"expires": 300},
    },
    "measure-experiments": {
        "task": "campaigns.tasks.measure_experiments",
        "schedule": crontab(minute="*/15"),
        "options": {"expires": 900},
    },
    "recount-experiments": {
        "task": "campaigns.tasks.recount_experiments",
        "schedule": crontab(hour=3, minute=40),
    },
    "seal-ledgers": {
        "task": "rewards.tasks.seal_ledgers",
        "schedule": crontab(hour=2, minute=30),
    },
}
