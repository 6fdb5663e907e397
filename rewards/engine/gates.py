"""What must hold before a rule gives anything: window, frequency, visit, conditions, lines, minimum."""

from collections.abc import Callable

from rewards.engine.rules import Frequency
from rewards.engine.situations import Selection, Situation
from rewards.engine.windows import Window

Gate = Callable[[Situation], bool]
Enter = Callable[[Situation], Selection | None]


def in_window(window: Window) -> Gate:
    admits = window.admits
    return lambda situation: admits(situation.local.replace(tzinfo=None))


def is_first_visit(number: int, index: int) -> Gate:
    """Not yet rewarded in this store today; `index` is the place of the counter among the rule's keys."""

    def gate(situation: Situation) -> bool:
        counter = situation.counters.get(situation.keys[number][index])
        return counter is None or not counter.times

    return gate


def within_frequency(frequency: Frequency, number: int, index: int) -> Gate:
    if frequency.cooldown_seconds is not None:
        return _has_cooled(frequency.cooldown_seconds, number, index)
    times = frequency.times or 0

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


def enter(gates: tuple[Gate, ...], index: int, minimum: int) -> Enter:
    """The rule's lines if every gate is open, at least one of them counts and they reach the minimum."""
    if gates:
        return _enter_gated(gates, index, minimum)
    if index == 0:

        def enter_all(situation: Situation) -> Selection | None:
            found = situation.selections[0]
            return found if found[2] and found[0] >= minimum else None  # type: ignore[index]

        return enter_all

    def enter_some(situation: Situation) -> Selection | None:
        found = situation.selections[index] or situation.selection(index)
        return found if found[2] and found[0] >= minimum else None

    return enter_some


def _enter_gated(gates: tuple[Gate, ...], index: int, minimum: int) -> Enter:
    def enter_gated(situation: Situation) -> Selection | None:
        for gate in gates:
            if not gate(situation):
                return None
        found = situation.selections[index] or situation.selection(index)
        return found if found[2] and found[0] >= minimum else None

    return enter_gated
