"""Coupons are drafted, changed, put up and ended here; what an order was promised stays with the order."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _
from django_scopes import scope

from loyaltysite.kit import conditions
from loyaltysite.kit.errors import Conflict, DomainError, NotFound
from members import programs
from members.keeping import Keeper
from members.models import Program, Store, User
from rewards.coupons.refusals import CouponOver
from rewards.engine import fields
from rewards.models import CodePool, Coupon
from rewards.pools import pools, words

CHANGEABLE = (
    "kind",
    "names",
    "terms",
    "value_minor",
    "percent",
    "most_minor",
    "sku",
    "conditions",
    "lines",
    "minimum_minor",
    "stores",
    "members_only",
    "stacking",
    "most",
    "per_member",
    "starts_at",
    "ends_at",
    "comes_back",
)
MOST = 2**53
Kind, State = Coupon.Kind, Coupon.State


class CouponKeyTaken(Conflict):
    code = "coupon_key_taken"
    message = _("There is a coupon with this key. Choose another key.")


class CouponRefused(DomainError):
    code = "coupon_refused"
    message = _("This coupon cannot be.")


class CouponChanged(Conflict):
    code = "coupon_changed"
    message = _("Somebody else has changed this coupon. Look at it anew.")


class UsesFixed(Conflict):
    """What was used without a limit was counted nowhere."""

    code = "coupon_uses_fixed"
    message = _("This coupon is up without a limit and stays so. End it and make a new one.")


class PoolInUse(Conflict):
    code = "pool_in_use"
    message = _("The codes of this pool belong to another coupon.")


class CouponKeeper(Keeper[Coupon]):
    model = Coupon
    noun = "coupon"
    settings = CHANGEABLE
    key_taken, changed, over = CouponKeyTaken, CouponChanged, CouponOver

    def lock(self, program: Program, key: str) -> Coupon:
        found = Coupon.objects.select_for_update(of=("self",)).select_related("pool")
        coupon = found.filter(program=program, key=key).first()
        if coupon is None:
            raise NotFound
        coupon.program = program
        return coupon

    def check(self, coupon: Coupon) -> None:
        _check(coupon)

    def told(self, coupon: Coupon) -> dict[str, Any]:
        found = super().told(coupon)
        for name in ("starts_at", "ends_at"):
            found[name] = found[name] and found[name].isoformat()
        percent = None if coupon.percent is None else str(coupon.percent)
        return found | {"percent": percent, "pool": coupon.pool.key}

    def moving(self, coupon: Coupon, moved: Collection[str]) -> None:
        if "most" in moved and coupon.most is None and coupon.state == State.LIVE:
            raise UsesFixed(field="most")

    def write(self, coupon: Coupon, columns: Collection[str]) -> None:
        """Never `taken`, which postings move."""
        try:
            with transaction.atomic():
                super().write(coupon, columns)
        except IntegrityError as error:
            raise CouponRefused(_("It was used more often than this already."), field="most") from error


KEEPER = CouponKeeper()


def create(
    *,
    program: Program,
    key: str,
    by: User | None,
    now: datetime,
    pool: str = "",
    word: str = "",
    **values: Any,
) -> Coupon:
    """A new draft. Its codes are those of the pool of this key, or everybody's one `word`, such as SUMMER.

    Raises CouponKeyTaken, CouponRefused, PoolInUse, NotFound, CodeTaken, CodeUnusable."""
    with scope(program=program), transaction.atomic():
        coupon = Coupon(program=program, key=key, created_at=now, **KEEPER.known(values))
        if Coupon.objects.filter(program=program, key=key).exists():
            raise CouponKeyTaken(field="key")
        coupon.pool = _own_pool(coupon, word, by, now) if word else _pool(program, pool)
        _check(coupon)
        try:
            with transaction.atomic():
                coupon.save()
        except IntegrityError as error:
            if Coupon.objects.filter(program=program, key=key).exists():
                raise CouponKeyTaken(field="key") from error
            raise PoolInUse(field="pool") from error
        KEEPER.record(coupon, "create", by, now, before={}, after=KEEPER.told(coupon))
        # From now on orders are asked whether they bring codes.
        programs.touch(program)
    return coupon


def change(
    *, program: Program, key: str, by: User | None, now: datetime, revision: int | None = None, **values: Any
) -> Coupon:
    """Give the coupon these values. `revision` is the one that was looked at.

    Raises NotFound, CouponChanged, CouponOver, UsesFixed, CouponRefused with the field."""
    return KEEPER.change(program=program, key=key, by=by, now=now, revision=revision, **values)


def publish(*, program: Program, key: str, by: User | None, now: datetime) -> Coupon:
    """Let its codes work. Raises NotFound, CouponOver, CouponRefused."""
    return KEEPER.publish(program=program, key=key, by=by, now=now)


def end(*, program: Program, key: str, by: User | None, now: datetime) -> Coupon:
    """Its codes work no more; orders that have it keep it. Raises NotFound."""
    return KEEPER.end(program=program, key=key, by=by, now=now)


# --- parts ------------------------------------------------------------------------------------------------------------


def _pool(program: Program, key: str) -> CodePool:
    pool = CodePool.objects.filter(program=program, key=key, purpose=CodePool.Purpose.COUPON).first()
    if pool is None:
        raise CouponRefused(_("Choose a pool, or type a code."), field="pool")
    return pool


def _own_pool(coupon: Coupon, word: str, by: User | None, now: datetime) -> CodePool:
    """One code for everybody lies in a pool by itself."""
    name = next(iter(coupon.names.values()), coupon.key)[:80]
    pool = pools.create(
        program=coupon.program, key=_free_key(coupon), by=by, now=now, name=name, use=CodePool.Use.MULTI
    )
    words.add(pool=pool, word=word, by=by, now=now)
    return pool


def _free_key(coupon: Coupon) -> str:
    taken = CodePool.objects.filter(program=coupon.program, key=coupon.key).exists()
    return f"{coupon.key[:50]}-word" if taken else coupon.key


def _check(coupon: Coupon) -> None:
    """What a row cannot say by itself. Raises CouponRefused with the field."""
    languages = coupon.program.languages
    if not coupon.names.get(languages[0], "").strip():
        raise CouponRefused(_("Give it a name in the first language."), field=f"name_{languages[0]}")
    _check_worth(coupon)
    _check_limits(coupon)
    known = Store.objects.filter(program=coupon.program, code__in=coupon.stores).values_list(
        "code", flat=True
    )
    if set(known) != set(coupon.stores):
        raise CouponRefused(_("There is no such store."), field="stores")
    for name, registry in (("conditions", fields.OCCASION), ("lines", fields.LINE)):
        tree = getattr(coupon, name)
        if tree is not None:
            try:
                conditions.parse(tree, registry)
            except conditions.ConditionError as error:
                raise CouponRefused(str(error), field=name) from error


def _check_worth(coupon: Coupon) -> None:
    if (coupon.kind == Kind.AMOUNT) != (coupon.value_minor is not None):
        raise CouponRefused(_("Say how much comes off."), field="value_minor")
    if coupon.value_minor is not None and not 0 < coupon.value_minor <= MOST:
        raise CouponRefused(_("Say how much comes off."), field="value_minor")
    if (coupon.kind == Kind.PERCENT) != (coupon.percent is not None):
        raise CouponRefused(_("Say how many percent."), field="percent")
    if coupon.percent is not None and not 0 < Decimal(coupon.percent) <= 100:
        raise CouponRefused(_("Between 0 and 100 percent."), field="percent")
    if coupon.kind == Kind.PRODUCT and not coupon.sku:
        raise CouponRefused(_("Say which product is free."), field="sku")


def _check_limits(coupon: Coupon) -> None:
    if coupon.most_minor is not None and not 0 < coupon.most_minor <= MOST:
        raise CouponRefused(_("This number is too large or negative."), field="most_minor")
    if not 0 <= coupon.minimum_minor <= MOST:
        raise CouponRefused(_("This number is too large or negative."), field="minimum_minor")
    if coupon.most is not None and not max(1, coupon.taken) <= coupon.most <= MOST:
        raise CouponRefused(_("It was used more often than this already."), field="most")
    if coupon.per_member is not None and coupon.per_member < 1:
        raise CouponRefused(_("At least once."), field="per_member")
    if coupon.starts_at and coupon.ends_at and coupon.ends_at <= coupon.starts_at:
        raise CouponRefused(_("It ends before it begins."), field="ends_on")
