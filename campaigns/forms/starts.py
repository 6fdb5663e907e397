"""What lets members into a journey and what takes them out: the first and the last card of the editor as forms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.forms import matches
from campaigns.forms.journeys import OTHER, EventField, WithEvent, choose, own_event, within
from campaigns.forms.matches import MatchField
from campaigns.journeys import kinds
from campaigns.views.journeys.words import WEEKDAYS
from rewards.views.rules.fields import DayField, WholeField

Part = dict[str, Any]

HOURS = [(hour, f"{hour:02}:00") for hour in range(24)]
# Which fields belong to which kind of trigger; the others stay away.
FITTING: Mapping[str, tuple[str, ...]] = {
    "event": ("event", "own", "match"),
    "segment_entered": ("segment",),
    "segment_left": ("segment",),
    "date": ("date", "offset_days", "hour"),
    "schedule": ("every", "on", "weekday", "day", "hour", "segment"),
    "inactivity": ("tenths", "least_days", "hour"),
    "api": (),
    "place": ("store",),
}
BY_PERIOD: Mapping[str, str] = {"once": "on", "week": "weekday", "month": "day"}
# More ways out than these nobody can follow.
MOST_EXITS = 10


class TriggerForm(WithEvent):
    """`settings()` is {"trigger": …, "entry": …}; `where` of the trigger stands in a tree beside it."""

    tree, tree_label = "where", gettext_lazy("Only members who fulfil")
    kind = forms.ChoiceField(label=gettext_lazy("It begins"), choices=list(kinds.TRIGGERS.items()))
    event = EventField(label=gettext_lazy("What happens"), required=False)
    own = own_event()
    match = MatchField()
    segment = forms.TypedChoiceField(
        label=gettext_lazy("Segment"), coerce=int, required=False, empty_value=None
    )
    date = forms.ChoiceField(
        label=gettext_lazy("Which day"), choices=list(kinds.DATES.items()), required=False
    )
    offset_days = WholeField(
        label=gettext_lazy("Days after it"),
        help_text=gettext_lazy("Before it with a minus: −7 is a week before."),
    )
    every = forms.ChoiceField(
        label=gettext_lazy("How often"), choices=list(kinds.EVERY.items()), required=False
    )
    on = DayField(label=gettext_lazy("On the day"))
    weekday = forms.TypedChoiceField(
        label=gettext_lazy("Day of the week"), coerce=int, choices=list(enumerate(WEEKDAYS)), required=False
    )
    day = WholeField(label=gettext_lazy("Day of the month"))
    tenths = WholeField(
        label=gettext_lazy("Tenths of the member's own rhythm"),
        help_text=gettext_lazy("25 means two and a half times as long as usual between two orders."),
    )
    least_days = WholeField(label=gettext_lazy("But so many days at least"))
    store = forms.ChoiceField(label=gettext_lazy("Store"), required=False)
    hour = forms.TypedChoiceField(
        label=gettext_lazy("At"), coerce=int, choices=HOURS, required=False, empty_value="9"
    )
    mode = forms.ChoiceField(
        label=gettext_lazy("How often one member may enter"), choices=list(kinds.MODES.items())
    )
    period = forms.ChoiceField(
        label=gettext_lazy("Period"), choices=list(kinds.PERIODS.items()), required=False
    )
    days = WholeField(label=gettext_lazy("Days between"))

    def initial_of(self, step: Mapping[str, Any]) -> dict[str, Any]:
        trigger, entry = step.get("trigger") or {}, step.get("entry") or {}
        known = {
            name: trigger[name]
            for name in self.base_fields
            if name in trigger and name not in ("event", "match")
        }
        known["match"] = matches.written(trigger.get("match"))
        given = {"hour": 9, "tenths": 25, "least_days": 30, "offset_days": 0, "kind": "event"} | known
        return given | self.event_initial(str(trigger.get("event", ""))) | dict(entry)

    def fill(self) -> None:
        choose(self, "segment", self.names.segments)
        self.fields["store"].choices = [("", _("any store")), *self.names.stores.items()]  # type: ignore[attr-defined]

    # --- for the template

    @property
    def chosen(self) -> str:
        kind = str(self["kind"].value() or "event")
        return kind if kind in FITTING else "event"

    @property
    def fitting(self) -> list[forms.BoundField]:
        """The fields of the kind chosen."""
        names = list(FITTING[self.chosen])
        if self.chosen == "event" and self["event"].value() != OTHER:
            names.remove("own")
        if self.chosen == "schedule":
            wanted = BY_PERIOD.get(str(self["every"].value() or "once"))
            names = [name for name in names if name not in BY_PERIOD.values() or name == wanted]
        return [self[name] for name in names]

    @property
    def often(self) -> list[forms.BoundField]:
        mode = self["mode"].value()
        more = {"period": ["period"], "cooldown": ["days"]}.get(str(mode), [])
        return [self[name] for name in ["mode", *more]]

    # --- what was typed

    def clean(self) -> dict[str, Any]:
        found = self.cleaned_data
        kind = found.get("kind", "")
        if kind == "event" and not found.get("event"):
            self.add_error("event", _("Choose an event."))
        if kind.startswith("segment_") and not found.get("segment"):
            self.add_error("segment", _("Choose a segment."))
        if kind == "schedule":
            self._check_schedule(found)
        if kind == "inactivity":
            self._check_range("tenths", 10, 100)
            self._check_range("least_days", 1, 730)
        if kind == "date":
            self._check_range("offset_days", -365, 365)
        if found.get("mode") == "cooldown":
            self._check_range("days", 1, 3660)
        return found

    def _check_schedule(self, found: Mapping[str, Any]) -> None:
        if found.get("every") == "once" and not found.get("on"):
            self.add_error("on", _("Choose a day."))
        if found.get("every") == "month":
            self._check_range("day", 1, 31)

    def _check_range(self, name: str, least: int, most: int) -> None:
        number = self.cleaned_data.get(name)
        if not self.has_error(name) and (number is None or not least <= number <= most):
            self.add_error(name, _("Between %(least)s and %(most)s.") % {"least": least, "most": most})

    def settings(self) -> Part:
        found, kind = self.cleaned_data, self.cleaned_data["kind"]
        names = [name for name in FITTING[kind] if name not in ("event", "own", "match", *BY_PERIOD.values())]
        trigger: Part = {"kind": kind} | {
            name: found[name] for name in names if found[name] not in (None, "")
        }
        if kind == "event":
            trigger["event"] = self.read_event()
            if found["match"]:
                trigger["match"] = found["match"]
        if kind == "schedule" and found["every"] in BY_PERIOD:
            name = BY_PERIOD[found["every"]]
            trigger[name] = found[name].isoformat() if name == "on" else found[name]
        entry: Part = {"mode": found["mode"]}
        if found["mode"] == "period":
            entry["period"] = found["period"] or "month"
        if found["mode"] == "cooldown":
            entry["days"] = found["days"]
        return {"trigger": trigger, "entry": entry}


class RulesForm(WithEvent):
    """What holds for the whole journey: who is held out, what it is for, when it gives way, what ends it early."""

    holdout = WholeField(
        label=gettext_lazy("Held out, percent"),
        help_text=gettext_lazy("They get nothing, so that you see what the journey brings. At most 50."),
    )
    goal = forms.BooleanField(label=gettext_lazy("It has a goal"), required=False)
    event = EventField(label=gettext_lazy("The goal is reached when"), required=False)
    own = own_event()
    days = WholeField(label=gettext_lazy("Within so many days of entering"))
    priority = forms.TypedChoiceField(
        label=gettext_lazy("Priority"),
        coerce=int,
        choices=[(number, str(number)) for number in range(1, 10)],
        help_text=gettext_lazy(
            "Where a member may get only one message, the journey with the lower number wins."
        ),
    )
    late_hours = WholeField(
        label=gettext_lazy("Hours until a message is too late"),
        help_text=gettext_lazy("What could not be sent by then is not sent any more."),
    )

    def initial_of(self, step: Mapping[str, Any]) -> dict[str, Any]:
        goal = step.get("goal") or {}
        return {
            "holdout": step.get("holdout", 0),
            "goal": bool(goal),
            "days": goal.get("days", 30),
            "priority": step.get("priority", 5),
            "late_hours": (step.get("window") or {}).get("late_hours", 24),
        } | self.event_initial(str(goal.get("event", "")))

    def fill(self) -> None:
        self.exits = list(self.step.get("exit") or [])
        for number in range(min(MOST_EXITS, len(self.exits) + 1)):
            self._add_exit(number, self.exits[number] if number < len(self.exits) else {})

    def _add_exit(self, number: int, one: Mapping[str, Any]) -> None:
        chosen = f"{one.get('is', '')}:{one['segment']}" if one.get("segment") else one.get("event", "")
        choices = [("", _("nothing more")), *self.names.exit_choices(chosen)]
        self.fields[f"exit_{number}"] = forms.ChoiceField(
            label=_("Ends early when"), choices=choices, required=False, initial=chosen
        )
        if one.get("event"):
            self.fields[f"match_{number}"] = MatchField(initial=matches.written(one.get("match")))
            self.fields[f"match_{number}"].is_needed = False  # type: ignore[attr-defined]

    def asked(self) -> list[tuple[str, Any, str]]:
        """The conditions of the ways out that there are: name, stored JSON, heading."""
        return [
            (f"out_{number}", one.get("where"), _("Only if the member fulfils"))
            for number, one in enumerate(self.exits[:MOST_EXITS])
            if one.get("event")
        ]

    def ways_out(self, trees: Mapping[str, Any]) -> list[dict[str, Any]]:
        """What ends it early, and of each event what it must say and the condition on the member."""
        return [
            {
                "way": self[f"exit_{number}"],
                "match": self[f"match_{number}"] if f"match_{number}" in self.fields else None,
                "tree": trees.get(f"out_{number}"),
            }
            for number in range(MOST_EXITS)
            if f"exit_{number}" in self.fields
        ]

    @property
    def has_goal(self) -> bool:
        return bool(self["goal"].value())

    @property
    def needs_own(self) -> bool:
        return bool(self["event"].value() == OTHER)

    def clean_holdout(self) -> int:
        return within(self.cleaned_data["holdout"] or 0, least=0, most=50)

    def clean_late_hours(self) -> int:
        return within(self.cleaned_data["late_hours"], most=720)

    def clean(self) -> dict[str, Any]:
        days = self.cleaned_data.get("days")
        if self.cleaned_data.get("goal") and (days is None or not 1 <= days <= 366):
            self.add_error("days", _("Between %(least)s and %(most)s.") % {"least": 1, "most": 366})
        return self.cleaned_data

    def clean_own(self) -> str:
        return super().clean_own() if self.cleaned_data.get("goal") else ""

    def settings(self) -> Part:
        found = self.cleaned_data
        goal = {"event": self.read_event(), "days": found["days"]} if found["goal"] else None
        return {
            "holdout": found["holdout"],
            "goal": goal,
            "priority": found["priority"],
            "window": {"late_hours": found["late_hours"]},
        }

    def exits_with(self, trees: Mapping[str, Any]) -> list[Part]:
        """Each way out once, with what its event must say and its condition; both go when the event changes."""
        found: list[Part] = []
        for number in range(MOST_EXITS):
            one = self._exit(number, trees) if self.cleaned_data.get(f"exit_{number}") else None
            if one and one not in found:
                found.append(one)
        return found

    def _exit(self, number: int, trees: Mapping[str, Any]) -> Part:
        text = self.cleaned_data[f"exit_{number}"]
        way, colon, segment = text.partition(":")
        if colon:
            return {"segment": int(segment), "is": way}
        is_same = number < len(self.exits) and self.exits[number].get("event") == text
        tree, match = trees.get(f"out_{number}"), self.cleaned_data.get(f"match_{number}")
        one: Part = {"event": text, "where": tree.tree if tree and is_same else None}
        return one | {"match": match} if match and is_same else one
