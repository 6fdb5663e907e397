"""What must hold before a rule looks at the lines: window, frequency, visit, conditions."""

from collections.abc import Callable

from rewards.engine.rules import Frequency
from rewards.engine.situations import Situation
from rewards.engine.windows import Window

Gate = Callable[[Situation], bool]


def in_window(window: Window) -> Gate:
    refusal = window.refusal
    return lambda situation: not refusal(situation.local)


def is_first_visit(number: int, index: int) -> Gate:
    """Not yet rewarded in this store today; `index` is the place of the counter among the rule's keys."""
    return _fewer_than(1, number, index)


def within_frequency(frequency: Frequency, number: int, index: int) -> Gate:
    if frequency.cooldown_seconds is not None:
        return _has_cooled(frequency.cooldown_seconds, number, index)
    return _fewer_than(frequency.times or 0, number, index)


def _fewer_than(times: int, number: int, index: int) -> Gate:
    def gate(situation: Situation) -> bool:
        counter = situation.counters.get(situation.keys[number][index])
        return counter is None or counter.times < times

    return gate


def _has_cooled(seconds: int, number: int, index: int) -> Gate:
    def gate(situation: Situation) -> bool:
        counter = situation.counters.get(situation.keys[number][index])
        if counter is None or counter.last is None or not counter.times:
            return True
        # An order that arrives late may lie before the last award: it keeps its distance to that side too.
        return abs(situation.occasion.occurred_at.timestamp() - counter.last) >= seconds

    return gate
