"""Periodic work on points and tiers: each task is idempotent, may be late, doubled or lost."""

from __future__ import annotations

import logging

from celery import shared_task

from loyaltysite.kit import clock
from members.models import Program
from rewards import ledger, seals
from rewards.tiers import standings

log = logging.getLogger(__name__)

# What one run takes of a program; the rest is left to the next, so that no program waits for another.
REVIEWS = 20_000
SETTLEMENTS = 100_000


@shared_task(soft_time_limit=240, time_limit=300)
def review_tiers() -> int:
    """Review the standings whose validity has ended; how many members that were."""
    now = clock.now()
    programs = Program.objects.order_by("pk")
    return sum(standings.review_due(program=program, now=now, limit=REVIEWS) for program in programs)


@shared_task(soft_time_limit=540, time_limit=600)
def settle_wallets() -> int:
    """Activate and expire what is due; how many wallets moved. Postings to a wallet do this by themselves first."""
    now = clock.now()
    programs = Program.objects.order_by("pk")
    return sum(ledger.settle_due(program=program, now=now, limit=SETTLEMENTS) for program in programs)


@shared_task
def seal_ledgers() -> int:
    """Seal every program's ledger; how many heads were signed. The roots also go to the log, outside the database."""
    heads = 0
    for program in Program.objects.order_by("pk"):
        made = seals.seal(program=program, now=clock.now())
        log.info(
            "ledger sealed",
            extra={"program": program.slug, "heads": made.heads, "root": bytes(made.root).hex()},
        )
        heads += made.heads
    return heads
