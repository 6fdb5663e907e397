"""Surprises within a budget: prepared, drawn where that is wanted, and given in chunks, each member exactly once (E9)."""

from rewards.surprises.giving import carry_on, see
from rewards.surprises.preparing import cancel, is_drawn, prepare, start

__all__ = ["cancel", "carry_on", "is_drawn", "prepare", "see", "start"]
