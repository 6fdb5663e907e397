"""What those who were assigned did within their window, added up by arm and day: pages read the sums and never scan.

A day is always added up whole and put in the place of what was there, so that a repeat, a late order or a return changes
nothing but the figures.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django_scopes import scope

from campaigns.experiments import outcomes
from campaigns.experiments.outcomes import SUMS, Totals
from campaigns.models import Experiment, ExperimentDay
from members.models import Program

DAY = timedelta(days=1)
# Orders that come late and returns are still taken up for so long after the last window has ended.
LATE = timedelta(days=30)

GATHER = """
    INSERT INTO campaigns_exposure (experiment_id, member_id, program_id, arm, enrolment_id, at)
    SELECT DISTINCT ON (e.member_id) %(experiment)s, e.member_id, e.program_id, CASE WHEN e.holdout THEN 0 ELSE 1 END, e.id,
        e.entered_at
    FROM campaigns_enrolment e
    WHERE e.journey_id = %(journey)s AND e.entered_at >= %(began)s AND e.entered_at < coalesce(%(ended)s::timestamptz, 'infinity')
    ORDER BY e.member_id, e.entered_at, e.id
    ON CONFLICT (experiment_id, member_id) DO NOTHING
"""
ASSIGNED = """
    INSERT INTO campaigns_experimentday AS d (experiment_id, day, arm, program_id, assigned, counted, bought, revenue,
        revenue_squares, margin, margin_squares, cost, cost_squares, unknown)
    SELECT %(experiment)s, (x.at AT TIME ZONE %(zone)s)::date, x.arm, %(program)s, count(*), 0, 0, 0, 0, 0, 0, 0, 0, 0
    FROM campaigns_exposure x WHERE x.experiment_id = %(experiment)s AND x.at >= %(since)s
    GROUP BY 2, 3
    ON CONFLICT (experiment_id, day, arm) DO UPDATE SET assigned = excluded.assigned
"""
# Whose window has ended, by the day on which it did.
PEOPLE = """
    SELECT x.member_id, x.arm, ((x.at + %(window)s) AT TIME ZONE %(zone)s)::date AS day, x.at AS since,
        x.at + %(window)s AS until
    FROM campaigns_exposure x
    WHERE x.experiment_id = %(experiment)s AND x.at >= %(since)s - %(window)s AND x.at <= %(now)s - %(window)s
"""


def refresh(*, program: Program, now: datetime, whole: bool = False) -> int:
    """Add up what is new since the last time, or everything anew; how many experiments. One transaction each, which is
    the caller's where there is one."""
    with scope(program=program):
        rows = Experiment.objects.filter(program=program)
        found = [each for each in rows.order_by("pk") if each.is_running or _is_fresh(each, now)]
        for each in found:
            measure(each, program=program, now=now, whole=whole)
    return len(found)


def measure(experiment: Experiment, *, program: Program, now: datetime, whole: bool = False) -> None:
    """One experiment, within the program's scope."""
    values = _values(experiment, program, now, whole)
    with connection.cursor() as cursor:
        if experiment.kind == Experiment.Kind.HOLDOUT:
            cursor.execute(GATHER, values)
        cursor.execute(ASSIGNED, values)
    _keep(experiment, outcomes.measure(program=program, people=PEOPLE, values=values))
    Experiment.objects.filter(pk=experiment.pk).update(measured_at=now)


def _values(experiment: Experiment, program: Program, now: datetime, whole: bool) -> dict[str, Any]:
    since = experiment.began_at - DAY
    if experiment.measured_at and not whole:
        since = max(since, experiment.measured_at - DAY)
    day = since.astimezone(program.zone).replace(hour=0, minute=0, second=0, microsecond=0)
    return {
        "experiment": experiment.pk,
        "program": program.pk,
        "journey": experiment.journey_id,
        "began": experiment.began_at,
        "ended": experiment.ended_at,
        "zone": program.time_zone,
        "window": timedelta(days=experiment.window_days),
        "since": day,
        "now": now,
    }


def _keep(experiment: Experiment, found: Mapping[tuple[int, Any], Totals]) -> None:
    ExperimentDay.objects.bulk_create(
        [
            ExperimentDay(
                experiment=experiment, program_id=experiment.program_id, arm=arm, day=day, counted=totals.n,
                **{name: getattr(totals, name) for name in SUMS},
            )
            for (arm, day), totals in sorted(found.items())
        ],
        update_conflicts=True,
        unique_fields=["experiment", "day", "arm"],
        update_fields=["counted", *SUMS],
    )  # fmt: skip


def _is_fresh(experiment: Experiment, now: datetime) -> bool:
    """Whether something of a round that is over may still change."""
    if experiment.ended_at is None:
        return True
    return now < experiment.ended_at + experiment.window_days * DAY + LATE
