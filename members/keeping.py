"""What staff keep under a key is drafted, changed under the revision that was looked at, put up and ended; each step is
audited in its own transaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, ClassVar, cast

from django.db import IntegrityError, models, transaction
from django_scopes import scope

from loyaltysite.kit.errors import Conflict, NotFound
from members import audit
from members.models import Program, User

DRAFT, LIVE, ENDED = "draft", "live", "ended"


class Keeper[M: models.Model]:
    """How the things of one kind are kept. A kind names its model, its noun in the audit, the settings that may be changed
    and its three refusals, and says what makes a row sound; the rest may be added to.

    All functions work in one transaction within the program's scope; a repeat of change(), publish() and end() changes
    nothing."""

    model: ClassVar[type[Any]]
    noun: ClassVar[str]
    settings: ClassVar[tuple[str, ...]]
    key_taken: ClassVar[type[Conflict]]
    changed: ClassVar[type[Conflict]]
    over: ClassVar[type[Conflict]]

    # --- what a kind says ---

    def check(self, row: Any) -> None:
        """What a row cannot say by itself. Raises DomainError with the field."""
        raise NotImplementedError

    def read(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values as the row keeps them. Raises DomainError."""
        return dict(values)

    def told(self, row: Any) -> dict[str, Any]:
        """The settings in the words of the audit, JSON-ready."""
        return {name: getattr(row, name) for name in self.settings}

    def lock(self, program: Program, key: str) -> Any:
        """The row, nobody else's until the transaction ends. Raises NotFound."""
        row = self.model.objects.select_for_update().filter(program=program, key=key).first()
        if row is None:
            raise NotFound
        row.program = program
        return row

    def insert(self, row: Any) -> None:
        row.save(force_insert=True)

    def write(self, row: Any, columns: Collection[str]) -> None:
        row.save(update_fields=columns)

    def moving(self, row: Any, moved: Collection[str]) -> None:
        """Before these settings of the row change. Raises DomainError."""

    def turn(self, row: Any, state: str, now: datetime) -> list[str]:
        """Give it this state; the columns that changed."""
        row.state = state
        return ["state"]

    def done(self, row: Any, moved: Collection[str], now: datetime) -> None:
        """After it was changed (`moved` are settings), put up or ended (`moved` is the state)."""

    # --- what all do alike ---

    @transaction.atomic
    def create(self, *, program: Program, key: str, by: User | None, now: datetime, **values: Any) -> M:
        """A new draft. Raises TypeError, `key_taken` and what check() raises."""
        with scope(program=program):
            row = self.model(program=program, key=key, created_at=now, **self.known(values))
            self.check(row)
            try:
                with transaction.atomic():
                    self.insert(row)
            except IntegrityError as error:
                raise self.key_taken(field="key") from error
            self.record(row, "create", by, now, before={}, after=self.told(row))
        return cast("M", row)

    @transaction.atomic
    def change(
        self,
        *,
        program: Program,
        key: str,
        by: User | None,
        now: datetime,
        revision: int | None = None,
        **values: Any,
    ) -> M:
        """Give it these values; those not named stay. Raises TypeError, NotFound, `over`, `changed` and what check()
        raises."""
        with scope(program=program):
            row = self._open(program, key)
            wanted = self.known(values)
            moved = sorted(name for name, value in wanted.items() if getattr(row, name) != value)
            if not moved:
                return cast("M", row)
            if revision is not None and revision != row.revision:
                raise self.changed
            self.moving(row, moved)
            before = self.told(row)
            for name in moved:
                setattr(row, name, wanted[name])
            self.check(row)
            self.save(row, moved)
            after = self.told(row)
            told = {"before": audit.changed(before, after), "after": audit.changed(after, before)}
            self.record(row, "change", by, now, **told)
            self.done(row, moved, now)
        return cast("M", row)

    @transaction.atomic
    def publish(self, *, program: Program, key: str, by: User | None, now: datetime) -> M:
        """Put a draft up. Raises NotFound, `over` and what check() raises."""
        with scope(program=program):
            row = self._open(program, key)
            if row.state == DRAFT:
                self.check(row)
                self._move(row, "publish", LIVE, by, now)
        return cast("M", row)

    @transaction.atomic
    def end(self, *, program: Program, key: str, by: User | None, now: datetime) -> M:
        """Take it down for good. Raises NotFound."""
        with scope(program=program):
            row = self.lock(program, key)
            if row.state != ENDED:
                self._move(row, "end", ENDED, by, now)
        return cast("M", row)

    def save(self, row: Any, columns: Collection[str]) -> None:
        """Write these columns under the next revision."""
        row.revision += 1
        self.write(row, [*columns, "revision"])

    def record(
        self,
        row: Any,
        action: str,
        by: User | None,
        now: datetime,
        *,
        before: dict[str, Any],
        after: dict[str, Any],
    ) -> None:
        audit.record(
            program=row.program, actor=by, action=f"{self.noun}.{action}", subject=self.noun, subject_id=row.key,
            before=before, after=after, now=now,
        )  # fmt: skip

    def _open(self, program: Program, key: str) -> Any:
        row = self.lock(program, key)
        if row.state == ENDED:
            raise self.over
        return row

    def known(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Raises TypeError for what is no setting."""
        unknown = values.keys() - set(self.settings)
        if unknown:
            raise TypeError(f"not settings of a {self.noun}: {sorted(unknown)}")
        return self.read(values)

    def _move(self, row: Any, action: str, state: str, by: User | None, now: datetime) -> None:
        before = row.state
        self.save(row, self.turn(row, state, now))
        self.record(row, action, by, now, before={"state": before}, after={"state": state})
        self.done(row, ["state"], now)
