"""Fixed lists: members are let in and out one by one, by a step of a journey, or by a file of identities."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _
from django_scopes import scope

from campaigns.audiences import course, membership, segments
from campaigns.models import Segment
from loyaltysite.kit.errors import DomainError
from members import audiences, audit, identities, regions
from members.audiences import Moves
from members.models import Identity, Member, Program, User

MOST_LINES = 100_000
# Lines that were not found are shown up to so many; the rest is counted.
MOST_SHOWN = 200


class NoList(DomainError):
    code = "segment_no_list"
    message = _("Only a fixed list takes single members.")


class TooManyLines(DomainError):
    code = "segment_too_many_lines"
    message = _("A file may have at most %(most)s lines.")


@dataclass(frozen=True, slots=True)
class Report:
    """`unknown` are (number of the line, what stood there): nobody of that name is in the program, or was."""

    read: int
    entered: int
    known: int
    unknown: tuple[tuple[int, str], ...]
    unknown_count: int


def add(*, program: Program, key: str, members: Collection[int], now: datetime) -> int:
    """Let these members (ids) into the list; how many were new. Who is closed or merged is left out."""
    return _move(program, key, members, now, is_in=True)


def remove(*, program: Program, key: str, members: Collection[int], now: datetime) -> int:
    """Let these members go; how many were in it."""
    return _move(program, key, members, now, is_in=False)


def _move(program: Program, key: str, members: Collection[int], now: datetime, *, is_in: bool) -> int:
    with scope(program=program), transaction.atomic():
        segment = segments.lock(program, key)
        if segment.kind != Segment.Kind.LIST:
            raise NoList
        known: dict[str, Any] = {"program": program, "audience": segment.pk, "key": segment.key, "now": now}
        if is_in:
            allowed = Member.objects.filter(membership.POPULATION, pk__in=members)
            moved = audiences.enter(members=list(allowed.values_list("pk", flat=True)), **known)
        else:
            moved = audiences.leave(members=members, **known)
        if moved:
            number = len(moved) if is_in else -len(moved)
            Segment.objects.filter(pk=segment.pk).update(size=F("size") + number)
            ids = tuple(sorted(moved))
            course.note(program, segment, _moves(ids, is_in=is_in), now)
            segments.note(program, moved)
    return len(moved)


def _moves(ids: tuple[int, ...], *, is_in: bool) -> Moves:
    return Moves(len(ids), 0, ids, ()) if is_in else Moves(0, len(ids), (), ids)


def put(*, program: Program, key: str, lines: Iterable[str], by: User | None, now: datetime) -> Report:
    """Let in whoever the lines name: an e-mail, phone, card, shop id or member number each. What cannot be found is
    reported as it was typed and why is not said. Repeating a file changes nothing.

    Raises TooManyLines, NoList, NotFound."""
    wanted = [(number, line.strip().lstrip("\ufeff")) for number, line in enumerate(lines, start=1)]
    wanted = [(number, text) for number, text in wanted if text]
    if len(wanted) > MOST_LINES:
        raise TooManyLines(field="file", most=MOST_LINES)
    with scope(program=program), transaction.atomic():
        found = find(program, [text for _number, text in wanted])
        unknown = [(number, text[:120]) for number, text in wanted if text not in found]
        entered = add(program=program, key=key, members=set(found.values()), now=now)
        audit.record(
            program=program, actor=by, action="segment.import", subject="segment", subject_id=key,
            after={"lines": len(wanted), "entered": entered, "unknown": len(unknown)}, now=now,
        )  # fmt: skip
    return Report(len(wanted), entered, len(wanted) - len(unknown), tuple(unknown[:MOST_SHOWN]), len(unknown))


def find(program: Program, texts: Collection[str]) -> dict[str, int]:
    """{what was typed: the member's id} of those in the program who are neither closed nor merged; five statements."""
    region = regions.region_of(program)
    asked: dict[str, dict[str, list[str]]] = {}
    numbers: dict[str, list[str]] = {}
    for text in texts:
        plain = text.replace(" ", "").replace("-", "")
        if len(plain) == 12 and plain.isascii() and plain.isdigit():
            numbers.setdefault(plain, []).append(text)
        for kind in _kinds(text):
            try:
                value = identities.normalize(kind, text, region=region)
            except DomainError:
                continue
            asked.setdefault(kind, {}).setdefault(value, []).append(text)
    found: dict[str, int] = {}
    people = Member.objects.filter(membership.POPULATION)
    for number, pk in people.filter(number__in=list(numbers)).values_list("number", "pk"):
        found |= dict.fromkeys(numbers[number], pk)
    for kind, values in asked.items():
        rows = Identity.objects.filter(kind=kind, value__in=list(values), member__in=people)
        for value, pk in rows.values_list("value", "member_id"):
            for text in values[value]:
                found.setdefault(text, pk)
    return found


def _kinds(text: str) -> tuple[str, ...]:
    kind = Identity.Kind
    if "@" in text:
        return (kind.EMAIL,)
    return (kind.PHONE, kind.CARD, kind.SHOP)
