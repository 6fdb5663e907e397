"""Writes one Python function for the rules of one unit: SEMANTICS 19 line by line, with nothing left to look up.

Only whole numbers and names of our own making stand in the text; everything a merchant wrote (texts, gates,
terms) is an object bound to such a name. A program of ten rules is priced twice as fast as by a loop over them.
"""

import linecache
from collections.abc import Iterable, Sequence
from textwrap import indent
from typing import Any

from rewards.engine.plans import PriceUnit, Step, Target
from rewards.engine.pricing import Award, Grant
from rewards.engine.situations import BASIS, COUNTED


def generate(
    steps: Sequence[Step], *, unit: str, denominator: int, cap_per_order: int | None
) -> tuple[PriceUnit, str]:
    """The function and its text. `steps` are in order of evaluation."""
    by_place = sorted(steps, key=lambda step: step.place)
    lines = [
        *_preamble(steps, denominator),
        *(line for step in steps for line in _rule(step, steps)),
        *(line for group in _groups(by_place) for line in _contest(group)),
        *(_cap_order(by_place, cap_per_order) if cap_per_order is not None else ()),
        *_round(by_place),
        *(line for step in by_place for line in _award(step)),
        *_grants(by_place),
        *_trace(steps),
        "return total",
    ]
    text = "def price_unit(situation, awards, grants, trace):\n" + indent("\n".join(lines), "    ") + "\n"
    return _compile(text, _names(steps, unit)), text


def _compile(text: str, names: dict[str, Any]) -> PriceUnit:
    name = f"<rules of {names['unit']} {id(names):x}>"
    # Tracebacks show the lines of the generated text.
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    exec(compile(text, name, "exec"), names)  # noqa: S102 (numbers and names of our own making only)
    function: PriceUnit = names["price_unit"]
    return function


def _names(steps: Sequence[Step], unit: str) -> dict[str, Any]:
    names: dict[str, Any] = {
        "unit": unit,
        "make": tuple.__new__,
        "Award": Award,
        "Grant": Grant,
        "share_out": share_out,
    }
    for step in steps:
        names[f"terms{step.number}"] = step.terms
        names[f"formula{step.number}"] = step.formula
        names |= {f"gate{step.number}_{index}": gate for index, gate in enumerate(step.gates)}
    return names


def _preamble(steps: Sequence[Step], denominator: int) -> Iterable[str]:
    yield "selections, keys, counter_of = situation.selections, situation.keys, situation.counters.get"
    if any(step.is_tiered for step in steps):
        yield "factor, scale, tier = situation.tier_factor(unit)"
        yield f"denominator = {denominator:d} * scale"
    else:
        yield "scale = 1"
        yield f"denominator = {denominator:d}"
    yield " = ".join(f"desired{step.number}" for step in steps) + " = 0"
    yield " = ".join(f"value{step.number}" for step in steps) + " = 0"
    yield " = ".join(f"left{step.number}" for step in steps) + " = 0"
    yield " = ".join(f"cut{step.number}" for step in steps) + ' = ""'


def _rule(step: Step, steps: Sequence[Step]) -> Iterable[str]:
    number = step.number
    stoppers = [other for other in steps if other.stops & step.bit and other.bit < step.bit]
    tests = [f"not value{other.number}" for other in stoppers]
    tests += [f"gate{number}_{index}(situation)" for index in range(len(step.gates))]
    if tests:
        yield f"if {' and '.join(tests)}:"
    inner = list(_amount(step))
    yield from (f"    {line}" for line in inner) if tests else inner


def _amount(step: Step) -> Iterable[str]:
    number = step.number
    yield f"found{number} = {_selection(step.selector)}"
    minimum = f" and found{number}[{BASIS}] >= {step.minimum:d}" if step.minimum else ""
    yield f"if found{number}[{COUNTED}]{minimum}:"
    if step.is_multiplier:
        yield from (f"    {line}" for target in step.targets for line in _multiply(step, target))
    else:
        numerator = _product(step.step_minor, step.numerator, is_tiered=step.is_tiered)
        yield f"    desired{number} = found{number}[{step.measure:d}]{numerator}"
    yield f"    value{number} = desired{number}"
    for cap in step.caps:
        yield from (f"    {line}" for line in _cap(step, *cap))


def _selection(selector: int) -> str:
    return f"selections[{selector:d}] or situation.selection({selector:d})" if selector else "selections[0]"


def _product(step_minor: int, numerator: int, *, is_tiered: bool) -> str:
    steps = f" // {step_minor:d}" if step_minor != 1 else ""
    return f"{steps} * {numerator:d} * {'factor' if is_tiered else 'scale'}"


def _multiply(step: Step, target: Target) -> Iterable[str]:
    """(factor - 1) times what the multiplied rule gave on the lines that both look at."""
    if target.selector in {0, step.selector}:
        both = f"found{step.number}"
    else:
        both = f"situation.overlap({target.selector:d}, found{step.number})"
    product = _product(target.step_minor, target.numerator, is_tiered=target.is_tiered)
    yield f"if desired{target.number}:"
    yield f"    desired{step.number} += {both}[{target.measure:d}]{product}"


def _cap(step: Step, name: str, limit: int, index: int) -> Iterable[str]:
    """The last cap that cuts is the tightest and gives the reason."""
    number = step.number
    if index < 0:
        yield f"left = {limit:d}"
    else:
        yield f"counter = counter_of(keys[{number:d}][{index:d}])"
        yield f"left = {limit:d} if counter is None else max(0, {limit:d} - counter.amount)"
    yield f"if value{number} > left * denominator:"
    yield f"    value{number}, cut{number}, left{number} = left * denominator, {name!r}, left"


def _groups(steps: Sequence[Step]) -> list[list[Step]]:
    names = dict.fromkeys(step.group for step in steps if step.group)
    groups = [[step for step in steps if step.group == name] for name in names]
    return [group for group in groups if len(group) > 1]


def _contest(group: Sequence[Step]) -> Iterable[str]:
    """Only one rule of the group keeps what it gives: the highest, or the first; ties go by place."""
    values = [f"value{step.number}" for step in group]
    yield f"best = max({', '.join(values)})" if group[0].mode == "best" else f"best = {' or '.join(values)}"
    for step in group:
        number = step.number
        # After the winner nothing equals `best` any more.
        yield f"if value{number} == best:"
        yield "    best = -1"
        yield f"elif value{number}:"
        yield f'    value{number}, cut{number}, left{number} = 0, "group", 0'


def _cap_order(steps: Sequence[Step], cap: int) -> Iterable[str]:
    """The cap per order of the unit is filled in the order of place: what comes last is cut."""
    yield f"left = {cap:d} * denominator"
    for step in steps:
        number = step.number
        yield f"if value{number} > left:"
        yield f'    value{number}, cut{number}, left{number} = left, "unit_order", 0'
        yield f"left -= value{number}"


def _round(steps: Sequence[Step]) -> Iterable[str]:
    """The total is rounded down once; where shares do not fill it, the largest remainders are rounded up."""
    yield f"total = ({' + '.join(f'value{step.number}' for step in steps)}) // denominator"
    for step in steps:
        yield f"share{step.number} = value{step.number} // denominator"
    if len(steps) > 1:
        shares = ", ".join(f"share{step.number}" for step in steps)
        values = ", ".join(f"(value{step.number}, {step.rule_id:d})" for step in steps)
        yield f"spare = total - ({shares.replace(',', ' +')})"
        yield "if spare:"
        yield f"    {shares} = share_out([{shares}], ({values}), denominator, spare)"


def share_out(
    shares: list[int], values: Sequence[tuple[int, int]], denominator: int, spare: int
) -> list[int]:
    """Round up as many shares as there are whole units to spare: largest remainder first, ties by rule id."""
    order = [
        (-(value % denominator), rule_id, index)
        for index, (value, rule_id) in enumerate(values)
        if value % denominator
    ]
    order.sort()
    for _remainder, _rule_id, index in order[:spare]:
        shares[index] += 1
    return shares


def _award(step: Step) -> Iterable[str]:
    number = step.number
    head = f"{step.rule_id:d}, {step.version_id:d}, unit"
    tier = "tier" if step.is_tiered else "None"
    trail = f"(formula{number}, found{number}, {tier}, desired{number}, denominator, left{number})"
    # A share may be rounded up, but never above what the rule was to give.
    yield f"if cut{number}:"
    yield f"    desired = max(share{number}, desired{number} // denominator)"
    yield f"    counted = keys[{number:d}] if share{number} else ()"
    values = f"{head}, desired, share{number}, cut{number}, terms{number}, counted, {trail}"
    yield f"    awards.append(make(Award, ({values})))"
    yield f"elif share{number}:"
    values = f'{head}, share{number}, share{number}, "", terms{number}, keys[{number:d}], {trail}'
    yield f"    awards.append(make(Award, ({values})))"


def _grants(steps: Sequence[Step]) -> Iterable[str]:
    """One grant for each terms; it names the version where a single rule fills it."""
    lots: dict[str, list[Step]] = {}
    for step in steps:
        lots.setdefault(step.terms, []).append(step)
    for some in lots.values():
        yield f"amount = {' + '.join(f'share{step.number}' for step in some)}"
        yield "if amount:"
        versions = (f"{step.version_id:d} if share{step.number} == amount" for step in some)
        yield f"    version = {' else '.join(versions)} else None"
        yield f"    grants.append(make(Grant, (unit, amount, terms{some[0].number}, version)))"


def _trace(steps: Sequence[Step]) -> Iterable[str]:
    yield "if trace is not None:"
    for step in steps:
        n = step.number
        yield f"    trace[{n:d}] = (desired{n}, value{n}, cut{n}, left{n}, denominator)"
