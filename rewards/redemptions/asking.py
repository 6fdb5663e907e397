"""A reservation that a shop asks for: the member agrees by the changing code, or staff answer for it (38)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from members.models import Member, Program, TeamMembership
from rewards import posting
from rewards.models import Redemption
from rewards.redemptions import reserving
from rewards.spending import Authorization, Word


def ask(
    *,
    program: Program,
    member: Member,
    reward: str,
    authorization: Authorization,
    by: TeamMembership,
    key: str,
    now: datetime,
    store: str = "",
    at_once: bool | None = None,
    keep: Callable[[Redemption], posting.Kept] | None = None,
    shares: bool = False,
) -> Redemption:
    """reserve() for a member who agreed, or for whom `by` answers within the own limit; a repeat with the same key gives
    the first redemption. `keep` makes of it a row that is written with it. Of `member` nothing is read but its id.

    Raises PasscodeWrong, PasscodeBlocked, ReasonMissing, OwnAccount, OverrideTooLarge and what reserve() raises."""

    word = Word(authorization, program, member, by, now, "redemption.reserve")
    with word.once():
        return reserving.reserve(
            program=program, member=member, reward=reward, key=key, now=now, via=Redemption.Via.API, store=store,
            at_once=at_once, word=word, keep=keep, shares=shares,
        )  # fmt: skip
