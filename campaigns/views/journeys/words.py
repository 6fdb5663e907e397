"""A journey in plain words: its trigger, its rules and every step as a short title and one sentence below it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from campaigns.models import Experiment
from campaigns.views.journeys.names import Names
from loyaltysite.kit import formats

Step = Mapping[str, Any]

WEEKDAYS = (
    gettext_lazy("Monday"),
    gettext_lazy("Tuesday"),
    gettext_lazy("Wednesday"),
    gettext_lazy("Thursday"),
    gettext_lazy("Friday"),
    gettext_lazy("Saturday"),
    gettext_lazy("Sunday"),
)
CHANNELS: Mapping[str, str | Promise] = {
    "email": gettext_lazy("E-mail"),
    "sms": gettext_lazy("SMS"),
    "push": gettext_lazy("Push message"),
    "inapp": gettext_lazy("In-app message"),
    "till": gettext_lazy("Message at the till"),
    "print": gettext_lazy("Print list"),
    "webhook": gettext_lazy("Webhook"),
}
CAPPED: Mapping[str, str | Promise] = {
    "skip": gettext_lazy("Whoever had too many messages goes on without it."),
    "defer": gettext_lazy("Whoever had too many messages gets it on the next free day."),
    "exit": gettext_lazy("Whoever had too many messages leaves the journey."),
}
MEASURES: Mapping[str, str | Promise] = dict(Experiment.Measure.choices)
ICONS: Mapping[str, str] = {
    "wait": "wait",
    "wait_local": "clock",
    "wait_event": "wait",
    "branch": "split",
    "split": "split",
    "experiment": "chart",
    "message": "mail",
    "points": "star",
    "reward": "ticket",
    "tag": "flag",
    "segment": "members",
    "tier": "flag",
    "webhook": "out",
    "task": "list",
    "exit": "x",
}


@dataclass(frozen=True, slots=True)
class Said:
    """A title, and what stands below it ("" for nothing)."""

    title: str
    text: str = ""


def step(one: Step, names: Names) -> Said:
    """What a step does."""
    said = _SAYERS.get(str(one.get("kind")))
    return said(one, names) if said else Said(_("Unknown step"), str(one.get("kind", "")))


def path(one: Step, number: int, names: Names) -> Said:
    """The head of a path: its name, and who goes there."""
    name = str(one.get("name") or _("Path %(number)s") % {"number": formats.format_number(number + 1)})
    if "share" in one:
        share = formats.format_percent(float(one.get("share") or 0) / 100)
        return Said(name, _("%(share)s of the members, by chance") % {"share": share})
    return Said(name, names.condition(one.get("where")) or _("everybody"))


def days(number: Any) -> str:
    count = _whole(number)
    return ngettext("%(count)s day", "%(count)s days", count) % {"count": formats.format_number(count)}


def span(one: Step) -> str:
    """A wait in words: days, hours and minutes that are given."""
    hours, minutes = _whole(one.get("hours")), _whole(one.get("minutes"))
    parts = [days(one["days"])] if _whole(one.get("days")) else []
    if hours:
        words = ngettext("%(count)s hour", "%(count)s hours", hours)
        parts.append(words % {"count": formats.format_number(hours)})
    if minutes:
        words = ngettext("%(count)s minute", "%(count)s minutes", minutes)
        parts.append(words % {"count": formats.format_number(minutes)})
    return ", ".join(parts) or _("no time")


def hour(number: Any, minute: Any = 0) -> str:
    return formats.map_digits(f"{_whole(number):02}:{_whole(minute):02}")


def _whole(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        return 0


# Steps


def _wait(one: Step, names: Names) -> Said:
    return Said(_("Wait %(span)s") % {"span": span(one)})


def _wait_local(one: Step, names: Names) -> Said:
    chosen = [str(WEEKDAYS[int(day)]) for day in one.get("weekdays") or [] if 0 <= _whole(day) <= 6]
    which = _("On %(days)s, in the member's own time zone.") % {"days": ", ".join(chosen)} if chosen else ""
    return Said(
        _("Wait until %(time)s") % {"time": hour(one.get("hour"), one.get("minute"))},
        which or _("On any day, in the member's own time zone."),
    )


def _wait_event(one: Step, names: Names) -> Said:
    parts = {"event": names.event(str(one.get("event", ""))), "days": days(one.get("timeout_days"))}
    return Said(_("Wait up to %(days)s for: %(event)s") % parts, names.condition(one.get("where")))


def _branch(one: Step, names: Names) -> Said:
    return Said(_("Who goes where?"), _("The first path whose condition holds is taken; nobody waits here."))


def _split(one: Step, names: Names) -> Said:
    return Said(_("Split by chance"), _("The same member always goes the same way."))


def _experiment(one: Step, names: Names) -> Said:
    name = str(one.get("name") or _("without a name"))
    parts = {"days": days(one.get("window_days")), "measure": MEASURES.get(str(one.get("measure")), "")}
    return Said(
        _("Test: %(name)s") % {"name": formats.isolate(name)},
        _("By lot, and always the same. What counts: %(measure)s, within %(days)s.") % parts,
    )


def _message(one: Step, names: Names) -> Said:
    channel = CHANNELS.get(str(one.get("channel")), CHANNELS["email"])
    name = names.messages.get(str(one.get("message")))
    title = _("%(channel)s: %(message)s") % {
        "channel": channel,
        "message": formats.isolate(name) if name else _("not chosen yet"),
    }
    if one.get("purpose") == "transactional":
        return Said(title, _("Always sent: it belongs to something the member did."))
    return Said(title, str(CAPPED.get(str(one.get("capped")), "")))


def _points(one: Step, names: Names) -> Said:
    title = _("Give %(amount)s") % {"amount": names.amount(str(one.get("unit", "")), one.get("amount"))}
    return Said(title, _budget(one, names))


def _reward(one: Step, names: Names) -> Said:
    name = names.rewards.get(str(one.get("reward")))
    title = _("Give the reward %(name)s") % {"name": formats.isolate(name) if name else _("not chosen yet")}
    return Said(title, _budget(one, names))


def _budget(one: Step, names: Names) -> str:
    budget = one.get("budget")
    if not budget:
        return _("No limit on all of them together.")
    if one.get("kind") == "points":
        return _("At most %(amount)s for all together.") % {
            "amount": names.amount(str(one.get("unit", "")), budget)
        }
    count = _whole(budget)
    return ngettext("At most %(count)s for all together.", "At most %(count)s for all together.", count) % {
        "count": formats.format_number(count)
    }


def _tag(one: Step, names: Names) -> Said:
    words = _("Remove the tag %(tag)s") if one.get("do") == "remove" else _("Tag with %(tag)s")
    return Said(words % {"tag": formats.isolate(str(one.get("tag") or "…"))})


def _segment(one: Step, names: Names) -> Said:
    name = names.lists.get(str(one.get("segment")), _("not chosen yet"))
    words = (
        _("Take out of the list %(name)s") if one.get("do") == "remove" else _("Put into the list %(name)s")
    )
    return Said(words % {"name": formats.isolate(name)})


def _tier(one: Step, names: Names) -> Said:
    name = names.tiers.get(str(one.get("tier")), _("not chosen yet"))
    return Said(
        _("Give the tier %(name)s") % {"name": formats.isolate(name)},
        _("For %(days)s.") % {"days": days(one.get("days", 365))},
    )


def _webhook(one: Step, names: Names) -> Said:
    return Said(_("Tell your systems"), str(one.get("topic") or ""))


def _task(one: Step, names: Names) -> Said:
    title = _("Task for staff: %(title)s") % {"title": formats.isolate(str(one.get("title") or "…"))}
    return Said(title, _("To be done within %(days)s.") % {"days": days(one.get("days"))})


def _exit(one: Step, names: Names) -> Said:
    return Said(_("Ends here"), _("The member leaves the journey."))


_SAYERS = {
    "wait": _wait,
    "wait_local": _wait_local,
    "wait_event": _wait_event,
    "branch": _branch,
    "split": _split,
    "experiment": _experiment,
    "message": _message,
    "points": _points,
    "reward": _reward,
    "tag": _tag,
    "segment": _segment,
    "tier": _tier,
    "webhook": _webhook,
    "task": _task,
    "exit": _exit,
}
