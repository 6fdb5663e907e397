"""Background work of campaigns: each task is idempotent, may be late, doubled or lost."""

from __future__ import annotations

import time
from datetime import timedelta

from celery import shared_task
from django.conf import settings

from campaigns import places
from campaigns.audiences import course, membership
from campaigns.experiments import marketing, measuring
from campaigns.journeys import chunks, draining, scanning, ticking
from campaigns.messages import printing, sending, weather
from campaigns.models import Watch
from loyaltysite.kit import clock
from loyaltysite.kit.db import only_one
from members.models import Program

# A run ends after so many seconds; the next one goes on.
SENDING = 50
# So long a worker goes on with what follows from a chunk; the rest is for others.
WORKING = timedelta(seconds=90)
# Chunks sent to workers by one tick, more than they can carry out until the next.
SENT = 50


@shared_task(soft_time_limit=240, time_limit=300)
def send_messages() -> int:
    """Send what is due; how many messages were claimed."""
    return sending.send(clock=clock.now, seconds=SENDING)


@shared_task(acks_late=False, soft_time_limit=3500, time_limit=3600)
def fill_print_lists() -> int:
    """Put on paper what waits, for lists that were asked for; how many batches."""
    return printing.work(clock=clock.now)


@shared_task(soft_time_limit=240, time_limit=300)
def ask_for_weather() -> int:
    """The weather at every open store with a place, where a service is named; how many answers there were."""
    if not settings.WEATHER_URL:
        return 0
    return weather.refresh(places=places.of_stores())


# --- segments ---------------------------------------------------------------------------------------------------------

# Looking at what changed; a program with more to look at goes on in the next run.
REFRESHING = 30


@shared_task(soft_time_limit=240, time_limit=300)
def refresh_segments() -> int:
    """Look at what changed and at whose time has come, in every program with segments; how many notes there were."""
    until, done = time.monotonic() + REFRESHING, 0
    for program in _watched():
        while True:
            taken = membership.refresh(program=program, now=clock.now()).taken
            done += taken
            if taken < membership.CHUNK or time.monotonic() >= until:
                break
    return done


@shared_task(acks_late=False, soft_time_limit=3500, time_limit=3600)
def prove_segments() -> int:
    """Once a night in each program: score the customers, count every segment in full and mend what is wrong; how many
    members were wrong."""
    wrong = 0
    for program in _watched():
        now = clock.now()
        today = now.astimezone(program.zone).date()
        if Watch.of(program).proven_on == today:
            continue
        membership.score(program=program, now=now)
        wrong += membership.prove(program=program, now=now)
        course.close_day(program=program, now=now)
    return wrong


def _watched() -> list[Program]:
    return list(Program.objects.filter(pk__in=Watch.programs()).order_by("pk"))


# --- journeys ---------------------------------------------------------------------------------------------------------


@shared_task(soft_time_limit=240, time_limit=300)
def tick_journeys() -> int:
    """Let in who came, cut what is due and send it to the workers; how many chunks."""
    with only_one("wafa-journeys") as is_mine:
        if not is_mine:
            return 0
        found = ticking.tick(now=clock.now())
    for chunk in found[:SENT]:
        # Not taken until it is sent again, it is forgotten: messages do not pile up before a busy worker.
        run_chunk.apply_async((chunk,), expires=5)
    return len(found)


@shared_task(soft_time_limit=240, time_limit=300)
def run_chunk(chunk_id: int) -> int:
    """Carry out a chunk and what follows from it; how many members moved. One that somebody has is nothing to do."""
    return chunks.work(chunk=chunk_id, clock=clock.now, until=clock.now() + WORKING)


@shared_task(soft_time_limit=540, time_limit=600)
def scan_journeys() -> int:
    """Let in whom a day, a fixed time or a long silence brings, and end what was stopped; how many entered."""
    now = clock.now()
    entered = 0
    for program in Program.objects.order_by("pk"):
        entered += scanning.scan(program=program, now=now)
        draining.drain(program=program, now=now)
        places.forget_old(program=program, now=now)
    return entered


# --- experiments ------------------------------------------------------------------------------------------------------


@shared_task(acks_late=False, soft_time_limit=3500, time_limit=3600)
def measure_experiments() -> int:
    """Add up what those did whose window has ended; how many experiments."""
    return _measure(whole=False)


@shared_task(acks_late=False, soft_time_limit=3500, time_limit=3600)
def recount_experiments() -> int:
    """The same from the beginning, once a night: late orders and returns; how many experiments."""
    return _measure(whole=True)


def _measure(*, whole: bool) -> int:
    now = clock.now()
    if whole:
        for program in Program.objects.order_by("pk"):
            marketing.measure(program=program, now=now)
    return sum(
        measuring.refresh(program=program, now=now, whole=whole) for program in Program.objects.order_by("pk")
    )
