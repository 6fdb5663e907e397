"""Who comes before whom: by priority, then id; a multiplier after what it multiplies."""

from collections.abc import Mapping, Sequence

from rewards.engine.rules import Rule

Targets = Mapping[int, Sequence[Rule]]


def stopped_by(rule: Rule, rules: Sequence[Rule], targets: Targets) -> list[Rule]:
    """The rules of the same unit that a stop shuts out: all that stand later, save what it multiplies."""
    if not rule.stop:
        return []
    spared = {target.id for target in targets.get(rule.id, ())}
    return [other for other in rules if other.place > rule.place and other.id not in spared]


def arrange(rules: Sequence[Rule], targets: Targets) -> list[Rule]:
    """The order in which the rules are worked out: by place, save for multipliers.

    One that stops others must know at its place whether it gives anything, so what it multiplies comes before
    it; every other one comes last, when it is settled what there is to multiply.
    """
    by_place = sorted(rules, key=lambda rule: rule.place)
    wanted: list[Rule] = []
    for rule in by_place:
        if rule.id not in targets:
            wanted.append(rule)
        elif rule.stop:
            wanted += [*sorted(targets[rule.id], key=lambda target: target.place), rule]
    return list({rule.id: rule for rule in [*wanted, *by_place]}.values())
