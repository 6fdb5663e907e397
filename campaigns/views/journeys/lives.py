"""What happens at a step, in words: the number at its end, and why members went which way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from campaigns.journeys.counts import AtStep
from campaigns.models import Reason
from campaigns.views.journeys import flow
from campaigns.views.journeys.names import EVENTS
from loyaltysite.kit import formats

# What became of a step, as the engine writes it.
OUTCOMES: Mapping[str, str | Promise] = {
    "done": gettext_lazy("done"),
    "queued": gettext_lazy("handed over to be sent"),
    "held_out": gettext_lazy("held out, on purpose"),
    "not_sent": gettext_lazy("not sent"),
    "deferred": gettext_lazy("put off"),
    "skipped": gettext_lazy("gone on without it"),
    "refused": gettext_lazy("not given"),
    "left": gettext_lazy("left"),
}
REASONS: Mapping[str, str | Promise] = {
    **EVENTS,
    **{reason.value: reason.label for reason in Reason},
    "budget": gettext_lazy("The budget was used up."),
    "version": gettext_lazy("A new version had no place for who waited there."),
    "stopped": gettext_lazy("The journey was stopped."),
}


@dataclass(slots=True)
class Live:
    """`number` and `label` stand at the end of a card; `rows` are {name, share, text} for bars."""

    number: int
    label: str
    rows: list[dict[str, Any]] = field(default_factory=list)
    left: list[dict[str, Any]] = field(default_factory=list)
    waiting: int = 0
    next_at: Any = None


def of_steps(graph: flow.Graph, counted: Mapping[str, AtStep]) -> dict[str, Any]:
    """By key of a step its Live, and by name of a way in how many went there."""
    found: dict[str, Any] = {}
    for spot in flow.walk(graph):
        at = counted.get(str(spot.step["key"]), AtStep())
        found[str(spot.step["key"])] = live(spot.step, at)
        found |= _ways(spot.step, at)
    return found


def live(step: Mapping[str, Any], at: AtStep) -> Live:
    through = at.through
    is_wait = str(step.get("kind", "")).startswith("wait")
    number, label = (at.waiting, _("waiting")) if is_wait else (through, _("passed"))
    rows = [
        {
            "name": _row_name(one.outcome, one.reason),
            "share": one.number / through,
            "text": formats.format_number(one.number),
        }
        for one in _merged(at)
    ]
    left = [{"name": why(reason), "number": count} for reason, count in at.left.items()]
    return Live(number, label, rows, left, at.waiting, at.next_at)


def why(reason: str) -> str:
    """A recorded reason in words."""
    kind, _colon, rest = reason.partition(":")
    if kind == "event" and rest:
        return _("It happened: %(event)s") % {"event": rest}
    return str(REASONS.get(reason, reason or _("for no recorded reason")))


def _row_name(outcome: str, reason: str) -> str:
    return why(reason) if reason else str(OUTCOMES.get(outcome, outcome))


def _merged(at: AtStep) -> list[Any]:
    """By outcome and reason, ways together."""
    found: dict[tuple[str, str], Any] = {}
    for one in at.passed:
        known = found.get((one.outcome, one.reason))
        if known is None:
            found[one.outcome, one.reason] = type(one)(one.outcome, one.reason, "", one.number)
        else:
            known.number += one.number
    return sorted(found.values(), key=lambda one: -one.number)


def _ways(step: Mapping[str, Any], at: AtStep) -> dict[str, str]:
    """How many took each way, in words; the engine knows a path by its name."""
    by_way, whole = at.by("way"), at.through
    found = {}
    for slot, _steps in flow.lists(step):
        name = step["paths"][int(slot)].get("name", "") if slot.isdecimal() else slot
        number = by_way.get(name, 0)
        if whole:
            words = ngettext("%(count)s went here, %(share)s", "%(count)s went here, %(share)s", number)
            share = formats.format_percent(number / whole)
            found[f"{step['key']}.{slot}"] = words % {"count": formats.format_number(number), "share": share}
    return found
