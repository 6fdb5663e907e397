"""What compiling yields: steps (one rule each) in plans (one unit each), for one kind of occasion."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from rewards.engine import periods
from rewards.engine.amounts import Calculate
from rewards.engine.facts import Occasion
from rewards.engine.gates import Enter, Gate
from rewards.engine.rules import Rule
from rewards.engine.situations import LineTest

MAX_REMEMBERED = 4096

Keys = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Cap:
    """A limit in ledger units; `index` is its counter among the step's keys, -1 for the cap per order."""

    name: str
    limit: int
    index: int


@dataclass(slots=True)
class Step:
    """One compiled rule. `bit` is its mark in the masks of its plan, `stops` those it shuts out; `group` is
    "" where all members of the group add."""

    rule: Rule
    rule_id: int
    version_id: int
    terms: str
    place: tuple[int, int]
    group: str
    mode: str
    is_tiered: bool
    number: int
    bit: int
    periods: tuple[str, ...]
    gates: tuple[tuple[str, Gate], ...]
    enter: Enter
    calculate: Calculate
    caps: tuple[Cap, ...]
    formula: tuple[object, ...]
    selector: int
    stops: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """The rules of one unit in order of evaluation, over one denominator."""

    unit: str
    steps: tuple[Step, ...]
    denominator: int
    cap_per_order: int | None
    is_tiered: bool
    is_reordered: bool


@dataclass(slots=True)
class KindPlan:
    """All that one kind of occasion sets going. The keys of a day are remembered: orders come by the day."""

    has_lines: bool
    plans: tuple[Plan, ...]
    steps: tuple[Step, ...]
    selectors: tuple[Sequence[LineTest], ...]
    has_visits: bool
    remembered: dict[object, Keys] = field(default_factory=dict)

    def keys(self, occasion: Occasion) -> Keys:
        """The counter keys of every step, by its number."""
        day = occasion.local.date()
        name = (day, occasion.store) if self.has_visits else day
        found = self.remembered.get(name)
        if found is None:
            if len(self.remembered) >= MAX_REMEMBERED:
                self.remembered.clear()
            found = self.remembered[name] = self._make_keys(day, occasion.store)
        return found

    def _make_keys(self, day: date, store: str) -> Keys:
        return tuple(
            tuple(periods.key(step.rule.id, period, day, store) for period in step.periods)
            for step in self.steps
        )
