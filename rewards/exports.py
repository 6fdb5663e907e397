"""Members as CSV, row by row: what the asker's role may see, and nothing that a spreadsheet would run."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import batched
from typing import Any

from django.utils.translation import gettext as _

from loyaltysite.kit import formats
from loyaltysite.kit.sheets import Echo, safe
from members import access, audit
from members.models import Identity, Member, Program, Role, User
from rewards import queries
from rewards.directory import Directory
from rewards.filters import last_order_at
from rewards.models import Tier, Unit, Wallet

CHUNK = 500
CONTACTS = (Identity.Kind.EMAIL, Identity.Kind.PHONE)


@dataclass(frozen=True, slots=True)
class Row:
    """A member with what a line of the export is written from; balances by unit id, contacts by kind."""

    member: Member
    tier: Tier | None
    balances: dict[int, int]
    contacts: dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    write: Callable[[Row], Any]


def ask(*, found: Directory, role: str, by: User, now: datetime) -> list[Column]:
    """The columns this role gets of these members; writes down who took them. Filters are named, never told."""
    program = found.catalog.program
    columns = columns_for(role, queries.units_of(program), program)
    audit.record(
        program=program, actor=by, action="members.export", subject="program", subject_id=program.slug,
        after={"columns": len(columns), "contacts": may_see_contacts(role), "filters": found.filters.names}, now=now,
    )  # fmt: skip
    return columns


def may_see_contacts(role: str) -> bool:
    return access.may(role, Role.MANAGER)


def columns_for(role: str, units: Sequence[Unit], program: Program) -> list[Column]:
    """In the order of the file. An analyst gets no contact data."""
    zone = program.zone
    columns = [
        Column(_("Number"), lambda row: row.member.number),
        Column(_("Name"), lambda row: row.member.name),
        Column(_("State"), lambda row: row.member.get_state_display()),
        Column(_("Tier"), lambda row: queries.name_of(row.tier) if row.tier else ""),
        *(_balance(unit) for unit in units),
        Column(_("Last order"), lambda row: _local(row.member.last_order_at, zone)),  # type: ignore[attr-defined]
        Column(_("Joined"), lambda row: _local(row.member.joined_at, zone)),
        Column(_("Joined through"), lambda row: row.member.source),
        Column(_("Language"), lambda row: row.member.language),
        Column(_("Tags"), lambda row: ", ".join(row.member.tags)),
    ]
    if may_see_contacts(role):
        columns[2:2] = [Column(str(kind.label), _contact(kind)) for kind in CONTACTS]
    return columns


def lines(*, found: Directory, columns: Sequence[Column]) -> Iterator[str]:
    """The file, a chunk of members at a time, newest id last; it begins with a mark so that spreadsheets read UTF-8."""
    yield from lines_of(program=found.catalog.program, chunks=_chunks(found), columns=columns)


def lines_of(*, program: Program, chunks: Iterable[list[int]], columns: Sequence[Column]) -> Iterator[str]:
    """As lines(), of members by their ids."""
    writer = csv.writer(Echo())
    yield "\ufeff" + writer.writerow([safe(column.name) for column in columns])
    units, tiers = queries.units_of(program), queries.tiers_of(program)
    for ids in chunks:
        rows = _rows(ids, tiers, units)
        yield "".join(writer.writerow([safe(column.write(row)) for column in columns]) for row in rows)


def _chunks(found: Directory) -> Iterator[list[int]]:
    """Ids in their order. A search is asked once, everything else goes on from the last id."""
    members = found.members().order_by("pk").values_list("pk", flat=True)
    if found.filters.sought.text:
        yield from (list(ids) for ids in batched(list(members), CHUNK))
        return
    ids = list(members[:CHUNK])
    while ids:
        yield ids
        ids = list(members.filter(pk__gt=ids[-1])[:CHUNK])


def _rows(ids: Sequence[int], tiers: Sequence[Tier], units: Sequence[Unit]) -> Iterator[Row]:
    members = Member.objects.annotate(last_order_at=last_order_at()).in_bulk(list(ids))
    standing = queries.present_tiers(ids, tiers=tiers)
    balances: dict[int, dict[int, int]] = {pk: {} for pk in ids}
    wallets = Wallet.objects.filter(holder_id__in=ids, unit__in=units)
    for pk, unit_id, active in wallets.values_list("holder_id", "unit_id", "active"):
        balances[pk][unit_id] = active
    contacts: dict[int, dict[str, list[str]]] = {pk: {} for pk in ids}
    known = Identity.objects.filter(member_id__in=ids, kind__in=CONTACTS).order_by("value")
    for pk, kind, value in known.values_list("member_id", "kind", "value"):
        contacts[pk].setdefault(kind, []).append(value)
    for pk in ids:
        if pk in members:
            yield Row(members[pk], standing[pk], balances[pk], contacts[pk])


def _balance(unit: Unit) -> Column:
    return Column(
        formats.unit_name(0, unit), lambda row: Decimal(row.balances.get(unit.pk, 0)).scaleb(-unit.precision)
    )


def _contact(kind: Identity.Kind) -> Callable[[Row], str]:
    return lambda row: ", ".join(row.contacts.get(kind, ()))


def _local(moment: datetime | None, zone: Any) -> str:
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M") if moment else ""
