"""What compiling yields: steps (one rule each) in plans (one unit each), for one kind of occasion."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

from rewards.engine import periods
from rewards.engine.facts import Occasion
from rewards.engine.gates import Gate
from rewards.engine.pricing import Pricing
from rewards.engine.rules import Rule
from rewards.engine.situations import LineTest, Situation

MAX_REMEMBERED = 4096

# Prices a situation; the second argument is filled with what became of every rule.
Price = Callable[[Situation, "Trace | None"], Pricing]
# What became of each rule, by its number: desired, what is left of it, and what took the rest.
Trace = dict[int, tuple[int, int, str]]
Keys = tuple[tuple[str, ...], ...]
# A limit in ledger units: its name, the limit, its counter among the step's keys (-1 for the cap per order).
Cap = tuple[str, int, int]


@dataclass(frozen=True, slots=True)
class Target:
    """A rule that a multiplier acts on; `numerator` is that of (factor - 1) times what it gives."""

    number: int
    measure: int
    step_minor: int
    selector: int
    numerator: int
    is_tiered: bool


@dataclass(slots=True)
class Step:
    """One compiled rule: it gives measure // step_minor * numerator over the unit's denominator.

    `number` is its place among the steps of its kind, `bit` its mark among those of its unit in order of
    evaluation, `stops` the marks of those it shuts out; `group` is "" where all members of the group add.
    """

    rule: Rule
    rule_id: int
    version_id: int
    terms: str
    place: tuple[int, int]
    group: str
    mode: str
    number: int
    bit: int
    periods: tuple[str, ...]
    gates: tuple[Gate, ...]
    gate_names: tuple[str, ...]
    selector: int
    minimum: int
    measure: int
    step_minor: int
    numerator: int
    is_tiered: bool
    is_multiplier: bool
    targets: tuple[Target, ...]
    caps: tuple[Cap, ...]
    precision: int
    formula: tuple[object, ...]
    stops: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """The rules of one unit in order of evaluation, over one denominator."""

    unit: str
    steps: tuple[Step, ...]
    denominator: int
    cap_per_order: int | None


@dataclass(slots=True)
class KindPlan:
    """All that one kind of occasion sets going: the function that prices it and, in `text`, how it reads.

    The keys of a day are remembered: orders come by the day.
    """

    has_lines: bool
    plans: tuple[Plan, ...]
    filters: tuple[LineTest, ...]
    price: Price
    text: str
    remembered: dict[object, tuple[Keys, tuple[str, ...]]] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()
    has_visits: bool = False

    def __post_init__(self) -> None:
        self.steps = tuple(step for plan in self.plans for step in plan.steps)
        self.has_visits = any("visit" in step.periods for step in self.steps)

    def keys(self, occasion: Occasion) -> Keys:
        """The counter keys of every step, by its number."""
        return self._known(occasion)[0]

    def all_keys(self, occasion: Occasion) -> tuple[str, ...]:
        """Those of all steps, one after the other."""
        return self._known(occasion)[1]

    def _known(self, occasion: Occasion) -> tuple[Keys, tuple[str, ...]]:
        day = occasion.local.date()
        name = (day, occasion.store) if self.has_visits else day
        found = self.remembered.get(name)
        if found is None:
            if len(self.remembered) >= MAX_REMEMBERED:
                self.remembered.clear()
            keys = self._make_keys(day, occasion.store)
            found = self.remembered[name] = (keys, tuple(key for some in keys for key in some))
        return found

    def _make_keys(self, day: date, store: str) -> Keys:
        return tuple(
            tuple(periods.key(step.rule_id, period, day, store) for period in step.periods)
            for step in self.steps
        )
