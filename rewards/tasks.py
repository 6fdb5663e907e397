"""Periodic work on points and tiers: each task is idempotent, may be late, doubled or lost."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta

from celery import shared_task
from celery.exceptions import SoftTimeLimitExceeded
from django_scopes import scopes_disabled

from loyaltysite.kit import clock
from loyaltysite.kit.db import only_one
from members.models import Program, User
from rewards import bulk, notices, occasions, redemptions, referrals, seals, sendings, settling, surprises
from rewards.badges import recounting
from rewards.gatherings import editing as gatherings
from rewards.gatherings import reminding
from rewards.households import moving
from rewards.imports import jobs, keeping
from rewards.models import BulkAction, CodeBatch, Surprise
from rewards.plans import endings
from rewards.pools import batches
from rewards.tiers import regrading, standings

log = logging.getLogger(__name__)

# What one run takes of a program; the rest is left to the next, so that no program waits for another.
REVIEWS = 20_000
SETTLEMENTS = 100_000
LONGEST_IMPORT = 24 * 3600
LONGEST_REGRADE = 3 * 3600
LONGEST_CODES = 3600
WAKE_EVERY = 30


def _each(work: Callable[[Program], int]) -> int:
    """The sum over all programs. One that fails keeps none of the others from its turn; the first error is raised when
    all had theirs."""
    done, errors = 0, list[Exception]()
    for program in Program.objects.order_by("pk"):
        try:
            done += work(program)
        except SoftTimeLimitExceeded:
            raise
        except Exception as error:
            log.exception("periodic work failed", extra={"program": program.slug})
            errors.append(error)
    if errors:
        raise errors[0]
    return done


@shared_task(soft_time_limit=240, time_limit=300)
def review_tiers() -> int:
    """Review the standings whose validity has ended; how many members that were."""
    now = clock.now()
    return _each(lambda program: standings.review_due(program=program, now=now, limit=REVIEWS))


@shared_task(soft_time_limit=540, time_limit=600)
def settle_wallets() -> int:
    """Activate and expire what is due; how many wallets moved. Postings to a wallet do this by themselves first."""
    now = clock.now()

    def settle(program: Program) -> int:
        settling.start_lapses(program=program, now=now)
        return settling.settle_due(program=program, now=now, limit=SETTLEMENTS)

    return _each(settle)


@shared_task(soft_time_limit=240, time_limit=300)
def end_redemptions() -> int:
    """Release reservations that nobody confirmed and end what was not used in its days; how many."""
    now = clock.now()
    return _each(lambda program: redemptions.end_due(program=program, now=now))


@shared_task(soft_time_limit=240, time_limit=300)
def end_plans() -> int:
    """Tell of terms of plans that end soon and end those whose time is over; how many ended."""
    now = clock.now()

    def end(program: Program) -> int:
        endings.announce(program=program, now=now)
        return endings.end_due(program=program, now=now)

    return _each(end)


@shared_task(soft_time_limit=240, time_limit=300)
def end_sendings() -> int:
    """Give back what was sent and nobody took in its time; how many."""
    now = clock.now()
    return _each(lambda program: sendings.end_due(program=program, now=now))


@shared_task(soft_time_limit=540, time_limit=600)
def pool_households() -> int:
    """Move in what members of pooling households have earned; how many movements."""
    now = clock.now()
    return _each(lambda program: moving.pool_due(program=program, now=now))


@shared_task(soft_time_limit=540, time_limit=600)
def announce_endings() -> int:
    """Write events about points that end soon; how many lots and wallets they tell of."""
    now = clock.now()
    return _each(lambda program: notices.announce(program=program, now=now))


@shared_task(soft_time_limit=840, time_limit=900)
def record_occasions() -> int:
    """Birthdays, anniversaries and joinings that rules wait for; how many were new."""
    now = clock.now()
    return _each(lambda program: occasions.record_due(program=program, now=now))


@shared_task(soft_time_limit=540, time_limit=600)
def give_surprise(surprise_id: int) -> int:
    """Give what was started; how many chunks. The rest is left to another message."""
    with scopes_disabled():
        one = Surprise.objects.select_related("program").get(pk=surprise_id)
    for number in range(CHUNKS):
        if not surprises.carry_on(program=one.program, surprise_id=surprise_id, now=clock.now()):
            return number
    give_surprise.delay(surprise_id)
    return CHUNKS


@shared_task
def resume_surprises() -> int:
    """Send surprises on their way again that nobody works on any more; how many."""
    with scopes_disabled():
        left = Surprise.objects.filter(state=Surprise.State.RUNNING, touched_at__lt=clock.now() - LEFT_BEHIND)
        ids = list(left.values_list("pk", flat=True)[:100])
    for surprise_id in ids:
        give_surprise.delay(surprise_id)
    return len(ids)


@shared_task(soft_time_limit=240, time_limit=300)
def advance_referrals() -> int:
    """Refuse who is late and pay what has waited long enough; how many referrals moved."""
    now = clock.now()
    return _each(lambda program: referrals.advance(program=program, now=now, looks=False))


@shared_task(soft_time_limit=540, time_limit=600)
def find_purchases() -> int:
    """The same, and first purchases of friends that nobody told of; how many referrals moved."""
    now = clock.now()
    return _each(lambda program: referrals.advance(program=program, now=now))


# So long one run counts for new badges; the next one goes on.
COUNTING = 100


@shared_task(soft_time_limit=540, time_limit=600)
def count_badges() -> int:
    """Count what was there before a badge was put up, and let members stand anew whose windows have passed; how many
    badges and members."""
    with only_one("wafa-badges") as is_mine:
        if not is_mine:
            return 0
        done = recounting.recount_due(clock=clock.now, seconds=COUNTING)
        now = clock.now()
        for program in recounting.programs():
            done += recounting.settle_due(program=program, now=now)
        return done


@shared_task(soft_time_limit=270, time_limit=300)
def follow_events() -> int:
    """Remind those who hold a seat of an event, and let their seats be good for another day; how many."""
    now, done = clock.now(), 0
    for program in gatherings.programs(now=now):
        done += reminding.remind_due(program=program, now=now)
        done += gatherings.extend_due(program=program, now=now)
    return done


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


@shared_task(acks_late=False, soft_time_limit=LONGEST_CODES, time_limit=LONGEST_CODES + 60)
def run_code_batch(batch_id: int) -> None:
    """Take codes into their pool, however many; each chunk is a transaction, and a repeat goes on after the last."""
    with scopes_disabled():
        batch = CodeBatch.objects.select_related("program").get(pk=batch_id)
    batches.run(program=batch.program, batch_id=batch_id, clock=clock.now)


@shared_task
def resume_code_batches() -> int:
    """Send batches of codes on their way again that nobody works on any more; how many."""
    left = batches.due(now=clock.now())
    for batch_id in left:
        run_code_batch.delay(batch_id)
    return len(left)


@shared_task(acks_late=False, soft_time_limit=LONGEST_REGRADE, time_limit=LONGEST_REGRADE + 60)
def regrade_tiers(program_id: int, reason: str, user_id: int) -> int:
    """Give every member the tier that is earned now; how many moved. Cut off in the middle, a repeat does the rest."""
    program, user = Program.objects.get(pk=program_id), User.objects.get(pk=user_id)
    done = regrading.regrade(program=program, reason=reason, by=user, now=clock.now())
    return done.up + done.down
