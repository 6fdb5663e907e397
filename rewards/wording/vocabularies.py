"""The names of a program's things, read once for all the sentences of a page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

from loyaltysite.kit import formats
from members.models import Program
from rewards.models import EarningRule, Unit


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What a rule is told with: the program's currency, its units and the names of its rules, by key."""

    currency: str
    units: Mapping[str, formats.Unit] = field(default_factory=dict)
    rules: Mapping[str, str] = field(default_factory=dict)

    def points(self, amount: Fraction | int, unit: str) -> str:
        """An amount in units with the unit's name: 2 Stars."""
        number = formats.format_number(amount)
        known = self.units.get(unit)
        if known is None:
            return f"{number}{formats.NBSP}{unit}"
        exact = Fraction(amount) * 10**known.precision
        step = Decimal(exact.numerator) / Decimal(exact.denominator)
        return f"{number}{formats.NBSP}{formats.unit_name(step, known)}"

    def unit(self, key: str) -> str:
        """The unit's name for many of it."""
        known = self.units.get(key)
        return formats.unit_name(0, known) if known else key

    def money(self, minor: int) -> str:
        return formats.format_money(minor, self.currency, short=True)

    def rule(self, key: str) -> str:
        return self.rules.get(key, key)


def vocabulary_of(program: Program) -> Vocabulary:
    """Two statements."""
    units = {unit.key: unit for unit in Unit.objects.filter(program=program)}
    rules = dict(EarningRule.objects.filter(program=program).values_list("key", "name"))
    return Vocabulary(program.currency, units, rules)
