"""The worker's sign of life, which /readyz/ reads."""

from celery import shared_task
from django.conf import settings
from django.core.cache import cache

from loyaltysite.kit import clock

HEARTBEAT = "worker-heartbeat"


@shared_task(time_limit=10, soft_time_limit=5)
def heartbeat() -> None:
    """Say that beat, broker and at least one worker are alive; forgotten after four missed beats."""
    cache.set(HEARTBEAT, clock.now().isoformat(), timeout=4 * settings.HEARTBEAT_SECONDS)
