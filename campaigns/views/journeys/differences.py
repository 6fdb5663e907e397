"""What a draft changes of the version in force, step by step, in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from campaigns.views.journeys import flow, triggers, words
from campaigns.views.journeys.names import Names
from campaigns.views.journeys.words import Said


@dataclass(frozen=True, slots=True)
class Difference:
    """`before` or `after` is "" where there is nothing."""

    name: str
    before: str
    after: str


def between(before: flow.Graph | None, after: flow.Graph, names: Names) -> list[Difference]:
    """In reading order; of a journey that was never published nothing, since all of it is new."""
    if before is None:
        return []
    found = [
        Difference(_("Begins"), _say(triggers.trigger(before, names)), _say(triggers.trigger(after, names))),
        Difference(
            _("The whole journey"),
            " ".join(triggers.rules(before, names)),
            " ".join(triggers.rules(after, names)),
        ),
    ]
    old, new = _steps(before, names), _steps(after, names)
    for key in dict.fromkeys([*new, *old]):
        was, is_now = old.get(key, ""), new.get(key, "")
        name = _("Step") if was and is_now else _("New step") if is_now else _("Step taken out")
        found.append(Difference(name, was, is_now))
    changed = [one for one in found if one.before != one.after]
    if [*_order(before)] != [*_order(after)] and set(old) == set(new):
        changed.append(Difference(_("Order"), _("as it was"), _("steps stand in another order")))
    return changed


def _steps(graph: Mapping[str, Any], names: Names) -> dict[str, str]:
    found = {}
    for spot in flow.walk(dict(graph)):
        parts = [_say(words.step(spot.step, names))]
        parts += [_say(words.path(path, at, names)) for at, path in enumerate(spot.step.get("paths") or [])]
        found[str(spot.step["key"])] = "; ".join(parts)
    return found


def _order(graph: flow.Graph) -> list[tuple[str, str]]:
    return [(str(spot.step["key"]), spot.list_name) for spot in flow.walk(graph)]


def _say(said: Said) -> str:
    return f"{said.title}. {said.text}".strip(". ") if said.text else said.title
