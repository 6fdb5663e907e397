"""One occasion seen with its context: what several rules share is worked out once and only when asked."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

from rewards.engine import rates
from rewards.engine.facts import Context, Line, Occasion

if TYPE_CHECKING:
    from rewards.engine.plans import KindPlan

LineTest = Callable[[Line], bool]

# What a rule looks at: basis in minor units, quantity and number of the counted lines, positions of its lines
# (none for the whole order). The fourth place holds 1, the measure of amounts that depend on no line.
Selection = tuple[int, int, int, int, tuple[int, ...]]
BASIS: Final = 0
QUANTITY: Final = 1
COUNTED: Final = 2
ONCE: Final = 3
POSITIONS: Final = 4

NO_LINES: Selection = (0, 0, 1, 1, ())
NOTHING: Selection = (0, 0, 0, 1, ())


def select(lines: Iterable[Line], test: LineTest | None = None) -> Selection:
    """The lines that pass the test. A basis below zero counts as zero."""
    basis = quantity = counted = 0
    positions = []
    for line in lines:
        if test is not None:
            if not test(line):
                continue
            positions.append(line.position)
        basis += line.basis_minor
        if line.is_counted:
            quantity += line.quantity
            counted += 1
    return (max(0, basis), quantity, counted, 1, tuple(positions))


# What has been selected of one occasion, by the filters of whoever asked: two programs that look at the same lines in the same
# way need not both look.
Seen = dict[tuple[LineTest, ...], list[Selection | None]]


class Situation:
    """What gates, amounts and conditions read. `selections` is filled as rules ask for them; the first one is
    the whole order. `seen` belongs to one occasion."""

    __slots__ = ("context", "counters", "filters", "keys", "lines", "local", "occasion", "selections")

    def __init__(
        self, occasion: Occasion, context: Context, kind: "KindPlan", seen: Seen | None = None
    ) -> None:
        self.occasion = occasion
        self.context = context
        self.counters = context.counters
        self.local = occasion.local
        self.lines = lines = occasion.lines
        self.keys = kind.keys(occasion)
        self.filters = filters = kind.filters
        selections = None if seen is None else seen.get(filters)
        if selections is None:
            selections = [None] * len(filters)
            selections[0] = select(lines) if kind.has_lines else NO_LINES
            if seen is not None:
                seen[filters] = selections
        self.selections: list[Selection | None] = selections

    @property
    def total(self) -> int:
        return self.selection(0)[BASIS]

    @property
    def quantity(self) -> int:
        return self.selection(0)[QUANTITY]

    def selection(self, number: int) -> Selection:
        found = self.selections[number]
        if found is None:
            found = self.selections[number] = select(self.lines, self.filters[number])
        return found

    def overlap(self, number: int, found: Selection) -> Selection:
        """The lines of a selection that another filter admits as well."""
        other = self.selection(number)
        if found[POSITIONS] == other[POSITIONS] or not other[POSITIONS]:
            return other
        both = {*found[POSITIONS]}.intersection(other[POSITIONS])
        return select(self.lines, lambda line: line.position in both) if both else NOTHING

    def tier_factor(self, unit: str) -> rates.Factor:
        """The factor of tier and plans on per-amount awards of a unit: numerator, denominator, and what the reasons tell
        of it (see reasons.unfold), nothing where it is 1."""
        factor = self.context.multipliers.get(unit)
        if self.context.perks:
            return rates.combine(unit, factor, self.context)
        numerator, denominator = (1, 1) if factor is None else factor.as_integer_ratio()
        pair = None if numerator == denominator else (numerator, denominator)
        return numerator, denominator, pair
