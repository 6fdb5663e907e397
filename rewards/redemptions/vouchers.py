"""Codes of partners that a reward hands out: one for each redemption, and never to a second member (41)."""

from __future__ import annotations

from collections.abc import Collection

from rewards.models import Code, Redemption
from rewards.pools import signs
from rewards.redemptions import tickets


def codes_of(redemptions: Collection[Redemption]) -> dict[int, str]:
    """The code that each shows to its owner, as it is kept: our own, or that of the partner, which is shown to nobody
    who can still give it back. One statement at most; their rewards are read already."""
    found = {
        one.pk: tickets.unseal(program_id=one.program_id, sealed=bytes(one.code_sealed))
        for one in redemptions
        if one.reward.pool_id is None
    }
    theirs = [
        one.pk
        for one in redemptions
        if one.reward.pool_id is not None and one.state != Redemption.State.RESERVED
    ]
    if theirs:
        rows = Code.objects.filter(redemption_id__in=theirs).values_list(
            "redemption_id", "program_id", "sealed"
        )
        for number, program_id, sealed in rows:
            found[number or 0] = signs.unseal(program_id=program_id, sealed=bytes(sealed or b""))
    return found


def code_of(one: Redemption) -> str:
    return codes_of([one]).get(one.pk, "")


def is_partners(one: Redemption) -> bool:
    """Whether the code opens something elsewhere, and our till knows nothing of it."""
    return one.reward.pool_id is not None
