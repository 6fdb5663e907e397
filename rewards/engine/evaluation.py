"""The hot path: gates, amounts, caps, groups and rounding of one occasion, in the order of SEMANTICS 19."""

from operator import attrgetter

from rewards.engine.plans import Cap, KindPlan, Plan, Step
from rewards.engine.pricing import Award, Grant, Pricing
from rewards.engine.situations import Selection, Situation


class Entry:
    """What one rule gives while the others are still being asked; values are over the plan's denominator.

    `value` is what is left of `desired`, `cut` what took the rest, `left` the room that cap had.
    """

    __slots__ = ("cut", "desired", "found", "left", "lost_to", "step", "value")

    def __init__(self, step: Step, found: Selection, desired: int) -> None:
        self.step = step
        self.found = found
        self.desired = self.value = desired
        self.cut = ""
        self.left = 0
        self.lost_to = 0


def price(plan: KindPlan, situation: Situation) -> Pricing:
    awards: list[Award] = []
    grants: list[Grant] = []
    totals: dict[str, int] = {}
    for unit_plan in plan.plans:
        denominator = scale(unit_plan, situation)
        entries = evaluate(unit_plan, situation, denominator)
        if entries:
            given = settle(unit_plan, situation, entries, denominator)
            total = add_grants(unit_plan.unit, given, grants)
            if total:
                totals[unit_plan.unit] = total
            awards += given
    return Pricing(awards=tuple(awards), grants=tuple(grants), totals=totals)


def scale(plan: Plan, situation: Situation) -> int:
    """Take the tier's factor into the situation; gives the denominator of all values of this unit."""
    situation.applied = 0
    situation.factor = situation.scale = 1
    if plan.is_tiered:
        factor = situation.context.multipliers.get(plan.unit)
        if factor is not None:
            situation.factor, situation.scale = factor.as_integer_ratio()
    return plan.denominator * situation.scale


def evaluate(plan: Plan, situation: Situation, denominator: int) -> list[Entry]:
    """What each rule would give, its own caps and its group already applied."""
    entries = []
    leaders: dict[str, Entry] = {}
    stopped = 0
    for step in plan.steps:
        if stopped & step.bit:
            continue
        found = step.enter(situation)
        if found is None:
            continue
        desired = step.calculate(situation, found)
        if desired <= 0:
            continue
        situation.applied |= step.bit
        entry = Entry(step, found, desired)
        entries.append(entry)
        if step.caps:
            restrict(entry, situation, denominator)
        if entry.value:
            stopped |= step.stops
            if step.group:
                contend(entry, leaders)
    if plan.is_reordered:
        entries.sort(key=_place)
    return entries


def _place(entry: Entry) -> tuple[int, int]:
    return entry.step.rule.place


def restrict(entry: Entry, situation: Situation, denominator: int) -> None:
    """Cut by the rule's own caps, in turn; the last one that cuts is the tightest and gives the reason."""
    keys = situation.keys[entry.step.number]
    for cap in entry.step.caps:
        left = room(cap, keys, situation)
        if entry.value > left * denominator:
            entry.value, entry.cut, entry.left = left * denominator, cap.name, left


def room(cap: Cap, keys: tuple[str, ...], situation: Situation) -> int:
    if cap.index < 0:
        return cap.limit
    counter = situation.counters.get(keys[cap.index])
    return cap.limit if counter is None else max(0, cap.limit - counter.amount)


def contend(entry: Entry, leaders: dict[str, Entry]) -> None:
    """Only one rule of the group keeps what it gives: the highest, or the first by place."""
    group = entry.step.group
    leader = leaders.get(group)
    if leader is None:
        leaders[group] = entry
        return
    is_earlier = entry.step.rule.place < leader.step.rule.place
    if entry.step.mode == "best" and entry.value != leader.value:
        is_winner = entry.value > leader.value
    else:
        is_winner = is_earlier
    winner, loser = (entry, leader) if is_winner else (leader, entry)
    leaders[group] = winner
    loser.value, loser.cut, loser.lost_to = 0, "group", winner.step.rule.id
