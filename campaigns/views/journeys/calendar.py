"""The calendar of everything that is sent: a month at a glance, a week by journey, and who gave way to whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from campaigns import volumes
from campaigns.models import Journey
from campaigns.views.journeys import lives, words
from campaigns.volumes import Days, Volume
from loyaltysite.kit import clock, formats
from members.access import StaffRequest, program_view
from members.models import Program, Role
from members.views import frame


@dataclass(frozen=True, slots=True)
class Cell:
    """A day of the month: what went, what is to come, how many were kept back."""

    day: date
    is_inside: bool
    is_today: bool
    sent: int
    ahead: int
    kept_back: int
    journeys: list[str]


@dataclass(frozen=True, slots=True)
class Row:
    """A journey in a week; `volumes` by day."""

    name: str
    key: str
    volumes: list[Volume]


@require_safe
@program_view(role=Role.ANALYST)
def calendar(request: StaffRequest, program: Program) -> HttpResponse:
    """`?month=2026-03` or `?week=2026-03-02`, any day of it. A fixed number of statements."""
    now = clock.now()
    today = now.astimezone(program.zone).date()
    journeys = {journey.pk: journey for journey in Journey.objects.filter(program=program)}
    week = _day(request.GET.get("week", ""))
    if week is not None:
        context = _week(program, journeys, _week_of(week), today, now)
    else:
        month = _day(f"{request.GET.get('month', '')}-01") or today
        context = _month(program, journeys, month.replace(day=1), today, now)
    context |= {"today": today, **frame.around(request.team, current="calendar")}
    return render(request, "campaigns/dashboard/journeys/calendar.html", context)


def _month(
    program: Program, journeys: dict[int, Journey], month: date, today: date, now: Any
) -> dict[str, Any]:
    following = (month + timedelta(days=32)).replace(day=1)
    first = _week_of(month)
    last = _week_of(following - timedelta(days=1)) + timedelta(days=6)
    found = volumes.between(program=program, first=first, last=last, now=now)
    cells = [_cell(day, found, journeys, month, today) for day in volumes.days_of(first, last)]
    return {
        "month": month,
        "heads": [words.WEEKDAYS[cell.day.weekday()] for cell in cells[:7]],
        "weeks": [cells[at : at + 7] for at in range(0, len(cells), 7)],
        "before": (month - timedelta(days=1)).strftime("%Y-%m"),
        "after": following.strftime("%Y-%m"),
        "losses": _losses(program, journeys, first, last),
    }


def _cell(day: date, found: Days, journeys: dict[int, Journey], month: date, today: date) -> Cell:
    by_journey = found.get(day, {})
    names = [journeys[pk].name for pk in by_journey if pk in journeys]
    return Cell(
        day,
        day.month == month.month,
        day == today,
        sum(one.sent for one in by_journey.values()),
        sum(one.ahead for one in by_journey.values()),
        sum(sum(one.kept_back.values()) for one in by_journey.values()),
        sorted(names),
    )


def _week(
    program: Program, journeys: dict[int, Journey], first: date, today: date, now: Any
) -> dict[str, Any]:
    last = first + timedelta(days=6)
    days = volumes.days_of(first, last)
    found = volumes.between(program=program, first=first, last=last, now=now)
    at_work = dict.fromkeys(pk for day in days for pk in found.get(day, {}))
    rows = [
        Row(
            journeys[pk].name if pk in journeys else _("Without a journey"),
            journeys[pk].key if pk in journeys else "",
            [found.get(day, {}).get(pk, Volume()) for day in days],
        )
        for pk in at_work
    ]
    return {
        "week": first,
        "days": days,
        "rows": sorted(rows, key=lambda row: row.name.casefold()),
        "before": (first - timedelta(days=7)).isoformat(),
        "after": (first + timedelta(days=7)).isoformat(),
        "kept_back": _reasons(rows),
        "losses": _losses(program, journeys, first, last),
    }


def _reasons(rows: Sequence[Row]) -> list[tuple[str, int]]:
    """Why messages were kept back, most frequent first."""
    found: dict[str, int] = {}
    for row in rows:
        for volume in row.volumes:
            for reason, number in volume.kept_back.items():
                found[reason] = found.get(reason, 0) + number
    return sorted(
        ((lives.why(reason), number) for reason, number in found.items()), key=lambda pair: -pair[1]
    )


def _losses(program: Program, journeys: dict[int, Journey], first: date, last: date) -> list[dict[str, Any]]:
    return [
        {
            "day": loss.day,
            "loser": journeys[loss.loser],
            "winner": journeys[loss.winner],
            "channel": words.CHANNELS.get(loss.channel, loss.channel),
            "members": loss.members,
        }
        for loss in volumes.losses(program=program, first=first, last=last)
        if loss.loser in journeys and loss.winner in journeys
    ]


def _week_of(day: date) -> date:
    """The first day of its week, as the reader's language begins weeks."""
    return day - timedelta(days=(day.weekday() - formats.style_of().first_weekday) % 7)


def _day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    # Weeks and months around it must still be days.
    return found if 2 <= found.year <= 9998 else None
