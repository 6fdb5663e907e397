"""A journey's steps as staff move them about: every change makes a new graph, keys of steps stay for ever.

A place is `<owner>.<slot>:<index>`: a list inside the step `owner` (`then`, `else`, or the number of a path) and where
in it; the outermost list has no owner (`:0`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

type Step = dict[str, Any]
type Graph = dict[str, Any]

# So deep may branches stand in branches; deeper nobody can follow.
DEEPEST = 4
MOST_STEPS, MOST_PATHS = 100, 8


class NoPlace(LookupError):
    """The step or the place is not there, or what shall go there would not fit."""


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a step stands: in which list, at which index, how deep, and how many stand beside it."""

    step: Step
    list_name: str
    index: int
    depth: int
    count: int

    @property
    def place(self) -> str:
        return f"{self.list_name}:{self.index}"


def lists(step: Mapping[str, Any]) -> list[tuple[str, list[Step]]]:
    """The lists of steps inside a step, by slot, in the order in which they are shown."""
    kind = step.get("kind")
    if kind == "wait_event":
        return [("then", step.setdefault("then", [])), ("else", step.setdefault("else", []))]  # type: ignore[attr-defined]
    found = []
    if kind in ("branch", "split", "experiment"):
        paths = step.get("paths") or []
        found = [(str(number), path.setdefault("steps", [])) for number, path in enumerate(paths)]
    if kind == "branch":
        found.append(("else", step.setdefault("else", [])))  # type: ignore[attr-defined]
    return found


def walk(graph: Graph) -> Iterator[Spot]:
    """Every step, in reading order."""
    yield from _walk(graph.get("steps") or [], "", 0)


def _walk(steps: list[Step], name: str, depth: int) -> Iterator[Spot]:
    for index, step in enumerate(steps):
        yield Spot(step, name, index, depth, len(steps))
        for slot, inner in lists(step):
            yield from _walk(inner, f"{step['key']}.{slot}", depth + 1)


def find(graph: Graph, key: str) -> Spot:
    """Raises NoPlace."""
    for spot in walk(graph):
        if spot.step["key"] == key:
            return spot
    raise NoPlace(key)


def insert(
    graph: Graph, place: str, step: Mapping[str, Any], *, taken: Collection[str] = ()
) -> tuple[Graph, str]:
    """The graph with a new step at a place, and the step's key, which is none of `taken`. Raises NoPlace."""
    new = deepcopy(graph)
    fresh = _with_fresh_keys(new, dict(step), taken)
    _put(new, place, fresh)
    return new, str(fresh["key"])


def replace(graph: Graph, key: str, step: Mapping[str, Any]) -> Graph:
    """The graph with the step's settings anew; it keeps its key. Raises NoPlace."""
    new = deepcopy(graph)
    old = find(new, key).step
    old.clear()
    old.update(deepcopy(dict(step)), key=key)
    return new


def remove(graph: Graph, key: str) -> Graph:
    """The graph without the step and all that stands in it. Raises NoPlace."""
    new = deepcopy(graph)
    spot = find(new, key)
    del list_at(new, spot.list_name)[spot.index]
    return new


def duplicate(graph: Graph, key: str, *, taken: Collection[str] = ()) -> tuple[Graph, str]:
    """The graph with a copy after the step, and the copy's key. Raises NoPlace."""
    spot = find(graph, key)
    return insert(graph, f"{spot.list_name}:{spot.index + 1}", spot.step, taken=taken)


def shift(graph: Graph, key: str, by: int) -> Graph:
    """One place up (-1) or down (1); past the end of a branch it leaves the branch. Raises NoPlace."""
    spot = find(graph, key)
    to = spot.index + by
    if 0 <= to < spot.count:
        # A place is counted while the step still stands in its own.
        return move(graph, key, f"{spot.list_name}:{to + (by > 0)}")
    owner = spot.list_name.partition(".")[0]
    if not owner:
        raise NoPlace(key)
    around = find(graph, owner)
    return move(graph, key, f"{around.list_name}:{around.index + (by > 0)}")


def move(graph: Graph, key: str, place: str) -> Graph:
    """The graph with the step, and all in it, at another place. Raises NoPlace, also where it would stand in itself."""
    new = deepcopy(graph)
    spot = find(new, key)
    name, index = _split(place)
    inside = {inner.step["key"] for inner in _walk([spot.step], "", 0)}
    if name.partition(".")[0] in inside:
        raise NoPlace(place)
    list_at(new, name)  # is it there at all
    del list_at(new, spot.list_name)[spot.index]
    if name == spot.list_name and index > spot.index:
        index -= 1
    _put(new, f"{name}:{index}", spot.step)
    return new


def add_path(graph: Graph, key: str) -> Graph:
    """One more path in a branch, split or test. Raises NoPlace."""
    new = deepcopy(graph)
    step = find(new, key).step
    paths = step.get("paths")
    if not isinstance(paths, list) or len(paths) >= MOST_PATHS:
        raise NoPlace(key)
    extra: Step = {"where": None} if step["kind"] == "branch" else {"share": 0}
    paths.append({"name": "", **extra, "steps": []})
    return new


def remove_path(graph: Graph, key: str, number: int) -> Graph:
    """Without a path and what stands on it; one path stays in any case. Raises NoPlace."""
    new = deepcopy(graph)
    paths = find(new, key).step.get("paths") or []
    if not 0 <= number < len(paths) or len(paths) < 2:
        raise NoPlace(f"{key}.{number}")
    del paths[number]
    return new


def list_at(graph: Graph, name: str) -> list[Step]:
    """The list of steps of this name. Raises NoPlace."""
    if not name:
        steps: list[Step] = graph.setdefault("steps", [])
        return steps
    owner, _dot, slot = name.partition(".")
    for found, inner in lists(find(graph, owner).step):
        if found == slot:
            return inner
    raise NoPlace(name)


def places(graph: Graph) -> dict[str, int]:
    """Every list by name, with its depth."""
    found = {"": 0}
    for spot in walk(graph):
        found |= {f"{spot.step['key']}.{slot}": spot.depth + 1 for slot, _inner in lists(spot.step)}
    return found


def _split(place: str) -> tuple[str, int]:
    name, _colon, index = place.rpartition(":")
    if not (index.isascii() and index.isdigit() and len(index) < 4):
        raise NoPlace(place)
    return name, int(index)


def _put(graph: Graph, place: str, step: Step) -> None:
    name, index = _split(place)
    steps = list_at(graph, name)
    if index > len(steps):
        raise NoPlace(place)
    steps.insert(index, step)
    spots = list(walk(graph))
    if len(spots) > MOST_STEPS or max(spot.depth for spot in spots) > DEEPEST:
        raise NoPlace(place)


def _with_fresh_keys(graph: Graph, step: Step, taken: Collection[str]) -> Step:
    """A copy with keys of its own: members may still stand at a step of the version in force that this draft lost."""
    known = {str(spot.step["key"]) for spot in walk(graph)} | set(taken)
    last = max((int(key[1:]) for key in known if key[1:].isdecimal()), default=0)
    copy = deepcopy(step)
    copy.setdefault("key", "")
    for number, spot in enumerate(list(_walk([copy], "", 0)), last + 1):
        spot.step["key"] = f"s{number}"
    return copy
