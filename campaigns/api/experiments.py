"""Calls about experiments: which there are, and what came of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.experiments import results
from campaigns.experiments.figures import Band, Difference
from campaigns.experiments.outcomes import MEASURES
from campaigns.experiments.results import Arm, Result, Verdict
from campaigns.models import Experiment
from loyaltysite.kit.errors import NotFound
from loyaltysite.kit.shapes import Many, Moment, Nullable, Number, Object, Text, Whole
from members.api import endpoints
from members.api.documents import ID, call
from members.models import Scope

LARGE = 1e18
FINITE = Number(-LARGE, LARGE, example=0.04)
DIFFERENCE = Object(
    "ExperimentDifference",
    {
        "measure": Text(10, choices=MEASURES),
        "value": FINITE,
        "low": FINITE,
        "high": FINITE,
        "p": Number(0, 1, "How probable so much is by chance, for one look.", 0.012),
    },
    needed=frozenset({"measure", "value", "low", "high", "p"}),
    about="To the first arm per member, with its interval of 95 percent for one look. Money in minor units.",
)
BAND = Object(
    "ExperimentBounds",
    {"value": FINITE, "low": FINITE, "high": FINITE},
    needed=frozenset({"value", "low", "high"}),
    about="Bounds of the measure that counts, which hold at all looks together.",
)
ARM = Object(
    "ExperimentArm",
    {
        "name": Text(80),
        "share": Whole(1, 100, "In percent."),
        "assigned": Whole(0, 2**53, "Members who drew it."),
        "counted": Whole(0, 2**53, "Those whose window is over."),
        "means": Object(
            "ExperimentMeans",
            dict.fromkeys(MEASURES, FINITE),
            needed=frozenset(MEASURES),
            about="Per counted member.",
        ),
        "differences": Many(DIFFERENCE, len(MEASURES)),
        "bounds": Nullable(BAND),
    },
    needed=frozenset({"name", "share", "assigned", "counted", "means", "differences", "bounds"}),
)
EXPERIMENT = Object(
    "Experiment",
    {
        "id": ID,
        "name": Text(120),
        "kind": Text(8, choices=tuple(Experiment.Kind.values)),
        "journey": Text(64, about="The key of its journey."),
        "step": Text(32, about="The key of its step; empty for a hold-out."),
        "round": Whole(1, 2**31),
        "state": Text(7, choices=tuple(Experiment.State.values)),
        "measure": Text(10, choices=tuple(Experiment.Measure.values)),
        "window_days": Whole(1, 366),
        "verdict": Text(7, choices=tuple(str(each) for each in Verdict)),
        "best": Nullable(Text(80, about="The arm that the verdict is about.")),
        "mismatch": Number(0, 1, "How probable so uneven a split is by chance; below 0.001 it is broken.", 0.61),
        "winner": Nullable(Text(80, about="The arm that goes on.")),
        "began_at": Moment(),
        "ended_at": Nullable(Moment()),
        "measured_at": Nullable(Moment()),
        "arms": Many(ARM, 10),
    },
    needed=frozenset(
        {
            "id", "name", "kind", "journey", "step", "round", "state", "measure", "window_days", "verdict", "best",
            "mismatch", "winner", "began_at", "ended_at", "measured_at", "arms",
        }
    ),
)  # fmt: skip
EXPERIMENTS = Object("Experiments", {"items": Many(EXPERIMENT, 10_000)}, needed=frozenset({"items"}))
MEANS = {"conversion": 0.1, "revenue": 250.0, "margin": 90.0, "cost": 2.5}
EXAMPLE: dict[str, Any] = {
    "id": 7, "name": "Subject line", "kind": "test", "journey": "welcome", "step": "s1", "round": 1, "state": "running",
    "measure": "conversion", "window_days": 14, "verdict": "winner", "best": "With name", "mismatch": 0.61,
    "winner": None, "began_at": "2026-03-01T10:15:00Z", "ended_at": None, "measured_at": "2026-03-20T10:15:00Z",
    "arms": [
        {"name": "As ever", "share": 50, "assigned": 2810, "counted": 2800, "means": MEANS, "differences": [], "bounds": None},
        {
            "name": "With name", "share": 50, "assigned": 2806, "counted": 2800, "means": MEANS | {"conversion": 0.14},
            "differences": [{"measure": "conversion", "value": 0.04, "low": 0.023, "high": 0.057, "p": 4.3e-06}],
            "bounds": {"value": 0.04, "low": 0.013, "high": 0.067},
        },
    ],
}  # fmt: skip


class Experiments(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, str]] = {"GET": Scope.PROGRAM_READ}

    @call(
        "list_experiments",
        tag="Experiments",
        summary="Read the experiments",
        about="Tests in journeys and hold-outs, the newest first, each with what came of it so far.",
        gives={200: (EXPERIMENTS, {"items": [EXAMPLE]})},
    )
    def get(self, request: Request) -> Response:
        found = list(_rows().order_by("-began_at", "-pk"))
        return Response({"items": [_told(result) for result in results.of_each(found)]})


class One(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, str]] = {"GET": Scope.PROGRAM_READ}

    @call(
        "read_experiment",
        tag="Experiments",
        summary="Read an experiment",
        ids=["experiment_id"],
        gives={200: (EXPERIMENT, EXAMPLE)},
    )
    def get(self, request: Request, experiment_id: int) -> Response:
        found = _rows().filter(pk=experiment_id).first()
        if found is None:
            raise NotFound
        return Response(_told(results.of(found)))


def _rows() -> Any:
    return Experiment.objects.select_related("journey", "program")


def _told(result: Result) -> dict[str, Any]:
    one = result.experiment
    return {
        "id": one.pk,
        "name": one.name,
        "kind": one.kind,
        "journey": one.journey.key,
        "step": one.step,
        "round": one.number,
        "state": one.state,
        "measure": one.measure,
        "window_days": one.window_days,
        "verdict": str(result.verdict),
        "best": result.best.name if result.best else None,
        "mismatch": result.mismatch,
        "winner": None if one.winner is None else one.arms[one.winner]["name"],
        "began_at": one.began_at,
        "ended_at": one.ended_at,
        "measured_at": one.measured_at,
        "arms": [_arm(arm) for arm in result.arms],
    }


def _arm(arm: Arm) -> dict[str, Any]:
    return {
        "name": arm.name,
        "share": arm.share,
        "assigned": arm.assigned,
        "counted": arm.totals.n,
        "means": {name: arm.mean(name) for name in MEASURES},
        "differences": [
            _difference(name, found) for name, found in arm.differences.items() if found is not None
        ],
        "bounds": _band(arm.band),
    }


def _difference(name: str, found: Difference) -> dict[str, Any]:
    return {"measure": name, "value": found.value, "low": found.low, "high": found.high, "p": found.p}


def _band(found: Band | None) -> dict[str, Any] | None:
    if found is None or not -LARGE < found.low <= found.high < LARGE:
        return None
    return {"value": found.value, "low": found.low, "high": found.high}
