"""What is due in a whole program is settled in the database exactly as each wallet is settled in memory (10)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django_scopes import scope
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from members.models import Holder
from rewards import ledger, posting, settling
from rewards.intake import rows
from rewards.models import Allocation, Entry, Lot, Wallet
from tests.rewards import builders as b

START = datetime(2026, 1, 10, 9, tzinfo=UTC)
UNITS = {"points": {}, "stamps": {}}
WALLETS = 5

hours = st.integers(0, 200)
# Granted, active after, ends after that (a moment of its own or the same as others'), held, and whether it only waits.
lots = st.tuples(
    st.integers(1, 60), hours | st.just(48), st.none() | hours | st.just(0), st.integers(0, 60), st.booleans()
)
wallets = st.tuples(st.lists(lots, max_size=7), st.integers(0, 80))
pytestmark = pytest.mark.django_db
PROFILE = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


def fill(book, given, arrears):
    """Arrears first, so that lots which wake later find them."""
    if arrears:
        book.reverse(
            arrears, at=START, moment=START, fact_id=7, order_id=None, own=(), ended=0, limit=None, mode="arrears"
        )  # fmt: skip
    for number, (amount, begins, lasts, held, waits) in enumerate(given):
        active_at = None if waits else START + timedelta(hours=begins)
        ends = None if lasts is None or waits else active_at + timedelta(hours=lasts)
        lot = book.credit(
            "earn", amount, at=START, moment=START, active_at=active_at, expires_at=ends,
            awaits="paid" if waits else "", fact_id=number or None, order_id=number % 2 or None,
        )  # fmt: skip
        if part := min(held, lot.usable, book.active):
            book.reserve(part, moment=START, fact_id=8)


def build(given):
    """A program of wallets, each with lots and arrears, two of them of one member."""
    program = b.open_program(units=UNITS, rules=b.NONE)
    people = [b.join(program, f"m{number}") for number in range(1, WALLETS)]
    with scope(program=program):
        state = read(program, people, START)
        units = list(state.rulebook.units.values())
        places = [(people[0], units[1]), *((person, units[0]) for person in people)]
        for (person, unit), (some, arrears) in zip(places, given, strict=True):
            fill(state.book(state.people[person.pk], unit), some, arrears)
            state.people[person.pk].is_touched = True
        posting.post(rows.document(state))
    return program, people


def read(program, people, now):
    request = {"holders": [person.pk for person in people], "due": now.isoformat()}
    return ledger.read(program, request, now)


def settled_in_memory(program, people, now):
    """By wallet: its columns, new entries, what they use, and all open lots; and who was guarded."""
    found, guarded = {}, set()
    with scope(program=program):
        state = read(program, people, now)
        for person in state.people.values():
            for book in person.books.values():
                book.settle(now)
                seqs = {row[0]: row[2] for row in book.entries}
                found[book.id] = (
                    (book.seq, book.pending, book.active, book.reserved, book.arrears, book.next_due_at),
                    [(*row[2:18], row[18][2:]) for row in book.entries],
                    sorted((seqs[entry], lot, amount) for entry, lot, amount in book.allocations),
                    {lot.id: (lot.remaining, lot.reserved, lot.expired, lot.is_active) for lot in book.lots.values()},
                )  # fmt: skip
                if book.is_moved:
                    guarded.add(person.id)
    return found, guarded


def settled_in_database(program, before, lots):
    with scope(program=program):
        return {
            wallet.pk: _told(wallet, before[wallet.pk], lots[wallet.pk]) for wallet in Wallet.objects.all()
        }


def _told(wallet, seq, lots):
    new = list(Entry.objects.filter(wallet=wallet, seq__gt=seq).order_by("seq"))
    seqs = {entry.pk: entry.seq for entry in new}
    entries = [
        (e.seq, e.kind, e.at, e.posted_at, e.pending_change, e.active_change, e.reserved_change, e.arrears_change,
         e.pending, e.active, e.reserved, e.arrears, e.lot_id, e.fact_id, e.order_id, e.mends_id, bytes(e.digest).hex())
        for e in new
    ]  # fmt: skip
    used = Allocation.objects.filter(entry_id__in=seqs)
    return (
        (wallet.seq, wallet.pending, wallet.active, wallet.reserved, wallet.arrears, wallet.next_due_at),
        entries,
        sorted((seqs[row.entry_id], row.lot_id, row.amount) for row in used),
        {
            lot.pk: (lot.remaining, lot.reserved, lot.expired, lot.is_active)
            for lot in Lot.objects.filter(pk__in=lots)
        },
    )


@PROFILE
@given(given=st.lists(wallets, min_size=WALLETS, max_size=WALLETS), after=st.integers(1, 420))
def test_the_database_settles_as_memory_does(given, after):
    now = START + timedelta(hours=after)
    program, people = build(given)
    with scope(program=program):
        seqs = dict(Wallet.objects.values_list("pk", "seq"))
        guards = dict(Holder.objects.values_list("pk", "seq"))
    ours, guarded = settled_in_memory(program, people, now)

    moved = settling.settle_due(program=program, now=now)

    theirs = settled_in_database(program, seqs, {pk: told[3] for pk, told in ours.items()})
    assert theirs == ours
    assert moved == sum(1 for _, entries, _, _ in ours.values() if entries)
    with scope(program=program):
        raised = {pk for pk, seq in Holder.objects.values_list("pk", "seq") if seq != guards[pk]}
    assert raised == guarded
    assert settling.settle_due(program=program, now=now) == 0
    assert b.wrong_wallets(program) == []
