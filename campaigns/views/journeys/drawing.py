"""A graph as the page draws it: cards in a column, and inside a card its ways, each with cards of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from campaigns.views.journeys import flow, words
from campaigns.views.journeys.names import Names


@dataclass(slots=True)
class Way:
    """A path on from a step. `name` is that of its list, for places in it."""

    name: str
    title: str
    text: str
    cards: list[Card]
    slot: str
    # Where a step can still be put at its end.
    end: str
    live: Any = None


@dataclass(slots=True)
class Card:
    """A step. `place` is where something would be put before it; `live` is what happens at it now."""

    key: str
    kind: str
    icon: str
    title: str
    text: str
    place: str
    is_first: bool
    is_last: bool
    is_inner: bool
    ways: list[Way] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    live: Any = None

    @property
    def can_rise(self) -> bool:
        return not self.is_first or self.is_inner

    @property
    def can_sink(self) -> bool:
        return not self.is_last or self.is_inner


@dataclass(slots=True)
class Drawing:
    cards: list[Card]
    end: str


def draw(
    graph: flow.Graph,
    names: Names,
    *,
    faults: Mapping[str, Sequence[str]] | None = None,
    lives: Mapping[str, Any] | None = None,
) -> Drawing:
    """The whole flow; `faults` and `lives` by the key of the step."""
    found = faults or {}, lives or {}
    steps = graph.get("steps") or []
    return Drawing(_cards(steps, "", names, *found), f":{len(steps)}")


def _cards(
    steps: Sequence[flow.Step],
    name: str,
    names: Names,
    faults: Mapping[str, Sequence[str]],
    lives: Mapping[str, Any],
) -> list[Card]:
    cards = []
    for index, step in enumerate(steps):
        said, key = words.step(step, names), str(step.get("key", ""))
        card = Card(
            key,
            str(step.get("kind", "")),
            words.ICONS.get(str(step.get("kind")), "info"),
            said.title,
            said.text,
            f"{name}:{index}",
            index == 0,
            index == len(steps) - 1,
            bool(name),
            faults=list(faults.get(key, ())),
            live=lives.get(key),
        )
        card.ways = _ways(step, names, faults, lives)
        cards.append(card)
    return cards


def _ways(
    step: flow.Step, names: Names, faults: Mapping[str, Sequence[str]], lives: Mapping[str, Any]
) -> list[Way]:
    ways = []
    for slot, steps in flow.lists(step):
        name = f"{step['key']}.{slot}"
        said = _head(step, slot, names)
        cards = _cards(steps, name, names, faults, lives)
        ways.append(Way(name, said.title, said.text, cards, slot, f"{name}:{len(steps)}", lives.get(name)))
    return ways


def _head(step: flow.Step, slot: str, names: Names) -> words.Said:
    if slot == "then":
        return words.Said(_("It happened"))
    if slot == "else":
        return words.Said(
            _("It did not happen in time") if step["kind"] == "wait_event" else _("Everybody else")
        )
    return words.path(step["paths"][int(slot)], int(slot), names)


def each(cards: Sequence[Card]) -> Iterator[Card]:
    """Every card, those inside others too."""
    for card in cards:
        yield card
        for way in card.ways:
            yield from each(way.cards)
