"""The rule behind the proposed verdicts: plain figures in, a verdict and its reasons out. docs/steering.md tells it in words.

The first line that says stop decides, else the first that says change, else it is kept. Every line that spoke is a
reason. Without a margin or a hold-out the lines that need it are silent, and that is said too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from analytics.models import ReviewItem

VERSION = 1
KEEP, CHANGE, STOP = ReviewItem.Verdict.KEEP, ReviewItem.Verdict.CHANGE, ReviewItem.Verdict.STOP
ORDER = {STOP: 0, CHANGE: 1, KEEP: 2}
# Costs from this share of the margin of those who used it are much.
MUCH = 0.5
# Fewer than so many uses in the month before say nothing about a fall; under this share of them it is one.
LEAST_TIMES, FELL = 20, 0.5
# Of so many messages at least, fewer clicks than this are hardly any.
LEAST_SENT, HARDLY = 200, 0.01

type Facts = Mapping[str, Any]
type Line = tuple[str, str]


def propose(*, kind: str, facts: Facts, before: Facts | None) -> tuple[str, list[str]]:
    """The verdict and the keys of its reasons, the weightiest first. `before` are the facts of the month before."""
    lines = list(RULES[kind](facts, before or {}))
    lines.sort(key=lambda line: ORDER[ReviewItem.Verdict(line[0])])
    return lines[0][0], [reason for _verdict, reason in lines]


def of_rule(facts: Facts, before: Facts) -> Iterator[Line]:
    if not facts["times"]:
        yield _unused(before)
        return
    yield from _cost(facts)
    yield from _fall(facts, before)
    yield KEEP, "used"


def of_reward(facts: Facts, before: Facts) -> Iterator[Line]:
    if not facts["times"]:
        yield _unused(before)
        return
    yield from _cost(facts)
    yield from _fall(facts, before)
    if facts.get("is_out"):
        yield CHANGE, "out_of_stock"
    yield KEEP, "used"


def of_journey(facts: Facts, before: Facts) -> Iterator[Line]:
    if not facts["times"]:
        yield _unused(before)
        return
    effect = facts.get("effect")
    if effect is None:
        yield KEEP, "no_holdout"
    else:
        yield from _effect(effect)
    if facts["sent"] >= LEAST_SENT and facts["clicked"] < HARDLY * facts["sent"]:
        yield CHANGE, "hardly_clicked"
    yield KEEP, "used"


def _unused(before: Facts) -> Line:
    return (STOP, "unused_twice") if before.get("times") == 0 else (CHANGE, "unused")


def _cost(facts: Facts) -> Iterator[Line]:
    cost, margin = facts.get("cost_minor"), facts.get("margin_minor")
    if cost is None or margin is None:
        yield KEEP, "margin_unknown"
    elif cost > 0 and cost >= margin:
        yield STOP, "cost_above_margin"
    elif cost > MUCH * margin:
        yield CHANGE, "cost_much"
    else:
        yield KEEP, "cost_covered"


def _fall(facts: Facts, before: Facts) -> Iterator[Line]:
    if before.get("times", 0) >= LEAST_TIMES and facts["times"] < FELL * before["times"]:
        yield CHANGE, "fell"


def _effect(effect: Facts) -> Iterator[Line]:
    """By hold-out: the whole interval counts, never its middle alone."""
    high = effect.get("margin_high_minor")
    if effect["high_minor"] < 0:
        yield STOP, "effect_negative"
    elif high is not None and high < effect["cost_minor"]:
        yield STOP, "effect_below_cost"
    elif effect["low_minor"] > 0:
        yield KEEP, "effect_clear"
    else:
        yield CHANGE, "effect_unclear"


RULES: Mapping[str, Callable[[Facts, Facts], Iterator[Line]]] = {
    ReviewItem.Kind.RULE: of_rule,
    ReviewItem.Kind.JOURNEY: of_journey,
    ReviewItem.Kind.REWARD: of_reward,
}
