"""Who comes to an event and who came, and which events are near. Reads only."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q

from members.models import Member, Program
from rewards.models import Gathering, Redemption, Reward

HELD = (Redemption.State.RESERVED, Redemption.State.ISSUED)
State = Redemption.State


@dataclass(frozen=True, slots=True)
class Seat:
    """`came_at` is when the code was used."""

    redemption: Redemption
    member: Member
    came_at: datetime | None


@dataclass(frozen=True, slots=True)
class Turnout:
    """How many hold a seat, came, and of how many seats; None without a limit."""

    expected: int = 0
    came: int = 0
    seats: int | None = None


def find(*, program: Program, key: str) -> Gathering | None:
    return Gathering.objects.filter(program=program, reward__key=key).select_related("reward").first()


def of_rewards(rewards: Collection[int]) -> dict[int, Gathering]:
    """By reward. One statement."""
    return {one.pk: one for one in Gathering.objects.filter(pk__in=rewards)}


def near(*, program: Program, now: datetime, before: timedelta, after: timedelta) -> list[Gathering]:
    """Events that begin soon or began lately, the earliest first. One statement."""
    rows = Gathering.objects.filter(program=program, begins_at__gt=now - before, begins_at__lt=now + after)
    live = rows.exclude(reward__state=Reward.State.DRAFT).select_related("reward")
    return list(live.order_by("begins_at", "pk"))


def turnout(rewards: Collection[Reward]) -> dict[int, Turnout]:
    """One statement."""
    rows = Redemption.objects.filter(reward__in=rewards).values("reward_id").order_by()
    counted = rows.annotate(
        held=Count("pk", filter=Q(state__in=HELD)), came=Count("pk", filter=Q(state=State.FULFILLED))
    )
    found = {row["reward_id"]: (row["held"], row["came"]) for row in counted}
    return {one.pk: Turnout(*found.get(one.pk, (0, 0)), one.stock) for one in rewards}


def seats(reward: Reward, *, most: int) -> list[Seat]:
    """Who has a seat or came, in the order in which they took it; who gave it back or was late is not there."""
    rows = Redemption.objects.filter(reward=reward, state__in=(*HELD, State.FULFILLED))
    found = rows.select_related("member", "member__merged_into").order_by("reserved_at", "pk")[:most]
    return [
        Seat(
            one,
            one.member.merged_into or one.member,
            one.closed_at if one.state == State.FULFILLED else None,
        )
        for one in found
    ]
