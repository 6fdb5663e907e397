"""Writes one Python function for all rules of one kind of occasion: SEMANTICS 19 line by line.

Only whole numbers and names of our own making stand in the text; everything a merchant wrote (texts, gates,
terms) is an object bound to such a name. Ten rules are priced twice as fast as by a loop over them.
"""

import linecache
from collections.abc import Iterable, Sequence
from functools import lru_cache
from hashlib import blake2b
from textwrap import indent
from types import CodeType
from typing import Any

from rewards.engine.plans import Plan, Price, Step, Target
from rewards.engine.pricing import Award, Grant, Pricing
from rewards.engine.situations import BASIS, COUNTED, ONCE

Lines = Iterable[str]


def generate(plans: Sequence[Plan]) -> tuple[Price, str]:
    """The function and its text. It gives the pricing of a situation and fills a trace where one is wanted."""
    lines = [
        "selections, keys, counter_of = situation.selections, situation.keys, situation.counters.get",
        "found_all = selections[0]",
        "awards, grants, totals = [], [], {}",
        *(line for number, plan in enumerate(plans) for line in _UnitWriter(plan, f"unit{number}").write()),
        "return make(Pricing, (tuple(awards), tuple(grants), totals))",
    ]
    text = "def price(situation, trace=None):\n" + indent("\n".join(lines), "    ") + "\n"
    names = _names(plans)
    exec(_compile(text), names)  # noqa: S102 (numbers and names of our own making only)
    return names["price"], text


@lru_cache(maxsize=64)
def _compile(text: str) -> CodeType:
    name = f"<rules {blake2b(text.encode(), digest_size=6).hexdigest()}>"
    # Tracebacks show the lines of the generated text.
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    return compile(text, name, "exec")


def _names(plans: Sequence[Plan]) -> dict[str, Any]:
    names: dict[str, Any] = {
        # Building a named tuple from its tuple costs a third less than calling its class.
        "make": tuple.__new__,
        "Award": Award,
        "Grant": Grant,
        "Pricing": Pricing,
    }
    for number, plan in enumerate(plans):
        names[f"unit{number}"] = plan.unit
        for step in plan.steps:
            names[f"terms{step.number}"] = step.terms
            names[f"formula{step.number}"] = step.formula
            names |= {f"gate{step.number}_{index}": gate for index, gate in enumerate(step.gates)}
    return names


def _indented(lines: Lines, under: str) -> Lines:
    """The lines below a head such as `if x:`, or as they are where there is no head."""
    if under:
        yield under
    yield from (f"    {line}" for line in lines) if under else lines


class _UnitWriter:
    """The lines for one unit. All values in them are numerators over the denominator, which is the unit's own
    times that of the tier's factor. What cannot happen is left out: cuts of rules without caps, the tier where
    nothing is per amount."""

    def __init__(self, plan: Plan, unit: str) -> None:
        self.unit = unit
        self.steps = plan.steps
        self.by_place = sorted(plan.steps, key=lambda step: step.place)
        self.cap_per_order = plan.cap_per_order
        self.is_tiered = any(step.is_tiered for step in plan.steps)
        self.denominator = plan.denominator
        names = dict.fromkeys(step.group for step in self.by_place if step.group)
        groups = [[step for step in self.by_place if step.group == name] for name in names]
        self.groups = [group for group in groups if len(group) > 1]

    def write(self) -> Lines:
        yield from self._begin()
        # Without a line that counts no rule has anything to give.
        yield from _indented(
            (line for step in self.steps for line in self._rule(step)), f"if found_all[{COUNTED}]:"
        )
        for group in self.groups:
            yield from self._contest(group)
        yield from self._cap_order()
        yield from self._round()
        for step in self.by_place:
            yield from self._award(step)
        yield from self._grants()
        yield from self._trace()

    def _can_be_cut(self, step: Step) -> bool:
        is_contested = any(step in group for group in self.groups)
        return bool(step.caps) or is_contested or self.cap_per_order is not None

    def _value(self, step: Step) -> str:
        return f"value{step.number}" if self._can_be_cut(step) else f"desired{step.number}"

    def _times(self, factor: int | str) -> str:
        """A whole amount over the denominator."""
        if self.is_tiered:
            return f"{factor} * denominator"
        return f"{factor}" if self.denominator == 1 else f"{factor} * {self.denominator:d}"

    def _whole(self, value: str) -> str:
        """A value rounded down to a whole amount."""
        if self.is_tiered:
            return f"({value}) // denominator"
        return value if self.denominator == 1 else f"({value}) // {self.denominator:d}"

    @property
    def _over(self) -> str:
        return "denominator" if self.is_tiered else f"{self.denominator:d}"

    def _begin(self) -> Lines:
        if self.is_tiered:
            yield f"factor, scale, tier = situation.tier_factor({self.unit})"
            yield f"denominator = {self.denominator:d} * scale"
        yield " = ".join(f"desired{step.number}" for step in self.steps) + " = 0"
        cut = [step.number for step in self.steps if self._can_be_cut(step)]
        if cut:
            yield " = ".join(f"value{number} = left{number}" for number in cut) + " = 0"
            yield " = ".join(f"cut{number}" for number in cut) + ' = ""'

    def _rule(self, step: Step) -> Lines:
        earlier = (other for other in self.steps if other.stops & step.bit and other.bit < step.bit)
        tests = [f"not {self._value(other)}" for other in earlier]
        tests += [f"gate{step.number}_{index}(situation)" for index in range(len(step.gates))]
        yield from _indented(self._amount(step), f"if {' and '.join(tests)}:" if tests else "")
        for other in self.steps:
            if step.stops & other.bit and other.bit < step.bit:
                yield from self._take_back(step, other)

    def _take_back(self, step: Step, other: Step) -> Lines:
        """A rule that was worked out early, for a multiplier, is stopped after all."""
        number = other.number
        yield f"if {self._value(step)}:"
        yield f"    desired{number} = 0"
        if self._can_be_cut(other):
            yield f'    value{number}, cut{number}, left{number} = 0, "", 0'

    def _amount(self, step: Step) -> Lines:
        found = _found(step)
        tests = []
        if step.selector:
            yield f"{found} = selections[{step.selector:d}] or situation.selection({step.selector:d})"
            tests.append(f"{found}[{COUNTED}]")
        if step.minimum:
            tests.append(f"{found}[{BASIS}] >= {step.minimum:d}")
        yield from _indented(self._desire(step), f"if {' and '.join(tests)}:" if tests else "")

    def _desire(self, step: Step) -> Lines:
        number = step.number
        if step.is_multiplier:
            yield f"desired{number} = 0"
            for target in step.targets:
                yield from self._multiply(step, target)
        else:
            yield f"desired{number} = {self._product(_found(step), step)}"
        if self._can_be_cut(step):
            yield f"value{number} = desired{number}"
        for cap in step.caps:
            yield from self._cap(step, *cap)

    def _product(self, found: str, step: Step | Target) -> str:
        """What the rule measures, times its numerator and the tier's factor."""
        measure = "" if step.measure == ONCE else f"{found}[{step.measure:d}]"
        if step.step_minor != 1:
            measure += f" // {step.step_minor:d}"
        factors = [measure] if measure else []
        if step.numerator != 1 or not measure:
            factors.append(f"{step.numerator:d}")
        if self.is_tiered:
            factors.append("factor" if step.is_tiered else "scale")
        return " * ".join(factors)

    def _multiply(self, step: Step, target: Target) -> Lines:
        """(factor - 1) times what the multiplied rule gave on the lines that both look at."""
        found = _found(step)
        yield f"if desired{target.number}:"
        if target.selector not in {0, step.selector}:
            overlap = (
                f"overlap({target.selector:d}, {found})"
                if step.selector
                else f"selection({target.selector:d})"
            )
            yield f"    both = situation.{overlap}"
            found = "both"
        yield f"    desired{step.number} += {self._product(found, target)}"

    def _cap(self, step: Step, name: str, limit: int, index: int) -> Lines:
        """The last cap that cuts is the tightest and gives the reason."""
        number = step.number
        if index < 0:
            left = f"{limit:d}"
        else:
            left = "left"
            yield f"counter = counter_of(keys[{number:d}][{index:d}])"
            yield f"left = {limit:d} - counter.amount if counter else {limit:d}"
        yield f"if value{number} > {self._times(left)}:"
        if index >= 0:
            yield "    left = max(0, left)"
        yield f"    value{number}, cut{number}, left{number} = {self._times(left)}, {name!r}, {left}"

    def _contest(self, group: Sequence[Step]) -> Lines:
        """Only one rule of the group keeps what it gives: the highest, or the first; ties go by place."""
        values = [f"value{step.number}" for step in group]
        yield (
            f"best = max({', '.join(values)})" if group[0].mode == "best" else f"best = {' or '.join(values)}"
        )
        for step in group:
            # After the winner nothing equals `best` any more.
            yield f"if value{step.number} == best:"
            yield "    best = -1"
            yield f"elif value{step.number}:"
            yield f'    value{step.number}, cut{step.number}, left{step.number} = 0, "group", 0'

    def _cap_order(self) -> Lines:
        """The cap per order of the unit is filled in the order of place: what comes last is cut."""
        if self.cap_per_order is None:
            return
        yield f"left = {self._times(self.cap_per_order)}"
        for step in self.by_place:
            yield f"if value{step.number} > left:"
            yield f'    value{step.number}, cut{step.number}, left{step.number} = left, "unit_order", 0'
            yield f"left -= value{step.number}"

    def _round(self) -> Lines:
        """The total is rounded down once; where shares do not fill it, the largest remainders are rounded up."""
        values = {step.number: self._value(step) for step in self.by_place}
        yield f"total = {self._whole(' + '.join(values.values()))}"
        for number, value in values.items():
            yield f"share{number} = {self._whole(value)}"
        split = [step for step in self.by_place if not self._is_whole(step)]
        if len(split) > 1:
            yield f"spare = total - ({' + '.join(f'share{number}' for number in values)})"
            yield from _indented(self._round_up(sorted(split, key=lambda step: step.rule_id)), "if spare:")

    def _round_up(self, split: Sequence[Step]) -> Lines:
        """The largest remainders first, ties by rule id. There are always more of them than units to spare."""
        rests = [f"rest{step.number}" for step in split]
        for rest, step in zip(rests, split, strict=True):
            yield f"{rest} = {self._value(step)} % {self._over}"
        yield "while spare:"
        yield "    spare -= 1"
        yield f"    largest = max({', '.join(rests)})"
        for index, (rest, step) in enumerate(zip(rests, split, strict=True)):
            yield f"    {'elif' if index else 'if'} {rest} == largest:"
            yield f"        share{step.number}, {rest} = share{step.number} + 1, 0"

    def _is_whole(self, step: Step) -> bool:
        """Whether the rule only ever gives whole units, so that nothing of it is rounded."""
        if step.is_tiered or step.is_multiplier:
            return self.denominator == 1 and not self.is_tiered
        return step.numerator % self.denominator == 0

    def _award(self, step: Step) -> Lines:
        number = step.number
        head = f"{step.rule_id:d}, {step.version_id:d}, {self.unit}"
        trail = f"formula{number}, {_found(step)}, {'tier' if step.is_tiered else 'None'}, desired{number}, {self._over}"
        if self._can_be_cut(step):
            yield f"if cut{number}:"
            # A share may be rounded up, but never above what the rule was to give.
            yield f"    desired = max(share{number}, {self._whole(f'desired{number}')})"
            yield f"    counted = keys[{number:d}] if share{number} else ()"
            tail = f"cut{number}, terms{number}, counted, ({trail}, left{number})"
            yield f"    awards.append(make(Award, ({head}, desired, share{number}, {tail})))"
        yield f"{'el' if self._can_be_cut(step) else ''}if share{number}:"
        tail = f'"", terms{number}, keys[{number:d}], ({trail}, 0)'
        yield f"    awards.append(make(Award, ({head}, share{number}, share{number}, {tail})))"

    def _grants(self) -> Lines:
        """One grant for each terms; it names the version where a single rule fills it."""
        lots: dict[str, list[Step]] = {}
        for step in self.by_place:
            lots.setdefault(step.terms, []).append(step)
        for some in lots.values():
            yield f"amount = {' + '.join(f'share{step.number}' for step in some)}"
            versions = (f"{step.version_id:d} if share{step.number} == amount" for step in some)
            yield "if amount:"
            yield f"    version = {' else '.join(versions)} else None"
            yield f"    grants.append(make(Grant, ({self.unit}, amount, terms{some[0].number}, version)))"

    def _trace(self) -> Lines:
        yield "if total:"
        yield f"    totals[{self.unit}] = total"
        yield "if trace is not None:"
        for step in self.steps:
            cut = f"cut{step.number}" if self._can_be_cut(step) else '""'
            yield f"    trace[{step.number:d}] = (desired{step.number}, {self._value(step)}, {cut})"


def _found(step: Step) -> str:
    return f"found{step.number}" if step.selector else "found_all"
