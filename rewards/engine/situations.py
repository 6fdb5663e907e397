"""One occasion seen with its context: what several rules share is worked out once and only when asked."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from rewards.engine.facts import Context, Counter, Line, Occasion

# What a rule looks at: basis in minor units, quantity and number of counted lines, positions of its lines.
Selection = tuple[int, int, int, tuple[int, ...]]
LineTest = Callable[[Line], bool]

NO_LINES: Selection = (0, 0, 1, ())


def select(lines: Sequence[Line], tests: Sequence[LineTest]) -> Selection:
    """The lines that pass every test. A basis below zero counts as zero."""
    basis = quantity = counted = 0
    positions = []
    for line in lines:
        for test in tests:
            if not test(line):
                break
        else:
            basis += line.basis_minor
            positions.append(line.position)
            if line.is_counted:
                quantity += line.quantity
                counted += 1
    return (max(basis, 0), quantity, counted, tuple(positions))


class Situation:
    """What gates, amounts and conditions read. `selections` is filled as rules ask for them."""

    __slots__ = (
        "applied",
        "context",
        "counters",
        "factor",
        "keys",
        "lines",
        "local",
        "occasion",
        "quantity",
        "scale",
        "selections",
        "selectors",
        "total",
    )

    def __init__(
        self,
        occasion: Occasion,
        context: Context,
        keys: Sequence[tuple[str, ...]],
        selectors: Sequence[Sequence[LineTest]],
        has_lines: bool,
    ) -> None:
        self.occasion = occasion
        self.context = context
        self.counters: Mapping[str, Counter] = context.counters
        self.local: datetime = occasion.local
        self.lines = lines = occasion.lines
        self.keys = keys
        self.selectors = selectors
        self.selections: list[Selection | None] = [None] * len(selectors)
        everything = select(lines, ()) if has_lines else NO_LINES
        self.selections[0] = everything
        self.total = everything[0]
        self.quantity = everything[1]
        # The tier's factor on per-amount awards of the unit at hand, as factor / scale.
        self.factor = self.scale = 1
        self.applied = 0

    def selection(self, index: int) -> Selection:
        found = self.selections[index]
        if found is None:
            found = self.selections[index] = select(self.lines, self.selectors[index])
        return found
