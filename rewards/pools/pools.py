"""Pools are opened, changed and closed here, and their codes counted and, once, taken away as a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Count, Sum
from django.utils.translation import gettext_lazy as _
from django_scopes import scope

from loyaltysite.kit.errors import Conflict, DomainError, NotFound
from members import audit
from members.models import Program, User
from rewards.models import Code, CodeBatch, CodePool, CouponUse
from rewards.pools import signs

FIXED = ("purpose", "source", "use", "most_uses")
CHANGEABLE = ("name", "starts_at", "ends_at", "warn_below", "is_open")
PIECE = 5_000
MOST = 2**53


class PoolKeyTaken(Conflict):
    code = "pool_key_taken"
    message = _("There is a pool with this key. Choose another key.")


class PoolRefused(DomainError):
    code = "pool_refused"
    message = _("This pool cannot be.")


class PoolChanged(Conflict):
    code = "pool_changed"
    message = _("Somebody else has changed this pool. Look at it anew.")


class TakenAway(Conflict):
    code = "codes_taken_away"
    message = _("These codes were downloaded before. They are shown only once.")


@dataclass(frozen=True, slots=True)
class Counts:
    """Of one pool. `free` are codes that nobody was given and nobody used; `uses` those that still hold."""

    total: int
    free: int
    uses: int

    @property
    def given(self) -> int:
        return self.total - self.free


def create(*, program: Program, key: str, by: User | None, now: datetime, **values: Any) -> CodePool:
    """A new pool; `values` are of FIXED and CHANGEABLE. Raises PoolKeyTaken, PoolRefused."""
    unknown = values.keys() - {*FIXED, *CHANGEABLE}
    if unknown:
        raise TypeError(f"not settings of a pool: {sorted(unknown)}")
    with scope(program=program), transaction.atomic():
        pool = CodePool(program=program, key=key, created_at=now, **values)
        if pool.use == CodePool.Use.SINGLE:
            pool.most_uses = 1
        _check(pool)
        try:
            with transaction.atomic():
                pool.save()
        except IntegrityError as error:
            raise PoolKeyTaken(field="key") from error
        _record(pool, "pool.create", by, now, {}, _told(pool))
    return pool


def change(
    *, program: Program, key: str, by: User | None, now: datetime, revision: int | None = None, **values: Any
) -> CodePool:
    """Give the pool these of CHANGEABLE; a repeat changes nothing. Raises NotFound, PoolChanged, PoolRefused."""
    unknown = values.keys() - set(CHANGEABLE)
    if unknown:
        raise TypeError(f"cannot be changed: {sorted(unknown)}")
    with scope(program=program), transaction.atomic():
        pool = CodePool.objects.select_for_update().filter(program=program, key=key).first()
        if pool is None:
            raise NotFound
        moved = [name for name, value in values.items() if getattr(pool, name) != value]
        if not moved:
            return pool
        if revision is not None and revision != pool.revision:
            raise PoolChanged
        before = _told(pool)
        for name in moved:
            setattr(pool, name, values[name])
        _check(pool)
        pool.revision += 1
        pool.save(update_fields=[*moved, "revision"])
        after = _told(pool)
        _record(pool, "pool.change", by, now, audit.changed(before, after), audit.changed(after, before))
    return pool


def counts_of(pools: Iterable[CodePool]) -> dict[int, Counts]:
    """Two statements and one for each pool; a million codes are counted in about a tenth of a second."""
    numbers = [pool.pk for pool in pools]
    totals = dict(
        CodeBatch.objects.filter(pool__in=numbers)
        .values("pool_id")
        .annotate(sum=Sum("taken"))
        .values_list("pool_id", "sum")
    )
    used = CouponUse.objects.filter(coupon__pool__in=numbers, given_back_at__isnull=True)
    uses = dict(
        used.values("coupon__pool_id").annotate(sum=Count("pk")).values_list("coupon__pool_id", "sum")
    )
    free = {number: Code.objects.filter(pool=number, given_at__isnull=True).count() for number in numbers}
    return {number: Counts(totals.get(number) or 0, free[number], uses.get(number, 0)) for number in numbers}


def is_low(pool: CodePool, counts: Counts) -> bool:
    """Whether the team should bring more."""
    return pool.is_open and pool.warn_below is not None and counts.free < pool.warn_below


def take_away(*, batch: CodeBatch, by: User, now: datetime) -> Iterator[str]:
    """The codes of a drawn batch as lines of a CSV file: once. Raises TakenAway."""
    with transaction.atomic():
        done = CodeBatch.objects.filter(
            pk=batch.pk, kind=CodeBatch.Kind.DRAWN, state=CodeBatch.State.DONE, downloaded_at__isnull=True
        ).update(downloaded_at=now)
        if not done:
            raise TakenAway
        _record(batch.pool, "codes.download", by, now, {}, {"batch": batch.pk, "count": batch.taken})
    return _lines(batch.program, batch.pk, batch.pool_id)


def _lines(program: Program, batch_id: int, pool_id: int) -> Iterator[str]:
    yield "code\n"
    last = 0
    while True:
        # The file is written after the view has ended, and with it its scope.
        with scope(program=program):
            rows = Code.objects.filter(pool_id=pool_id, batch_id=batch_id, pk__gt=last).order_by("pk")
            found = list(rows.values_list("pk", "sealed")[:PIECE])
        if not found:
            return
        last = found[-1][0]
        codes = (signs.unseal(program_id=program.pk, sealed=bytes(sealed or b"")) for _pk, sealed in found)
        yield "".join(f"{signs.shown(code)}\n" for code in codes if code)


# --- parts ------------------------------------------------------------------------------------------------------------


def _check(pool: CodePool) -> None:
    if not pool.name.strip():
        raise PoolRefused(_("Give it a name."), field="name")
    if pool.most_uses is not None and not 1 <= pool.most_uses <= MOST:
        raise PoolRefused(_("A code works at least once."), field="most_uses")
    if pool.purpose == CodePool.Purpose.VOUCHER and pool.use != CodePool.Use.SINGLE:
        raise PoolRefused(_("Codes that are handed out work once."), field="use")
    if pool.purpose == CodePool.Purpose.VOUCHER and pool.source != CodePool.Source.FOREIGN:
        raise PoolRefused(_("Rewards draw codes of their own. Bring those of a partner."), field="source")
    if pool.starts_at and pool.ends_at and pool.ends_at <= pool.starts_at:
        raise PoolRefused(_("It ends before it begins."), field="ends_on")


def _told(pool: CodePool) -> dict[str, Any]:
    found = {name: getattr(pool, name) for name in (*FIXED, *CHANGEABLE)}
    for name in ("starts_at", "ends_at"):
        found[name] = found[name] and found[name].isoformat()
    return found


def _record(
    pool: CodePool,
    action: str,
    by: User | None,
    now: datetime,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
) -> None:
    audit.record(
        program=pool.program, actor=by, action=action, subject="code pool", subject_id=pool.key, before=before,
        after=after, now=now,
    )  # fmt: skip
