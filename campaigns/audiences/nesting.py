"""Segments that ask for other segments: who asks for whom, in which order they are looked at, and never in a circle."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from campaigns.models import Segment

FIELD = "member.segments"


def asked(tree: Any) -> set[str]:
    """The keys of the segments that a tree asks for."""
    found: set[str] = set()
    if isinstance(tree, Mapping):
        if tree.get("field") == FIELD:
            found |= {value for value in tree.get("value") or () if isinstance(value, str)}
        for part in tree.values():
            found |= asked(part)
    elif isinstance(tree, list):
        for part in tree:
            found |= asked(part)
    return found


def asks_any(tree: Any) -> bool:
    """Whether it asks for segments at all, be it that there is none."""
    if isinstance(tree, Mapping):
        return tree.get("field") == FIELD or any(asks_any(part) for part in tree.values())
    return isinstance(tree, list) and any(asks_any(part) for part in tree)


def asks_field(tree: Any, prefix: str) -> bool:
    """Whether it asks for a field whose name begins so."""
    if isinstance(tree, Mapping):
        named = str(tree.get("field", "")).startswith(prefix)
        return named or any(asks_field(part, prefix) for part in tree.values())
    return isinstance(tree, list) and any(asks_field(part, prefix) for part in tree)


def in_order(segments: Iterable[Segment]) -> list[Segment]:
    """Those that others ask for first. One that asks only whether there is any segment comes last."""
    waiting = {segment.key: segment for segment in segments}
    found: list[Segment] = []
    while waiting:
        free = [one for one in waiting.values() if not asked(one.tree) & (waiting.keys() - {one.key})]
        free.sort(key=lambda one: (asks_any(one.tree) and not asked(one.tree), one.pk))
        chosen = free or list(waiting.values())
        found += [waiting.pop(one.key) for one in chosen]
    return found


def circle(key: str, tree: Any, segments: Sequence[Segment]) -> bool:
    """Whether the segment would ask, over others, for itself."""
    trees = {one.key: one.tree for one in segments} | {key: tree}
    seen: set[str] = set()
    ahead = set(asked(tree))
    while ahead:
        one = ahead.pop()
        if one == key:
            return True
        if one not in seen:
            seen.add(one)
            ahead |= asked(trees.get(one))
    return False


def users(key: str, segments: Iterable[Segment]) -> list[Segment]:
    """Which of these ask for the segment."""
    return [one for one in segments if key in asked(one.tree) or key in asked(one.draft)]


def names(graph: Any, number: int, key: str) -> bool:
    """Whether the graph of a journey names the segment: by its id, or by its key in a condition."""
    if isinstance(graph, Mapping):
        return (
            graph.get("segment") == number
            or key in asked(graph)
            or any(names(part, number, key) for part in graph.values())
        )
    return isinstance(graph, list) and any(names(part, number, key) for part in graph)
