"""A journey as staff draw it: who enters, which steps follow each other, what ends it; and the JSON of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit.errors import DomainError


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong at one place; `step` is the key of the step it stands in, or empty."""

    path: str
    step: str
    message: str | Promise

    def __str__(self) -> str:
        return str(self.message)


class GraphInvalid(DomainError):
    """`faults` has every fault; the message and the field are those of the first."""

    code = "journey_invalid"
    message = _("This journey cannot run yet.")

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__(faults[0].message, field=faults[0].path or None)
        self.faults = tuple(faults)


type Tree = Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Trigger:
    """What lets members in. `settings` are those of the kind (see reading.TRIGGERS); `where` asks the member."""

    kind: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    where: Tree = None


@dataclass(frozen=True, slots=True)
class Entry:
    """How often one member may enter: once, each time, once in a calendar period, or `days` after the last time."""

    mode: str = "once"
    period: str | None = None
    days: int | None = None


@dataclass(frozen=True, slots=True)
class Exit:
    """Ends the journey: an event of this kind, or entering or leaving a segment."""

    event: str = ""
    match: Mapping[str, Any] = field(default_factory=dict)
    where: Tree = None
    segment: int | None = None
    way: str = ""


@dataclass(frozen=True, slots=True)
class Goal:
    event: str
    days: int


@dataclass(frozen=True, slots=True)
class Path:
    """One of the ways on from a step; `share` in percent for a split, `where` for a branch (None: everybody else)."""

    name: str
    steps: tuple[Step, ...] = ()
    where: Tree = None
    share: int | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """`settings` hold what the kind needs besides its paths."""

    key: str
    kind: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    paths: tuple[Path, ...] = ()

    def walk(self) -> Iterator[Step]:
        yield self
        for path in self.paths:
            for step in path.steps:
                yield from step.walk()


@dataclass(frozen=True, slots=True)
class Graph:
    """`holdout` in percent; `priority` from 1 (first) to 9; what is later than `late_hours` is not sent any more."""

    trigger: Trigger
    steps: tuple[Step, ...]
    entry: Entry = Entry()
    exits: tuple[Exit, ...] = ()
    holdout: int = 0
    goal: Goal | None = None
    priority: int = 5
    late_hours: int = 24

    def walk(self) -> Iterator[Step]:
        """Every step, each before those in its paths."""
        for step in self.steps:
            yield from step.walk()

    def conditions(self) -> Iterator[tuple[str, Tree]]:
        """Every condition on a member, with the key of its step; "" for the trigger and the exits."""
        yield "", self.trigger.where
        yield from (("", each.where) for each in self.exits)
        for step in self.walk():
            yield step.key, step.settings.get("where")
            yield from ((step.key, path.where) for path in step.paths)


def data(graph: Graph) -> dict[str, Any]:
    """The JSON that `read` reads as an equal graph."""
    entry, goal = graph.entry, graph.goal
    return {
        "trigger": {"kind": graph.trigger.kind, **graph.trigger.settings, "where": graph.trigger.where},
        "entry": {"mode": entry.mode, **_given(period=entry.period, days=entry.days)},
        "exit": [_exit(each) for each in graph.exits],
        "holdout": graph.holdout,
        "goal": {"event": goal.event, "days": goal.days} if goal else None,
        "priority": graph.priority,
        "window": {"late_hours": graph.late_hours},
        "steps": [step_data(step) for step in graph.steps],
    }


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in (None, {}, "")}


def _exit(each: Exit) -> dict[str, Any]:
    if each.segment is not None:
        return {"segment": each.segment, "is": each.way}
    return {"event": each.event, **_given(match=dict(each.match)), "where": each.where}


def step_data(step: Step) -> dict[str, Any]:
    told: dict[str, Any] = {"key": step.key, "kind": step.kind, **step.settings}
    if step.kind == "wait_event":
        return told | {path.name: [step_data(each) for each in path.steps] for path in step.paths}
    if step.kind == "branch":
        *named, other = step.paths
        told["paths"] = [_path(path) | {"where": path.where} for path in named]
        return told | {"else": [step_data(each) for each in other.steps]}
    if step.kind in ("split", "experiment"):
        told["paths"] = [_path(path) | {"share": path.share} for path in step.paths]
    return told


def _path(path: Path) -> dict[str, Any]:
    return {"name": path.name, "steps": [step_data(each) for each in path.steps]}
