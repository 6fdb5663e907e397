"""Rounds of tests begin and end as versions of their journey are published: what an arm does never changes in a round."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from campaigns.journeys import graph as graphs
from campaigns.journeys.shape import Graph, Step
from campaigns.models import Experiment, Journey, JourneyStep, JourneyVersion

# A hold-out without a goal of its journey counts so many days.
HOLDOUT_DAYS = 30
HELD_OUT, TREATED = "held out", "journey"


@dataclass(frozen=True, slots=True)
class Plan:
    """A test as a version wants it; `digest` tells whether it is still the one that runs."""

    kind: str
    step: str
    name: str
    arms: list[dict[str, Any]]
    measure: str
    window_days: int
    digest: str


def begin(*, version: JourneyVersion, graph: Graph, steps: Mapping[str, JourneyStep], now: datetime) -> None:
    """Begin the rounds that a version brings, go on with those that are the same, end the others. For the transaction
    that publishes, within the program's scope."""
    running = {
        each.step: each
        for each in Experiment.objects.filter(journey=version.journey, state=Experiment.State.RUNNING)
    }
    kept = {}
    for plan in _plans(version.journey, graph):
        known = running.get(plan.step)
        if known is not None and known.fingerprint == plan.digest:
            Experiment.objects.filter(pk=known.pk).update(name=plan.name)
        else:
            _end([known] if known else [], now)
            known = _begin(version.journey, plan, now)
        kept[plan.step] = known
    _end([each for step, each in running.items() if step not in kept], now)
    for key, each in kept.items():
        if key:
            steps[key].config = {**steps[key].config, "experiment": each.pk}
    JourneyStep.objects.bulk_update([steps[key] for key in kept if key], ["config"])


def end_all(*, journey: Journey, now: datetime) -> None:
    """The journey stops: nobody is assigned any more, and who was still counts. For the caller's transaction."""
    _end(list(Experiment.objects.filter(journey=journey, state=Experiment.State.RUNNING)), now)


def _plans(journey: Journey, graph: Graph) -> Iterator[Plan]:
    if graph.holdout:
        days = graph.goal.days if graph.goal else HOLDOUT_DAYS
        arms = [{"name": HELD_OUT, "share": graph.holdout}, {"name": TREATED, "share": 100 - graph.holdout}]
        digest = _digest({"holdout": graph.holdout, "days": days})
        yield Plan(Experiment.Kind.HOLDOUT, "", journey.name, arms, "conversion", days, digest)
    for step in graph.walk():
        if step.kind == "experiment":
            yield _of(step)


def _of(step: Step) -> Plan:
    settings = dict(step.settings)
    name = settings.pop("name")
    arms = [{"name": path.name, "share": path.share} for path in step.paths]
    told = graphs.step_data(step)
    del told["name"]
    return Plan(
        Experiment.Kind.TEST,
        step.key,
        name,
        arms,
        settings["measure"],
        settings["window_days"],
        _digest(told),
    )


def _digest(told: Mapping[str, Any]) -> str:
    return hashlib.sha256(orjson.dumps(told, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _begin(journey: Journey, plan: Plan, now: datetime) -> Experiment:
    before = Experiment.objects.filter(journey=journey, step=plan.step).count()
    return Experiment.objects.create(
        program_id=journey.program_id, journey=journey, kind=plan.kind, step=plan.step, number=before + 1, name=plan.name,
        # Who is held out is the journey's own lot (see entering.py).
        salt=journey.salt if plan.kind == Experiment.Kind.HOLDOUT else secrets.token_hex(16),
        arms=plan.arms, measure=plan.measure, window_days=plan.window_days, fingerprint=plan.digest, began_at=now,
    )  # fmt: skip


def _end(rounds: list[Experiment], now: datetime) -> None:
    ids = [each.pk for each in rounds]
    if ids:
        Experiment.objects.filter(pk__in=ids).update(state=Experiment.State.ENDED, ended_at=now)
