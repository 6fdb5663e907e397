"""Orders read from a file are recorded in batches. A batch that was recorded before changes nothing."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import psycopg
from django.db import DatabaseError, connection
from django.utils.translation import gettext as _

from loyaltysite.kit.errors import DomainError
from members.models import Program, Store
from rewards import intake, rulebook
from rewards.engine.definitions import RuleError
from rewards.imports import coverage
from rewards.imports.canonical import Profile, RowRefused
from rewards.imports.groups import Group, Refusals
from rewards.imports.rejects import Reject
from rewards.imports.tallies import Tally
from rewards.intake.items import Item, OrderIn, Outcome, ReturnIn
from rewards.policies import PolicyError
from rewards.posting import Busy

TRIES = 5
# What no item is to blame for, and what one may be.
OF_PROGRAM = (Busy, RuleError, PolicyError)
OF_ITEM = (DomainError, ValueError, psycopg.DataError, psycopg.IntegrityError, psycopg.errors.RaiseException)


@dataclass(slots=True)
class Part:
    """What became of a batch."""

    tally: Tally = field(default_factory=Tally)
    rejects: list[Reject] = field(default_factory=list)


@dataclass(slots=True)
class Recorder:
    """Takes orders one by one and records them `size` at a time; `program` None only reads (a dry run)."""

    profile: Profile
    program: Program
    size: int
    clock: Callable[[], datetime]
    creates_stores: bool = False
    is_dry_run: bool = False
    part: Part = field(default_factory=Part)
    batch: list[tuple[Group, Item]] = field(default_factory=list)
    refusals: Refusals = field(default_factory=Refusals)
    stores: set[str] = field(default_factory=set)

    def take(self, group: Group) -> bool:
        """Take one order. True: the batch is full and flush() should be called."""
        self.part.tally.rows += len(group.rows)
        group.fault = group.fault or self.refusals.fault_of(group.key)
        if group.fault:
            self._reject(group, *group.fault)
            return False
        try:
            item = self.profile.item(group)
        except RowRefused as refused:
            self._reject(group, group.numbers[refused.row], refused.code, refused.message)
            return False
        if isinstance(item, str):
            self.part.tally.set_aside[item] += len(group.rows)
            return False
        self.batch.append((group, item))
        return len(self.batch) >= self.size

    def flush(self) -> Part:
        """Record what was taken and say what became of it."""
        if self.is_dry_run:
            for _group, item in self.batch:
                self.part.tally.count(item, None)
        elif self.batch:
            items = [item for _group, item in self.batch]
            self._create_stores(items)
            self._count(self._record(items))
        part, self.part = self.part, Part()
        self.batch.clear()
        # The search for cycles rests during an import (runs.run): once a batch, over what is young, is enough.
        gc.collect(0)
        return part

    def _count(self, outcomes: Sequence[Outcome]) -> None:
        tally = self.part.tally
        returns: list[tuple[ReturnIn, Outcome]] = []
        for (group, item), outcome in zip(self.batch, outcomes, strict=True):
            if outcome.status == "refused":
                self._reject(group, group.numbers[0], outcome.code, outcome.message)
                continue
            tally.count(item, outcome)
            if isinstance(item, ReturnIn) and outcome.member_id is not None:
                returns.append((item, outcome))
        not_at_all, in_part = coverage.count_lines(returns)
        tally.unmatched_lines += not_at_all
        tally.partly_matched_lines += in_part

    def _reject(self, group: Group, blamed: int, code: str, reason: str) -> None:
        self.refusals.add(group.key, blamed)
        self.part.tally.reject(rows=len(group.rows), code=code)
        beside = _("row %(row)d of this order: ") % {"row": blamed}
        for number, cells in zip(group.numbers, group.rows, strict=True):
            said = reason if number == blamed else beside + reason
            self.part.rejects.append(Reject(number, cells, code, said))

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
            if Store.objects.bulk_create(rows, ignore_conflicts=True):
                rulebook.touch(self.program)
            self.stores |= missing
