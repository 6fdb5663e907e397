"""Direct mail: what waits to be printed is put on a list, looked at once more as everything is before it leaves.

The words are made again whenever the file is taken: no file lies about, and who has gone or withdrawn since is not in it.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Count, Exists, F, OuterRef
from django.utils.translation import gettext as _
from django_scopes import scope, scopes_disabled

from campaigns.channels.letter import Fate, Letter, Outcome
from campaigns.messages import gate, letters, outcomes, sending
from campaigns.models import Carrier, Kind, Message, PrintList
from loyaltysite.kit import formats
from loyaltysite.kit.sheets import Echo, safe
from members import audit
from members.models import Address, Consent, Identity, Member, Program, User
from members.models.addresses import MOST_LINES

BATCH = 500


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many letters wait, and for how many of them the program knows no postal address."""

    number: int
    without_address: int


def waiting(*, program: Program) -> Waiting:
    """What waits to be printed; for the program in scope."""
    rows = Message.objects.filter(program=program, channel=Carrier.PRINT, state=Message.State.QUEUED)
    known = Exists(Address.objects.filter(member=OuterRef("member_id")))
    told = rows.aggregate(number=Count("pk"), without=Count("pk", filter=~known))
    return Waiting(told["number"], told["without"])


def begin(*, program: Program, by: User, now: datetime) -> PrintList:
    """A list of everything that waits; go_on() fills it. One that is being filled is taken in the place of a new one."""
    with scope(program=program), transaction.atomic():
        Program.objects.select_for_update(no_key=True).get(pk=program.pk)
        under_way = PrintList.objects.filter(program=program, finished_at=None).first()
        if under_way is not None:
            return under_way
        made = PrintList.objects.create(program=program, made_by=by, made_at=now)
        audit.record(
            program=program, actor=by, action="print_list.make", subject="print list", subject_id=made.pk, now=now
        )  # fmt: skip
    return made


def work(*, clock: Callable[[], datetime]) -> int:
    """Fill every list that is not finished; how many batches. Safe to run twice, late, or on any number of workers."""
    done = 0
    with scopes_disabled():
        found = list(PrintList.objects.filter(finished_at=None).select_related("program").order_by("pk"))
    for one in found:
        while go_on(program=one.program, list_id=one.pk, now=clock()):
            done += 1
    return done


def go_on(*, program: Program, list_id: int, now: datetime) -> bool:
    """One batch, whole or not at all; whether there may be more. Who has the list at this moment is left to it."""
    with scope(program=program), transaction.atomic():
        rows = PrintList.objects.select_for_update(skip_locked=True).filter(pk=list_id, finished_at=None)
        mine = rows.first()
        if mine is None:
            return False
        ids, over = sending.claim(program=program, channel=Carrier.PRINT, now=now, most=BATCH)
        taken, without = _put(program, mine, ids, now)
        changes = {
            "rows": F("rows") + taken,
            "without_address": F("without_address") + without,
            "left_out": F("left_out") + over + len(ids) - taken,
        }
        is_over = not ids and not over
        if is_over:
            changes["finished_at"] = now  # type: ignore[assignment]
        PrintList.objects.filter(pk=mine.pk).update(**changes)
    return not is_over


def take(*, made: PrintList, by: User, now: datetime) -> Iterator[str]:
    """The file, line by line, as CSV in UTF-8; who took it is written down."""
    program = made.program
    audit.record(
        program=program, actor=by, action="print_list.take", subject="print list", subject_id=made.pk,
        after={"rows": made.rows}, now=now,
    )  # fmt: skip
    # In the reader's language, and so before the view is over: the rows are written after it.
    return _lines(program, made, _heads(), now)


# --- parts ------------------------------------------------------------------------------------------------------------


def _put(program: Program, made: PrintList, ids: list[int], now: datetime) -> tuple[int, int]:
    """How many came on the list, and how many of them without an address."""
    messages = list(Message.objects.filter(pk__in=ids).select_related("content").order_by("pk"))
    written = letters.of(program=program, messages=messages, now=now)
    refused = [(row.pk, each) for row, each in written if isinstance(each, letters.Unsendable)]
    outcomes.refuse(program=program, refused=refused, now=now)
    ready = [(row, each) for row, each in written if isinstance(each, Letter)]
    found = [(each, Outcome(Fate.SENT, made.mark)) for _row, each in ready]
    outcomes.record(program=program, way="print", messages=messages, found=found, now=now)
    known = _addresses(row.member_id for row, _each in ready)
    return len(ready), sum(row.member_id not in known for row, _each in ready)


def _heads() -> list[str]:
    """Of the cells of _rows(), in their order."""
    numbers = [formats.format_number(number) for number in range(1, MOST_LINES + 1)]
    lines = [_("Address line %(number)s") % {"number": number} for number in numbers]
    place = [*lines, _("Postcode"), _("City"), _("Country")]
    return [
        _("Member number"),
        _("Name"),
        *place,
        _("Language"),
        _("Shop customer id"),
        _("Topic"),
        _("Text"),
    ]


def _lines(program: Program, made: PrintList, heads: list[str], now: datetime) -> Iterator[str]:
    writer = csv.writer(Echo())
    yield "\ufeff" + writer.writerow([safe(head) for head in heads])
    after = 0
    while True:
        with scope(program=program):
            rows = Message.objects.filter(provider_id=made.mark, channel=Carrier.PRINT, pk__gt=after)
            messages = list(rows.select_related("content").order_by("pk")[:BATCH])
            lines = _rows(program, messages, now)
        if not messages:
            return
        yield "".join(writer.writerow([safe(cell) for cell in line]) for line in lines)
        after = messages[-1].pk


def _rows(program: Program, messages: list[Message], now: datetime) -> list[list[str]]:
    ids = [each.member_id for each in messages]
    people = Member.objects.filter(state=Member.State.ACTIVE, merged_into=None).in_bulk(ids)
    agreed = Consent.objects.filter(member__in=ids, channel=gate.CONSENTS[Carrier.PRINT], is_given=True)
    pairs = set(agreed.values_list("member_id", "topic"))
    shops = dict(
        Identity.objects.filter(member__in=ids, kind=Identity.Kind.SHOP).values_list("member_id", "value")
    )
    homes = _addresses(people)
    still = [
        each
        for each in messages
        if each.member_id in people and (each.kind != Kind.MARKETING or (each.member_id, each.topic) in pairs)
    ]
    found = []
    for message, made in letters.of(program=program, messages=still, now=now):
        if isinstance(made, Letter):
            member = people[message.member_id]
            shop = shops.get(member.pk, "")
            found.append(
                [
                    member.number, member.name, *_cells(homes.get(member.pk)), made.language, shop, message.topic,
                    made.fields["text"],
                ]
            )  # fmt: skip
    return found


def _addresses(ids: Iterable[int]) -> dict[int, Address]:
    return Address.objects.in_bulk(list(ids))


def _cells(home: Address | None) -> list[str]:
    """The cells of an address, all empty where none is known."""
    if home is None:
        return [""] * (MOST_LINES + 3)
    return [*home.lines, *[""] * (MOST_LINES - len(home.lines)), home.postcode, home.city, home.country]
