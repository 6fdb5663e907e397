"""Return on investment: the margin that the program may claim against what it cost, and which share of members' margin it
must have brought to pay for itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from analytics.roi.costs import Costs

type Method = Literal["lot", "joining", "assumed"]


@dataclass(frozen=True, slots=True)
class Gain:
    """Incremental margin of the twelve months in minor units with its 95 % interval (None where it was assumed); `of` is how
    many members it was measured on."""

    method: Method
    minor: int
    low: int | None
    high: int | None
    of: int

    @property
    def is_estimate(self) -> bool:
        return self.method != "lot"


def gains_of(result: dict[str, Any], *, assumed: float | None = None) -> list[Gain]:
    """The most trustworthy first. `assumed` is a share of members' margin that somebody takes for granted."""
    found = []
    if result["holdout"]:
        minor, low, high = result["holdout"]["minor"]
        found.append(Gain("lot", minor, low, high, result["holdout"]["members"]))
    joining, buyers = result["joining"], result["trade"]["buyers"]
    if joining and joining["each"]:
        mean, low, high = (each * buyers for each in joining["each"])
        found.append(Gain("joining", mean, low, high, joining["members"]))
    if assumed is not None:
        found.append(Gain("assumed", round(result["trade"]["margin_minor"] * assumed), None, None, buyers))
    return found


def roi(gain_minor: int, costs: Costs) -> float | None:
    """(gain − cost) ÷ cost; None without a cost."""
    return (gain_minor - costs.total) / costs.total if costs.total else None


def break_even(result: dict[str, Any], costs: Costs) -> float | None:
    """Which share of members' margin must not have come without the program."""
    margin = result["trade"]["margin_minor"]
    return costs.total / margin if margin > 0 else None
