"""A reservation that a shop asks for: the member agrees by the changing code, or staff answer for it (38)."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django_scopes import scope

from loyaltysite.kit.errors import NotFound
from members import people
from members.models import Fact, Member, Program, TeamMembership
from rewards import spending
from rewards.models import Redemption, Reward
from rewards.redemptions import reserving
from rewards.spending import Authorization, Override

FREE = ""


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
) -> Redemption:
    """reserve() for a member who agreed, or for whom `by` answers within the own limit; a repeat with the same key gives
    the first redemption.

    Raises PasscodeWrong, PasscodeBlocked, ReasonMissing, OwnAccount, OverrideTooLarge and what reserve() raises."""

    def made() -> Redemption:
        return reserving.reserve(
            program=program, member=member, reward=reward, key=key, now=now, via=Redemption.Via.API,
            store=store, at_once=at_once,
        )  # fmt: skip

    with scope(program=program), transaction.atomic():
        posted = Fact.objects.filter(
            program=program, source=reserving.SOURCE, kind=reserving.KIND, external_id=key
        )
        if posted.exists():
            return made()
        wanted = Reward.objects.filter(program=program, key=reward).first()
        if wanted is None:
            raise NotFound(field="reward")
        costs = wanted.price or {FREE: 0}
        step = spending.check(authorization, program=program, member=member, costs=costs, by=by, now=now)
        one = made()
        spending.record(posted.get().pk, program=program, member=member, step=step, by=by, now=now)
        reason = authorization.reason.strip()[:300] if isinstance(authorization, Override) else ""
        told = {"redemption": one.pk, "reward": reward}
        people.audit_of(member, "redemption.reserve", by.user, now, after=told, reason=reason)
    return one
