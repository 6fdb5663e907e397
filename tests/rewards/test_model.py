"""Random lives of a program, step by step, beside a small independent ledger (tests/rewards/ledger_model.py).

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

from rewards import checking, holds, intake, ledger, reinstatements, settling, transfers
from rewards.intake.items import CancelIn, OrderIn, PaidIn, ReturnIn, ReturnLineIn
from tests.rewards import builders as b
from tests.rewards.ledger_model import UNITS, Ledger, Line

NIGHTLY = bool(os.environ.get("WAFA_NIGHTLY"))
PROFILE = settings(
    max_examples=2000 if NIGHTLY else 35,
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
    "credit": ALL | {"precision": 2, "expiry": {"kind": "end_of", "period": "month"}, "arrears_limit": 50},
}

lines = st.lists(
    st.tuples(st.sampled_from(SKUS), st.integers(1, 4), st.integers(100, 9000)), min_size=1, max_size=4
)
members = st.sampled_from(MEMBERS)
late = st.integers(0, 40).map(lambda days: timedelta(days=days)) | st.just(timedelta(0))

# What SEMANTICS 3 to 8 ask of every row, in one question; wafa_wrong_wallets answers for the sums of 4.
BROKEN = """
WITH w AS (SELECT * FROM rewards_wallet WHERE program_id = %(program)s),
l AS (SELECT l.* FROM rewards_lot l JOIN w ON w.id = l.wallet_id),
e AS (SELECT e.*, lag(e.seq, 1, 0::bigint) OVER each AS before, lag(e.pending, 1, 0::bigint) OVER each AS p0,
             lag(e.active, 1, 0::bigint) OVER each AS a0, lag(e.reserved, 1, 0::bigint) OVER each AS r0,
             lag(e.arrears, 1, 0::bigint) OVER each AS d0
      FROM rewards_entry e JOIN w ON w.id = e.wallet_id WINDOW each AS (PARTITION BY e.wallet_id ORDER BY e.seq)),
a AS (SELECT a.lot_id, sum(a.amount) FILTER (WHERE e.kind NOT IN ('reserve', 'release')) AS used, bool_or(e.wallet_id <> l.wallet_id) AS strays
      FROM rewards_allocation a JOIN e ON e.id = a.entry_id JOIN rewards_lot l ON l.id = a.lot_id GROUP BY a.lot_id)
SELECT 'sums', w.id FROM w WHERE w.id IN (SELECT wafa_wrong_wallets(ARRAY(SELECT id FROM w)))
UNION ALL SELECT 'arrears beside active', id FROM w WHERE arrears > 0 AND active > 0
UNION ALL SELECT 'chain', id FROM e WHERE seq <> before + 1 OR pending <> p0 + pending_change
    OR active <> a0 + active_change OR reserved <> r0 + reserved_change OR arrears <> d0 + arrears_change
    OR active < 0 OR pending < 0 OR reserved < 0 OR arrears < 0 OR (arrears > 0 AND active > 0)
UNION ALL SELECT 'lot and its uses', l.id FROM l LEFT JOIN a ON a.lot_id = l.id
    WHERE l.granted - l.remaining <> coalesce(a.used, 0) OR coalesce(a.strays, false)
UNION ALL SELECT 'awake too early', l.id FROM l WHERE l.is_active AND (l.active_at IS NULL OR l.active_at > %(now)s)
UNION ALL SELECT 'due and forgotten', w.id FROM l JOIN w ON w.id = l.wallet_id WHERE l.is_open
    AND CASE WHEN NOT l.is_active THEN l.active_at WHEN l.remaining > l.reserved THEN l.expires_at END < coalesce(w.next_due_at, 'infinity')
"""
HOLDINGS = """
SELECT i.value, u.key, w.pending, w.active, w.arrears, (
    SELECT json_agg(json_build_array(l.granted, l.remaining, l.expired, l.is_active,
            (extract(epoch FROM l.expires_at) * 1000000)::bigint) ORDER BY (
        SELECT min(e.seq) FROM rewards_entry e WHERE e.lot_id = l.id AND e.wallet_id = w.id))
    FROM rewards_lot l WHERE l.wallet_id = w.id)
FROM rewards_wallet w JOIN rewards_unit u ON u.id = w.unit_id JOIN members_identity i ON i.member_id = w.holder_id
WHERE w.program_id = %(program)s
"""


def epoch(moment: datetime | None) -> int | None:
    return (
        None if moment is None else (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    )


class Life(RuleBasedStateMachine):
    orders = Bundle("orders")
    facts = Bundle("facts")
    held = Bundle("held")

    @initialize()
    def open(self) -> None:
        self.now = datetime(2026, 1, 10, 9, tzinfo=UTC)
        self.count = 0
        self.model = Ledger()
        self.revisions: dict[str, int] = {}
        self.program = b.open_program(rules=RULES, units=POLICIES)
        self.people = {name: b.join(self.program, name) for name in MEMBERS}

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


@pytest.mark.timeout(0 if NIGHTLY else 300)
def test_both_ledgers_agree_on_every_life(fresh_database):
    run_state_machine_as_test(Life, settings=PROFILE)
