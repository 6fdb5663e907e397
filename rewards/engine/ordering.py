"""The order of evaluation: by priority, then id, but a multiplier after what it multiplies and a stop first."""

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
    """Every rule after those it depends on, otherwise by place.

    Two multipliers may each stop the rule that the other one multiplies. Such a ring is cut where the first
    rule that is no multiplier stands.
    """
    needs = {rule.id: {target.id for target in targets.get(rule.id, ())} for rule in rules}
    for rule in rules:
        for other in stopped_by(rule, rules, targets):
            needs[other.id].add(rule.id)
    arranged: list[Rule] = []
    waiting = sorted(rules, key=lambda rule: rule.place)
    while waiting:
        pending = {rule.id for rule in waiting}
        ready = [rule for rule in waiting if not needs[rule.id] & pending]
        chosen = next(iter(ready), None) or min(waiting, key=lambda rule: (rule.id in targets, rule.place))
        arranged.append(chosen)
        waiting.remove(chosen)
    return arranged
