"""An event as a calendar file (RFC 5545): one entry that calendars bring up to date when its day or place changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from rewards.models import Gathering

LENGTH = timedelta(hours=2)
FOLDED = 75
ESCAPES = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n", "\r": None})


def write(one: Gathering, *, host: str, name: str, place: str, text: str, address: str, now: datetime) -> str:
    """The file; moments are in UTC, which every calendar shows in its own zone. An event without an end lasts two hours
    there."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Wafa//Events//EN",
        "METHOD:PUBLISH",
        "BEGIN:VEVENT",
        f"UID:event-{one.pk}@{host}",
        f"SEQUENCE:{one.revision}",
        f"DTSTAMP:{_moment(now)}",
        f"DTSTART:{_moment(one.begins_at)}",
        f"DTEND:{_moment(one.ends_at or one.begins_at + LENGTH)}",
        f"SUMMARY:{name.translate(ESCAPES)}",
        f"LOCATION:{place.translate(ESCAPES)}" if place else "",
        f"DESCRIPTION:{text.translate(ESCAPES)}" if text else "",
        f"URL:{address}",
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return "".join(f"{_fold(line)}\r\n" for line in lines if line)


def _moment(value: datetime) -> str:
    return f"{value.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _fold(line: str) -> str:
    """At most 75 bytes in a line, never within a letter."""
    parts, size = [""], 0
    for letter in line:
        width = len(letter.encode())
        if size + width > FOLDED:
            parts.append(" ")
            size = 1
        parts[-1] += letter
        size += width
    return "\r\n".join(parts)
