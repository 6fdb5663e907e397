"""The roll-ups: whatever happens, late, returned, cancelled or moved to another day, they are what counting gives."""

import io
from collections import Counter
from datetime import date, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django_scopes import scope
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics import rollups, tables, tasks
from analytics.models import ACTIVE, OFTEN, Change, Day, Presence, Recount, RuleDay, UnitDay
from members.models import Member, Order, Program, Return
from rewards import ledger, settling
from rewards.models import EarningRule, Entry, Standing, Tier
from tests.rewards.builders import (
    adjust,
    bring_back,
    cancel,
    find,
    join,
    moment,
    open_program,
    order,
    publish,
    record,
    spend,
)

TIERS = {"base": (0, {}), "silver": (5_000, {}), "gold": (20_000, {})}
UNITS = {"points": {"expiry": {"kind": "months", "count": 1}}}


@pytest.fixture
def program(fresh_database):
    return open_program(
        time_zone="Asia/Tokyo", tiers=TIERS, units=UNITS, scheme={"window": "rolling", "months": 1}
    )


def stored(program, model, *names):
    with scope(program=program):
        return sorted(model.objects.values_list(*names))


def fold_all():
    while rollups.fold():
        pass


def test_each_thing_counts_on_its_day_in_the_programs_zone(program):
    # 15:30 in London is half past midnight of the next day in Tokyo.
    record(program, order("1", "2026-03-01T15:30", 2_000), at_own_time=True)
    record(program, order("2", "2026-03-01T12:00", 700, member=None), at_own_time=True)
    record(program, bring_back("r", "2026-03-05T12:00", "sku-2000", order="1"), at_own_time=True)

    fold_all()

    names = ("day", "members", "orders", "member_orders", "revenue_minor", "returns", "returned_minor")
    assert stored(program, Day, *names) == [
        (date(2026, 3, 1), 0, 1, 0, 700, 0, 0),
        (date(2026, 3, 2), 1, 1, 1, 2_000, 0, 0),
        (date(2026, 3, 5), 0, 0, 0, 0, 1, 2_000),
    ]
    assert stored(program, UnitDay, "day", "issued", "reversed", "held") == [
        (date(2026, 3, 2), 20, 0, 20),
        (date(2026, 3, 5), 0, 20, -20),
    ]
    assert stored(program, RuleDay, "day", "given", "times") == [(date(2026, 3, 2), 20, 1)]
    with scope(program=program):
        assert not Change.objects.exists()
    assert rollups.differences(program=program) == []


def test_an_order_that_changes_leaves_its_old_day(program):
    record(program, order("1", "2026-03-01", 2_000), at_own_time=True)
    fold_all()

    record(program, order("1", "2026-03-01", 3_000, revision=1), now="2026-03-02")
    with scope(program=program):
        Order.objects.update(occurred_at=moment("2026-02-10"))
    fold_all()

    rows = stored(program, Day, "day", "orders", "revenue_minor")
    assert rows == [(date(2026, 2, 10), 1, 3_000), (date(2026, 3, 1), 0, 0)]


def test_a_cancelled_order_no_longer_counts(program):
    record(program, order("1", "2026-03-01", 2_000), at_own_time=True)
    fold_all()

    record(program, cancel("1", "2026-03-09"))
    fold_all()

    assert stored(program, Day, "orders", "revenue_minor") == [(0, 0)]
    with scope(program=program):
        spans = Presence.objects.extra(where=["isempty(spans)"]).filter(of_id=ACTIVE)
        assert spans.count() == 1


def test_what_rules_gave_follows_the_order(program):
    publish(program, "big", {"amount": {"kind": "fixed", "points": "50"}, "minimum_minor": 5_000})

    def given():
        fold_all()
        assert rollups.differences(program=program) == []
        with scope(program=program):
            names = dict(EarningRule.objects.values_list("pk", "key"))
        return {
            (names[rule], times): amount
            for rule, amount, times in stored(program, RuleDay, "rule_id", "given", "times")
        }

    record(program, order("1", "2026-03-01", 6_000), at_own_time=True)
    assert given() == {("base", 1): 60, ("big", 1): 50}
    record(program, order("1", "2026-03-01", 2_000, revision=1), now="2026-03-02")
    assert given() == {("base", 1): 20, ("big", 0): 0}
    record(program, cancel("1", "2026-03-09"))
    assert given() == {("base", 0): 0, ("big", 0): 0}


def test_what_is_rolled_back_leaves_no_note(program):
    with transaction.atomic():
        record(program, order("1", "2026-03-01", 2_000), at_own_time=True)
        transaction.set_rollback(True)

    with scope(program=program):
        assert not Change.objects.exists()


def test_blocked_and_closed_members(program):
    for name in ("anna", "berta", "carla"):
        join(program, name, at="2026-03-01")
    fold_all()

    with scope(program=program):
        Member.objects.filter(pk=find(program, "anna").pk).update(state="blocked")
        Member.objects.filter(pk=find(program, "berta").pk).update(state="closed")
    fold_all()

    assert stored(program, Day, "members", "blocked") == [(2, 1)]


def test_a_fold_that_another_is_at_does_nothing(program, database):
    record(program, order("1", "2026-03-01", 2_000), at_own_time=True)

    with database.connect(autocommit=False) as other:
        other.execute(f"SELECT pg_advisory_xact_lock({rollups.LOCK})")
        assert rollups.fold() == 0

    assert rollups.fold() > 0


def test_folding_in_small_steps_gives_the_same(program):
    record(
        program,
        *(order(f"o{n}", f"2026-03-{n:02}", 900 * n, member=f"m{n % 3}") for n in range(1, 20)),
        at_own_time=True,
    )

    while rollups.fold(limit=3):
        assert rollups.differences(program=program) == []

    assert sum(row[0] for row in stored(program, Day, "orders")) == 19


def test_another_time_zone_asks_for_a_recount_and_gets_it(program):
    record(program, order("1", "2026-03-01T15:30", 2_000), at_own_time=True)
    fold_all()
    assert not rollups.is_due(program=program)

    Program.objects.filter(pk=program.pk).update(time_zone="Europe/London")
    assert rollups.is_due(program=program)
    call_command("rollups", verify=True, verbosity=0)

    assert not rollups.is_due(program=program)
    assert [row for row in stored(program, Day, "day", "orders") if row[1]] == [(date(2026, 3, 1), 1)]


def test_another_order_of_the_tiers_asks_for_a_recount(program):
    with scope(program=program):
        Tier.objects.filter(key="gold").update(rank=9)

    assert Recount.objects.filter(program=program).exists()


def test_a_recount_waits_for_what_is_under_way_and_loses_nothing(program, database):
    record(program, order("1", "2026-03-01", 2_000), at_own_time=True)

    with database.connect(autocommit=False) as other:
        other.execute("UPDATE members_order SET occurred_at = '2026-04-01'")
        rollups.recount(program=program)
        other.commit()
    fold_all()

    assert [row for row in stored(program, Day, "day", "orders") if row[1]] == [(date(2026, 4, 1), 1)]
    assert rollups.differences(program=program) == []


def test_only_one_makes_a_programs_figures_anew(program, database):
    record(program, order("1", "2026-03-01", 2_000), at_own_time=True)
    Recount.objects.get_or_create(program=program)
    with database.connect(autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(hashtext('wafa-recount'), %s)", [program.pk])
        assert tasks.recount_programs() == 0
        assert rollups.is_due(program=program)
        other.execute("SELECT pg_advisory_unlock_all()")

    assert tasks.recount_programs() == 1
    assert not rollups.is_due(program=program)


def test_many_wishes_of_a_program_are_one_recount(program, monkeypatch):
    for _wish in range(4):
        Recount.objects.create(program=program)
    asked = []
    monkeypatch.setattr(rollups, "recount", lambda *, program, **_facts: bool(asked.append(program)))

    tasks.recount_programs()

    assert asked == [program]


def patience() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        return cursor.fetchone()[0]


def test_a_recount_that_others_hold_up_gives_way_and_comes_again(program, database, monkeypatch):
    monkeypatch.setattr(tasks, "PATIENCE", "50ms")
    Recount.objects.get_or_create(program=program)
    with database.connect(autocommit=True) as other:
        other.execute(f"SELECT pg_advisory_lock({rollups.LOCK})")
        before = patience()
        assert tasks.recount_programs() == 0
        assert patience() == before != "50ms"
        # A connection that is closed keeps its locks until the server has noticed.
        other.execute("SELECT pg_advisory_unlock_all()")

        assert tasks.recount_programs() == 1


def test_a_statement_of_a_recount_ends_in_time(program, database, monkeypatch, caplog):
    record(program, order("1", "2026-03-01", 2_000), at_own_time=True)
    fold_all()
    before = stored(program, Day, "day", "orders")
    Recount.objects.get_or_create(program=program)
    monkeypatch.setattr(tasks, "LONGEST_STATEMENT", "50ms")
    with database.connect(autocommit=False) as other:
        other.execute("LOCK TABLE analytics_day IN ACCESS EXCLUSIVE MODE")
        assert tasks.recount_programs() == 0

    assert "statement timeout" in caplog.records[-1].error
    assert rollups.is_due(program=program)
    assert stored(program, Day, "day", "orders") == before


def test_verify_names_what_is_wrong_and_rebuild_mends_it(program):
    record(program, order("1", "2026-03-01", 2_000), at_own_time=True)
    fold_all()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE analytics_day SET orders = 7")
        cursor.execute("DELETE FROM analytics_presenceday")
    said = io.StringIO()

    with pytest.raises(CommandError, match="rows differ"):
        call_command("rollups", verify=True, stderr=said, verbosity=0)

    assert "analytics_day" in said.getvalue()
    assert "analytics_presenceday" in said.getvalue()
    call_command("rollups", rebuild=True, verify=True, verbosity=0)
    assert stored(program, Day, "orders") == [(1,)]


# --- whatever happens -------------------------------------------------------------------------------------------------

DAYS = st.integers(0, 80)
PEOPLE = st.sampled_from(["anna", "berta", "carla", None])
STEPS = st.one_of(
    st.tuples(st.just("order"), DAYS, PEOPLE, st.integers(100, 15_000)),
    st.tuples(st.just("revise"), DAYS, st.integers(0, 30), st.integers(100, 15_000)),
    st.tuples(st.just("cancel"), DAYS, st.integers(0, 30)),
    st.tuples(st.just("return"), DAYS, st.integers(0, 30)),
    st.tuples(st.just("spend"), DAYS, st.integers(1, 40)),
    st.tuples(st.just("adjust"), DAYS, st.integers(1, 40)),
    st.tuples(st.just("settle"), DAYS),
    st.tuples(st.just("close"), PEOPLE),
    st.tuples(st.just("fold"), st.integers(1, 9)),
)
FIRST = date(2026, 1, 1)


def at(day: int) -> str:
    return f"{FIRST + timedelta(days=day)}T{(day * 7) % 24:02}:30"


def act(program, step, told):
    """Do one step; what cannot be done is left. `told` are the orders so far: number → (day, member, revision)."""
    kind, *values = step
    if kind == "order":
        day, member, amount = values
        number = f"o{len(told)}"
        told[number] = [member, 0]
        record(program, order(number, at(day), amount, member=member), at_own_time=True)
    elif kind == "fold":
        rollups.fold(limit=values[0])
    elif kind == "settle":
        settling.settle_due(program=program, now=moment(at(values[0] + 20)))
    elif kind == "close":
        with scope(program=program):
            Member.objects.filter(identities__value=f"{values[0]}@example.com").update(state="closed")
    elif kind in ("spend", "adjust"):
        try:
            (spend if kind == "spend" else adjust)(program, values[1], at(values[0]), member="anna")
        except (ledger.DomainError, Member.DoesNotExist):
            return
    elif told:
        number = f"o{values[1] % len(told)}"
        if kind == "revise":
            told[number][1] += 1
            facts = {"member": told[number][0], "revision": told[number][1]}
            record(program, order(number, at(values[0]), values[2], **facts), now=at(81))
        elif kind == "cancel":
            record(program, cancel(number, at(values[0])), now=at(81))
        else:
            record(program, bring_back(f"r{values}", at(values[0]), order=number), now=at(81))


def naive(program):
    """Every figure counted one by one in Python."""
    zone = program.zone
    days, units = Counter(), Counter()

    def local(moment):
        return moment.astimezone(zone).date()

    members = {one.pk: one for one in Member.objects.exclude(state="closed")}
    for one in members.values():
        days[local(one.joined_at), "members"] += 1
    visits = {}
    for one in Order.objects.filter(state__in=("placed", "paid")):
        days[local(one.occurred_at), "orders"] += 1
        days[local(one.occurred_at), "revenue_minor"] += one.total_minor
        if one.member_id in members:
            visits.setdefault(one.member_id, set()).add((local(one.occurred_at), one.store_id))
    for one in Return.objects.all():
        days[local(one.occurred_at), "returns"] += 1
    for one in Entry.objects.all():
        net = one.pending_change + one.active_change + one.reserved_change - one.arrears_change
        if one.kind in ("earn", "bonus"):
            units[local(one.at), "issued"] += net
        units[local(one.at), "held"] += one.pending_change + one.active_change + one.reserved_change
    ends = [FIRST + timedelta(days=day) for day in range(-2, 140)]
    often = [
        {
            of_id: sum(
                sum(end - timedelta(days=29) <= day <= end for day, _store in seen) >= times
                for seen in visits.values()
            )
            for times, of_id in {1: ACTIVE, **OFTEN}.items()
        }
        for end in ends
    ]
    return days, units, ends, often, members


def tiers_at(members, end, zone):
    """How many members are in each tier at a day's end."""
    found = Counter()
    for member in members:
        inside = [
            one.tier
            for one in Standing.objects.filter(member_id=member).select_related("tier")
            if one.since.astimezone(zone).date() <= end
            and (not one.ended_at or one.ended_at.astimezone(zone).date() > end)
        ]
        if inside:
            found[max(inside, key=lambda tier: tier.rank).pk] += 1
    return found


def sums(rows, names):
    found = Counter()
    for day, *values in rows:
        for name, value in zip(names, values, strict=True):
            found[day, name] += value
    return found


def nonzero(counter):
    return {key: value for key, value in counter.items() if value}


def live(statement, program):
    with connection.cursor() as cursor:
        cursor.execute(statement, {"program": program.pk})
        return cursor.fetchall()


@pytest.mark.slow
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(STEPS, min_size=1, max_size=25))
def test_the_figures_are_always_what_counting_gives(fresh_database, steps):
    program = open_program(
        time_zone="Asia/Tokyo", tiers=TIERS, units=UNITS, scheme={"window": "rolling", "months": 1}
    )
    told = {}

    for step in steps:
        act(program, step, told)

    assert rollups.differences(program=program) == []
    with scope(program=program):
        days, units, ends, often, members = naive(program)
        names = ("members", "orders", "revenue_minor", "returns")
        wanted = [(row[1], row[2], row[4], row[6], row[7]) for row in live(tables.DAY.with_live(), program)]
        assert nonzero(sums(wanted, names)) == nonzero(days)
        held = [(row[2], row[3], row[9]) for row in live(tables.UNIT_DAY.with_live(), program)]
        assert nonzero(sums(held, ("issued", "held"))) == nonzero(units)
        # The lots together hold on each day what wallets do.
        of_lots = [(row[2], row[6], row[12]) for row in live(tables.LOT_DAY.with_live(), program)]
        assert nonzero(sums(of_lots, ("issued", "held"))) == nonzero(units)
        steps_of = live(tables.presence_with_live(), program)
        for end, wanted_often in zip(ends, often, strict=True):
            present = Counter()
            for _program, of_id, day, change in steps_of:
                present[of_id] += change if day <= end else 0
            assert {of_id: present.pop(of_id, 0) for of_id in wanted_often} == wanted_often
            assert nonzero(present) == nonzero(tiers_at(members, end, program.zone))
