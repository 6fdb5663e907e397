"""Who is left out of a bulk action and why: one condition a reason, each over the rows of the members gathered.

A condition is the inside of EXISTS over `i`, the row of one member of the action.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from rewards.models import BulkAction, Tier, Unit

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
    WHERE d.member_id = i.member_id AND d.kind = 'email' AND d.value = %(own)s
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
    "not_found": _("Is there no longer"),
}


def reasons(action: BulkAction) -> Iterator[Reason]:
    """(code, condition, values) in the order in which they are asked; the first that holds is the reason."""
    terms = action.terms
    if action.kind == BulkAction.Kind.ADJUST:
        yield "member_not_active", NOT_ACTIVE, {}
        yield "own_account", OWN, {"own": action.author.email.lower()}
        if terms["amount"] < 0:
            unit = Unit.objects.filter(key=terms["unit"]).values_list("pk", flat=True).first()
            yield "insufficient_points", TOO_LITTLE, {"unit": unit, "needed": -terms["amount"]}
        return
    yield "member_closed", CLOSED, {}
    if action.kind == BulkAction.Kind.TIER:
        yield "own_account", OWN, {"own": action.author.email.lower()}
        rank = Tier.objects.filter(key=terms["tier"]).values_list("rank", flat=True).first()
        yield "manual_tier_refused", EARNED_MORE, {"rank": rank}
    elif action.kind == BulkAction.Kind.TAG:
        yield "has_tag", HAS_TAG, {"tag": terms["tag"]}
    else:
        yield "has_no_tag", HAS_NO_TAG, {"tag": terms["tag"]}
