"""Who came to an event: a reward of that kind whose code was scanned is an event of the member, which rules may reward.

Followed, so that it works wherever the code is used: till, API or dashboard. Each is a fact of our own, named by the
redemption, so that it has effect once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from members import followers
from members.followers import Follower
from members.models import Event, Program
from rewards import intake
from rewards.intake.checks import OWN_SOURCE
from rewards.intake.items import EventIn, Who
from rewards.models import Redemption, Reward

NAME, KIND = "rewards.attendance", "event.attended"


def follow(program: Program) -> None:
    """From the first time that a reward of this kind is put up."""
    followers.follow(program=program, follower=NAME, kinds=("reward.fulfilled",))


def handle(program: Program, events: Sequence[Event], now: datetime) -> None:
    """Record the attendance of those whose code was used; a repeat records nothing."""
    moments = {event.data["redemption"]: event.occurred_at for event in events}
    used = Redemption.objects.filter(
        program=program, pk__in=moments, reward__kind=Reward.Kind.EVENT, state=Redemption.State.FULFILLED
    ).select_related("reward", "member", "member__merged_into")
    items = [_item(one, moments[one.pk]) for one in used]
    if items:
        intake.record(program=program, items=items, now=now)


def _item(one: Redemption, at: datetime) -> EventIn:
    member = one.member.merged_into or one.member
    return EventIn(
        source=OWN_SOURCE, kind=KIND, external_id=f"redemption-{one.pk}", occurred_at=at,
        member=Who("number", member.number), data={"reward": one.reward.key},
    )  # fmt: skip


FOLLOWER = Follower(NAME, handle)
