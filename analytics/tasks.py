"""Periodic work on the figures: idempotent, may be late, doubled or lost."""

from __future__ import annotations

import logging
import time

from celery import shared_task

from analytics import rollups
from analytics.models import Recount

log = logging.getLogger(__name__)

# A run ends after so many seconds; the next one goes on.
LONGEST = 60


@shared_task(soft_time_limit=240, time_limit=300)
def fold_changes() -> int:
    """Count what happened into the daily figures; how many notes there were."""
    begun, done = time.monotonic(), 0
    while time.monotonic() - begun < LONGEST:
        taken = rollups.fold()
        done += taken
        if taken < rollups.CHUNK:
            break
    return done


@shared_task(soft_time_limit=3500, time_limit=3600)
def recount_programs() -> int:
    """Make the figures anew of programs that need it; how many they were."""
    due = list(Recount.objects.select_related("program"))
    for one in due:
        rollups.recount(program=one.program)
        log.info("figures counted anew", extra={"program": one.program.slug})
    return len(due)
