"""Random lives of a program, step by step, beside a small independent ledger (tests/rewards/model/ledger.py).

WAFA_NIGHTLY=1 runs it long enough for a night.
"""

import os
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from rewards import checking, holds, intake, ledger, reinstatements, sendings, settling, transfers
from rewards.intake.items import CancelIn, OrderIn, PaidIn, ReturnIn, ReturnLineIn, TenderIn
from tests.rewards import builders as b
from tests.rewards.causes import house as causes
from tests.rewards.model.ledger import UNITS, Ledger, Line
from tests.rewards.model.meeting import Meeting
from tests.rewards.model.proofs import BROKEN, HOLDINGS, epoch
from tests.rewards.model.redeeming import Redeeming

NIGHTLY = bool(os.environ.get("WAFA_NIGHTLY"))
# How many lives are lived; fewer while one writes them.
LIVES = int(os.environ.get("WAFA_LIVES", "2000" if NIGHTLY else "35"))
PROFILE = settings(
    max_examples=LIVES,
    stateful_step_count=120 if NIGHTLY else 45,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)
MEMBERS = ("anna", "ben")
SKUS = ("cup", "mug", "tea")

RULES = {
    "points": {"amount": b.ONE_PER_MAJOR},
    "stamps": {"amount": {"kind": "per_item", "points": "1"}, "unit": "stamps"},
    "credit": {"amount": {"kind": "percent", "percent": "5"}, "unit": "credit"},
}
ALL = {"transfer_limit": 10**9, "grace_days": 10}
POLICIES = {
    "points": ALL | {"expiry": {"kind": "days", "count": 20}},
    "stamps": ALL | {"pending": {"kind": "days", "count": 5}, "shortfall": "forgive"},
    "credit": ALL
    | {
        "precision": 2,
        "worth_numerator": 100,
        "expiry": {"kind": "end_of", "period": "month"},
        "arrears_limit": 50,
    },
}

lines = st.lists(
    st.tuples(st.sampled_from(SKUS), st.integers(1, 4), st.integers(100, 9000)), min_size=1, max_size=4
)
members = st.sampled_from(MEMBERS)
late = st.integers(0, 40).map(lambda days: timedelta(days=days)) | st.just(timedelta(0))


class Life(Meeting, Redeeming, RuleBasedStateMachine):
    orders = Meeting.orders
    facts = Bundle("facts")
    held = Bundle("held")
    sent = Bundle("sent")

    @initialize()
    def open(self) -> None:
        self.now = datetime(2026, 1, 10, 9, tzinfo=UTC)
        self.count = 0
        self.model = Ledger()
        self.revisions: dict[str, int] = {}
        # What points paid earns, too: what does not is the business of the basis, and its tests.
        self.program = b.open_program(rules=RULES, units=POLICIES, basis={"earns_on_points_paid": True})
        self.people = {name: b.join(self.program, name) for name in MEMBERS}
        causes.put_up(self.program, accepts={"points": 1})
        self.put_up()

    def name(self) -> str:
        self.count += 1
        return f"F{self.count}"

    def tell(self, item) -> intake.items.Outcome:
        (outcome,) = intake.record(program=self.program, items=[item], now=self.now)
        assert outcome.status == "recorded", outcome
        return outcome

    @rule(hours=st.integers(1, 400))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours, microseconds=self.count)

    @rule()
    def settle(self) -> None:
        settling.settle_due(program=self.program, now=self.now)
        self.model.settle(self.now)

    @rule(target=orders, member=members, bought=lines, is_paid=st.booleans(), ago=late)
    def order(self, member: str, bought: list, is_paid: bool, ago: timedelta) -> str:
        name, at = self.name(), self.now - ago
        self.tell(self.order_in(name, member, at, bought, is_paid=is_paid))
        self.model.order(name, member, at, [Line(*each) for each in bought], is_paid, self.now)
        return name

    @rule(
        target=orders,
        member=members,
        bought=lines,
        unit=st.sampled_from(["points", "credit"]),
        share=st.integers(1, 130),
    )
    def order_with(self, member: str, bought: list, unit: str, share: int):
        name, total = self.name(), sum(each[2] for each in bought)
        amount = min(total, max(1, self.model.wallet(member, unit).active * share // 100))
        outcome = b.pay(
            self.program, self.order_in(name, member, self.now, bought), TenderIn(unit, amount=amount)
        )
        done = self.model.order_with(name, member, [Line(*each) for each in bought], self.now, unit, amount)
        assert (outcome.status, outcome.code) == (
            ("recorded", "") if done else ("refused", "insufficient_points")
        )
        if done:
            return name
        self.settle()
        return multiple()

    def order_in(self, name: str, member: str, at: datetime, bought: list, **others) -> OrderIn:
        return b.order(name, at, *(b.line(m, s, q) for s, q, m in bought), member=member, **others)

    @rule(name=orders)
    def pay(self, name: str) -> None:
        self.once(name, "pay", lambda: self._pay(name))

    def _pay(self, name: str) -> None:
        self.tell(PaidIn(b.SOURCE, name, self.now))
        self.model.pay(name, self.now, self.now)

    @rule(name=orders, bought=lines, is_paid=st.booleans())
    def change(self, name: str, bought: list, is_paid: bool) -> None:
        self.revisions[name] = self.revisions.get(name, 0) + 1
        member = self.model.orders[name].member
        revision = self.revisions[name]
        self.tell(self.order_in(name, member, self.now, bought, is_paid=is_paid, revision=revision))
        self.model.change(name, [Line(*each) for each in bought], is_paid, self.now, self.now)

    @rule(target=facts, name=orders, sku=st.sampled_from(SKUS), quantity=st.integers(1, 5), ago=late)
    def bring_back(self, name: str, sku: str, quantity: int, ago: timedelta):
        item = ReturnIn(b.SOURCE, self.name(), self.now - ago, name, lines=(ReturnLineIn(sku, quantity),))
        outcome = self.tell(item)
        rest = self.model.bring_back(name, sku, quantity, self.now)
        assert outcome.unmatched == rest
        return item

    @rule(target=facts, name=orders, amount=st.integers(0, 20_000))
    def bring_back_amount(self, name: str, amount: int):
        return self.refund(name, amount)

    def refund(self, name: str, amount: int) -> ReturnIn:
        item = ReturnIn(b.SOURCE, self.name(), self.now, name, amount_minor=amount)
        self.tell(item)
        self.model.refund(name, amount, self.now)
        return item

    @rule(member=members, sku=st.sampled_from(SKUS), quantity=st.integers(1, 6), ago=late)
    def bring_back_unnamed(self, member: str, sku: str, quantity: int, ago: timedelta) -> None:
        at = self.now - ago
        back = (ReturnLineIn(sku, quantity),)
        outcome = self.tell(ReturnIn(b.SOURCE, self.name(), at, member=b.who(member), lines=back))
        rest = self.model.bring_back_unnamed(member, sku, quantity, at, self.now)
        assert outcome.unmatched == rest

    @rule(target=orders, name=consumes(orders), keeps=st.booleans())
    def cancel(self, name: str, keeps: bool):
        self.once(name, "cancel", lambda: self._cancel(name))
        return name if keeps else multiple()

    def _cancel(self, name: str) -> None:
        self.tell(CancelIn(b.SOURCE, name, self.now))
        self.model.cancel(name, self.now)

    def once(self, name: str, what: str, act) -> None:
        if (name, what) not in self.revisions:
            self.revisions[name, what] = 1  # type: ignore[index]
            act()

    @rule(member=members, unit=st.sampled_from(UNITS), share=st.integers(1, 110))
    def spend(self, member: str, unit: str, share: int) -> None:
        self._spend(member, unit, share, "")

    @rule(name=orders, unit=st.sampled_from(UNITS), share=st.integers(1, 100))
    def spend_on(self, name: str, unit: str, share: int) -> None:
        self._spend(self.model.orders[name].member, unit, share, name)

    @rule(name=orders, unit=st.sampled_from(UNITS), share=st.integers(50, 100), amount=st.integers(1, 9000))
    def spend_on_and_refund(self, name: str, unit: str, share: int, amount: int) -> None:
        self._spend(self.model.orders[name].member, unit, share, name)
        self.refund(name, amount)

    def _spend(self, member: str, unit: str, share: int, name: str) -> None:
        amount = max(1, self.model.wallet(member, unit).active * share // 100)
        given = {"program": self.program, "member": self.people[member], "unit": unit, "amount": amount}
        try:
            ledger.spend(**given, key=self.name(), now=self.now, order=(b.SOURCE, name) if name else None)
            done = True
        except ledger.InsufficientPoints:
            done = False
        assert self.model.spend(member, unit, amount, self.now, name) == done
        if not done:
            self.settle()

    @rule(member=members, unit=st.sampled_from(UNITS), amount=st.integers(-60, 60).filter(bool))
    def adjust(self, member: str, unit: str, amount: int) -> None:
        given = {"program": self.program, "member": self.people[member], "unit": unit, "amount": amount}
        try:
            ledger.adjust(**given, reason="because", by=b.staff(), key=self.name(), now=self.now)
            done = True
        except ledger.InsufficientPoints:
            done = False
        assert self.model.adjust(member, unit, amount, self.now) == done
        if not done:
            self.settle()

    @rule(target=held, member=members, unit=st.sampled_from(UNITS), share=st.integers(1, 110))
    def hold(self, member: str, unit: str, share: int):
        amount = max(1, self.model.wallet(member, unit).active * share // 100)
        given = {"program": self.program, "member": self.people[member], "unit": unit, "amount": amount}
        parts = self.model.hold(member, unit, amount, self.now)
        try:
            made = holds.hold(**given, reason="because", by=b.staff(), key=self.name(), now=self.now)
        except ledger.InsufficientPoints:
            assert parts is None
            self.settle()
            return multiple()
        assert parts is not None
        return made.pk, member, unit, parts

    @rule(one=consumes(held))
    def release(self, one: tuple) -> None:
        number, member, unit, parts = one
        given = {"program": self.program, "member": self.people[member], "hold_id": number}
        holds.release(**given, reason="because", by=b.staff(), now=self.now)
        self.model.release(member, unit, parts, self.now)

    @rule(sender=members, unit=st.sampled_from(UNITS), share=st.integers(1, 110))
    def transfer(self, sender: str, unit: str, share: int) -> None:
        amount = max(1, self.model.wallet(sender, unit).active * share // 100)
        recipient = next(name for name in MEMBERS if name != sender)
        both = {"sender": self.people[sender], "recipient": self.people[recipient]}
        try:
            transfers.transfer(
                program=self.program, **both, unit=unit, amount=amount, key=self.name(), now=self.now
            )
            done = True
        except ledger.InsufficientPoints:
            done = False
        assert self.model.transfer(sender, recipient, unit, amount, self.now) == done
        if not done:
            self.settle()

    @rule(member=members, share=st.integers(1, 110))
    def donate(self, member: str, share: int) -> None:
        amount = max(1, self.model.wallet(member, "points").active * share // 100)
        try:
            causes.give(self.program, amount, member=self.people[member], at=self.now, key=self.name())
            done = True
        except ledger.InsufficientPoints:
            done = False
        assert self.model.donate(member, amount, self.now) == done
        if not done:
            self.settle()

    @rule(target=sent, sender=members, unit=st.sampled_from(UNITS), share=st.integers(1, 110))
    def send(self, sender: str, unit: str, share: int):
        amount = max(1, self.model.wallet(sender, unit).active * share // 100)
        recipient = next(name for name in MEMBERS if name != sender)
        to = sendings.Contact(sendings.NUMBER, self.people[recipient].number)
        given = {"program": self.program, "sender": self.people[sender], "to": to, "unit": unit}
        parts = self.model.hold(sender, unit, amount, self.now)
        try:
            made = sendings.send(**given, amount=amount, key=self.name(), now=self.now)
        except ledger.InsufficientPoints:
            assert parts is None
            self.settle()
            return multiple()
        assert parts is not None
        return made, sender, recipient, unit, parts

    @rule(one=consumes(sent))
    def take_sent(self, one: tuple) -> None:
        made, sender, recipient, unit, parts = one
        given = {"program": self.program, "member": self.people[recipient], "sending_id": made.pk}
        try:
            sendings.take(**given, now=self.now)
        except sendings.SendingOver:
            assert made.due_at <= self.now
            sendings.decline(**given, now=self.now)
            self.model.settle_of(sender, self.now)
            self.model.release(sender, unit, parts, self.now)
            return
        self.model.settle_of(sender, self.now)
        self.model.receive(sender, recipient, unit, parts, self.now)

    @rule(one=consumes(sent))
    def withdraw_sent(self, one: tuple) -> None:
        made, sender, _recipient, unit, parts = one
        given = {"program": self.program, "sender": self.people[sender], "sending_id": made.pk}
        sendings.withdraw(**given, now=self.now)
        self.model.settle_of(sender, self.now)
        self.model.release(sender, unit, parts, self.now)

    @rule(member=members)
    def reinstate(self, member: str) -> None:
        self.settle()
        person = {"program": self.program, "member": self.people[member]}
        real = reinstatements.offers(**person, now=self.now)
        ours = {unit: self.model.offers(member, unit, self.now) for unit in UNITS}
        told = sorted((offer.unit.key, offer.amount) for offer in real)
        assert told == sorted((unit, lot.expired) for unit, lots in ours.items() for lot in lots)
        for unit, lots in ours.items():
            first = next((offer for offer in real if offer.unit.key == unit), None)
            same = [
                lot
                for lot in lots
                if first and (lot.expires_at, lot.expired) == (first.ended_at, first.amount)
            ]
            # Of several alike nobody can say which one it was.
            if first and len(same) == 1:
                reinstatements.reinstate(**person, lot_id=first.lot_id, now=self.now)
                self.model.reinstate(member, unit, same[0], self.now)

    @rule(item=facts)
    def tell_again(self, item) -> None:
        (outcome,) = intake.record(program=self.program, items=[item], now=self.now)

        assert outcome.status == "repeated"

    @precondition(lambda self: hasattr(self, "program"))
    @invariant()
    def every_rule_of_the_ledger_holds(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(BROKEN, {"program": self.program.pk, "now": self.now})
            broken = cursor.fetchall()

        assert broken == []

    @precondition(lambda self: hasattr(self, "program"))
    @invariant()
    def both_ledgers_agree(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(HOLDINGS, {"program": self.program.pk})
            rows = cursor.fetchall()
        real = {(value.split("@")[0], unit): (*figures, held or []) for value, unit, *figures, held in rows}
        ours = {key: self.holding(wallet) for key, wallet in self.model.wallets.items()}
        nothing = (0, 0, 0, [])
        for key in real.keys() | ours.keys():
            assert real.get(key, nothing) == ours.get(key, nothing), key

    @staticmethod
    def holding(wallet) -> tuple:
        held = [
            [lot.granted, lot.remaining, lot.expired, lot.is_active, epoch(lot.expires_at)]
            for lot in wallet.lots
        ]
        return wallet.pending, wallet.active, wallet.arrears, held

    def teardown(self) -> None:
        if hasattr(self, "program"):
            report = checking.run(program=self.program, verify=True)
            assert report.faults == []


@pytest.mark.timeout(0 if NIGHTLY else 1200)
def test_both_ledgers_agree_on_every_life(fresh_database):
    run_state_machine_as_test(Life, settings=PROFILE)
