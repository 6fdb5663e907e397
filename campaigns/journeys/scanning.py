"""Triggers that no event brings: a day of the member, a fixed time, a long silence. Looked for once their hour has come;
what was missed is made up for as long as it is not too late. One statement for all members."""

from __future__ import annotations

import calendar
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import connection, transaction
from django_scopes import scope

from campaigns.journeys import compiling, doors, entering
from campaigns.models import Journey, Listener
from members.models import Program

KINDS = ("date", "schedule", "inactivity")
DAY = timedelta(days=1)

SOURCE = """
    SELECT f.member_id, NULL::bigint AS event_id, NULL::bigint AS order_id, %(now)s::timestamptz AS at, {name} AS name,
        {context} AS context
    FROM ({found}) f
"""
BIRTHDAY = """
    SELECT holder_id AS member_id FROM members_member
    WHERE program_id = %(program)s AND extract(month FROM birthday) = %(month)s AND extract(day FROM birthday) = ANY (%(days)s)
"""
ANNIVERSARY = """
    SELECT holder_id AS member_id FROM members_member
    WHERE program_id = %(program)s AND (joined_at AT TIME ZONE %(clock)s)::date < %(day)s
        AND extract(month FROM joined_at AT TIME ZONE %(clock)s) = %(month)s
        AND extract(day FROM joined_at AT TIME ZONE %(clock)s) = ANY (%(days)s)
"""
LOTS = """
    SELECT DISTINCT w.holder_id AS member_id FROM rewards_lot l JOIN rewards_wallet w ON w.id = l.wallet_id
    WHERE l.program_id = %(program)s AND l.is_open AND l.is_active AND l.remaining > l.reserved
        AND l.expires_at >= %(begin)s AND l.expires_at < %(end)s
"""
TIERS = """
    SELECT DISTINCT member_id FROM rewards_standing
    WHERE program_id = %(program)s AND ended_at IS NULL AND valid_until >= %(begin)s AND valid_until < %(end)s
"""
TERMS = """
    SELECT DISTINCT member_id FROM rewards_term
    WHERE program_id = %(program)s AND state = 'active' AND ends_at >= %(begin)s AND ends_at < %(end)s
"""
DATES = {
    "birthday": BIRTHDAY, "anniversary": ANNIVERSARY, "lot_expiry": LOTS, "tier_expiry": TIERS, "plan_expiry": TERMS,
}  # fmt: skip
EVERYBODY = (
    "SELECT holder_id AS member_id FROM members_member WHERE program_id = %(program)s AND state = 'active'"
)
SEGMENT = "SELECT member_id FROM members_audiencemember WHERE program_id = %(program)s AND audience_id = %(segment)s"
# The average gap between a member's orders, once there are three; each silence is named by the order before it.
SILENT = """
    SELECT member_id, last_at FROM (
        SELECT o.member_id, max(o.occurred_at) AS last_at, min(o.occurred_at) AS first_at, count(*) AS n
        FROM members_order o
        WHERE o.program_id = %(program)s AND o.member_id IS NOT NULL AND o.state IN ('placed', 'paid')
            AND o.occurred_at <= %(now)s
        GROUP BY o.member_id
    ) known
    WHERE last_at + greatest(%(least)s::interval,
        CASE WHEN n >= 3 THEN (last_at - first_at) / (n - 1) * %(tenths)s / 10 ELSE interval '0' END) <= %(now)s
"""


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the program's calendar whose hour has come."""

    program: Program
    on: date
    settings: dict[str, Any]


def scan(*, program: Program, now: datetime) -> int:
    """Let in whom time brings; how many. Safe to repeat at any time."""
    with scope(program=program):
        _refresh(program, now)
        journeys = Journey.objects.filter(state=Journey.State.LIVE, current__graph__trigger__kind__in=KINDS)
        return sum(scan_one(journey, now) for journey in journeys.order_by("pk"))


def _refresh(program: Program, now: datetime) -> None:
    """Conditions of listeners that change with time alone."""
    for listener in Listener.objects.filter(program=program, tree__isnull=False):
        before = listener.test
        compiling.refresh(listener, now.astimezone(program.zone))
        if listener.test != before:
            listener.save(update_fields=["test"])


def scan_one(journey: Journey, now: datetime) -> int:
    """Within the program's scope."""
    with transaction.atomic():
        locked = Journey.objects.select_for_update(of=("self",), skip_locked=True).filter(pk=journey.pk)
        kept = locked.first()
        door = doors.of(journey) if kept else None
        if kept is None or door is None:
            return 0
        _make_room()
        entered = 0
        since = max(kept.scanned_at or now, now - timedelta(hours=door.graph.late_hours))
        for day in _days(door, since, now):
            if found := FOUND[door.graph.trigger.kind](day):
                entered += _enter(door, day, found, now)
        Journey.objects.filter(pk=journey.pk).update(scanned_at=now)
        return entered


def _make_room() -> None:
    """For this transaction: a million ids are compared in memory."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL work_mem = '64MB'")


def _days(door: entering.Door, since: datetime, now: datetime) -> Iterator[Day]:
    """The days whose hour came in (since, now]."""
    settings, zone = dict(door.graph.trigger.settings), door.program.zone
    on = since.astimezone(zone).date()
    while on <= now.astimezone(zone).date():
        if since < datetime.combine(on, time(settings["hour"]), tzinfo=zone) <= now:
            yield Day(door.program, on, settings)
        on += DAY


def next_hour(program: Program, hour: int, now: datetime) -> datetime:
    """When members come in next, after `now`."""
    on = now.astimezone(program.zone).date()
    today = datetime.combine(on, time(hour), tzinfo=program.zone)
    return today if today > now else datetime.combine(on + DAY, time(hour), tzinfo=program.zone)


type Found = tuple[str, str, str, dict[str, Any]]


def _enter(door: entering.Door, day: Day, found: Found, now: datetime) -> int:
    query, name, context, values = found
    source = SOURCE.format(found=query, name=name, context=context)
    values = values | {"now": now}
    _came, entered = entering.enter(door, source=source, values=values, now=now, is_alone=True)
    return entered


def _by_date(day: Day) -> Found:
    """`offset_days` below zero is before the day, above zero after it."""
    kind, on = day.settings["date"], day.on - timedelta(days=day.settings["offset_days"])
    begin = datetime.combine(on, time.min, tzinfo=day.program.zone)
    values = {
        "day": on, "month": on.month, "days": _same_days(on), "clock": day.program.time_zone, "begin": begin,
        "end": datetime.combine(on + DAY, time.min, tzinfo=day.program.zone), "name": f"{kind}:{on}",
    }  # fmt: skip
    return DATES[kind], "%(name)s::text", "jsonb_build_object('day', %(day)s::date)", values


def _same_days(on: date) -> list[int]:
    """Without a 29 February it is the 28th (SEMANTICS 10)."""
    is_short = (on.month, on.day) == (2, 28) and not calendar.isleap(on.year)
    return [28, 29] if is_short else [on.day]


def _by_schedule(day: Day) -> Found | None:
    settings, on = day.settings, day.on
    last = calendar.monthrange(on.year, on.month)[1]
    is_due = {
        "once": str(on) == settings.get("on"),
        "day": True,
        "week": on.weekday() == settings.get("weekday"),
        "month": on.day == min(settings.get("day", 0), last),
    }
    if not is_due[settings["every"]]:
        return None
    query = SEGMENT if settings.get("segment") else EVERYBODY
    return query, "%(name)s::text", "'{}'::jsonb", {"segment": settings.get("segment"), "name": f"run:{on}"}


def _by_silence(day: Day) -> Found:
    least = timedelta(days=day.settings["least_days"])
    name = "'silence:' || extract(epoch FROM f.last_at)::bigint"
    return SILENT, name, "'{}'::jsonb", {"least": least, "tenths": day.settings["tenths"]}


FOUND: dict[str, Callable[[Day], Found | None]] = {
    "date": _by_date,
    "schedule": _by_schedule,
    "inactivity": _by_silence,
}
