"""The part of a life in which a guest turns out to be a member: two become one, with all that either had (M2)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, multiple, rule

from members.models import Member, Program
from rewards import ledger, merging
from tests.rewards import builders as b
from tests.rewards.model.ledger import UNITS, Ledger, Line

SKUS = ("cup", "mug", "tea")
MEMBERS = ("anna", "ben")
bought_lines = st.lists(
    st.tuples(st.sampled_from(SKUS), st.integers(1, 4), st.integers(100, 9000)), min_size=1, max_size=2
)


class Meeting:
    """Rules over what the machine has."""

    program: Program
    people: dict[str, Member]
    model: Ledger
    now: datetime

    # Orders of guests go on as those of the member: paid, changed, brought back.
    orders: Any = Bundle("orders")

    @rule(
        target=orders,
        member=st.sampled_from(MEMBERS),
        bought=bought_lines,
        is_paid=st.booleans(),
        unit=st.sampled_from(UNITS),
        share=st.integers(0, 100),
        days=st.integers(0, 40),
    )
    def meet(self, member: str, bought: list, is_paid: bool, unit: str, share: int, days: int) -> Any:
        """A guest buys, spends some of it, and is `member` after all."""
        if any(lot.reserved for each in UNITS for lot in self.model.wallet(member, each).lots):
            return multiple()
        machine: Any = self
        guest, name = f"guest{machine.name()}".lower(), machine.name()
        at = self.now - timedelta(days=days)
        b.join(self.program, guest)
        machine.tell(machine.order_in(name, guest, at, bought, is_paid=is_paid))
        self.model.order(name, guest, at, [Line(*each) for each in bought], is_paid, self.now)
        amount = self.model.wallet(guest, unit).active * share // 100
        if amount:
            person = b.find(self.program, guest)
            given = {"program": self.program, "member": person, "unit": unit, "amount": amount}
            ledger.spend(**given, key=machine.name(), now=self.now, order=(b.SOURCE, name))
            assert self.model.spend(guest, unit, amount, self.now, name)
        merging.merge(
            program=self.program, kept=self.people[member], gone=b.find(self.program, guest), reason="one person",
            by=b.staff(), key=machine.name(), now=self.now,
        )  # fmt: skip
        self.model.merge(member, guest, self.now)
        return name
