"""Who is left out of a bulk action and why: one condition a reason, each over the rows of the members gathered.

A condition is the inside of EXISTS over `i`, the row of one member of the action.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from members import people
from rewards.models import BulkAction, Coupon, Tier, Unit

type Reason = tuple[str, str, dict[str, Any]]

NOT_ACTIVE = "SELECT FROM members_member m WHERE m.holder_id = i.member_id AND m.state <> 'active'"
CLOSED = "SELECT FROM members_member m WHERE m.holder_id = i.member_id AND m.state = 'closed'"
TOO_LITTLE = """
    SELECT WHERE NOT EXISTS (
        SELECT FROM rewards_wallet w WHERE w.holder_id = i.member_id AND w.unit_id = %(unit)s AND w.active >= %(needed)s
    )
"""
# Nobody gives points to themselves: by whatever address the author is known as a member.
OWN = """
    SELECT FROM members_identity d
    WHERE d.member_id = i.member_id AND d.kind = 'email' AND d.value = ANY (%(own)s)
"""
EARNED_MORE = """
    SELECT FROM rewards_standing s JOIN rewards_tier t ON t.id = s.tier_id
    WHERE s.member_id = i.member_id AND s.ended_at IS NULL AND s.origin <> 'manual' AND t.rank > %(rank)s
"""
HAS_TAG = (
    "SELECT FROM members_member m WHERE m.holder_id = i.member_id AND m.tags @> ARRAY[%(tag)s]::varchar[]"
)
HAS_NO_TAG = (
    "SELECT FROM members_member m WHERE m.holder_id = i.member_id AND NOT m.tags @> ARRAY[%(tag)s]::varchar[]"
)

HAS_COUPON = """
    SELECT FROM members_member m JOIN rewards_code c ON c.member_id = m.holder_id
    JOIN rewards_coupon k ON k.pool_id = c.pool_id
    WHERE (m.holder_id = i.member_id OR m.merged_into_id = i.member_id) AND k.id = %(coupon)s AND c.used < c.most
"""
USED_UP = """
    SELECT WHERE (SELECT count(*) FROM members_member m JOIN rewards_couponuse u ON u.member_id = m.holder_id
        WHERE (m.holder_id = i.member_id OR m.merged_into_id = i.member_id) AND u.coupon_id = %(coupon)s
        AND u.given_back_at IS NULL) >= %(times)s
"""

# What a reason is called, before and after.
WORDS: dict[str, str | Promise] = {
    "member_not_active": _("Blocked or closed"),
    "member_closed": _("Closed"),
    "insufficient_points": _("Has fewer than are to be taken"),
    "own_account": _("Your own account"),
    "manual_tier_refused": _("Has earned at least as much"),
    "has_tag": _("Has the tag already"),
    "has_no_tag": _("Does not have the tag"),
    "tag_not_added": _("Has the tag already, or too many tags"),
    "has_coupon": _("Has this coupon already"),
    "coupon_limit_reached": _("Has used this coupon as often as it may be"),
    "coupon_over": _("The coupon has ended"),
    "pool_closed": _("The code pool is closed"),
    "not_found": _("Is there no longer"),
}


def reasons(action: BulkAction) -> Iterator[Reason]:
    """(code, condition, values) in the order in which they are asked; the first that holds is the reason."""
    terms = action.terms
    if action.kind == BulkAction.Kind.ADJUST:
        yield "member_not_active", NOT_ACTIVE, {}
        yield "own_account", OWN, {"own": people.addresses_of(action.author)}
        if terms["amount"] < 0:
            unit = Unit.objects.filter(key=terms["unit"]).values_list("pk", flat=True).first()
            yield "insufficient_points", TOO_LITTLE, {"unit": unit, "needed": -terms["amount"]}
        return
    if action.kind == BulkAction.Kind.COUPON:
        yield from _of_coupon(action)
        return
    yield "member_closed", CLOSED, {}
    if action.kind == BulkAction.Kind.TIER:
        yield "own_account", OWN, {"own": people.addresses_of(action.author)}
        rank = Tier.objects.filter(key=terms["tier"]).values_list("rank", flat=True).first()
        yield "manual_tier_refused", EARNED_MORE, {"rank": rank}
    elif action.kind == BulkAction.Kind.TAG:
        yield "has_tag", HAS_TAG, {"tag": terms["tag"]}
    else:
        yield "has_no_tag", HAS_NO_TAG, {"tag": terms["tag"]}


def _of_coupon(action: BulkAction) -> Iterator[Reason]:
    yield "member_not_active", NOT_ACTIVE, {}
    yield "own_account", OWN, {"own": people.addresses_of(action.author)}
    coupon = Coupon.objects.filter(key=action.terms["coupon"]).values("pk", "per_member").first()
    if coupon is None:
        return
    yield "has_coupon", HAS_COUPON, {"coupon": coupon["pk"]}
    if coupon["per_member"] is not None:
        yield "coupon_limit_reached", USED_UP, {"coupon": coupon["pk"], "times": coupon["per_member"]}
