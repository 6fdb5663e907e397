"""Named points that work passes through. Nothing happens there, unless a test puts something there to see what a death at
that very moment leaves behind."""

from __future__ import annotations

from collections.abc import Callable

JOURNEYS = (
    "arrivals.taken",
    "arrivals.entered",
    "tick.chunks",
    "chunk.claimed",
    "chunk.filled",
    "chunk.stepped",
    "chunk.recorded",
    "chunk.moved",
    "chunk.followed",
    "chunk.finished",
    "chunk.committed",
)
SENDING = ("send.claimed", "send.handed", "send.recorded")
POINTS = JOURNEYS + SENDING


def _nothing(point: str) -> None:
    pass


_hooks: list[Callable[[str], None]] = [_nothing]


def reached(point: str) -> None:
    _hooks[-1](point)


def put(hook: Callable[[str], None]) -> None:
    """For tests: called at every point from now on, in this process."""
    _hooks.append(hook)
