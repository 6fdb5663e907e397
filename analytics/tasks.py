"""Periodic work on the figures: idempotent, may be late, doubled or lost."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta

from celery import shared_task
from celery.exceptions import SoftTimeLimitExceeded
from django.db import DatabaseError, OperationalError
from django.utils import timezone
from django_scopes import scope

from analytics import rollups, rounds, statistics
from analytics.alerts import looking, raising
from analytics.attribution import counting, effects
from analytics.backtests import runs, watching
from analytics.budgets import warnings
from analytics.goals import following
from analytics.kpis import cuts
from analytics.liability import holdings, sales
from analytics.models import Cut, Recount, Review, SalesMonth, TradeDay
from analytics.reviews import making
from analytics.roi import measuring
from analytics.scores import runs as scorings
from analytics.scores import selftest
from analytics.views.saved import letters
from loyaltysite.kit import clock
from loyaltysite.kit.db import only_one
from members.models import Program

log = logging.getLogger(__name__)

# A run ends after so many seconds; the next one goes on.
LONGEST = 60
# A worker stays so many seconds with a back-test before others have their turn, and is woken so often.
LONGEST_TURN, WAKE_EVERY, WORKERS = 300, 30, 2
# A recount waits so long for others, and so long may one statement of it take.
PATIENCE, LONGEST_STATEMENT = "30s", "30min"

# Sales and holdings are measured once in so long.
MEASURED_FOR = timedelta(hours=20)


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
def count_groups() -> int:
    """Count key figures by what members are, once a day for each program; how many programs were due."""

    def count(program: Program, now: datetime) -> bool:
        yesterday = timezone.localdate(now, program.zone) - timedelta(days=1)
        fresh = Cut.objects.filter(program=program, ends_on__gte=yesterday)
        sold = TradeDay.objects.filter(program=program, is_member=True, day__lte=yesterday, orders__gt=0)
        # Each order has a channel: where members bought and none is counted, their places are not counted yet.
        if fresh.filter(by="channel").exists() or (fresh.exists() and not sold.exists()):
            return False
        # The next one comes while a count of many orders is still going on.
        with only_one("wafa-groups", program.pk % 2**31) as is_mine:
            return is_mine and bool(cuts.count_all(program=program, now=now))

    return _in_each("count-groups", count)


@shared_task(acks_late=False, soft_time_limit=3500, time_limit=3600)
def recount_programs() -> int:
    """Make the figures anew of programs that need it; how many they were.

    It is acknowledged at once, or it would be handed out again while it runs; what was not done is due in a minute."""
    done = 0
    for program in Program.objects.filter(pk__in=Recount.objects.values("program")).order_by("pk"):
        if not rollups.is_due(program=program):
            continue  # somebody else did it while others were counted
        try:
            if rollups.recount(program=program, patience=PATIENCE, longest=LONGEST_STATEMENT):
                log.info("figures counted anew", extra={"program": program.slug})
                done += 1
        except OperationalError as error:
            log.warning(
                "figures not counted anew", extra={"program": program.slug, "error": str(error).strip()}
            )
    return done


@shared_task(acks_late=False, soft_time_limit=1700, time_limit=1800)
def watch_figures() -> int:
    """Look at each program's figures once a day and raise alerts; how many are new."""
    now = clock.now()

    def look(program: Program, day: date) -> int:
        found = looking.findings(program=program, today=day, now=now)
        return len(raising.update(program=program, findings=found, today=day))

    return rounds.go(name="alerts", now=now, work=look)


@shared_task(acks_late=False, soft_time_limit=1700, time_limit=1800)
def follow_goals() -> int:
    """Measure goals once a day; how many changed their state."""

    def follow(program: Program, day: date) -> int:
        return len(following.follow(program=program, today=day))

    return rounds.go(name="goals", now=clock.now(), work=follow)


@shared_task(acks_late=False, soft_time_limit=1700, time_limit=1800)
def measure_goals(program_id: int) -> int:
    """Measure a program's goals after one was set that began in the past; how many changed their state."""
    program = Program.objects.get(pk=program_id)
    return len(following.follow(program=program, today=timezone.localdate(clock.now(), program.zone)))


@shared_task(acks_late=False, soft_time_limit=3500, time_limit=3600)
def credit_orders() -> int:
    """Credit orders to what was said before them, and measure hold-outs, once a day; for how many programs."""
    now = clock.now()

    def credit(program: Program, day: date) -> int:
        counting.catch_up(program=program, today=day, now=now)
        return 1

    def prove(program: Program, day: date) -> int:
        effects.store(program=program, today=day)
        return 1

    done = rounds.go(name="attribution", now=now, work=credit)
    # By itself: the credits hold the windows for as long as their transaction lasts.
    rounds.go(name="effects", now=now, work=prove)
    return done


@shared_task(acks_late=False, soft_time_limit=3500, time_limit=3600)
def count_credits(program_id: int) -> None:
    """Credit a program's orders anew after its windows were changed."""
    program, now = Program.objects.get(pk=program_id), clock.now()
    counting.catch_up(program=program, today=now.astimezone(program.zone).date(), now=now)


@shared_task(acks_late=False, soft_time_limit=3500, time_limit=3600)
def make_reviews() -> int:
    """Review the month before, once it is over; for how many programs."""
    now = clock.now()

    def review(program: Program, day: date) -> int:
        month = making.month_before(day)
        if Review.objects.filter(program=program, month=month, made_at__isnull=False).exists():
            return 0
        making.make(program=program, month=month, today=day, now=now)
        return 1

    return rounds.go(name="reviews", now=now, work=review)


@shared_task(acks_late=False, soft_time_limit=3500, time_limit=3600)
def make_asked_reviews() -> int:
    """Make the reviews that are asked for, also those that a worker left half done; how many.

    It is acknowledged at once, or it would be handed out again while it runs; what was not done is due in a minute."""
    return sum(making.carry_out(review=review, now=clock.now()) for review in making.asked())


@shared_task(acks_late=False, soft_time_limit=1700, time_limit=1800)
def write_to_staff() -> int:
    """E-mail people of the teams what they asked to be told; how many mails went out."""
    return letters.send_due(now=clock.now())


@shared_task(acks_late=False, soft_time_limit=1700, time_limit=1800)
def run_backtest(backtest_id: int) -> bool:
    """Replay parts of a back-test for some minutes; whether nothing was left to do. Many may work on one.

    It is acknowledged at once: what a worker leaves is taken up again when its lease has run out."""
    until = clock.now() + timedelta(seconds=LONGEST_TURN)
    is_empty = runs.work(backtest_id=backtest_id, clock=clock.now, until=until)
    if not is_empty:
        run_backtest.delay(backtest_id)
    return is_empty


def wake_backtest(backtest_id: int, workers: int = WORKERS) -> None:
    """Let so many workers begin with it. Who finds nothing left goes home, and messages that nobody takes before the next
    wake-up are forgotten: they do not pile up before a busy worker."""
    for _worker in range(workers):
        run_backtest.apply_async((backtest_id,), expires=WAKE_EVERY)


@shared_task
def resume_backtests() -> int:
    """Wake up back-tests that fewer work on than may; how many."""
    found = runs.due(now=clock.now(), workers=WORKERS)
    for backtest_id, workers in found.items():
        wake_backtest(backtest_id, workers)
    return len(found)


@shared_task(acks_late=False, soft_time_limit=1700, time_limit=1800)
def watch_backtests() -> int:
    """Compare what published drafts cost with their back-tests; how many left their band."""
    return watching.look_all(now=clock.now())


@shared_task(soft_time_limit=240, time_limit=300)
def ask_for_scores() -> int:
    """Once a day let every program's customers be scored; for how many it was asked."""
    now = clock.now()

    def ask(program: Program, day: date) -> int:
        scorings.ask(program=program, now=now)
        return 1

    return rounds.go(name="scores", now=now, work=ask)


@shared_task(acks_late=False, soft_time_limit=3500, time_limit=3600)
def score_members() -> int:
    """Carry out the scorings that are asked for, also those that a worker left half done; how many were.

    It is acknowledged at once, or it would be handed out again while it runs; what was not done is due in a minute."""
    return sum(scorings.carry_out(run=run, now=clock.now()) for run in scorings.waiting())


@shared_task(soft_time_limit=240, time_limit=300)
def prove_models() -> bool:
    """Fit the models to the published figures with what is installed; whether all agree."""
    return selftest.carry_out(now=clock.now()).is_good


@shared_task(acks_late=False, soft_time_limit=3500, time_limit=3600)
def measure_money() -> int:
    """Once a night in each program: what members bought by month, what each tier holds and what the program
    brought back; how many programs."""

    def measure(program: Program, now: datetime) -> bool:
        if SalesMonth.objects.filter(program=program, measured_at__gt=now - MEASURED_FOR).exists():
            return False
        sales.measure(program=program, now=now)
        holdings.measure(program=program, now=now)
        measuring.measure(program=program, now=now)
        return True

    return _in_each("measure-money", measure)


@shared_task(acks_late=False, soft_time_limit=1700, time_limit=1800)
def measure_budgets() -> int:
    """Note what was spent on what is planned for the quarter that runs; in how many programs something is planned."""

    def measure(program: Program, now: datetime) -> bool:
        return warnings.measure(program=program, today=now.astimezone(program.zone).date(), now=now) > 0

    return _in_each("measure-budgets", measure)


def _in_each(name: str, work: Callable[[Program, datetime], bool]) -> int:
    """Do this within the scope of each program; how many had something to do. One that fails holds up nobody else."""
    done = 0
    try:
        statistics.look_again()
    except DatabaseError:  # with worse plans it only takes longer
        log.exception("tables not looked at", extra={"task": name})
    for program in Program.objects.order_by("pk"):
        try:
            with scope(program=program):
                done += work(program, clock.now())
        except SoftTimeLimitExceeded:
            raise
        except Exception:  # whatever it was, the others are waiting
            log.exception("a program's figures failed", extra={"task": name, "program": program.slug})
    return done
