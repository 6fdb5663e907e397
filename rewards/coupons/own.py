"""Coupons that are a member's own: given by staff or a shop, and those that still work."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, Q

from loyaltysite.kit.errors import NotFound
from members import people
from members.models import Member, Program, User
from rewards.coupons.eligibility import is_within
from rewards.coupons.refusals import CouponOver
from rewards.models import Code, Coupon
from rewards.pools import signs, words

SHOWN = 50


@dataclass(frozen=True, slots=True)
class Own:
    """One that can be used now. `code` is for its owner alone; `ends_at` None: it never ends."""

    coupon: Coupon
    code: str
    ends_at: datetime | None


def give(*, program: Program, member: Member, coupon: str, by: User | None, now: datetime) -> Coupon:
    """Draw a code for the member, which works once and for nobody else. Each call draws another.

    Raises NotFound, CouponOver, PoolClosed, NotDrawnHere, and OwnAccount for staff who give to themselves."""
    if by is not None:
        people.check_not_own(member=member.merged_into or member, by=by)
    found = Coupon.objects.filter(program=program, key=coupon).select_related("pool", "pool__program").first()
    if found is None:
        raise NotFound(field="coupon")
    if found.state == Coupon.State.ENDED:
        raise CouponOver(field="coupon")
    words.give(pool=found.pool, members=[member], by=by, now=now)
    return found


def of(*, program: Program, member: Member, now: datetime) -> list[Own]:
    """Those that still work, the first to end before the others. Two statements."""
    whose = Q(member=member) | Q(member__merged_into=member)
    rows = Code.objects.filter(whose, program=program, redemption_id__isnull=True, pool__is_open=True)
    # Those of what is over would leave no room for one that still works.
    rows = rows.filter(pool__coupons__state=Coupon.State.LIVE)
    rows = rows.filter(Q(most__isnull=True) | Q(used__lt=F("most"))).select_related("pool").order_by("-pk")
    codes = list(rows[:SHOWN])
    pools = [one.pool_id for one in codes]
    live = Coupon.objects.filter(program=program, state=Coupon.State.LIVE, pool__in=pools) if pools else ()
    coupons = {coupon.pool_id: coupon for coupon in live}
    pairs = [(one, coupons[one.pool_id]) for one in codes if one.pool_id in coupons]
    found = [_own(one, coupon) for one, coupon in pairs if _is_usable(one, coupon, now)]
    # One whose seal cannot be opened any more would be a coupon without a code.
    found = [own for own in found if own.code]
    return sorted(found, key=lambda own: (own.ends_at is None, own.ends_at or now))


def _is_usable(one: Code, coupon: Coupon, now: datetime) -> bool:
    is_left = coupon.most is None or coupon.taken < coupon.most
    spans = [(one.pool.starts_at, one.pool.ends_at), (coupon.starts_at, coupon.ends_at)]
    return is_left and all(is_within(starts_at, ends_at, now) for starts_at, ends_at in spans)


def _own(one: Code, coupon: Coupon) -> Own:
    ends = [at for at in (one.pool.ends_at, coupon.ends_at) if at is not None]
    plain = signs.unseal(program_id=one.program_id, sealed=bytes(one.sealed or b""))
    return Own(coupon, signs.shown(plain), min(ends, default=None))
