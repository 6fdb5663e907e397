"""The life of a back-test: begun, watched, stopped, gone on with, finished. Its figures are there when it is done."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import Count, Q, Sum
from django.utils.translation import gettext_lazy as _
from django_scopes import scope, scopes_disabled

from analytics.backtests import changes, chunks, results
from analytics.backtests.changes import Changes
from analytics.models import Backtest, BacktestChunk
from loyaltysite.kit.errors import Conflict, DomainError
from members import audit
from members.models import Program, User
from rewards.policies import local_time

log = logging.getLogger(__name__)

State = Backtest.State
# The longest period: three years of everybody's orders.
MOST_DAYS = 1_098
BROKEN = _("Something went wrong on our side. Nothing was changed.")


class PeriodRefused(DomainError):
    code = "backtest_period"
    message = _("The period ends before it begins, has not begun yet, or is longer than three years.")


class NotRunning(Conflict):
    code = "backtest_not_running"
    message = _("This back-test is not under way.")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it is: members whose past has been replayed, of all."""

    done: int
    members: int

    @property
    def share(self) -> float:
        return self.done / self.members if self.members else 0.0


@transaction.atomic
def begin(
    *,
    program: Program,
    name: str,
    changes: Changes,
    first: date,
    last: date,
    by: User | None,
    now: datetime,
    basis: str = Backtest.Basis.THEN,
    pauses: bool = False,
    size: int = chunks.SIZE,
) -> Backtest:
    """Lay out a back-test; workers do the rest. Raises PeriodRefused, NothingChanged and what the draft's parts refuse."""
    today = local_time(now, program.zone).date()
    if not first <= last or first > today or (last - first).days > MOST_DAYS:
        raise PeriodRefused(field="last")
    with scope(program=program):
        _check(program, changes, now)
        made = Backtest.objects.create(
            program=program,
            name=name.strip()[:120],
            changes=changes.as_json(),
            basis=basis,
            first=first,
            last=min(last, today),
            pauses=pauses,
            author=by,
            created_at=now,
        )
        made.members = chunks.lay_out(backtest=made, size=size)
        made.save(update_fields=["members"])
        _note(made, by, "backtest.begin", now)
    return made


def _check(program: Program, wanted: Changes, now: datetime) -> None:
    changes.check(program=program, changes=wanted, now=now)


def progress(backtest: Backtest) -> Progress:
    found = BacktestChunk.objects.filter(backtest=backtest, is_done=True).aggregate(done=Sum("members"))
    return Progress(found["done"] or 0, backtest.members)


@transaction.atomic
def stop(*, backtest: Backtest, by: User | None, now: datetime) -> Backtest:
    """Let no worker go on. What was replayed stays, so that it can go on later. Raises NotRunning."""
    if not Backtest.objects.filter(pk=backtest.pk, state=State.RUNNING).update(state=State.CANCELLED):
        raise NotRunning
    _note(backtest, by, "backtest.stop", now)
    backtest.refresh_from_db()
    return backtest


@transaction.atomic
def go_on(*, backtest: Backtest, by: User | None, now: datetime) -> Backtest:
    """Go on with one that was stopped or failed. Raises NotRunning."""
    left = Backtest.objects.filter(pk=backtest.pk, state__in=[State.CANCELLED, State.FAILED])
    if not left.update(state=State.RUNNING, error=""):
        raise NotRunning
    _note(backtest, by, "backtest.resume", now)
    backtest.refresh_from_db()
    return backtest


def work(*, backtest_id: int, clock: Callable[[], datetime], until: datetime | None = None) -> bool:
    """Replay chunks for so long; the one who finds none left to do makes the result. Whether nothing is left to take.

    What cannot be worked fails, or it would be taken up again for ever; only a database that is away or busy is waited for."""
    with scopes_disabled():
        if not Backtest.objects.filter(pk=backtest_id, state=State.RUNNING).exists():
            return True
    try:
        is_empty = chunks.run(backtest_id=backtest_id, clock=clock, until=until)
        if is_empty:
            finish(backtest_id=backtest_id, now=clock())
    except (OperationalError, InterfaceError):
        raise
    except DomainError as error:
        fail(backtest_id=backtest_id, error=str(error))
        return True
    except Exception:
        log.exception("back-test failed", extra={"backtest": backtest_id})
        fail(backtest_id=backtest_id, error=str(BROKEN))
        return True
    return is_empty


@transaction.atomic
def finish(*, backtest_id: int, now: datetime) -> bool:
    """Make the result of what all chunks came to, once; whether it was made now."""
    with scopes_disabled():
        backtest = (
            Backtest.objects.select_for_update(of=("self",)).select_related("program").get(pk=backtest_id)
        )
        is_open = BacktestChunk.objects.filter(backtest=backtest, is_done=False).exists()
    if backtest.state != State.RUNNING or is_open:
        return False
    with scope(program=backtest.program):
        results.make(backtest=backtest, now=now)
    return True


def fail(*, backtest_id: int, error: str) -> None:
    """End one that cannot be worked, with the reason."""
    with scopes_disabled():
        Backtest.objects.filter(pk=backtest_id, state=State.RUNNING).update(
            state=State.FAILED, error=error[:200]
        )


def due(*, now: datetime, workers: int) -> dict[int, int]:
    """Back-tests under way with work that nobody does, or all of it done and no result: how many more workers each may
    have beside those that are at it."""
    with scopes_disabled():
        is_open = Q(chunks__is_done=False)
        free = is_open & (Q(chunks__lease_until=None) | Q(chunks__lease_until__lte=now))
        found = (
            Backtest.objects.filter(state=State.RUNNING)
            .annotate(
                free=Count("chunks", filter=free),
                open=Count("chunks", filter=is_open),
                busy=Count("chunks", filter=is_open & Q(chunks__lease_until__gt=now)),
            )
            .filter(Q(free__gt=0, busy__lt=workers) | Q(open=0))
        )
        return {pk: workers - busy for pk, busy in found.order_by("pk").values_list("pk", "busy")}


def forget(*, backtest: Backtest, by: User | None, now: datetime) -> None:
    """Delete a back-test that nobody works on. Raises NotRunning where one does."""
    with transaction.atomic():
        locked = Backtest.objects.select_for_update(of=("self",)).get(pk=backtest.pk)
        if locked.state == State.RUNNING:
            raise NotRunning(_("Stop it first."))
        _note(locked, by, "backtest.delete", now)
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM analytics_backtestmember WHERE backtest_id = %s", [locked.pk])
        locked.delete()


def _note(backtest: Backtest, by: User | None, action: str, now: datetime) -> None:
    period = {"first": backtest.first.isoformat(), "last": backtest.last.isoformat(), "name": backtest.name}
    audit.record(
        program=backtest.program, actor=by, action=action, subject="backtest", subject_id=str(backtest.pk), after=period,
        now=now,
    )  # fmt: skip
