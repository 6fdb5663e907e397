"""One case for every amount, cap period, group mode, window and override: plain data for every path to an award.

Each case is a sequence of orders (or events) of one member. `given` is what each rule awards, in ledger units;
`left` is what remains of the order in each unit once the items at the positions `returned` have come back, priced
with what was known at its moment. Moments are local times of the program, whose zone is UTC.
"""

from tests.rewards.engine.cases.amounts import AMOUNTS, ROUNDING, TIERS, WORKED
from tests.rewards.engine.cases.choices import EVENTS, FILTERS, GROUPS, OVERRIDES
from tests.rewards.engine.cases.limits import CAPS, FREQUENCIES, WINDOWS
from tests.rewards.engine.cases.shapes import MUGS, NOON, ONE_PER_MAJOR, TWO, Case, Item, Order, base, fixed

__all__ = [
    "AMOUNTS",
    "CAPS",
    "CASES",
    "EVENTS",
    "FILTERS",
    "FREQUENCIES",
    "GROUPS",
    "MUGS",
    "NOON",
    "ONE_PER_MAJOR",
    "OVERRIDES",
    "ROUNDING",
    "TIERS",
    "TWO",
    "WINDOWS",
    "WORKED",
    "Case",
    "Item",
    "Order",
    "base",
    "fixed",
]

CASES = (
    *AMOUNTS,
    *TIERS,
    *CAPS,
    *GROUPS,
    *WINDOWS,
    *FREQUENCIES,
    *FILTERS,
    *ROUNDING,
    *OVERRIDES,
    *EVENTS,
    WORKED,
)
