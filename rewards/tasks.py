"""Periodic work on points and tiers: each task is idempotent, may be late, doubled or lost."""

from __future__ import annotations

from celery import shared_task

from loyaltysite.kit import clock
from members.models import Program
from rewards.tiers import standings

# What one run takes of a program; the rest is left to the next, so that no program waits for another.
REVIEWS = 20_000


@shared_task(soft_time_limit=240, time_limit=300)
def review_tiers() -> int:
    """Review the standings whose validity has ended; how many members that were."""
    now = clock.now()
    programs = Program.objects.order_by("pk")
    return sum(standings.review_due(program=program, now=now, limit=REVIEWS) for program in programs)
