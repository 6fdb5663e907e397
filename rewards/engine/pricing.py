"""What the engine answers: awards with their reasons, and the grants (lots) they open. Plain values."""

from __future__ import annotations

from typing import NamedTuple

from rewards.engine import reasons


class Award(NamedTuple):
    """What one rule version gave. `desired` and `awarded` are whole ledger units (10^-precision of the unit):
    desired before any cap, awarded after caps, groups and rounding; `cut_by` names what made the difference
    ("order", "day", "week", "month", "year", "lifetime", "budget", "unit_order", "group", or "" for none).

    `counter_keys` are the counters to which the award must be added, empty if nothing was awarded. `trail` is
    the arithmetic as nested tuples of numbers and texts, small and JSON-ready, so that storing it is cheap;
    `steps` unfolds it for people. A named tuple because building one costs a fifth of a frozen dataclass.
    """

    rule_id: int
    version_id: int
    unit: str
    desired: int
    awarded: int
    cut_by: str
    terms: str
    counter_keys: tuple[str, ...]
    trail: reasons.Trail

    @property
    def steps(self) -> tuple[dict[str, object], ...]:
        return reasons.unfold(self.trail, cut_by=self.cut_by, awarded=self.awarded)


class Grant(NamedTuple):
    """One lot to open: the awards of one unit with the same expiry and pending terms. `terms` is the canonical
    JSON text of the overrides ("" = the unit's own policy); `version_id` is None when several rules share it."""

    unit: str
    amount: int
    terms: str
    version_id: int | None


class Pricing(NamedTuple):
    """`totals` maps each unit that got something to its whole ledger units."""

    awards: tuple[Award, ...]
    grants: tuple[Grant, ...]
    totals: dict[str, int]
