"""A small naive model of earning, written from SEMANTICS 18 and 19 alone: definitions as they stand, in Fractions.

It shares no code with the engine. It knows the conditions "channel is X" and "category is X", no windows.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import floor
from typing import Any

from rewards.engine.facts import Context, Line, Occasion

LINE_KINDS = ("per_amount", "per_item", "percent")
PERIODS = ("day", "week", "month", "year", "lifetime")

Definition = Mapping[str, Any]


class Model:
    """Prices one order of rules (id → definition) in one unit."""

    def __init__(self, rules: Mapping[int, Definition], *, precision: int, cap: int | None) -> None:
        self.rules = rules
        self.scale = 10**precision
        self.cap = cap
        self.places = sorted(rules, key=lambda number: (-rules[number].get("priority", 0), number))

    def price(self, occasion: Occasion, context: Context) -> dict[int, tuple[Fraction, int]]:
        """What each rule desires and is awarded; rules that desire nothing are left out."""
        self.occasion, self.context = occasion, context
        self.fired_memo: dict[int, Fraction] = {}
        desired = {number: self.desired(number) for number in self.places}
        values = {number: self.capped(number) for number in self.places}
        self.apply_groups(values)
        self.apply_order_cap(values)
        return {
            number: (desired[number], share)
            for number, share in self.shares(values).items()
            if desired[number]
        }

    def desired(self, number: int) -> Fraction:
        if self.is_stopped(number) or not self.is_open(number):
            return Fraction(0)
        rule = self.rules[number]
        lines = self.lines(rule)
        if not any(line.is_counted for line in lines):
            return Fraction(0)
        if max(0, sum(line.basis_minor for line in lines)) < (rule.get("minimum_minor") or 0):
            return Fraction(0)
        if rule["amount"]["kind"] == "multiplier":
            return sum((self.extra(rule, target, lines) for target in self.targets(number)), Fraction(0))
        return self.gives(rule, lines)

    def extra(self, rule: Definition, target: int, lines: Sequence[Line]) -> Fraction:
        if not self.desired(target):
            return Fraction(0)
        both = [line for line in self.lines(self.rules[target]) if line in lines]
        return (Fraction(rule["amount"]["factor"]) - 1) * self.gives(self.rules[target], both)

    def gives(self, rule: Definition, lines: Sequence[Line]) -> Fraction:
        amount = rule["amount"]
        basis = max(0, sum(line.basis_minor for line in lines))
        match amount["kind"]:
            case "per_amount":
                steps = Fraction(basis, amount["per_minor"])
                steps = Fraction(floor(steps)) if amount.get("steps") == "whole" else steps
                tier = self.context.multipliers.get("points", Fraction(1))
                return steps * Fraction(amount["points"]) * self.scale * tier
            case "per_item":
                return (
                    Fraction(amount["points"])
                    * self.scale
                    * sum(line.quantity for line in lines if line.is_counted)
                )
            case "percent":
                return Fraction(amount["percent"]) / 100 * basis
            case _:
                return Fraction(amount["points"]) * self.scale

    def targets(self, number: int) -> list[int]:
        return [other for other in self.places if self.rules[other]["amount"]["kind"] in LINE_KINDS]

    def is_stopped(self, number: int) -> bool:
        for other in self.places[: self.places.index(number)]:
            rule = self.rules[other]
            spares = rule["amount"]["kind"] == "multiplier" and number in self.targets(other)
            if rule.get("stop") and not spares and self.capped(other):
                return True
        return False

    def is_open(self, number: int) -> bool:
        rule = self.rules[number]
        wanted = (rule.get("conditions") or {}).get("value", self.occasion.channel)
        if wanted != self.occasion.channel:
            return False
        if rule.get("frequency") and self.counted(number, "lifetime")[1] >= 1:
            return False
        return not (rule["amount"]["kind"] == "per_visit" and self.counted(number, "visit")[1])

    def lines(self, rule: Definition) -> list[Line]:
        wanted = (rule.get("lines") or {}).get("value")
        return [line for line in self.occasion.lines if wanted in {None, line.category}]

    def capped(self, number: int) -> Fraction:
        if number not in self.fired_memo:
            value = self.desired(number)
            for period, cap in self.rules[number].get("caps", {}).items():
                used = 0 if period == "order" else self.counted(number, period)[0]
                value = min(value, max(Fraction(0), Fraction(cap) * self.scale - used))
            budget = self.rules[number].get("budget")
            if budget is not None:
                value = min(
                    value, max(Fraction(0), Fraction(budget) * self.scale - self.counted(number, "budget")[0])
                )
            self.fired_memo[number] = value
        return self.fired_memo[number]

    def counted(self, number: int, period: str) -> tuple[int, int]:
        local = self.occasion.local
        names = {
            "day": f"d{local:%Y-%m-%d}",
            "week": f"w{local:%G-W%V}",
            "month": f"m{local:%Y-%m}",
            "year": f"y{local:%Y}",
            "lifetime": "life",
            "visit": f"v{local:%Y-%m-%d}:{self.occasion.store}",
            "budget": "budget",
        }
        counter = self.context.counters.get(f"{number}:{names[period]}")
        return (counter.amount, counter.times) if counter else (0, 0)

    def apply_groups(self, values: dict[int, Fraction]) -> None:
        groups: dict[str, list[int]] = {}
        for number in self.places:
            group = self.rules[number].get("group")
            if group and group["mode"] != "all" and values[number]:
                groups.setdefault(group["key"], []).append(number)
        for members in groups.values():
            mode = self.rules[members[0]]["group"]["mode"]
            winner = members[0] if mode == "first" else max(members, key=lambda number: values[number])
            for number in members:
                if number != winner:
                    values[number] = Fraction(0)

    def apply_order_cap(self, values: dict[int, Fraction]) -> None:
        if self.cap is None:
            return
        left = Fraction(self.cap)
        for number in self.places:
            values[number] = min(values[number], left)
            left -= values[number]

    def shares(self, values: Mapping[int, Fraction]) -> dict[int, int]:
        shares = {number: floor(value) for number, value in values.items()}
        spare = floor(sum(values.values())) - sum(shares.values())
        for number in sorted(values, key=lambda number: (shares[number] - values[number], number))[:spare]:
            shares[number] += 1
        return shares
