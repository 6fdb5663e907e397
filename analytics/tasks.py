"""Periodic work on the figures: idempotent, may be late, doubled or lost."""

from __future__ import annotations

import logging
import time

from celery import shared_task
from django.db import OperationalError

from analytics import rollups
from analytics.models import Recount

log = logging.getLogger(__name__)

# A run ends after so many seconds; the next one goes on.
LONGEST = 60
# A recount waits so long for others, and so long may one statement of it take.
PATIENCE, LONGEST_STATEMENT = "30s", "30min"


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


@shared_task(acks_late=False, soft_time_limit=3500, time_limit=3600)
def recount_programs() -> int:
    """Make the figures anew of programs that need it; how many they were.

    It is acknowledged at once, or it would be handed out again while it runs; what was not done is due in a minute."""
    done = 0
    for one in Recount.objects.select_related("program"):
        try:
            if rollups.recount(program=one.program, patience=PATIENCE, longest=LONGEST_STATEMENT):
                log.info("figures counted anew", extra={"program": one.program.slug})
                done += 1
        except OperationalError as error:
            log.warning(
                "figures not counted anew", extra={"program": one.program.slug, "error": str(error).strip()}
            )
    return done
