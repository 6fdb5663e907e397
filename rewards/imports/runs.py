"""One import from beginning to end."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from django_scopes import scope

from loyaltysite.kit import collection
from members.models import Member, Order, Program
from rewards import settling, statistics
from rewards.imports import canonical, lanes, online_retail
from rewards.imports.canonical import Profile, Terms
from rewards.imports.groups import Grouping
from rewards.imports.recording import Alone, Part, Recorder
from rewards.imports.rejects import RejectFile, path_for
from rewards.imports.reports import Report
from rewards.imports.sources import MOST, Source, opened
from rewards.imports.tables import Table
from rewards.imports.tallies import Tally
from rewards.imports.workers import Crew
from rewards.models import Unit

PROFILES: Mapping[str, type[Profile]] = {
    "canonical": canonical.Profile,
    "online-retail": online_retail.Profile,
}

LANES = 2
# Called now and then with the source and the tally so far.
Progress = Callable[[Source, Tally], None]


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for; the command's options, see docs/import.md."""

    path: str
    source: str = "import"
    profile: str = "canonical"
    mapping: Mapping[str, str] = field(default_factory=dict)
    encoding: str | None = None
    delimiter: str | None = None
    date_format: str | None = None
    days: int = 0
    region: str | None = None
    store: str = ""
    rejected: str | None = None
    batch: int = 1000
    processes: int = 1
    lanes: int = LANES
    creates_stores: bool = False
    is_dry_run: bool = False
    settles: bool = True
    limit: int | None = None
    most_bytes: int = MOST


def run(*, program: Program, wish: Wish, clock: Callable[[], datetime], progress: Progress) -> Report:
    """Import a file. Bad rows are written aside and good orders go on; what was recorded before is only counted.

    Raises SourceUnreadable when the file as a whole, or from some row on, cannot be read: orders recorded until then
    stay, and the import can be repeated."""
    began = time.monotonic()
    with scope(program=program), _opened(wish) as source, collection.paused():
        table = Table(source.lines, delimiter=wish.delimiter)
        terms = Terms(
            wish.source, program.zone, program.currency, wish.date_format, wish.days, wish.region, wish.store
        )
        profile = PROFILES[wish.profile](table.header, mapping=wish.mapping, terms=terms)
        known = _members(program, wish.source)
        recorder = Recorder(profile, program, wish.batch, clock, wish.creates_stores, wish.is_dry_run)
        tally = Tally()
        path = path_for(wish.path, wish.rejected)
        with RejectFile(path, table.header, table.delimiter) as rejects:
            groups = islice(Grouping(profile.key).groups(table.rows()), wish.limit)
            work = _work(recorder, program, wish)
            try:
                for part in work.parts(groups):
                    _keep(part, tally, rejects)
                    progress(source, tally)
            finally:
                for part in work.stop():
                    _keep(part, tally, rejects)
        if not wish.is_dry_run:
            statistics.take()
        if wish.settles and not wish.is_dry_run:
            settling.settle_due(program=program, now=clock())
        return Report(
            tally=tally,
            currency=program.currency,
            precisions=dict(Unit.objects.filter(program=program).values_list("key", "precision")),
            members_created=_members(program, wish.source) - known,
            customers=_customers(program, wish.source),
            seconds=time.monotonic() - began,
            is_dry_run=wish.is_dry_run,
            unused_columns=profile.layout.unused,
            rejected_file=str(path) if tally.rejected_rows else "",
        )


def _keep(part: Part, tally: Tally, rejects: RejectFile) -> None:
    tally.add(part.tally)
    rejects.write(part.rejects)


def _work(recorder: Recorder, program: Program, wish: Wish) -> Crew | Alone:
    if wish.processes > 1 and not wish.is_dry_run:
        return Crew.of_processes(recorder, wish.processes)
    if wish.lanes > 1 and not wish.is_dry_run and lanes.may_be_used(program, batch=wish.batch):
        return Crew.of_lanes(recorder, wish.lanes)
    return Alone(recorder)


def _opened(wish: Wish) -> AbstractContextManager[Source]:
    return opened(wish.path, encoding=wish.encoding, most=wish.most_bytes)


def _members(program: Program, source: str) -> int:
    return Member.objects.filter(program=program, source=source).count()


def _customers(program: Program, source: str) -> int:
    orders = Order.objects.filter(program=program, source=source, member__isnull=False)
    return orders.values("member").distinct().count()
