"""How long a seat is good: to the end of the last day of its event, in the event's time zone."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from rewards.models import Gathering
from rewards.policies import day_start


def zone_of(one: Gathering) -> ZoneInfo:
    return ZoneInfo(one.time_zone)


def good_until(one: Gathering) -> datetime:
    """The start of the day after it."""
    last = (one.ends_at or one.begins_at).astimezone(zone_of(one)).date()
    return day_start(last + timedelta(days=1), zone_of(one))
