"""What the engine answers: awards with their reasons, and the grants (lots) they open. Plain values."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Award:
    """What one rule version gave. `desired` and `awarded` are whole ledger units (10^-precision of the unit):
    desired before any cap, awarded after caps, groups and rounding; `cut_by` names what made the difference
    ("order", "day", "week", "month", "year", "lifetime", "budget", "unit_order", "group", or "" for none).
    `steps` is the arithmetic for people: a JSON-ready list of dicts."""

    rule_id: int
    version_id: int
    unit: str
    desired: int
    awarded: int
    cut_by: str
    terms: str
    counter_keys: tuple[str, ...]
    steps: tuple[dict[str, object], ...] = ()


@dataclass(frozen=True, slots=True)
class Grant:
    """One lot to open: the awards of one unit with the same expiry and pending terms. `terms` is the canonical
    JSON text of the overrides ("" = the unit's own policy); `version_id` is None when several rules share it."""

    unit: str
    amount: int
    terms: str
    version_id: int | None


@dataclass(frozen=True, slots=True)
class Pricing:
    awards: tuple[Award, ...]
    grants: tuple[Grant, ...]
    totals: dict[str, int]
