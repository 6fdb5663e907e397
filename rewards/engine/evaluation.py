"""The hot path: gates, amounts, caps, groups and rounding of one occasion, in the order of SEMANTICS 19."""

from rewards.engine.plans import Cap, KindPlan, Plan, Step
from rewards.engine.pricing import Award, Grant, Pricing
from rewards.engine.situations import Selection, Situation

# Building a named tuple from its tuple costs a third less than calling its class.
make = tuple.__new__


class Entry:
    """What one rule gives while the others are still being asked; values are over the plan's denominator.

    `value` is what is left of `desired`, `cut` what took the rest, `left` the room that cap had.
    """

    __slots__ = ("cut", "desired", "found", "left", "step", "value")

    def __init__(self, step: Step, found: Selection, desired: int) -> None:
        self.step = step
        self.found = found
        self.desired = self.value = desired
        self.cut = ""
        self.left = 0


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
    return entry.step.place


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
    step = entry.step
    leader = leaders.get(step.group)
    if leader is None:
        leaders[step.group] = entry
        return
    if step.mode == "best" and entry.value != leader.value:
        is_winner = entry.value > leader.value
    else:
        is_winner = step.place < leader.step.place
    winner, loser = (entry, leader) if is_winner else (leader, entry)
    leaders[step.group] = winner
    loser.value, loser.cut = 0, "group"


def settle(plan: Plan, situation: Situation, entries: list[Entry], denominator: int) -> list[Award]:
    """Cap the order, round the total down once and make the awards."""
    if plan.cap_per_order is not None:
        cap_order(entries, plan.cap_per_order * denominator)
    shares = share_out(entries, denominator)
    tier = (situation.factor, situation.scale) if situation.factor != situation.scale else None
    awards = []
    for entry, awarded in zip(entries, shares, strict=True):
        step = entry.step
        desired = awarded
        if entry.cut:
            # A share may be rounded up, but never above what the rule was to give.
            desired = max(awarded, entry.desired // denominator)
        elif not awarded:
            continue
        awards.append(
            make(
                Award,
                (
                    step.rule_id,
                    step.version_id,
                    plan.unit,
                    desired,
                    awarded,
                    entry.cut,
                    step.terms,
                    situation.keys[step.number] if awarded else (),
                    (
                        step.formula,
                        entry.found,
                        tier if step.is_tiered else None,
                        entry.desired,
                        denominator,
                        entry.left,
                    ),
                ),
            )
        )
    return awards


def cap_order(entries: list[Entry], left: int) -> None:
    """The cap per order of the unit is filled in the order of place: what comes last is cut."""
    for entry in entries:
        if entry.value > left:
            entry.value, entry.cut = left, "unit_order"
        left -= entry.value


def share_out(entries: list[Entry], denominator: int) -> list[int]:
    """Whole shares of the total rounded down once: largest remainder first, ties by rule id."""
    shares = [entry.value // denominator for entry in entries]
    if denominator == 1:
        return shares
    spare = sum([entry.value for entry in entries]) // denominator - sum(shares)
    if spare:
        order = sorted(
            range(len(entries)),
            key=lambda index: (-(entries[index].value % denominator), entries[index].step.rule_id),
        )
        for index in order[:spare]:
            shares[index] += 1
    return shares


def add_grants(unit: str, awards: list[Award], grants: list[Grant]) -> int:
    """Open one grant for each terms among the awards of a unit; gives the total."""
    amounts: dict[str, int] = {}
    versions: dict[str, int | None] = {}
    for award in awards:
        if award.awarded:
            terms = award.terms
            if terms in amounts:
                amounts[terms] += award.awarded
                versions[terms] = None
            else:
                amounts[terms] = award.awarded
                versions[terms] = award.version_id
    for terms, amount in amounts.items():
        grants.append(make(Grant, (unit, amount, terms, versions[terms])))
    return sum(amounts.values())
