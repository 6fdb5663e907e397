"""What a preset is: the journey it makes, and what it needs of the program."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.functional import Promise

from members.models import Program

type Step = dict[str, Any]
type Graph = dict[str, Any]
type Tree = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Shop:
    """What the program has, and what was made for the journey: ids of messages and segments by their names."""

    unit: str | None
    # What is given once as a small present, in the unit's smallest part.
    gift: int
    messages: Mapping[str, int] = field(default_factory=dict)
    segments: Mapping[str, int] = field(default_factory=dict)

    def message(self, name: str, *, capped: str = "defer", purpose: str = "marketing") -> Step:
        return {
            "kind": "message",
            "message": self.messages[name],
            "channel": "email",
            "purpose": purpose,
            "capped": capped,
        }

    def present(self, *, times: int = 1, members: int = 1000) -> list[Step]:
        """A step that gives points, with a budget for so many members; nothing where there is no unit."""
        if self.unit is None:
            return []
        amount = self.gift * times
        return [{"kind": "points", "unit": self.unit, "amount": amount, "budget": amount * members}]


@dataclass(frozen=True, slots=True)
class Group:
    """A segment that a preset makes."""

    key: str
    name: str | Promise
    tree: Callable[[Program], Tree | None]


@dataclass(frozen=True, slots=True)
class Preset:
    """`graph` is given the shop with all messages and segments made; keys of steps are put in afterwards."""

    key: str
    title: str | Promise
    text: str | Promise
    messages: tuple[str, ...]
    graph: Callable[[Shop], Graph]
    segments: tuple[Group, ...] = ()


def numbered(graph: Graph) -> Graph:
    """The graph with the keys s1, s2 … in reading order."""
    count = 0

    def name(steps: list[Step]) -> list[Step]:
        nonlocal count
        found = []
        for step in steps:
            count += 1
            named: Step = {"key": f"s{count}", **step}
            for slot in ("then", "else"):
                if slot in step:
                    named[slot] = name(step[slot])
            if "paths" in step:
                named["paths"] = [path | {"steps": name(path["steps"])} for path in step["paths"]]
            found.append(named)
        return found

    return graph | {"steps": name(graph["steps"])}
