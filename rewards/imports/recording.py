"""Orders read from a file are recorded in batches. A batch that was recorded before changes nothing."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import psycopg
from django.db import DatabaseError, connection, transaction
from django.utils.translation import gettext as _

from loyaltysite.kit.ahead import read_ahead
from loyaltysite.kit.errors import DomainError
from members.models import Program, Store
from rewards import intake, rulebook
from rewards.engine.definitions import RuleError
from rewards.imports import coverage
from rewards.imports.canonical import Profile, RowRefused
from rewards.imports.groups import Group, Refusals
from rewards.imports.rejects import Reject
from rewards.imports.sources import SourceUnreadable
from rewards.imports.tallies import Tally
from rewards.intake.items import Item, OrderIn, Outcome, ReturnIn
from rewards.policies import PolicyError
from rewards.posting import Busy

TRIES = 5
# Batches after which cycles are searched for among what is young.
SEARCHED = 16
# Characters of a batch, of which a few are in memory at once.
MOST_TEXT = 16 << 20
# What no item is to blame for, and what one may be.
OF_PROGRAM = (Busy, RuleError, PolicyError)
OF_ITEM = (DomainError, ValueError, psycopg.DataError, psycopg.IntegrityError, psycopg.errors.RaiseException)


@dataclass(slots=True)
class Part:
    """What became of a batch."""

    tally: Tally = field(default_factory=Tally)
    rejects: list[Reject] = field(default_factory=list)


@dataclass(slots=True)
class Batch:
    """Orders that were read and wait to be recorded; `part` is what became of the others."""

    part: Part = field(default_factory=Part)
    taken: list[tuple[Group, Item]] = field(default_factory=list)
    size: int = 0

    def is_full(self, most: int) -> bool:
        """Whether it holds so many orders or rejected rows, or much text."""
        return len(self.taken) >= most or len(self.part.rejects) > most or self.size > MOST_TEXT


@dataclass(slots=True)
class Recorder:
    """Reads orders into batches of `size` and records them. Reading runs ahead in a thread and touches no database."""

    profile: Profile
    program: Program
    size: int
    clock: Callable[[], datetime]
    creates_stores: bool = False
    is_dry_run: bool = False
    refusals: Refusals = field(default_factory=Refusals)
    stores: set[str] = field(default_factory=set)
    recorded: int = 0

    def batches(self, groups: Iterable[Group]) -> Iterator[Batch]:
        """Full batches and the rest. What was read whole comes even if the source of the orders breaks off."""
        batch = Batch()
        try:
            for group in groups:
                self._take(group, batch)
                if batch.is_full(self.size):
                    yield batch
                    batch = Batch()
        except SourceUnreadable:
            yield batch
            raise
        yield batch

    def read(self, groups: Iterable[Group]) -> Batch:
        """One batch of all of them."""
        batch = Batch()
        for group in groups:
            self._take(group, batch)
        return batch

    def _take(self, group: Group, batch: Batch) -> None:
        batch.part.tally.rows += len(group.rows)
        batch.size += group.size
        group.fault = group.fault or self.refusals.fault_of(group.key)
        if group.fault:
            self._reject(batch, group, *group.fault)
            return
        try:
            item = self.profile.item(group)
        except RowRefused as refused:
            self._reject(batch, group, group.numbers[refused.row], refused.code, refused.message)
            return
        if isinstance(item, str):
            batch.part.tally.set_aside[item] += len(group.rows)
            return
        batch.taken.append((group, item))

    def record(self, batch: Batch) -> Part:
        """Record what was read and say what became of it."""
        self._refuse_late(batch)
        items = [item for _group, item in batch.taken]
        if self.is_dry_run:
            for item in items:
                batch.part.tally.count(item, None)
        elif items:
            self._create_stores(items)
            self._count(batch, self._record(items))
        # The search for cycles rests during an import (runs.run), which hardly makes any; it takes as long as a tenth of
        # a batch.
        self.recorded += 1
        if self.recorded % SEARCHED == 0:
            gc.collect(0)
        return batch.part

    def _refuse_late(self, batch: Batch) -> None:
        """Reading was ahead: part of an order may have been refused since."""
        late = [
            (group, fault) for group, _item in batch.taken if (fault := self.refusals.fault_of(group.key))
        ]
        if late:
            refused = {id(group) for group, _fault in late}
            batch.taken = [(group, item) for group, item in batch.taken if id(group) not in refused]
            for group, fault in late:
                self._reject(batch, group, *fault)

    def _count(self, batch: Batch, outcomes: Sequence[Outcome]) -> None:
        tally = batch.part.tally
        returns: list[tuple[ReturnIn, Outcome]] = []
        for (group, item), outcome in zip(batch.taken, outcomes, strict=True):
            if outcome.status == "refused":
                self._reject(batch, group, group.numbers[0], outcome.code, outcome.message)
                continue
            tally.count(item, outcome)
            if isinstance(item, ReturnIn) and outcome.member_id is not None:
                returns.append((item, outcome))
        not_at_all, in_part = coverage.count_lines(returns)
        tally.unmatched_lines += not_at_all
        tally.partly_matched_lines += in_part

    def _reject(self, batch: Batch, group: Group, blamed: int, code: str, reason: str) -> None:
        self.refusals.add(group.key, blamed)
        batch.part.tally.reject(rows=len(group.rows), code=code)
        beside = _("row %(row)d of this order: ") % {"row": blamed}
        for number, cells in zip(group.numbers, group.rows, strict=True):
            said = reason if number == blamed else beside + reason
            batch.part.rejects.append(Reject(number, cells, code, said))

    def _record(self, items: Sequence[Item]) -> list[Outcome]:
        """Through the intake. What it refuses as a whole is halved until the culprit stands alone."""
        try:
            return self._try(items)
        except OF_PROGRAM:
            raise
        except OF_ITEM as error:
            code = error.code if isinstance(error, DomainError) else "not_recordable"
            refused = Outcome("refused", code, str(error).partition("\n")[0])
        if len(items) == 1:
            return [refused]
        half = len(items) // 2
        return self._record(items[:half]) + self._record(items[half:])

    def _try(self, items: Sequence[Item]) -> list[Outcome]:
        """Once more where others were in the way or the connection was lost."""
        for number in range(TRIES):
            try:
                return intake.record(program=self.program, items=items, now=self.clock(), at_own_time=True)
            except (Busy, psycopg.OperationalError, DatabaseError):
                if number == TRIES - 1:
                    raise
                connection.close_if_unusable_or_obsolete()
                time.sleep(0.05 * 4**number)
        raise AssertionError  # the last try returns or raises

    def _create_stores(self, items: Sequence[Item]) -> None:
        if not self.creates_stores:
            return
        missing = {item.store for item in items if isinstance(item, OrderIn) and item.store} - self.stores
        if missing:
            known = Store.objects.filter(program=self.program, code__in=missing).values_list(
                "code", flat=True
            )
            new = missing - set(known)
            rows = [Store(program=self.program, code=code, name=code) for code in sorted(new)]
            # Nobody may see a store that the catalogue does not tell of.
            with transaction.atomic():
                if Store.objects.bulk_create(rows, ignore_conflicts=True):
                    rulebook.touch(self.program)
            self.stores |= missing


@dataclass(slots=True)
class Alone:
    """One batch after the other, read ahead in a thread."""

    recorder: Recorder

    def parts(self, groups: Iterable[Group]) -> Iterator[Part]:
        """What became of the orders, batch by batch. What was read whole is recorded even if the file breaks off."""
        for batch in read_ahead(self.recorder.batches(groups)):
            yield self.recorder.record(batch)

    def stop(self) -> list[Part]:
        """Nothing is under way between two batches."""
        return []
