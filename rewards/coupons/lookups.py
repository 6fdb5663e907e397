"""What a code is good for, asked outside an order; nothing is claimed."""

from __future__ import annotations

from datetime import datetime

from members.models import Program
from rewards.coupons.eligibility import is_within
from rewards.coupons.refusals import CodeInvalid
from rewards.models import Code, CodePool, Coupon
from rewards.pools import signs


def find(*, program: Program, typed: str, now: datetime) -> Coupon:
    """The coupon of a code that would work now for somebody. Wrong, over and used answer alike. Raises CodeInvalid."""
    digests = signs.digests(program_id=program.pk, typed=typed)
    codes = Code.objects.filter(program=program, digest__in=digests).select_related("pool")
    code = (
        codes.filter(pool__purpose=CodePool.Purpose.COUPON, pool__is_open=True).first() if digests else None
    )
    if code is None or (code.most is not None and code.used >= code.most):
        raise CodeInvalid(field="code")
    coupon = Coupon.objects.filter(program=program, pool=code.pool_id, state=Coupon.State.LIVE).first()
    if coupon is None or (coupon.most is not None and coupon.taken >= coupon.most):
        raise CodeInvalid(field="code")
    spans = [(code.pool.starts_at, code.pool.ends_at), (coupon.starts_at, coupon.ends_at)]
    if not all(is_within(starts_at, ends_at, now) for starts_at, ends_at in spans):
        raise CodeInvalid(field="code")
    return coupon
