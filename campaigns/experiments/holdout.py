"""What a journey, or all marketing, changed: whoever got it against whoever was left out by lot, as they were assigned.

For tasks: it reads the orders of the members concerned. The pages of experiments show what is stored of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q
from django_scopes import scope

from campaigns.experiments import figures, outcomes
from campaigns.experiments.figures import Difference
from campaigns.experiments.outcomes import Totals
from campaigns.models import Control, Experiment, Journey
from members.models import Program

# Fewer on either side say nothing.
LEAST = 2
# A member counts from the first time within the stretch, whatever the number of times.
ENTERED = """
    SELECT DISTINCT ON (e.member_id) e.member_id, CASE WHEN e.holdout THEN 0 ELSE 1 END AS arm, NULL::date AS day,
        e.entered_at AS since, %(until)s::timestamptz AS until
    FROM campaigns_enrolment e
    WHERE e.program_id = %(program)s AND e.journey_id = %(journey)s AND e.entered_at >= %(since)s AND e.entered_at < %(until)s
    ORDER BY e.member_id, e.entered_at
"""
# Whoever joins meanwhile counts from then on, on both sides.
EVERYBODY = """
    SELECT m.holder_id AS member_id, CASE WHEN wafa_lot(%(salt)s, m.holder_id) < %(share)s THEN 0 ELSE 1 END AS arm,
        NULL::date AS day, greatest(m.joined_at, %(since)s::timestamptz) AS since, %(until)s::timestamptz AS until
    FROM members_member m
    WHERE m.program_id = %(program)s AND m.joined_at < %(until)s AND m.merged_into_id IS NULL AND m.state <> 'closed'
"""


@dataclass(frozen=True, slots=True)
class Effect:
    """Of the treated minus the held out, for each member, from `since` (or when they came in) to `until`. Money in minor
    units; `margin` is None where lines have no cost and the program no rate. `mismatch` is how probable so uneven a
    split is by chance: under 0.001 nothing of this can be relied on."""

    since: datetime
    until: datetime
    treated: int
    held_out: int
    conversion: Difference
    revenue: Difference
    margin: Difference | None
    cost: Difference
    mismatch: float

    @property
    def revenue_total(self) -> float:
        """What all treated together brought in more."""
        return self.revenue.value * self.treated

    @property
    def margin_total(self) -> float | None:
        return None if self.margin is None else self.margin.value * self.treated

    @property
    def cost_total(self) -> float:
        return self.cost.value * self.treated


def effect(
    *, program: Program, since: datetime, until: datetime, journey: Journey | None = None
) -> Effect | None:
    """Of a journey with a hold-out, or of all marketing by the permanent control group. None where nobody was left out
    by lot. By intention to treat: whoever was assigned counts, whether something reached them or not. Where the share was
    changed within the stretch, it begins with the change: before and after do not mix."""
    with scope(program=program):
        if journey is not None:
            percent = journey.current.graph["holdout"] if journey.current else 0
            since = max(since, _held_since(journey) or since)
            values: dict[str, Any] = {"journey": journey.pk, "since": since, "until": until}
            return _compare(program, ENTERED, values, percent)
        control = _longest(program, since, until)
        if control is None:
            return None
        since, until = max(since, control.since), min(until, control.until or until)
        values = {"salt": control.salt, "share": control.percent * 100, "since": since, "until": until}
        return _compare(program, EVERYBODY, values, control.percent)


def _compare(program: Program, people: str, values: dict[str, Any], percent: int) -> Effect | None:
    found = outcomes.measure(program=program, people=people, values=values)
    held_out, treated = found.get((0, None), Totals()), found.get((1, None), Totals())
    if held_out.n < LEAST or treated.n < LEAST:
        return None
    told = outcomes.differences(treated, held_out)
    conversion, revenue, margin, cost = (told[name] for name in outcomes.MEASURES)
    if conversion is None or revenue is None or cost is None:
        return None
    return Effect(
        values["since"], values["until"], treated.n, held_out.n, conversion, revenue,
        None if treated.unknown or held_out.unknown else margin, cost,
        figures.mismatch([held_out.n, treated.n], [percent, 100 - percent]) if percent else 1.0,
    )  # fmt: skip


def _held_since(journey: Journey) -> datetime | None:
    """When the hold-out that is in force began."""
    rounds = Experiment.objects.filter(journey=journey, kind=Experiment.Kind.HOLDOUT)
    running = rounds.filter(state=Experiment.State.RUNNING).first()
    return running.began_at if running else None


def _longest(program: Program, since: datetime, until: datetime) -> Control | None:
    """The control group that was in force for most of the stretch."""
    rows = Control.objects.filter(program=program, since__lt=until).filter(
        Q(until__isnull=True) | Q(until__gt=since)
    )
    return max(rows, key=lambda one: min(one.until or until, until) - max(one.since, since), default=None)
