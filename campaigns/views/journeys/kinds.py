"""What can be put into a journey: every kind of step with a line that says what it is for, and how it begins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from campaigns.journeys.kinds import STEPS
from campaigns.views.journeys import words
from campaigns.views.journeys.flow import Step
from campaigns.views.journeys.names import Names


@dataclass(frozen=True, slots=True)
class Kind:
    key: str
    text: str | Promise
    start: Mapping[str, Any]

    @property
    def label(self) -> str | Promise:
        return STEPS[self.key]

    @property
    def icon(self) -> str:
        return words.ICONS[self.key]


@dataclass(frozen=True, slots=True)
class Group:
    title: str | Promise
    kinds: tuple[Kind, ...]


GROUPS: tuple[Group, ...] = (
    Group(
        _("Time"),
        (
            Kind("wait", _("Minutes, hours or days."), {"days": 1}),
            Kind("wait_local", _("In the member's own time, on the days you choose."), {"hour": 9}),
            Kind(
                "wait_event",
                _("Two ways on: it happened, or it did not in time."),
                {"event": "order", "timeout_days": 7, "then": [], "else": []},
            ),
        ),
    ),
    Group(
        _("Ways"),
        (
            Kind(
                "branch",
                _("By what is true of the member at that moment."),
                {"paths": [{"name": "", "where": None, "steps": []}], "else": []},
            ),
            Kind(
                "split",
                _("In shares, to compare or to begin small."),
                {"paths": [{"name": "A", "share": 50, "steps": []}, {"name": "B", "share": 50, "steps": []}]},
            ),
            Kind(
                "experiment",
                _("Arms side by side, by lot, with a verdict."),
                {
                    "name": "",
                    "measure": "conversion",
                    "window_days": 14,
                    "paths": [
                        {"name": "A", "share": 50, "steps": []},
                        {"name": "B", "share": 50, "steps": []},
                    ],
                },
            ),
            Kind("exit", _("The journey is over for the member."), {}),
        ),
    ),
    Group(
        _("For the member"),
        (
            Kind("message", _("E-mail, SMS, push, portal, till or print."), {"channel": "email"}),
            Kind("points", _("Within a budget, each member once."), {}),
            Kind("reward", _("From the catalogue, for nothing."), {}),
            Kind("tier", _("For so many days."), {"days": 365}),
        ),
    ),
    Group(
        _("For you"),
        (
            Kind("task", _("For the team, with a day by which it is done."), {"days": 1}),
            Kind("tag", _("Put on or taken off."), {"do": "add"}),
            Kind("segment", _("Into one of your lists, or out of it."), {"do": "add"}),
            Kind("webhook", _("Another system is told."), {}),
        ),
    ),
)
KINDS: Mapping[str, Kind] = {kind.key: kind for group in GROUPS for kind in group.kinds}


def begin(kind: str, names: Names) -> Step:
    """A new step of a kind, with what this program has only one of. Raises KeyError for an unknown kind."""
    step: Step = {"kind": kind, **KINDS[kind].start}
    if kind == "points" and names.units:
        step["unit"] = next(iter(names.units))
    return step
