"""What the points of each month became is what the ledger says, entry by entry, whatever happens."""

from collections import Counter
from datetime import date, timedelta

import pytest
from django.db import connection
from django_scopes import scope

from analytics import rollups, tables
from analytics.models import LotDay, SourceDay
from members.models import Program
from rewards import reinstatements, settling, transfers
from rewards.models import Entry
from tests.rewards.builders import (
    adjust,
    bring_back,
    event,
    find,
    join,
    moment,
    open_program,
    order,
    publish,
    record,
    spend,
)

pytestmark = pytest.mark.django_db

UNITS = {"points": {"expiry": {"kind": "months", "count": 3}, "transfer_limit": 1_000, "grace_days": 60}}


def fold_all():
    while rollups.fold():
        pass


@pytest.fixture
def program(db):
    """Three people, four months: orders, a spend, a return after it, a gift to a friend, what ended and came back."""
    program = open_program(time_zone="Asia/Tokyo", units=UNITS)
    publish(
        program,
        "review",
        {"trigger": {"on": "event", "kind": "review"}, "amount": {"kind": "fixed", "points": "5"}},
    )
    for name in ("anna", "berta", "carla"):
        join(program, name)
    record(program, order("1", "2026-01-31T20:00", 9_000), at_own_time=True)  # in February, in Tokyo
    record(program, order("2", "2026-02-10", 4_000, member="berta"), at_own_time=True)
    record(program, order("3", "2026-02-20", 7_000), at_own_time=True)
    spend(program, 120, "2026-03-01")
    transfers.transfer(
        program=program, sender=find(program, "anna"), recipient=find(program, "carla"), unit="points", amount=30,
        key="gift", now=moment("2026-03-02"),
    )  # fmt: skip
    record(program, bring_back("r", "2026-03-03", "sku-9000", order="1"), now="2026-03-03")
    record(program, order("4", "2026-03-20", 12_000), at_own_time=True)
    adjust(program, 11, "2026-03-21", member="carla")
    adjust(program, -4, "2026-03-22", member="carla")
    record(program, event("e", "review", "2026-03-23", member="berta"), at_own_time=True)
    settling.settle_due(program=program, now=moment("2026-05-20"))
    # One that comes late, for a day that was counted long ago.
    record(program, order("5", "2026-02-11", 2_000, member="carla"), now="2026-05-21")
    berta = find(program, "berta")
    with scope(program=program):
        offer = reinstatements.offers(program=program, member=berta, now=moment("2026-05-22"))[0]
    reinstatements.reinstate(program=program, member=berta, lot_id=offer.lot_id, now=moment("2026-05-22"))
    settling.settle_due(program=program, now=moment("2026-12-31"))
    fold_all()
    return program


def held_by_hand(program: Program) -> Counter[date]:
    """What wallets gain or lose by local day, one entry after the other."""
    changes: Counter[date] = Counter()
    for entry in Entry.objects.filter(program=program):
        day = entry.at.astimezone(program.zone).date()
        changes[day] += entry.pending_change + entry.active_change + entry.reserved_change
    return changes


def test_on_every_day_lots_hold_what_wallets_do(program):
    with scope(program=program):
        changes = held_by_hand(program)
        rows = list(LotDay.objects.all())

    first, last = min(changes), max(changes)
    assert (last - first).days > 90
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        told = sum(row.held for row in rows if row.day <= day)
        assert told == sum(change for on, change in changes.items() if on <= day), day
    assert sum(row.held for row in rows) == 0
    assert all(
        row.held == row.issued + row.adjusted + row.moved - row.spent - row.expired - row.reversed
        for row in rows
    )


def test_points_keep_the_month_in_which_they_were_first_earned(program):
    names = ("issued", "spent", "expired", "reversed", "adjusted", "moved", "held")
    with scope(program=program):
        rows = LotDay.objects.all()
        months = {}
        for row in rows:
            month = months.setdefault((row.cohort.month, row.holders), Counter())
            for name in names:
                month[name] += getattr(row, name)

    # February: 90 + 40 + 70 + 20 issued. Of it 120 were spent; order 1 came back, when 40 of Anna's 160 were left, 30 of
    # them with Carla: 10 were taken, and 80 became arrears, which those of March made up for. Carla's 4 were of her gift.
    assert months[2, "people"] == {
        "issued": 220, "spent": 120, "expired": 86, "reversed": 10, "adjusted": -4, "moved": 0, "held": 0
    }  # fmt: skip
    assert months[3, "people"] == {
        "issued": 125, "spent": 0, "expired": 56, "reversed": 80, "adjusted": 11, "moved": 0, "held": 0
    }  # fmt: skip
    assert set(months) == {(2, "people"), (3, "people")}


def test_the_last_month_of_use_is_the_one_before_the_moment_of_the_end(db):
    units = {"points": {"expiry": {"kind": "end_of", "period": "quarter"}}}
    program = open_program(time_zone="Asia/Tokyo", units=units)
    record(program, order("1", "2026-02-10", 4_000), at_own_time=True)
    fold_all()

    with scope(program=program):
        assert list(LotDay.objects.values_list("ends", flat=True)) == [date(2026, 3, 1)]


def test_where_points_came_from(program):
    with scope(program=program):
        told = Counter()
        for row in SourceDay.objects.all():
            told[row.source, "given"] += row.given
            told[row.source, "taken"] += row.taken

    assert +told == {
        ("order", "given"): 340, ("order", "taken"): 90, ("event", "given"): 5,
        ("staff", "given"): 11, ("staff", "taken"): 4,
    }  # fmt: skip


@pytest.mark.parametrize("table", [tables.LOT_DAY, tables.SOURCE_DAY], ids=lambda table: table.name)
def test_what_was_added_up_in_steps_equals_a_full_count(program, table):
    record(
        program, order("6", "2026-03-02", 3_000, member="berta"), now="2026-12-31"
    )  # noted, not counted yet

    with connection.cursor() as cursor:
        cursor.execute(table.compare(table.with_live(), table.of_rows()), {"program": program.pk})
        assert cursor.fetchall() == []
