"""How a journey begins and what holds for all of it, in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaigns.journeys import kinds
from campaigns.views.journeys import words
from campaigns.views.journeys.names import Names
from campaigns.views.journeys.words import Said
from loyaltysite.kit import formats

Part = Mapping[str, Any]

MOST_PRIORITY = 9


def trigger(graph: Part, names: Names) -> Said:
    """What lets members in, and how often below it."""
    one = graph.get("trigger") or {}
    say = _SAYERS.get(str(one.get("kind")))
    title = say(one, names) if say else _("Not chosen yet")
    where = names.condition(one.get("where"))
    parts = [_("Only if: %(condition)s.") % {"condition": where}] if where else []
    return Said(title, " ".join([*parts, entry(graph)]))


def entry(graph: Part) -> str:
    """How often one member may enter."""
    one = graph.get("entry") or {}
    mode = one.get("mode", "once")
    if mode == "each":
        return _("Each time anew.")
    if mode == "period":
        return {
            "day": _("At most once a day per member."),
            "week": _("At most once a week per member."),
            "month": _("At most once a month per member."),
            "year": _("At most once a year per member."),
        }.get(str(one.get("period")), "")
    if mode == "cooldown":
        return _("Again after %(days)s at the earliest.") % {"days": words.days(one.get("days"))}
    return _("Once per member.")


def rules(graph: Part, names: Names) -> list[str]:
    """What holds for the whole journey, a sentence each."""
    found = [
        _("Ends early when: %(event)s.") % {"event": with_terms(one, _exit(one, names), names)}
        for one in graph.get("exit") or []
    ]
    goal = graph.get("goal")
    if goal:
        parts = {"event": names.event(str(goal.get("event", ""))), "days": words.days(goal.get("days"))}
        found.append(_("Goal: %(event)s, within %(days)s of entering.") % parts)
    if graph.get("holdout"):
        share = formats.format_percent(float(graph["holdout"]) / 100)
        found.append(_("%(share)s are held out, to see what it brings.") % {"share": share})
    number = formats.format_number(int(graph.get("priority") or 5))
    most = formats.format_number(MOST_PRIORITY)
    found.append(_("Priority %(number)s of %(most)s.") % {"number": number, "most": most})
    hours = int((graph.get("window") or {}).get("late_hours") or 24)
    late = ngettext(
        "A message is too late after %(count)s hour.", "A message is too late after %(count)s hours.", hours
    )
    found.append(late % {"count": formats.format_number(hours)})
    return found


def with_terms(one: Part, event: str, names: Names) -> str:
    """An event in words, with what it must say and the condition on the member."""
    match = one.get("match") or {}
    parts = [event, ", ".join(f"{name}: {formats.isolate(str(value))}" for name, value in match.items())]
    if condition := names.condition(one.get("where")):
        parts.append(_("only if %(condition)s") % {"condition": condition})
    return "; ".join(part for part in parts if part)


def _exit(one: Part, names: Names) -> str:
    if one.get("segment"):
        name = formats.isolate(names.segments.get(str(one["segment"]), str(one["segment"])))
        if one.get("is") == "left":
            return _("Leaves the segment %(name)s") % {"name": name}
        return _("Enters the segment %(name)s") % {"name": name}
    return names.event(str(one.get("event", "")))


def _event(one: Part, names: Names) -> str:
    return names.event(str(one.get("event", "")))


def _segment_entered(one: Part, names: Names) -> str:
    return _exit({"segment": one.get("segment") or "…", "is": "entered"}, names)


def _segment_left(one: Part, names: Names) -> str:
    return _exit({"segment": one.get("segment") or "…", "is": "left"}, names)


def _date(one: Part, names: Names) -> str:
    label = str(dict(kinds.DATES).get(str(one.get("date")), ""))
    offset, at = int(one.get("offset_days") or 0), words.hour(one.get("hour", 9))
    parts = {"date": label, "days": words.days(abs(offset)), "time": at}
    if offset < 0:
        return _("%(days)s before: %(date)s, at %(time)s") % parts
    if offset > 0:
        return _("%(days)s after: %(date)s, at %(time)s") % parts
    return _("On the day: %(date)s, at %(time)s") % parts


def _schedule(one: Part, names: Names) -> str:
    at = words.hour(one.get("hour", 9))
    who = names.segments.get(str(one.get("segment"))) if one.get("segment") else ""
    when = _when(one, at)
    return (
        _("%(when)s, for the segment %(name)s") % {"when": when, "name": formats.isolate(who)}
        if who
        else when
    )


def _when(one: Part, at: str) -> str:
    every = one.get("every")
    if every == "once":
        try:
            day = formats.format_date(date.fromisoformat(str(one.get("on"))))
        except ValueError:
            day = "…"
        return _("Once, on %(day)s at %(time)s") % {"day": day, "time": at}
    if every == "week":
        day = str(words.WEEKDAYS[int(one.get("weekday") or 0) % 7])
        return _("Every week on %(day)s at %(time)s") % {"day": day, "time": at}
    if every == "month":
        number = formats.format_number(int(one.get("day") or 1))
        return _("Every month on day %(number)s at %(time)s") % {"number": number, "time": at}
    return _("Every day at %(time)s") % {"time": at}


def _inactivity(one: Part, names: Names) -> str:
    times = formats.format_number(int(one.get("tenths") or 25) / 10)
    return _("No order for %(times)s times as long as usual, %(days)s at least") % {
        "times": times,
        "days": words.days(one.get("least_days", 30)),
    }


def _api(one: Part, names: Names) -> str:
    return str(kinds.TRIGGERS["api"])


def _place(one: Part, names: Names) -> str:
    store = names.stores.get(str(one.get("store")))
    return (
        _("Is near the store %(name)s") % {"name": formats.isolate(store)} if store else _("Is near a store")
    )


_SAYERS = {
    "event": _event,
    "segment_entered": _segment_entered,
    "segment_left": _segment_left,
    "date": _date,
    "schedule": _schedule,
    "inactivity": _inactivity,
    "api": _api,
    "place": _place,
}
