"""A coupon for each of many members: one code of their own, and none for whom one more would be no use."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Count, F, Q, QuerySet
from django.db.models.functions import Coalesce

from loyaltysite.kit.errors import NotFound
from members.models import Holder, Member, Program, User
from rewards.coupons.refusals import CouponOver, NotUpYet
from rewards.models import Code, CodeBatch, CodePool, Coupon, CouponUse
from rewards.pools import words
from rewards.pools.refusals import NotDrawnHere, PoolClosed

HELD, USED, GONE = "has_coupon", "coupon_limit_reached", "member_not_active"


def offered(*, program: Program) -> list[Coupon]:
    """Those of which many can get one: up, with a pool of codes that are drawn here, the newest first."""
    found = Coupon.objects.filter(
        program=program, state=Coupon.State.LIVE, pool__source=CodePool.Source.OURS, pool__is_open=True
    )
    return list(found.select_related("pool").order_by("-created_at", "-pk"))


def is_any(*, program: Program) -> bool:
    """Whether there is a coupon that could be given, at the cost of one look."""
    return Coupon.objects.filter(program=program, state=Coupon.State.LIVE).exists()


def find(*, program: Program, key: str) -> Coupon:
    """The coupon, if codes of it can be given away now. Raises NotFound, CouponOver, NotUpYet, PoolClosed, NotDrawnHere."""
    found = find_up(program=program, key=key)
    if found.pool.source != CodePool.Source.OURS:
        raise NotDrawnHere(field="coupon")
    return found


def find_up(*, program: Program, key: str) -> Coupon:
    """The coupon, if codes of it work, whoever brought them. Raises NotFound, CouponOver, NotUpYet, PoolClosed."""
    found = Coupon.objects.filter(program=program, key=key).select_related("pool", "pool__program").first()
    if found is None:
        raise NotFound(field="coupon")
    if found.state == Coupon.State.ENDED:
        raise CouponOver(field="coupon")
    if found.state != Coupon.State.LIVE:
        raise NotUpYet(field="coupon")
    if not found.pool.is_open:
        raise PoolClosed(field="coupon")
    return found


def give_each(
    *, coupon: Coupon, ids: Sequence[int], by: User, reason: str, batch_id: int | None, now: datetime
) -> tuple[dict[int, str], int | None]:
    """Draw a code for each of these members, in the caller's transaction: who was refused, by id, with the code of the
    refusal, and the batch that the next call may go on with.

    Whoever gives the same coupon meanwhile waits for the members, and then finds that they have it."""
    wait_for(ids)
    refused = refusals(coupon, ids)
    members = list(Member.objects.filter(pk__in=[pk for pk in ids if pk not in refused]).order_by("pk"))
    if not members:
        return refused, batch_id
    known = None if batch_id is None else CodeBatch.objects.get(pk=batch_id)
    batch = words.give(pool=coupon.pool, members=members, by=by, reason=reason, batch=known, now=now)
    return refused, batch.pk


def wait_for(ids: Collection[int]) -> None:
    """Nobody else gives these members a code until the caller's transaction ends."""
    list(Holder.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk"))


def refusals(coupon: Coupon, ids: Collection[int]) -> dict[int, str]:
    """Why one more code is no use to these members, by id; the heaviest reason last, which stands."""
    active = Member.objects.filter(pk__in=ids, state=Member.State.ACTIVE).values_list("pk", flat=True)
    found = dict.fromkeys(set(ids) - set(active), GONE)
    if coupon.per_member is not None:
        uses = theirs(CouponUse.objects.filter(coupon=coupon, given_back_at__isnull=True), ids)
        often = uses.annotate(times=Count("pk")).filter(times__gte=coupon.per_member)
        found |= dict.fromkeys(often.values_list("whose", flat=True), USED)
    held = theirs(Code.objects.filter(pool=coupon.pool_id, used__lt=F("most")), ids)
    return found | dict.fromkeys(held.values_list("whose", flat=True), HELD)


def theirs(rows: QuerySet[Any], ids: Collection[int]) -> QuerySet[Any, Any]:
    """By `whose` they are now: what belonged to somebody who was merged into one of these is theirs."""
    both = rows.filter(Q(member__in=ids) | Q(member__merged_into__in=ids))
    return both.values(whose=Coalesce("member__merged_into", "member"))
