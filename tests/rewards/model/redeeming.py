"""The part of a life that redeems: reserve, confirm, release, cancel, fail and end by time, in any order (38, 39)."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from loyaltysite.kit.errors import DomainError
from members.models import Member, Program
from rewards import redemptions
from rewards.redemptions import endings
from rewards.redemptions.refusals import WrongState
from tests.rewards.catalogue import put_up
from tests.rewards.model.ledger import Ledger, Lot

PRICES = {"mug": {"points": 40}, "set": {"points": 15, "stamps": 2}, "tea": {"credit": 90}}
HOURS, DAYS, GRACE = 60, 9, 30
RESERVED, ISSUED, OVER = "reserved", "issued", "over"

picks = st.integers(0, 1000)


@dataclass
class One:
    """A redemption as the model knows it; `parts` are what is held or was spent of which lots, by unit."""

    number: int
    member: str
    parts: dict[str, list[tuple[Lot, int]]]
    due_at: datetime
    state: str = RESERVED
    handed_over: bool = field(default=False)


class Redeeming:
    """Rules over `self.program`, `self.people`, `self.model` and `self.now`, which the machine has."""

    program: Program
    people: dict[str, Member]
    model: Ledger
    now: datetime
    ones: list[One]

    def put_up(self) -> None:
        self.ones = []
        for key, price in PRICES.items():
            put_up(self.program, key, price=price, per_member=999, hold_minutes=HOURS * 60, valid_days=DAYS)

    def open_ones(self, *states: str) -> list[One]:
        return [one for one in getattr(self, "ones", ()) if one.state in states]

    def settle_whole(self, member: str) -> None:
        """A redemption settles everything that its member has."""
        for unit in ("points", "stamps", "credit"):
            self.model.wallet(member, unit).settle(self.now)

    @rule(member=st.sampled_from(("anna", "ben")), reward=st.sampled_from(sorted(PRICES)))
    def reserve(self, member: str, reward: str) -> None:
        self.settle_whole(member)
        price = PRICES[reward]
        enough = all(self.model.wallet(member, unit).active >= amount for unit, amount in price.items())
        key = self.name()  # type: ignore[attr-defined]
        wish = {"member": self.people[member], "reward": reward, "key": key}
        if not enough:
            with pytest.raises(DomainError) as refusal:
                redemptions.reserve(program=self.program, **wish, now=self.now)
            assert refusal.value.code == "insufficient_points"
            self.settle()  # type: ignore[attr-defined]
            return
        made = redemptions.reserve(program=self.program, **wish, now=self.now)
        parts = {
            unit: self.model.hold(member, unit, amount, self.now) or [] for unit, amount in price.items()
        }
        self.ones.append(One(made.pk, member, parts, self.now + timedelta(hours=HOURS)))

    @precondition(lambda self: self.open_ones(RESERVED))
    @rule(pick=picks, verb=st.sampled_from(["confirm", "fulfil"]))
    def take(self, pick: int, verb: str) -> None:
        one = self.pick(pick, RESERVED)
        if one.due_at <= self.now:
            self.is_refused(getattr(redemptions, verb), one, "redemption_over")
            return
        self.settle_whole(one.member)
        getattr(redemptions, verb)(**self.named(one))
        for parts in one.parts.values():
            for lot, part in parts:
                lot.reserved -= part
                lot.remaining -= part
        one.state, one.handed_over = ISSUED, verb == "fulfil"
        one.due_at = self.day_after(DAYS)

    @precondition(lambda self: self.open_ones(RESERVED))
    @rule(pick=picks)
    def let_go(self, pick: int) -> None:
        one = self.pick(pick, RESERVED)
        redemptions.release(**self.named(one))
        self.give_back_held(one)

    @precondition(lambda self: self.open_ones(ISSUED))
    @rule(pick=picks, verb=st.sampled_from(["cancel", "fail"]))
    def take_back(self, pick: int, verb: str) -> None:
        one = self.pick(pick, ISSUED)
        if one.handed_over and verb == "cancel":
            self.is_refused(redemptions.cancel, one, "redemption_wrong_state", reason="-")
            return
        self.settle_whole(one.member)
        getattr(redemptions, verb)(**self.named(one), reason="-")
        for unit, parts in one.parts.items():
            wallet = self.model.wallet(one.member, unit)
            self.model.restore(wallet, parts, 0, sum(part for _lot, part in parts), self.now, grace=GRACE)
            wallet.settle(self.now)
        one.state = OVER

    @rule()
    def end_redemptions(self) -> None:
        """The job: what is reserved and over is given back, what is issued and over is gone."""
        due = [
            one for one in self.open_ones(RESERVED, ISSUED) if one.due_at <= self.now and not one.handed_over
        ]
        done = endings.end_due(program=self.program, now=self.now)
        assert done == len(due)
        for one in sorted(due, key=lambda one: (one.due_at, one.number)):
            if one.state == RESERVED:
                self.give_back_held(one)
            self.settle_whole(one.member)
            one.state = OVER

    @precondition(lambda self: self.open_ones(OVER))
    @rule(pick=picks, verb=st.sampled_from(["confirm", "release"]))
    def repeat(self, pick: int, verb: str) -> None:
        """Whatever ended stays ended; a repeat moves nothing."""
        one = self.pick(pick, OVER)
        with contextlib.suppress(WrongState):
            getattr(redemptions, verb)(**self.named(one))

    def pick(self, pick: int, state: str) -> One:
        found = self.open_ones(state)
        return found[pick % len(found)]

    def named(self, one: One) -> dict[str, Any]:
        return {"program": self.program, "redemption_id": one.number, "now": self.now}

    def is_refused(self, verb: Any, one: One, code: str, **more: Any) -> None:
        with pytest.raises(DomainError) as refusal:
            verb(**self.named(one), **more)
        assert refusal.value.code == code

    def give_back_held(self, one: One) -> None:
        self.settle_whole(one.member)
        for unit, parts in one.parts.items():
            self.model.release(one.member, unit, parts, self.now)
        one.state = OVER

    def day_after(self, days: int) -> datetime:
        day = self.now + timedelta(days=days + 1)
        return day.replace(hour=0, minute=0, second=0, microsecond=0)
