"""Periodic work on points and tiers: each task is idempotent, may be late, doubled or lost."""

from __future__ import annotations

import logging
from datetime import timedelta

from celery import shared_task
from django_scopes import scopes_disabled

from loyaltysite.kit import clock
from members.models import Program, User
from rewards import bulk, notices, occasions, redemptions, seals, settling
from rewards.imports import jobs, keeping
from rewards.models import BulkAction
from rewards.tiers import regrading, standings

log = logging.getLogger(__name__)

# What one run takes of a program; the rest is left to the next, so that no program waits for another.
REVIEWS = 20_000
SETTLEMENTS = 100_000
LONGEST_IMPORT = 24 * 3600
LONGEST_REGRADE = 3 * 3600
WAKE_EVERY = 30


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
    for program in programs:
        settling.start_lapses(program=program, now=now)
    return sum(settling.settle_due(program=program, now=now, limit=SETTLEMENTS) for program in programs)


@shared_task(soft_time_limit=240, time_limit=300)
def end_redemptions() -> int:
    """Release reservations that nobody confirmed and end what was not used in its days; how many."""
    now = clock.now()
    programs = Program.objects.order_by("pk")
    return sum(redemptions.end_due(program=program, now=now) for program in programs)


@shared_task(soft_time_limit=540, time_limit=600)
def announce_endings() -> int:
    """Write events about points that end soon; how many lots and wallets they tell of."""
    now = clock.now()
    return sum(notices.announce(program=program, now=now) for program in Program.objects.order_by("pk"))


@shared_task(soft_time_limit=840, time_limit=900)
def record_occasions() -> int:
    """Birthdays, anniversaries and joinings that rules wait for; how many were new."""
    now = clock.now()
    return sum(occasions.record_due(program=program, now=now) for program in Program.objects.order_by("pk"))


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


# A chunk takes about a second; what has not moved for so long was left behind by a worker that died.
LEFT_BEHIND = timedelta(minutes=2)
CHUNKS = 200


@shared_task(soft_time_limit=540, time_limit=600)
def carry_out_bulk(action_id: int) -> int:
    """Gather a bulk action, or do what of it was confirmed; how many chunks. The rest is left to another message."""
    with scopes_disabled():
        action = BulkAction.objects.select_related("program").get(pk=action_id)
    bulk.gather(program=action.program, action_id=action_id, now=clock.now())
    for number in range(CHUNKS):
        if not bulk.carry_on(program=action.program, action_id=action_id, now=clock.now()):
            return number
    carry_out_bulk.delay(action_id)
    return CHUNKS


@shared_task
def resume_bulk() -> int:
    """Send bulk actions on their way again that nobody works on any more; how many."""
    with scopes_disabled():
        states = (BulkAction.State.GATHERING, BulkAction.State.RUNNING)
        left = BulkAction.objects.filter(state__in=states, touched_at__lt=clock.now() - LEFT_BEHIND)
        ids = list(left.values_list("pk", flat=True)[:100])
    for action_id in ids:
        carry_out_bulk.delay(action_id)
    return len(ids)


@shared_task(acks_late=False, soft_time_limit=LONGEST_IMPORT, time_limit=LONGEST_IMPORT + 60)
def run_import(run_id: int) -> None:
    """Carry out one import, however long it takes. It is acknowledged at once; a lost worker is noticed by its silence."""
    if jobs.work(run_id=run_id, clock=clock.now):
        # Another one may have waited for this one's place.
        _wake_imports()


@shared_task
def resume_imports() -> int:
    """Wake up imports that wait or whose worker was lost, and delete old files; how many were woken."""
    keeping.tidy(now=clock.now())
    return _wake_imports()


def _wake_imports() -> int:
    waiting = jobs.due(now=clock.now())
    for run_id in waiting:
        # Not taken until the next wake-up, it is forgotten: messages do not pile up before a busy worker.
        run_import.apply_async((run_id,), expires=WAKE_EVERY)
    return len(waiting)


@shared_task(acks_late=False, soft_time_limit=LONGEST_REGRADE, time_limit=LONGEST_REGRADE + 60)
def regrade_tiers(program_id: int, reason: str, user_id: int) -> int:
    """Give every member the tier that is earned now; how many moved. Cut off in the middle, a repeat does the rest."""
    program, user = Program.objects.get(pk=program_id), User.objects.get(pk=user_id)
    done = regrading.regrade(program=program, reason=reason, by=user, now=clock.now())
    return done.up + done.down
