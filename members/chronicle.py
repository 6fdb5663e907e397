"""The audit as it is read: filtered, page by page from the newest, or as a file."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.db.models.fields.tuple_lookups import Tuple, TupleLessThan

from loyaltysite.kit.sheets import safe
from members.deeds import GROUPS
from members.models import AuditEntry, Program, User
from members.queries import Sought

SIZE = 50
MOST_ROWS = 100_000
MOST_USERS = 100
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HEAD = ("at", "who", "action", "subject", "subject_id", "before", "after", "reason", "address", "request_id")


@dataclass(frozen=True, slots=True)
class Asked:
    """What of the audit is asked for; every field may be empty. Days are local ones and both count."""

    who: str = ""
    what: str = ""
    subject: str = ""
    since: date | None = None
    until: date | None = None

    @classmethod
    def parse(cls, typed: Mapping[str, str]) -> Asked:
        """From an address; what cannot be read is left out."""
        return cls(
            who=Sought.parse(typed.get("who", "")).text,
            what=typed.get("what", "") if typed.get("what") in GROUPS else "",
            subject=Sought.parse(typed.get("subject", "")).text,
            since=_day(typed.get("since", "")),
            until=_day(typed.get("until", "")),
        )

    @property
    def query(self) -> dict[str, str]:
        """The parts that say something, as they stand in an address."""
        parts = {name: getattr(self, name) for name in ("who", "what", "subject", "since", "until")}
        return {name: str(value) for name, value in parts.items() if value}


def entries(*, program: Program, asked: Asked) -> QuerySet[AuditEntry]:
    """Those that are asked for, newest first."""
    found = AuditEntry.objects.filter(program=program).select_related("actor")
    if asked.who:
        people = User.objects.filter(Q(email__istartswith=asked.who) | Q(name__icontains=asked.who))
        found = found.filter(actor_id__in=list(people.values_list("pk", flat=True)[:MOST_USERS]))
    if asked.what:
        found = found.filter(action__startswith=f"{asked.what}.")
    if asked.subject:
        found = found.filter(subject_id=asked.subject)
    if asked.since:
        found = found.filter(at__gte=_begin(asked.since, program))
    if asked.until and asked.until < date.max:
        found = found.filter(at__lt=_begin(asked.until + timedelta(days=1), program))
    return found.order_by("-at", "-pk")


def page(found: QuerySet[AuditEntry], *, after: str = "") -> tuple[list[AuditEntry], str]:
    """One page that goes on after a mark, and the mark of its end; empty where nothing follows."""
    mark = _mark(after)
    if mark is not None:
        found = found.filter(TupleLessThan(Tuple("at", "pk"), mark))
    rows = list(found[: SIZE + 1])
    if len(rows) <= SIZE:
        return rows, ""
    last = rows[SIZE - 1]
    return rows[:SIZE], f"{(last.at - EPOCH) // timedelta(microseconds=1)}.{last.pk}"


def lines(found: QuerySet[AuditEntry]) -> Iterator[str]:
    """The same as lines of a CSV file, at most 100,000."""
    yield "\N{BYTE ORDER MARK}" + _line(HEAD)
    for row in found[:MOST_ROWS].iterator(chunk_size=2_000):
        yield _line(
            (
                row.at.astimezone(UTC).isoformat(),
                row.actor.email if row.actor else "",
                row.action,
                row.subject,
                row.subject_id,
                _json(row.before),
                _json(row.after),
                row.reason,
                row.address or "",
                row.request_id,
            )
        )


def _line(cells: tuple[str, ...]) -> str:
    written = io.StringIO()
    csv.writer(written).writerow([safe(cell) for cell in cells])
    return written.getvalue()


def _json(values: dict[str, Any]) -> str:
    return json.dumps(values, ensure_ascii=False, sort_keys=True) if values else ""


def _begin(day: date, program: Program) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=program.zone)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _mark(text: str) -> tuple[datetime, int] | None:
    micros, _dot, number = text.partition(".")
    if not (micros.isascii() and micros.isdigit() and number.isascii() and number.isdigit()):
        return None
    try:
        return EPOCH + timedelta(microseconds=int(micros[:18])), min(int(number[:19]), 2**63 - 1)
    except OverflowError:
        return None
