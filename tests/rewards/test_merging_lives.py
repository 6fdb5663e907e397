"""Random lives of two members, merged, lived on, taken apart, and merged again: the books hold after every step."""

from datetime import timedelta
from random import Random

import pytest

from loyaltysite.kit.errors import DomainError
from rewards.merging import Bearing
from tests.rewards import builders as b
from tests.rewards.couples import faults, fresh, holds, merge, undo

pytestmark = pytest.mark.django_db

# Usable after a day, for a fortnight; at most sixty may be owed.
UNITS = {
    "points": {
        "pending": {"kind": "days", "count": 1},
        "expiry": {"kind": "days", "count": 14},
        "arrears_limit": 60,
    },
    "stamps": {"shortfall": "forgive"},
}
RULES = {
    "base": {"amount": b.ONE_PER_MAJOR},
    "stamp": {"amount": {"kind": "per_order", "points": "1"}, "unit": "stamps", "caps": {"month": "6"}},
}
NAMES = ("anna", "hanna")


class Life:
    """Two members and a clock; every step is drawn from one seed."""

    def __init__(self, seed: int) -> None:
        self.draw = Random(seed)
        self.program = b.open_program(
            units=UNITS, rules=RULES, tiers={"base": (0, {}), "gold": (30_000, {"points": "3/2"})}
        )
        self.people = [b.join(self.program, name) for name in NAMES]
        self.now = b.moment("2026-01-05")
        self.orders: list[str] = []

    def live(self, steps: int) -> None:
        for _ in range(steps):
            self.now += timedelta(hours=self.draw.choice((3, 20, 30, 90)))
            self.draw.choice((self.buy, self.buy, self.bring_back, self.spend, self.adjust))()

    def buy(self) -> None:
        number = f"O{len(self.orders)}"
        amount = self.draw.randrange(500, 9000, 100)
        who = self.draw.choice((*NAMES, b.Who("number", fresh(self.draw.choice(self.people)).number)))
        b.record(self.program, b.order(number, self.now, b.line(amount, "thing", 4), member=who))
        self.orders.append(number)

    def bring_back(self) -> None:
        if self.orders:
            order = self.draw.choice(self.orders)
            lines = [("thing", self.draw.randint(1, 4))]
            b.record(self.program, b.bring_back(f"R{self.now.isoformat()}", self.now, *lines, order=order))

    def spend(self) -> None:
        order = self.draw.choice([*self.orders, ""])
        self.attempt(b.spend, self.draw.randint(1, 80), order)

    def adjust(self) -> None:
        self.attempt(b.adjust, self.draw.choice((-20, 15, 40)))

    def attempt(self, what, amount, *given) -> None:
        name = self.draw.choice(NAMES)
        extra = {"order": given[0]} if given else {}
        try:
            what(self.program, amount, self.now, member=name, **extra)
        except DomainError as error:
            assert error.code == "insufficient_points"  # noqa: PT017


@pytest.mark.parametrize("seed", range(12))
def test_the_books_hold_through_merges_and_their_undoing(seed):
    life = Life(seed)
    anna, hanna = life.people
    life.live(12)

    for number in range(2):
        kept, gone = (anna, hanna) if number == 0 else (hanna, anna)
        life.now += timedelta(hours=1)
        made = merge(life.program, life.now, kept=kept, gone=gone, key=f"m{number}")
        assert holds(life.program, gone) == holds(life.program, gone, "stamps") == (0, 0, 0)
        assert not faults(life.program)
        life.live(8)
        life.now += timedelta(hours=1)
        bearing = life.draw.choice(Bearing.values)
        undo(life.program, made, life.now, bearing, key=f"u{number}")
        assert not faults(life.program)
        life.live(6)

    assert not faults(life.program)
    assert not b.wrong_wallets(life.program)
