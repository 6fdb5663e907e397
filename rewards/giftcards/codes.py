"""Codes of gift cards: drawn, read and sealed like all codes drawn here, and never found among the others."""

from __future__ import annotations

from rewards.pools import signs
from rewards.pools.signs import draw, shown, unseal
from rewards.pools.signs import read_out as clean

__all__ = ["clean", "digests", "draw", "ending_of", "seal", "shown", "unseal"]

MARK = "card|"
ENDING = 4


def digests(*, program_id: int, code: str) -> list[bytes]:
    """Under which a code in its signs may be kept, by the present key first."""
    return [keeper.digest(MARK + code) for keeper in signs.keepers(program_id)]


def seal(*, program_id: int, code: str) -> bytes:
    return signs.Keeper(program_id).seal(code)


def ending_of(code: str) -> str:
    """The last signs, by which an owner tells one card from another."""
    return code[-ENDING:]
