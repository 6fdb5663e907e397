"""Who wants which reward, and the row that a wish becomes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson

from members.models import Member, Program, Store, User
from rewards.gatherings import days
from rewards.models import Cause, Gathering, Redemption, Reward
from rewards.policies import day_start
from rewards.redemptions import exchanges, tickets
from rewards.spending import Word

Via = Redemption.Via
type Parts = list[tuple[int, int, int]]


@dataclass(frozen=True, slots=True)
class Wish:
    """Who wants what: `key` is that of the wish, `asks_at_once` to confirm it in the same posting."""

    program: Program
    member: Member
    reward: Reward
    key: str
    now: datetime
    via: str
    store: Store | None
    asks_at_once: bool
    by: User | None
    # Where it is a gift, to whom: then nothing is left to hand over.
    cause: Cause | None = None
    # Given to the member, who pays nothing.
    is_free: bool = False
    # What allows it, where somebody else than the member wants it.
    word: Word | None = None
    # What is lacking may come out of what the household shares.
    shares: bool = False

    @property
    def at_once(self) -> bool:
        """Whether it is confirmed in the same posting: asked for, or for good once it is out of our hands."""
        is_kept = self.reward.pool_id is not None or exchanges.is_one(self.reward)
        return self.asks_at_once or self.cause is not None or is_kept

    @property
    def fingerprint(self) -> bytes:
        told = [self.member.pk, self.reward.pk, self.store.pk if self.store else None, self.asks_at_once]
        told += [True] * self.shares
        return hashlib.sha256(orjson.dumps(told)).digest()


def row_of(wish: Wish, number: int, holder: int, code: str, parts: Parts, *, is_done: bool) -> dict[str, Any]:
    reward, now, program = wish.reward, wish.now, wish.program.pk
    held_until = now + timedelta(minutes=reward.hold_minutes)
    due_at = usable_until(reward, now, wish.program) if wish.at_once else held_until
    return {
        "id": number,
        "member_id": holder,
        "reward_id": reward.pk,
        "state": "fulfilled" if is_done else "issued" if wish.at_once else "reserved",
        "via": wish.via,
        "store_id": wish.store.pk if wish.store else None,
        "price": {} if wish.is_free else reward.price,
        "money_minor": 0 if wish.is_free else reward.money_minor,
        "benefit": benefit_of(reward),
        "parts": parts,
        "code_digest": "\\x" + tickets.digests(program_id=program, code=code)[0].hex(),
        "code_sealed": "\\x" + tickets.seal(program_id=program, code=code).hex(),
        "reserved_at": now,
        "issued_at": now if wish.at_once else None,
        "closed_at": now if is_done else None,
        "due_at": None if is_done else due_at,
    }


def made_of(wish: Wish, row: Mapping[str, Any]) -> Redemption:
    """The row that was written, so that nobody must read it again."""
    binary = {name: bytes.fromhex(row[name][2:]) for name in ("code_digest", "code_sealed")}
    one = Redemption(program=wish.program, **{**row, **binary})
    one.reward, one.store = wish.reward, wish.store
    return one


def usable_until(reward: Reward, now: datetime, program: Program) -> datetime | None:
    """The end of the last day on which what is issued now can be used: that of its event, if it has one; None: it never
    ends. A statement for events only."""
    if reward.kind == Reward.Kind.EVENT:
        event = Gathering.objects.filter(reward=reward).first()
        if event is not None:
            return days.good_until(event)
    if reward.valid_days is None:
        return None
    day = now.astimezone(program.zone).date() + timedelta(days=reward.valid_days + 1)
    return day_start(day, program.zone)


def benefit_of(reward: Reward) -> Mapping[str, Any]:
    """What was promised, whatever becomes of the reward."""
    percent = None if reward.percent is None else str(reward.percent)
    found = {
        "kind": reward.kind,
        "value_minor": reward.value_minor,
        "percent": percent,
        "sku": reward.sku,
        "cause": reward.cause_key,
        "gives": reward.gives,
    }
    return {name: value for name, value in found.items() if value}
