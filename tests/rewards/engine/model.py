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
        self.fired_memo: dict[int, bool] = {}
        desired = {number: self.desired(number) for number in self.places}
        values = {number: self.limited(number, desired[number]) for number in self.places}
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
        if self.is_multiplier(number):
            return self.extra(number, [target for target in self.targets() if self.desired(target)])
        return self.own(number)

    def own(self, number: int) -> Fraction:
        """What a rule would give if no other rule stood in its way."""
        rule, lines = self.rules[number], self.counting_lines(number)
        return self.gives(rule, lines) if lines and self.is_open(number) else Fraction(0)

    def counting_lines(self, number: int) -> list[Line]:
        rule = self.rules[number]
        lines = self.lines(rule)
        is_enough = max(0, sum(line.basis_minor for line in lines)) >= (rule.get("minimum_minor") or 0)
        return lines if is_enough and any(line.is_counted for line in lines) else []

    def extra(self, number: int, targets: Sequence[int]) -> Fraction:
        factor, total = Fraction(self.rules[number]["amount"]["factor"]), Fraction(0)
        lines = self.counting_lines(number)
        for target in targets if lines else ():
            both = [line for line in self.lines(self.rules[target]) if line in lines]
            total += (factor - 1) * self.gives(self.rules[target], both)
        return total

    def is_multiplier(self, number: int) -> bool:
        return self.rules[number]["amount"]["kind"] == "multiplier"

    def targets(self) -> list[int]:
        return [other for other in self.places if self.rules[other]["amount"]["kind"] in LINE_KINDS]

    def before(self, number: int) -> list[int]:
        """The rules that may stop this one: those that stand earlier, save multipliers that spare it."""
        earlier = self.places[: self.places.index(number)]
        spared = number in self.targets()
        return [o for o in earlier if self.rules[o].get("stop") and not (spared and self.is_multiplier(o))]

    def is_stopped(self, number: int) -> bool:
        return any(self.fires(other) for other in self.before(number))

    def fires(self, number: int) -> bool:
        """Whether a rule that stops others does so. A multiplier decides at its own place: by what the rules
        it multiplies give there, whatever stands between it and them."""
        if number not in self.fired_memo:
            if not self.is_multiplier(number):
                value = self.limited(number, self.desired(number))
            elif self.is_stopped(number) or not self.is_open(number):
                value = Fraction(0)
            else:
                seen = [target for target in self.targets() if self.is_seen(target, number)]
                value = self.limited(number, self.extra(number, seen))
            self.fired_memo[number] = bool(value)
        return self.fired_memo[number]

    def is_seen(self, target: int, multiplier: int) -> bool:
        if not self.own(target):
            return False
        for other in self.before(target):
            if self.places.index(other) < self.places.index(multiplier):
                is_stopped = self.fires(other)
            else:
                is_in_sight = other in self.targets() and self.is_seen(other, multiplier)
                is_stopped = is_in_sight and bool(self.limited(other, self.own(other)))
            if is_stopped:
                return False
        return True

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

    def limited(self, number: int, value: Fraction) -> Fraction:
        """What the rule's own caps and budget leave of a value."""
        for period, cap in self.rules[number].get("caps", {}).items():
            used = 0 if period == "order" else self.counted(number, period)[0]
            value = min(value, max(Fraction(0), Fraction(cap) * self.scale - used))
        budget = self.rules[number].get("budget")
        if budget is not None:
            used = self.counted(number, "budget")[0]
            value = min(value, max(Fraction(0), Fraction(budget) * self.scale - used))
        return value

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
