"""Codes that messages carry: each member's own, drawn when the message is queued, or the one that everybody types.

A message keeps which coupon it carries, never the code: that is opened when the message is written.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce

from campaigns.models import Message
from members.models import Member, Program
from rewards import catalogue
from rewards.coupons import many
from rewards.coupons.refusals import CouponOver
from rewards.models import Code, CodePool, Coupon
from rewards.pools import signs, words


def offered(program: Program) -> list[tuple[str, str]]:
    """Key and name of the coupons whose codes a message can carry; for the program in scope."""
    found = Coupon.objects.filter(program=program, state=Coupon.State.LIVE).select_related("pool")
    return [
        (one.key, catalogue.name_of(one.names, one.key))
        for one in found.order_by("-created_at", "-pk")
        if one.pool.is_open and (one.pool.source == CodePool.Source.OURS or _is_common(one.pool))
    ]


def attach(*, program: Program, coupon: str, messages: Collection[int], now: datetime) -> None:
    """These queued messages carry the coupon; who has no usable code of it yet gets one. In the caller's transaction,
    within the program's scope. Raises NotFound, CouponOver, NotUpYet, PoolClosed, NotDrawnHere."""
    found = many.find_up(program=program, key=coupon)
    if found.ends_at is not None and found.ends_at <= now:
        raise CouponOver
    if not _is_common(found.pool):
        whose = Message.objects.filter(pk__in=messages).values_list("member_id", flat=True)
        _draw(many.find(program=program, key=coupon), set(whose), now)
    Message.objects.filter(pk__in=messages).update(coupon_id=found.pk)


def _draw(coupon: Coupon, whose: Collection[int], now: datetime) -> None:
    """A code for each who has none and to whom one is of use; two who draw at once wait for each other."""
    many.wait_for(whose)
    have = set(_own(coupon.pool, whose).values_list("whose", flat=True))
    useless = {pk for pk, why in many.refusals(coupon, whose).items() if why != many.HELD}
    lack = Member.objects.filter(pk__in=set(whose) - have - useless).order_by("pk")
    if lack:
        words.give(pool=coupon.pool, members=list(lack), by=None, now=now)


def codes_of(messages: Sequence[Message], now: datetime) -> dict[int, str]:
    """{message id: its code, as a member reads it} for those that carry one which works now; three statements at most."""
    bearers = [each for each in messages if each.coupon_id is not None]
    if not bearers:
        return {}
    live = Coupon.objects.filter(
        Q(starts_at=None) | Q(starts_at__lte=now),
        Q(ends_at=None) | Q(ends_at__gt=now),
        state=Coupon.State.LIVE,
    )
    coupons = live.select_related("pool").in_bulk({each.coupon_id for each in bearers})
    found: dict[int, str] = {}
    for pk, coupon in coupons.items():
        mine = [each for each in bearers if each.coupon_id == pk]
        found |= _opened(coupon, mine)
    return found


def _opened(coupon: Coupon, mine: Sequence[Message]) -> dict[int, str]:
    pool = coupon.pool
    if _is_common(pool):
        last = Code.objects.filter(pool=pool, member=None, sealed__isnull=False).order_by("pk").last()
        return dict.fromkeys([each.pk for each in mine], _shown(last)) if last else {}
    rows = {row.whose: row for row in _own(pool, [each.member_id for each in mine])}
    return {each.pk: _shown(rows[each.member_id]) for each in mine if each.member_id in rows}


def _own(pool: CodePool, members: Collection[int]) -> QuerySet[Any]:
    """The codes of these members that still work, with `whose` they are now: one of a merged account is the other's."""
    rows = Code.objects.filter(pool=pool, redemption_id=None, sealed__isnull=False)
    rows = rows.filter(Q(member__in=members) | Q(member__merged_into__in=members))
    rows = rows.annotate(whose=Coalesce("member__merged_into", "member"))
    return rows.filter(Q(most=None) | Q(used__lt=F("most"))).order_by("pk")


def _is_common(pool: CodePool) -> bool:
    return pool.use != CodePool.Use.SINGLE


def _shown(code: Code) -> str:
    plain = signs.unseal(program_id=code.program_id, sealed=bytes(code.sealed or b""))
    return str(signs.shown(plain))
