"""Rules are compiled once into closures over whole numbers; a program is then a pure function."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import lcm
from typing import Any

from django.utils.translation import gettext_lazy as _

from loyaltysite.kit import conditions
from rewards.engine import amounts, fields, gates, generation, ordering
from rewards.engine.definitions import RuleError
from rewards.engine.facts import Context, Occasion
from rewards.engine.gates import Gate
from rewards.engine.plans import Cap, KindPlan, Plan, Step, Target
from rewards.engine.pricing import Pricing
from rewards.engine.rules import CAPS, ORDER, Rule
from rewards.engine.situations import LineTest, Seen, Situation


@dataclass(frozen=True, slots=True)
class UnitTerms:
    """What the engine must know of a unit. `cap_per_order` is in ledger units (10^-precision of the unit)."""

    precision: int = 0
    cap_per_order: int | None = None


class Program:
    """The compiled rules of one moment. Pure: it can be shared by threads and kept for as long as one likes."""

    def __init__(self, rules: Iterable[Rule], kinds: Mapping[str, KindPlan]) -> None:
        self.rules = tuple(rules)
        self.kinds = kinds

    def price(self, occasion: Occasion, context: Context, seen: Seen | None = None) -> Pricing:
        """`seen`, empty at first, spares a second program the lines of the same occasion that this one has looked at."""
        kind = self.kinds.get(occasion.kind)
        if kind is None:
            return Pricing(awards=(), grants=(), totals={})
        return kind.price(Situation(occasion, context, kind, seen), None)

    def counter_keys(self, occasion: Occasion) -> tuple[str, ...]:
        """The counters to read before this occasion can be priced."""
        plan = self.kinds.get(occasion.kind)
        return () if plan is None else plan.all_keys(occasion)


def price(occasion: Occasion, context: Context, program: Program) -> Pricing:
    """The awards of an order or event, whole ledger units, each with its reasons (SEMANTICS 17 to 21)."""
    return program.price(occasion, context)


def compile_rules(rules: Iterable[Rule], *, units: Mapping[str, UnitTerms]) -> Program:
    """Compile the rule versions that are in force together.

    Raises RuleError where they do not fit each other or their units; its params name the rule by `rule_id`.
    """
    listed = sorted(rules, key=lambda rule: rule.place)
    _refuse_doubles(listed)
    kinds = {kind: [rule for rule in listed if rule.kind == kind] for kind in {r.kind for r in listed}}
    return Program(listed, {kind: _KindCompiler(kind, units).compile(some) for kind, some in kinds.items()})


def _refuse_doubles(rules: Sequence[Rule]) -> None:
    seen: set[object] = set()
    for rule in rules:
        for name in (rule.id, rule.key):
            if name in seen:
                raise RuleError(_("Two rules are called %(name)s."), path="key", name=name, rule_id=rule.id)
        seen |= {rule.id, rule.key}


class _KindCompiler:
    """Compiles the rules of one kind of occasion; line filters that say the same are looked at once."""

    def __init__(self, kind: str, units: Mapping[str, UnitTerms]) -> None:
        self.has_lines = kind == ORDER
        self.units = units
        self.selectors: dict[str, int] = {"": 0}
        # The whole order comes first and passes nothing through a test.
        self.filters: list[LineTest] = [bool]
        self.steps: list[Step] = []

    def compile(self, rules: Sequence[Rule]) -> KindPlan:
        plans = tuple(
            self._compile_unit(unit, [rule for rule in rules if rule.unit == unit])
            for unit in sorted({rule.unit for rule in rules})
        )
        function, text = generation.generate(plans)
        return KindPlan(self.has_lines, plans, tuple(self.filters), function, text)

    def _compile_unit(self, unit: str, rules: Sequence[Rule]) -> Plan:
        terms = self.units.get(unit)
        if terms is None:
            raise RuleError(_("There is no unit %(unit)s."), path="unit", unit=unit, rule_id=rules[0].id)
        _refuse_mixed_groups(rules)
        targets = {rule.id: _targets(rule, rules) for rule in rules if rule.amount.kind == "multiplier"}
        order = ordering.arrange(rules, targets)
        scale = _Scale(terms.precision, rules, targets)
        steps: dict[int, Step] = {}
        for position, rule in enumerate(order):
            acted_on = [steps[target.id] for target in targets.get(rule.id, ()) if target.id in steps]
            steps[rule.id] = self._compile_rule(rule, 1 << position, scale, acted_on)
        for rule in order:
            stopped = ordering.stopped_by(rule, rules, targets)
            steps[rule.id].stops = sum(steps[other.id].bit for other in stopped)
        self.steps += steps.values()
        return Plan(unit, tuple(steps.values()), scale.denominator, terms.cap_per_order)

    def _compile_rule(self, rule: Rule, bit: int, scale: "_Scale", acted_on: Sequence[Step]) -> Step:
        number, periods = len(self.steps) + bit.bit_length() - 1, _periods(rule)
        barred = dict(_gates(rule, number, periods))
        is_multiplier = rule.amount.kind == "multiplier"
        return Step(
            rule=rule,
            rule_id=rule.id,
            version_id=rule.version_id,
            terms=rule.terms,
            place=rule.place,
            group=rule.group.key if rule.group and rule.group.mode != "all" else "",
            mode=rule.group.mode if rule.group else "",
            number=number,
            bit=bit,
            periods=periods,
            gates=tuple(barred.values()),
            gate_names=tuple(barred),
            selector=self._selector(rule),
            minimum=rule.minimum_minor or 0,
            measure=amounts.measure(rule.amount),
            step_minor=amounts.step_minor(rule.amount),
            numerator=0 if is_multiplier else scale.numerator(rule),
            is_tiered=rule.amount.kind == "per_amount",
            is_multiplier=is_multiplier,
            targets=tuple(_target(step, rule, scale) for step in acted_on),
            caps=tuple(_caps(rule, scale.precision, periods)),
            precision=scale.precision,
            formula=_formula(rule, scale.precision),
        )

    def _selector(self, rule: Rule) -> int:
        if rule.lines is None:
            return 0
        name = json.dumps(rule.lines, sort_keys=True)
        if name not in self.selectors:
            self.selectors[name] = len(self.filters)
            self.filters.append(_line_test(name))
        return self.selectors[name]


@lru_cache(maxsize=1024)
def _line_test(text: str) -> LineTest:
    """One function for each text, in whichever program: so it is known that two look at the same."""
    return conditions.parse(json.loads(text), fields.LINE).predicate()


def _target(step: Step, multiplier: Rule, scale: "_Scale") -> Target:
    return Target(
        number=step.number,
        measure=step.measure,
        step_minor=step.step_minor,
        selector=step.selector,
        numerator=scale.numerator(step.rule, times=multiplier.amount.value - 1),
        is_tiered=step.is_tiered,
    )


class _Scale:
    """The denominator that makes every amount of a unit whole, and each rule's numerator over it."""

    def __init__(self, precision: int, rules: Sequence[Rule], targets: Mapping[int, Sequence[Rule]]) -> None:
        self.precision = precision
        exact = [self._exact(rule) for rule in rules if rule.amount.kind != "multiplier"]
        for rule in rules:
            exact += [self._exact(target) * (rule.amount.value - 1) for target in targets.get(rule.id, ())]
        self.denominator = lcm(*(value.denominator for value in exact)) if exact else 1

    def numerator(self, rule: Rule, times: Fraction | int = 1) -> int:
        return int(self._exact(rule) * times * self.denominator)

    def _exact(self, rule: Rule) -> Fraction:
        return amounts.coefficient(rule.amount, precision=self.precision)


def _targets(multiplier: Rule, rules: Sequence[Rule]) -> list[Rule]:
    """The rules a multiplier acts on: those named, or all of its unit that reckon by lines."""
    by_lines = [rule for rule in rules if rule.amount.is_of_lines]
    if multiplier.amount.of is None:
        return by_lines
    found = {rule.key: rule for rule in by_lines}
    for index, key in enumerate(multiplier.amount.of):
        if key not in found:
            message = _("There is no rule %(key)s of this unit that reckons by lines.")
            raise RuleError(message, path=f"amount.of[{index}]", key=key, rule_id=multiplier.id)
    return [found[key] for key in multiplier.amount.of]


def _refuse_mixed_groups(rules: Sequence[Rule]) -> None:
    modes: dict[str, str] = {}
    for rule in rules:
        if rule.group and modes.setdefault(rule.group.key, rule.group.mode) != rule.group.mode:
            message = _("The rules of group %(group)s must agree on its mode.")
            raise RuleError(message, path="group.mode", group=rule.group.key, rule_id=rule.id)


def _periods(rule: Rule) -> tuple[str, ...]:
    """The counters the rule looks at, without repeats."""
    found = [name for name in CAPS if name in rule.caps and name != "order"]
    if rule.frequency is not None:
        found.append(rule.frequency.period)
    if rule.amount.kind == "per_visit":
        found.append("visit")
    if rule.budget is not None:
        found.append("budget")
    return tuple(dict.fromkeys(found))


def _gates(rule: Rule, number: int, periods: Sequence[str]) -> Iterable[tuple[str, Gate]]:
    if rule.window is not None:
        yield "window", gates.in_window(rule.window)
    if rule.frequency is not None:
        index = periods.index(rule.frequency.period)
        yield "frequency", gates.within_frequency(rule.frequency, number, index)
    if rule.amount.kind == "per_visit":
        yield "visit", gates.is_first_visit(number, periods.index("visit"))
    if rule.conditions is not None:
        yield "conditions", conditions.parse(rule.conditions, fields.OCCASION).predicate()


def _caps(rule: Rule, precision: int, periods: Sequence[str]) -> Iterable[Cap]:
    limits: list[tuple[str, str, Any]] = [
        (name, f"caps.{name}", rule.caps[name]) for name in CAPS if name in rule.caps
    ]
    if rule.budget is not None:
        limits.append(("budget", "budget", rule.budget))
    for name, path, value in limits:
        limit = value * 10**precision
        if limit.denominator != 1:
            raise RuleError(_("This is finer than the unit allows."), path=path, rule_id=rule.id)
        yield (name, int(limit), -1 if name == "order" else periods.index(name))


def _formula(rule: Rule, precision: int) -> tuple[object, ...]:
    """The constants of the rule's arithmetic, for its reasons: JSON-ready and shared by all its awards."""
    amount = rule.amount
    name = "whole_steps" if amount.is_whole else amount.kind
    return (name, precision, str(amount.value), amount.per_minor)
