"""Everything we keep about a member, for the member: one JSON document and a table per subject, in one archive.

Apps above add what they hold with register().
"""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import IO, Any

from members.models import (
    Consent,
    ConsentChange,
    Event,
    Identity,
    Member,
    Note,
    Order,
    OrderLine,
    Preference,
    Program,
    Return,
)
from rewards import statements
from rewards.models import Lot, Redemption, Standing

type Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Table:
    """A subject: its name (of the file too) and its rows, which all have the same columns."""

    name: str
    rows: Iterable[Row]


_more: list[Callable[[Program, Member], Iterable[Table]]] = []
# A spreadsheet would take a cell that begins so for a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def register(tables: Callable[[Program, Member], Iterable[Table]]) -> None:
    """Called once by an app at start-up that keeps something about members."""
    _more.append(tables)


def write(*, program: Program, member: Member, now: datetime, to: IO[bytes]) -> None:
    """Write the archive (zip): data.json, statement.json and a CSV per subject with rows."""
    found = {table.name: [_plain(row) for row in table.rows] for table in tables_of(program, member)}
    whole = {"program": program.name, "made_at": now.isoformat(), **found}
    statement = statements.make(program=program, member=member, now=now).document()
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data.json", json.dumps(whole, ensure_ascii=False, indent=2))
        archive.writestr("statement.json", json.dumps(statement, ensure_ascii=False, indent=1))
        for name, rows in found.items():
            if rows:
                archive.writestr(f"{name}.csv", _csv(rows))


def tables_of(program: Program, member: Member) -> Iterator[Table]:
    """Each subject with its rows."""
    yield Table("profile", [_profile(member)])
    yield Table("identities", _rows(Identity.objects.filter(member=member), "kind", "value", "verified_at"))
    changes = ConsentChange.objects.filter(member_id=member.pk).order_by("at", "pk")
    yield Table("consents", _rows(changes, "at", "channel", "topic", "is_given", "source"))
    wishes = Consent.objects.filter(member=member, is_wished=True).order_by("channel", "topic")
    yield Table("consents_to_prove", _rows(wishes, "since", "channel", "topic"))
    yield Table("notes", _rows(Note.objects.filter(member=member), "written_at", "text"))
    orders = Order.objects.filter(program=program, member_id=member.pk).order_by("occurred_at", "pk")
    yield Table("orders", _rows(orders, "external_id", "occurred_at", "state", "currency", "total_minor", "basis_minor", "returned_minor", "channel", "store__name"))  # fmt: skip
    lines = OrderLine.objects.filter(order__in=orders).order_by(
        "order__occurred_at", "order_id", "revision", "position"
    )
    yield Table("order_lines", _rows(lines, "order__external_id", "revision", "position", "sku", "name", "category", "quantity", "amount_minor", "discount_minor", "tax_minor", "returned_quantity"))  # fmt: skip
    returns = Return.objects.filter(program=program, member_id=member.pk).order_by("occurred_at", "pk")
    yield Table("returns", _rows(returns, "external_id", "occurred_at", "amount_minor"))
    lots = Lot.objects.filter(wallet__holder_id=member.pk).order_by("earned_at", "pk")
    yield Table("lots", _rows(lots, "wallet__unit__key", "granted", "remaining", "earned_at", "active_at", "expires_at"))  # fmt: skip
    standings = Standing.objects.filter(member_id=member.pk).order_by("since", "pk")
    yield Table("tiers", _rows(standings, "tier__key", "origin", "since", "valid_until", "ended_at"))
    taken = Redemption.objects.filter(program=program, member=member).order_by("reserved_at", "pk")
    yield Table("rewards", _rows(taken, "reward__key", "state", "price", "money_minor", "reserved_at", "issued_at", "closed_at", "store__name"))  # fmt: skip
    events = Event.objects.filter(program=program, holder_id=member.pk).order_by("recorded_at", "pk")
    yield Table("events", _rows(events, "kind", "occurred_at", "data"))
    for more in _more:
        yield from more(program, member)


def _profile(member: Member) -> Row:
    kept = Preference.objects.filter(member=member).select_related("store").first()
    return {
        "number": member.number,
        "name": member.name,
        "language": member.language,
        "birthday": member.birthday,
        "state": member.state,
        "tags": member.tags,
        "joined_through": member.source,
        "joined_at": member.joined_at,
        "favourite_store": kept.store.name if kept and kept.store else "",
        "likes": kept.likes if kept else [],
    }


def _rows(found: Any, *columns: str) -> list[Row]:
    return list(found.values(*columns))


def _plain(row: Row) -> Row:
    """Moments as ISO 8601, columns of other tables under one name."""
    return {
        name.replace("__", "_"): value.isoformat() if isinstance(value, datetime | date) else value
        for name, value in row.items()
    }


def _csv(rows: list[Row]) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(rows[0])
    writer.writerows([_cell(value) for value in row.values()] for row in rows)
    # With the mark that spreadsheets know UTF-8 by.
    return "\ufeff" + out.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, list | dict):
        value = json.dumps(value, ensure_ascii=False) if value else ""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
