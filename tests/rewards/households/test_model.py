"""Random lives of a household beside a small model of it: nothing is made or lost, and limits hold (14, 38).

WAFA_NIGHTLY=1 runs it long enough for a night.
"""

import os
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from django_scopes import scope
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from loyaltysite.kit.errors import DomainError
from members.models import Identity
from rewards import checking, redemptions
from rewards.households import moving, parting, places
from rewards.models import Redemption, Wallet
from tests.rewards import builders as b
from tests.rewards.catalogue import put_up
from tests.rewards.households.homes import join

NIGHTLY = bool(os.environ.get("WAFA_NIGHTLY"))
PROFILE = settings(
    max_examples=500 if NIGHTLY else 12,
    stateful_step_count=80 if NIGHTLY else 30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)
NAMES = ("anna", "ben", "cora")
PRICE = 30
names = st.sampled_from(NAMES)
amounts = st.integers(1, 60)


@dataclass
class Taken:
    """A reward: what of it was one's own and what shared, by whom and in which month."""

    name: str
    own: int
    shared: int
    month: str
    state: str = "reserved"
    is_confirmed: bool = False


@dataclass
class Model:
    own: dict[str, int] = field(default_factory=lambda: dict.fromkeys(NAMES, 0))
    put_in: set[str] = field(default_factory=set)
    shared: int = 0
    there: list[str] = field(default_factory=list)
    limits: dict[str, int] = field(default_factory=dict)
    taken: dict[tuple[str, str], int] = field(default_factory=dict)
    rewards: dict[int, Taken] = field(default_factory=dict)

    def room(self, name: str, month: str) -> int:
        if name not in self.there:
            return 0
        left = self.limits.get(name, 10**6) - self.taken.get((name, month), 0)
        return max(0, min(left, self.shared))

    def count(self, name: str, month: str, amount: int) -> None:
        self.taken[name, month] = self.taken.get((name, month), 0) + amount


class Household(RuleBasedStateMachine):
    @initialize()
    def open(self):
        self.program = b.open_program(units={"points": {"is_shared": True}}, return_days=0)
        for name in NAMES:
            b.join(self.program, name)
        with scope(program=self.program):
            Identity.objects.update(verified_at=b.moment("2026-01-01"))
        put_up(self.program, price={"points": PRICE})
        self.now, self.steps, self.model, self.given = b.moment("2026-01-20"), 0, Model(), 0

    # --- helpers ------------------------------------------------------------------------------------------------------

    @property
    def month(self):
        return f"{self.now:%Y-%m}"

    def who(self, name):
        return b.find(self.program, name)

    def tick(self):
        self.steps += 1
        self.now += timedelta(hours=1)
        return f"k{self.steps}"

    def does(self, may, deed):
        """Done exactly where the model says so."""
        try:
            found = deed()
        except DomainError:
            assert not may
            return None
        assert may
        return found

    # --- what happens -------------------------------------------------------------------------------------------------

    @rule(days=st.integers(1, 9))
    def wait(self, days):
        self.now += timedelta(days=days)

    @rule(name=names, amount=amounts)
    def earn(self, name, amount):
        b.adjust(self.program, amount, f"{self.now:%Y-%m-%dT%H:%M}", member=name, key=self.tick())
        self.model.own[name] += amount
        self.given += amount

    @rule(name=names)
    def come(self, name):
        self.tick()
        there = self.model.there
        if not there:
            places.found(program=self.program, member=self.who(name), pools=False, now=self.now)
            self.model.put_in = set()
        elif name not in there:
            join(self.program, name, head=there[0], at=f"{self.now:%Y-%m-%dT%H:%M}")
        else:
            return
        there.append(name)
        self.model.limits.pop(name, None)

    @rule(name=names, amount=amounts, way=st.sampled_from(("in", "out")))
    def move(self, name, amount, way):
        key, model = self.tick(), self.model
        room = model.room(name, self.month) if way == "out" else model.own[name]
        may = name in model.there and amount <= room

        done = self.does(
            may,
            lambda: moving.move(
                program=self.program, member=self.who(name), way=way, unit="points", amount=amount, key=key, now=self.now
            ),
        )  # fmt: skip

        if done:
            sign = 1 if way == "in" else -1
            model.own[name] -= sign * amount
            model.shared += sign * amount
            if way == "in":
                model.put_in.add(name)
            else:
                model.count(name, self.month, amount)

    @rule(name=names, amount=amounts)
    def limit(self, name, amount):
        self.tick()
        if name in self.model.there:
            head = self.who(self.model.there[0])
            places.set_limit(
                program=self.program, head=head, member=self.who(name), unit="points", amount=amount, now=self.now
            )  # fmt: skip
            self.model.limits[name] = amount

    @rule(name=names, shares=st.booleans())
    def redeem(self, name, shares):
        key, model = self.tick(), self.model
        own = min(PRICE, model.own[name])
        lack = PRICE - own
        may = not lack or (shares and lack <= model.room(name, self.month))

        made = self.does(
            may,
            lambda: redemptions.reserve(
                program=self.program,
                member=self.who(name),
                reward="mug",
                key=key,
                now=self.now,
                shares=shares,
            ),
        )

        if made:
            model.own[name] -= own
            model.shared -= lack
            model.count(name, self.month, lack)
            model.rewards[made.pk] = Taken(name, own, lack, self.month)

    @rule(data=st.data(), verb=st.sampled_from(("confirm", "release", "cancel")))
    def go_on(self, data, verb):
        if not self.model.rewards:
            return
        self.tick()
        number = data.draw(st.sampled_from(sorted(self.model.rewards)))
        one = self.model.rewards[number]
        asked = {"program": self.program, "redemption_id": number, "now": self.now}
        with scope(program=self.program):
            due = Redemption.objects.get(pk=number).due_at
        in_time = due is None or self.now < due
        if verb == "confirm":
            # Once it was confirmed a repeat is quiet, whatever became of it.
            may = one.is_confirmed or (one.state == "reserved" and in_time)
            if self.does(may, lambda: redemptions.confirm(**asked)) and not one.is_confirmed:
                one.state, one.is_confirmed = "issued", True
            return
        wanted, done = ("reserved", "released") if verb == "release" else ("issued", "cancelled")
        deed = redemptions.release if verb == "release" else redemptions.cancel
        more = {} if verb == "release" else {"reason": "no"}
        if self.does(one.state in (wanted, done), lambda: deed(**asked, **more)) and one.state == wanted:
            self.come_back(one)
            one.state = done

    def come_back(self, one):
        self.model.own[one.name] += one.own
        if self.model.there:
            self.model.shared += one.shared
            self.model.count(one.name, one.month, -one.shared)
        else:
            self.model.own[one.name] += one.shared

    @rule(name=names)
    def leave(self, name):
        self.tick()
        model = self.model
        may = name in model.there and len(model.there) > 1
        before = [one for one in model.rewards.values() if one.name == name and one.state == "reserved"]

        def deed():
            parting.leave(program=self.program, member=self.who(name), now=self.now)
            return True

        if self.does(may, deed):
            for one in before:
                if one.shared:
                    self.come_back(one)
                    one.state = "released"
            model.there.remove(name)

    @rule()
    def dissolve(self):
        self.tick()
        model = self.model
        if not model.there:
            return
        for one in model.rewards.values():
            if one.state == "reserved" and one.shared:
                self.come_back(one)
                one.state = "released"

        parting.dissolve(program=self.program, head=self.who(model.there[0]), now=self.now)

        after = {name: b.balance(self.program, name).active for name in NAMES}
        back = {name: after[name] - model.own[name] for name in NAMES}
        assert sum(back.values()) == model.shared
        assert all(amount >= 0 for amount in back.values())
        assert {name for name, amount in back.items() if amount} <= model.put_in
        model.own, model.shared, model.there, model.limits, model.taken = after, 0, [], {}, {}
        # What is issued comes back to its member from now on, however many households there will be.
        for one in model.rewards.values():
            one.own, one.shared = one.own + one.shared, 0

    # --- what holds ---------------------------------------------------------------------------------------------------

    @invariant()
    def is_as_the_model_says(self):
        if not hasattr(self, "model"):
            return
        assert {name: b.balance(self.program, name).active for name in NAMES} == self.model.own
        with scope(program=self.program):
            wallets = Wallet.objects.filter(holder__kind="household")
            assert sum(wallets.values_list("active", flat=True)) == self.model.shared

    def teardown(self):
        if hasattr(self, "model"):
            assert checking.run(program=self.program, verify=True).faults == []


@pytest.mark.django_db
@pytest.mark.slow
def test_random_lives_of_a_household():
    run_state_machine_as_test(Household, settings=PROFILE)
