"""Who goes which way in a test is written down in the transaction that sends them there, once and for ever."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from campaigns.models import Experiment, JourneyStep

# Whoever the journey holds out is in no arm. In the order of their ids, so that two chunks never wait crosswise.
EXPOSE = """
    INSERT INTO campaigns_exposure (experiment_id, member_id, program_id, arm, enrolment_id, at)
    SELECT DISTINCT ON (c.member_id) %(experiment)s, c.member_id, %(program)s, n.place - 1, c.enrolment_id, %(now)s
    FROM journey_chunk c JOIN unnest(%(names)s::text[]) WITH ORDINALITY AS n(name, place) ON n.name = c.way
    WHERE c.moves = 'on' AND NOT c.holdout ORDER BY c.member_id
    ON CONFLICT (experiment_id, member_id) DO NOTHING
"""


def of(step: JourneyStep) -> Experiment | None:
    """The round that a step assigns to; None in a dry run, and once the round is over. Within the program's scope."""
    return Experiment.objects.filter(pk=step.config.get("experiment"), state=Experiment.State.RUNNING).first()


def values(experiment: Experiment, now: datetime) -> dict[str, Any]:
    names = [arm["name"] for arm in experiment.arms]
    return {
        "experiment": experiment.pk,
        "program": experiment.program_id,
        "names": names,
        "now": now,
    }
