"""The day and the place of an event as a form; what is typed is the clock of the event's own time zone."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from members.forms.program import zones
from members.models import Program
from rewards.forms.names import Language
from rewards.gatherings.days import zone_of
from rewards.gatherings.editing import LONGEST
from rewards.models import Gathering
from rewards.models.gatherings import MOST_HOURS
from rewards.views.rules.fields import ClockField, DayField, WholeField


class GatheringForm(forms.Form):
    day = DayField(label=_("Day"))
    begins = ClockField(label=_("Begins"))
    last_day = DayField(label=_("Last day"), help_text=_("Empty where it ends on the same day."))
    ends = ClockField(label=_("Ends"), help_text=_("Empty where the end is open."))
    time_zone = forms.ChoiceField(label=_("Time zone"), choices=zones)
    remind_hours = WholeField(
        label=_("Reminder, hours before"),
        help_text=_("Journeys and webhooks are told event.soon for each seat. 0 for none."),
    )

    def __init__(self, data: Any = None, *, program: Program, one: Gathering | None) -> None:
        super().__init__(data, initial=initial_of(one, program))
        self.languages = list(program.languages)
        for language in self.languages:
            self.fields[f"place_{language}"] = forms.CharField(
                label=_("Where"), max_length=LONGEST, required=False
            )
        for name in ("day", "begins"):
            self.fields[name].required = True
        self.kept = one.places if one is not None else {}

    def texts(self) -> list[Language]:
        """The fields of each language, for the template."""
        known = dict(settings.LANGUAGES)
        return [
            Language(code, str(known.get(code, code)), [self[f"place_{code}"]]) for code in self.languages
        ]

    def clean_remind_hours(self) -> int:
        hours = self.cleaned_data["remind_hours"]
        if hours is not None and hours > MOST_HOURS:
            raise forms.ValidationError(_("At most %(most)s hours before.") % {"most": MOST_HOURS})
        return hours or 0

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        if found.get("last_day") and not found.get("ends"):
            self.add_error("ends", _("Say when it ends."))
        return found

    def values(self) -> dict[str, Any]:
        """What editing.plan takes."""
        found = self.cleaned_data
        zone = ZoneInfo(found["time_zone"])
        ends = found["ends"] and _moment(found.get("last_day") or found["day"], found["ends"], zone)
        hidden = {code: text for code, text in self.kept.items() if code not in self.languages}
        typed = {code: found.get(f"place_{code}", "").strip() for code in self.languages}
        return {
            "begins_at": _moment(found["day"], found["begins"], zone),
            "ends_at": ends or None,
            "time_zone": found["time_zone"],
            "places": hidden | {code: text for code, text in typed.items() if text},
            "remind_hours": found["remind_hours"],
        }


def _moment(day: date, clock: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, clock, tzinfo=zone)


def initial_of(one: Gathering | None, program: Program) -> dict[str, Any]:
    """What the form shows."""
    if one is None:
        return {"time_zone": program.time_zone, "remind_hours": 24}
    begins = one.begins_at.astimezone(zone_of(one))
    ends = one.ends_at.astimezone(zone_of(one)) if one.ends_at else None
    return {
        "day": begins.date(),
        "begins": begins.strftime("%H:%M"),
        "last_day": ends.date() if ends and ends.date() != begins.date() else None,
        "ends": ends.strftime("%H:%M") if ends else "",
        "time_zone": one.time_zone,
        "remind_hours": one.remind_hours,
        **{f"place_{code}": text for code, text in one.places.items()},
    }
