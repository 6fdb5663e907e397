"""Orders and returns of friends are followed, so that a referral moves as soon as something was bought or came back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from members import followers
from members.followers import Follower
from members.models import Event, Program
from rewards.referrals import progress

NAME = "rewards.referrals"
KINDS = ("order", "order.paid", "order.cancelled", "return")


def follow(program: Program) -> None:
    """From the first time that a program turns referrals on: what is open then is followed to its end."""
    followers.follow(program=program, follower=NAME, kinds=KINDS)


def handle(program: Program, events: Sequence[Event], now: datetime) -> None:
    """Look at the referrals of these members again; which event it was does not matter."""
    friends = {event.holder_id for event in events if event.holder_id is not None}
    progress.look_again(program=program, friends=friends, now=now)


FOLLOWER = Follower(NAME, handle)
