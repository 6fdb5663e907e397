"""When and where an event is, in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from babel import dates
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from loyaltysite.kit import formats
from loyaltysite.kit.templatetags.formats import dated
from members.models import Program
from rewards import catalogue
from rewards.gatherings.days import zone_of
from rewards.models import Gathering
from rewards.views.portal.words import foreign, say


@dataclass(frozen=True, slots=True)
class Day:
    """`when` in the event's own time zone, named where it is not the program's."""

    when: SafeString
    place: str


def of(one: Gathering, program: Program) -> Day:
    return Day(when(one, program), catalogue.name_of(one.places))


def when(one: Gathering, program: Program) -> SafeString:
    """12 December 2026, 18:00 to 20:00 (London)"""
    zone = zone_of(one)
    begins = one.begins_at.astimezone(zone)
    text = say(_("%(day)s, %(time)s"), day=dated(begins.date(), "long"), time=_time(begins))
    if one.ends_at is not None:
        ends = one.ends_at.astimezone(zone)
        last = _time(ends)
        if ends.date() != begins.date():
            last = say(_("%(day)s, %(time)s"), day=dated(ends.date(), "long"), time=last)
        text = say(_("%(first)s to %(last)s"), first=text, last=last)
    if one.time_zone == program.time_zone:
        return text
    return say(_("%(when)s (%(place)s)"), when=text, place=foreign(city(one.time_zone)))


def city(zone: str) -> str:
    """The city of a time zone in the reader's language."""
    locale = formats.style_of().locale
    return dates.get_timezone_location(zone, locale=locale, return_city=True)


def _time(value: datetime) -> SafeString | str:
    """As the clock of the place shows it."""
    return dated(value.replace(tzinfo=None), "time")
