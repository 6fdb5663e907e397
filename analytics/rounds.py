"""Work that is done once a program's local day, after its night: whoever inserts the row does it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta

from celery.exceptions import SoftTimeLimitExceeded
from django.db import transaction
from django_scopes import scope

from analytics import statistics
from analytics.models import Round
from members.models import Program

log = logging.getLogger(__name__)

# From so many o'clock on, when the orders of the day before have come in.
EARLIEST = 5
# A row that old only says what everybody knows.
KEPT = timedelta(days=400)


def go(*, name: str, now: datetime, work: Callable[[Program, date], int]) -> int:
    """Do this for each program that it is due for, each in a transaction of its own and within its scope; the sum of what
    came out. One that fails is tried again with the next call and holds up nobody else."""
    done = 0
    for program, day in due(name=name, now=now):
        try:
            with transaction.atomic(), scope(program=program):
                if take(program=program, name=name, day=day, now=now):
                    statistics.look_again()
                    done += work(program, day)
        except SoftTimeLimitExceeded:
            raise
        except Exception:  # whatever it was, the others are waiting
            log.exception("a round failed", extra={"round": name, "program": program.slug})
    return done


def due(*, name: str, now: datetime) -> Iterator[tuple[Program, date]]:
    """Each program whose local day has begun and for which this is not done yet, with that day."""
    for program in Program.objects.order_by("pk"):
        local = now.astimezone(program.zone)
        if local.hour < EARLIEST:
            continue
        with scope(program=program):
            is_done = Round.objects.filter(program=program, name=name, day=local.date()).exists()
        if not is_done:
            yield program, local.date()


def take(*, program: Program, name: str, day: date, now: datetime) -> bool:
    """Whether it is ours to do; what is done stands in the same transaction, so that a failure leaves it to the next."""
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("take() belongs into the transaction of the work")
    with scope(program=program):
        Round.objects.filter(program=program, name=name, at__lt=now - KEPT).delete()
        return Round.objects.get_or_create(program=program, name=name, day=day, defaults={"at": now})[1]
