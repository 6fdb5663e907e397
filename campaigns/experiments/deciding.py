"""A test is decided: one arm's steps take the place of the test, by a new version of the journey."""

from __future__ import annotations

from copy import deepcopy
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django_scopes import scope

from campaigns import drafting
from campaigns.journeys import editing
from campaigns.models import Experiment, Journey, JourneyVersion
from loyaltysite.kit.errors import Conflict, DomainError
from members import audit
from members.models import User


class ExperimentOver(Conflict):
    code = "experiment_over"
    message = _("This test is over.")


class ArmUnknown(DomainError):
    code = "arm_unknown"
    message = _("Choose one of the arms.")


def decide(*, experiment: Experiment, arm: int, by: User, now: datetime, reason: str = "") -> JourneyVersion:
    """From now on everybody goes the way of this arm, in the version in force and in the draft. Who is on the way of
    another arm goes on in the version they began. Raises ExperimentOver, ArmUnknown, GraphInvalid, editing.WrongState."""
    with scope(program=experiment.program), transaction.atomic():
        rows = Journey.objects.select_for_update(of=("self",)).select_related("current", "program")
        mine = rows.get(pk=experiment.journey_id)
        fresh = open_round(experiment, arm)
        if mine.current is None:
            raise ExperimentOver
        name = fresh.arms[arm]["name"]
        draft, was_ahead = mine.draft, drafting.is_ahead(mine)
        editing.change(journey=mine, by=by, now=now, draft=replaced(mine.current.graph, fresh.step, arm))
        version = editing.publish(journey=mine, by=by, now=now, reason=reason)
        if was_ahead:
            # The draft may have other arms than the round that runs.
            editing.change(journey=mine, by=by, now=now, draft=replaced(draft, fresh.step, name))
        Experiment.objects.filter(pk=fresh.pk).update(winner=arm)
        audit.record(
            program=mine.program, actor=by, action="experiment.decide", subject="experiment", subject_id=fresh.pk,
            after={"arm": arm, "version": version.number}, now=now, reason=reason,
        )  # fmt: skip
    experiment.refresh_from_db()
    return version


def open_round(experiment: Experiment, arm: int) -> Experiment:
    """The test as it is now, if it can be decided for this arm; within the program's scope. Raises ExperimentOver,
    ArmUnknown."""
    fresh = Experiment.objects.select_related("journey").get(pk=experiment.pk)
    if fresh.kind != Experiment.Kind.TEST or not fresh.is_running:
        raise ExperimentOver
    if not 0 <= arm < len(fresh.arms):
        raise ArmUnknown(field="arm")
    return fresh


def replaced(graph: dict[str, Any], key: str, arm: int | str) -> dict[str, Any]:
    """The graph with the steps of one arm, by its place or its name, in the place of the test; the same graph where the
    test, or just one such arm of it, is not there."""
    new = deepcopy(graph)
    new["steps"] = _without(new.get("steps") or [], key, arm)
    return new


def _without(steps: list[dict[str, Any]], key: str, arm: int | str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for step in steps:
        paths = step.get("paths") or []
        meant = [path for place, path in enumerate(paths) if arm in (place, path.get("name"))]
        if step.get("key") == key and len(meant) == 1:
            found += meant[0].get("steps") or []
            continue
        for path in paths:
            path["steps"] = _without(path.get("steps") or [], key, arm)
        for slot in ("then", "else"):
            if slot in step:
                step[slot] = _without(step[slot] or [], key, arm)
        found.append(step)
    return found
