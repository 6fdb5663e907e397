"""Roll-ups of key figures against counting one by one: late, revised, moved, cancelled and returned orders change the right day."""

from collections import Counter
from datetime import date, timedelta
from random import Random

import pytest
from django.db import connection
from django_scopes import scope
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics import cohorts, margins, periods, rollups
from analytics.kpis import Figure, cuts, groups, measuring, pairs
from analytics.models import MemberFigure, Pair, TradeDay
from members.models import Member, Order, Program, Return
from tests.analytics.test_rollups import FIRST, STEPS, TIERS, UNITS, act, stored
from tests.rewards.builders import (
    bring_back,
    cancel,
    find,
    join,
    line,
    moment,
    open_program,
    order,
    record,
    spend,
)


@pytest.fixture
def program(db):
    return open_program(stores=["north", "south"], time_zone="Asia/Tokyo", margin_rate=4_000)


@pytest.fixture
def alone(fresh_database):
    """A database of its own: full counts need a transaction of their own."""
    return open_program(stores=["north", "south"], time_zone="Asia/Tokyo", margin_rate=4_000)


def fold_all():
    while rollups.fold():
        pass


def days(first, last):
    return periods.between(date.fromisoformat(first), date.fromisoformat(last))


def measure(program, key, first, last, **where):
    fold_all()
    with scope(program=program):
        return measuring.measure(program=program, key=key, period=days(first, last), where=where)


def test_margins_come_from_costs_else_from_the_rate(alone):
    program = alone
    record(
        program, order("1", "2026-03-01", line(1_000, "a", cost_minor=700), 500, store="north", channel="web")
    )
    fold_all()

    with scope(program=program):
        row = TradeDay.objects.get()
    assert (row.margin_minor, row.costed_minor, row.bare_minor) == (300 + 200, 1_000, 500)
    assert row.channel == "web"
    assert measure(program, "margin_share", "2026-03-01", "2026-03-01") == Figure(500, 1_500)
    assert margins.source(program) == "mixed"

    Program.objects.filter(pk=program.pk).update(margin_rate=None)
    assert rollups.is_due(program=program)
    program.refresh_from_db()
    rollups.recount(program=program)
    assert measure(program, "margin_share", "2026-03-01", "2026-03-01") == Figure(300, 1_000)


def test_a_revised_order_moves_its_store_and_margin(alone):
    program = alone
    record(
        program, order("1", "2026-03-01", line(1_000, "a", cost_minor=700), store="north"), at_own_time=True
    )
    fold_all()

    again = order("1", "2026-03-01", line(1_000, "a", cost_minor=100), store="south", revision=1)
    record(program, again, now="2026-03-05")
    fold_all()

    with scope(program=program):
        rows = {row.store_id: (row.orders, row.margin_minor) for row in TradeDay.objects.all()}
        names = dict(program.stores.values_list("pk", "code"))
    assert {names[pk]: row for pk, row in rows.items()} == {"north": (0, 0), "south": (1, 900)}
    assert rollups.differences(program=program) == []


def test_members_are_counted_once_in_any_days(program):
    for number, (who, day) in enumerate([("anna", 1), ("anna", 1), ("anna", 20), ("berta", 2), ("carl", 25)]):
        record(program, order(f"o{number}", f"2026-03-{day:02}T01:00", 100, member=who), at_own_time=True)

    assert measure(program, "repeat_rate", "2026-03-01", "2026-03-31") == Figure(1, 3)
    assert measure(program, "repeat_rate", "2026-03-02", "2026-03-20") == Figure(0, 2)
    assert measure(program, "repeat_rate", "2026-03-01", "2026-03-01") == Figure(1, 1)
    assert measure(program, "retention", "2026-03-16", "2026-03-30") == Figure(1, 2)
    assert measure(program, "churn", "2026-03-16", "2026-03-30").value == 0.5
    record(program, cancel("o2", "2026-03-30"))
    assert measure(program, "retention", "2026-03-16", "2026-03-30") == Figure(0, 2)


def test_the_last_point_of_a_course_says_the_same_as_the_whole(program):
    for number in range(12):
        record(
            program,
            order(f"o{number}", f"2026-03-{2 * number + 1:02}", 100, member=f"m{number % 4}"),
            at_own_time=True,
        )
    fold_all()
    keys = ["repeat_rate", "frequency", "engagement", "revenue_per_buyer", "retention"]

    with scope(program=program):
        period = days("2026-03-01", "2026-03-24")
        courses = measuring.courses_of(program=program, keys=keys, edges=period.edges)
        whole = measuring.measure_all(program=program, keys=keys, period=period)

    assert {key: course[-1] for key, course in courses.items()} == whole
    assert len(courses["frequency"]) == 24


def test_the_sums_kept_by_day_say_what_the_pairs_say(program, monkeypatch):
    chance = Random(9)
    items = [
        order(
            f"o{number}",
            str(date(2025, 1, 1) + timedelta(days=chance.randrange(450))),
            100 * chance.randint(1, 9),
            member=f"m{chance.randrange(6)}",
        )
        for number in range(60)
    ]
    record(program, *sorted(items, key=lambda one: one.occurred_at), at_own_time=True)
    fold_all()
    keys = ["repeat_rate", "frequency", "revenue_per_buyer", "retention", "engagement", "member_redemption"]

    def courses(last, days):
        period = periods.between(last - timedelta(days=days - 1), last)
        return measuring.compare_all(program=program, keys=keys, period=period)

    with scope(program=program):
        asked = [(last, days) for last in (date(2025, 3, 1), date(2026, 3, 26)) for days in pairs.WINDOWS]
        kept = [courses(*one) for one in asked]
        monkeypatch.setattr(pairs, "WINDOWS", ())
        added_up = [courses(*one) for one in asked]

    assert kept == added_up
    assert any(figure.numerator for figure in kept[-1]["retention"].course)


def test_a_trade_figure_of_one_store(program):
    record(
        program,
        order("1", "2026-03-01", 1_000, store="north"),
        order("2", "2026-03-01", 400, store="south", member=None),
    )
    with scope(program=program):
        north = program.stores.get(code="north").pk

    assert measure(program, "aov", "2026-03-01", "2026-03-02", store_id=north) == Figure(1_000, 1)
    assert measure(program, "aov_others", "2026-03-01", "2026-03-02") == Figure(400, 1)
    with scope(program=program):
        found = cuts.read(
            program=program,
            kpi=measuring.REGISTRY["revenue"],
            period=days("2026-03-01", "2026-03-02"),
            by="store",
        )
    assert [(row.name, row.figure.numerator) for row in found.rows] == [("north", 1_000), ("south", 400)]


def test_who_used_points_and_who_closed_the_account(program):
    record(
        program,
        order("1", "2026-03-01", 5_000),
        order("2", "2026-03-01", 5_000, member="berta"),
        at_own_time=True,
    )
    spend(program, 10, "2026-03-04")
    spend(program, 10, "2026-03-05")

    assert measure(program, "member_redemption", "2026-03-01", "2026-03-31") == Figure(1, 2)
    assert measure(program, "engagement", "2026-03-01", "2026-03-31") == Figure(2, 2)
    assert measure(program, "engagement", "2026-03-02", "2026-03-31") == Figure(1, 2)
    assert measure(program, "engagement", "2026-03-05", "2026-03-05") == Figure(1, 2)
    with scope(program=program):
        Member.objects.filter(pk=find(program, "anna").pk).update(state="closed")
    assert measure(program, "member_redemption", "2026-03-01", "2026-03-31") == Figure(0, 1)
    assert measure(program, "frequency", "2026-03-01", "2026-03-31") == Figure(1, 1)
    with scope(program=program):
        assert MemberFigure.objects.count() == 1


def test_the_way_from_joining_to_using(program):
    for name, day in (
        ("anna", "2026-03-01"),
        ("berta", "2026-03-02"),
        ("carl", "2026-03-03"),
        ("dora", "2026-02-01"),
    ):
        join(program, name, at=day)
    record(program, order("1", "2026-03-05", 5_000), order("2", "2026-03-25", 100), at_own_time=True)
    record(
        program,
        order("3", "2026-04-05", 100, member="berta"),
        order("4", "2026-04-05", 100, member="dora"),
        at_own_time=True,
    )
    spend(program, 5, "2026-04-06")
    fold_all()

    with scope(program=program):
        funnel = cohorts.funnel_of(program=program, period=days("2026-03-01", "2026-03-31"))
        waits = cohorts.waits_of(program=program, period=days("2026-03-01", "2026-03-31"))
        grid = cohorts.grid_of(
            program=program,
            by="joined",
            first=date(2026, 2, 1),
            last=date(2026, 3, 1),
            until=date(2026, 4, 9),
        )
    assert (funnel.joined, funnel.first, funnel.second, funnel.used) == (3, 2, 1, 1)
    assert (waits.counts, waits.median) == ((0, 0, 1, 0, 0, 0, 0), 20)
    assert [(one.month.month, one.size, one.active) for one in grid.cohorts] == [
        (2, 1, (0, 0, 1)),
        (3, 3, (1, 1)),
    ]
    assert measure(program, "conversion", "2026-03-01", "2026-03-31") == Figure(2, 3)
    assert measure(program, "days_to_second", "2026-03-01", "2026-03-31") == Figure(20, 1)


def test_what_members_brought_back_lowers_their_value(program):
    record(
        program,
        order("1", "2026-03-01", 2_000),
        order("2", "2026-03-01", 500, member="berta"),
        at_own_time=True,
    )
    record(program, bring_back("r", "2026-03-05", "sku-2000", order="1"), at_own_time=True)

    assert measure(program, "historic_clv", "2026-03-01", "2026-03-31") == Figure(500, 2)
    assert measure(program, "returned", "2026-03-01", "2026-03-31") == Figure(2_000, 2_500)
    assert measure(program, "top_share", "2026-03-01", "2026-03-31") == Figure(2_000, 2_500)


def test_what_was_brought_back_of_a_cancelled_order_is_gone_with_it(alone):
    program = alone
    record(
        program,
        order("1", "2026-03-01", 2_000, 300),
        order("2", "2026-03-02", 1_000),
        at_own_time=True,
    )
    record(program, bring_back("r", "2026-03-05", "sku-300", order="1"), at_own_time=True)
    assert measure(program, "historic_clv", "2026-03-01", "2026-03-31") == Figure(3_000, 1)

    record(program, cancel("1", "2026-03-09"))

    assert measure(program, "historic_clv", "2026-03-01", "2026-03-31") == Figure(1_000, 1)
    assert rollups.differences(program=program) == []
    rollups.recount(program=program)
    assert measure(program, "historic_clv", "2026-03-01", "2026-03-31") == Figure(1_000, 1)


def test_a_margin_of_which_a_part_is_not_known_is_a_dash(db):
    program = open_program()
    record(
        program,
        order("1", "2026-03-01", line(1_000, "a", cost_minor=700)),
        order("2", "2026-03-02", 500, member=None),
    )
    keys = ("margin", "margin_members", "margin_others")

    def values(first, last):
        return [measure(program, key, first, last).value for key in keys]

    assert values("2026-03-01", "2026-03-01") == [300, 300, None]
    assert values("2026-03-01", "2026-03-02") == [None, 300, None]
    with scope(program=program):
        rows = cuts.read(
            program=program,
            kpi=measuring.REGISTRY["margin"],
            period=days("2026-03-01", "2026-03-02"),
            by="store",
        ).rows
    assert [row.figure.value for row in rows] == [None]


def test_groups_of_members_add_up_to_the_whole(db):
    program = open_program(tiers=TIERS, units=UNITS, languages=["en", "he"])
    for number in range(20):
        name = f"m{number % 7}"
        record(
            program,
            order(f"o{number}", f"2026-03-{number + 1:02}", 1_000 * (number % 5 + 1), member=name),
            at_own_time=True,
        )
    record(program, order("small", "2026-03-02", 100, member="small"), at_own_time=True)
    with scope(program=program):
        Member.objects.filter(pk=find(program, "m1").pk).update(language="he")
        fold_all()
        assert cuts.count_all(program=program, now=moment("2026-03-31T12:00")) > 0
        period = days("2026-01-01", "2026-03-30")
        kpi = measuring.REGISTRY["frequency"]
        whole = measuring.measure(program=program, key="frequency", period=period)
        found = {
            by: cuts.read(program=program, kpi=kpi, period=period, by=by)
            for by in ("tier", "language", "joined")
        }

    for one in found.values():
        assert sum(row.figure.numerator for row in one.rows) == whole.numerator
        assert sum(row.figure.denominator for row in one.rows) == whole.denominator
        assert (one.as_of, one.days) == (date(2026, 3, 30), 90)
    assert [row.name for row in found["language"].rows] == ["Not known", "Hebrew"]
    assert len(found["tier"].rows) > 1


# --- whatever happens -------------------------------------------------------------------------------------------------


def naive(program, first, last):
    """Members with one order and with two within the days, and those with one in as many days before: one by one."""
    within, before = Counter(), set()
    open_ones = set(Member.objects.exclude(state="closed").values_list("pk", flat=True))
    length = (last - first).days + 1
    for one in Order.objects.filter(state__in=("placed", "paid"), member_id__in=open_ones):
        day = one.occurred_at.astimezone(program.zone).date()
        if first <= day <= last:
            within[one.member_id] += 1
        elif first - timedelta(days=length) <= day < first:
            before.add(one.member_id)
    return within, before


def naive_worth():
    """What open members bought less what they brought back of orders that stand, and how many bought, one by one."""
    open_ones = set(Member.objects.exclude(state="closed").values_list("pk", flat=True))
    bought = Order.objects.filter(state__in=("placed", "paid"), member_id__in=open_ones)
    backs = [
        one.amount_minor
        for one in Return.objects.filter(member_id__in=open_ones).select_related("order")
        if one.order is None or one.order.state != "cancelled"
    ]
    return sum(one.total_minor for one in bought) - sum(backs), len({one.member_id for one in bought})


@pytest.mark.slow
@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(STEPS, min_size=3, max_size=25), begin=st.integers(0, 60), length=st.integers(1, 40))
def test_people_are_counted_right_whatever_happens(fresh_database, steps, begin, length):
    program = open_program(
        time_zone="Asia/Tokyo", tiers=TIERS, units=UNITS, scheme={"window": "rolling", "months": 1}
    )
    told = {}
    for step in steps:
        act(program, step, told)
    fold_all()
    first = FIRST + timedelta(days=begin)
    last = first + timedelta(days=length - 1)

    assert rollups.differences(program=program) == []
    with scope(program=program):
        keys = ["repeat_rate", "frequency", "retention", "historic_clv"]
        found = measuring.measure_all(program=program, keys=keys, period=periods.between(first, last))
        within, before = naive(program, first, last)
        worth = naive_worth()
        # From the rows of everybody who has no language, which is everybody: what the roll-ups of all say.
        all_of_them = groups.part_of(program=program, words={"language": groups.NONE})
        same = [key for key, kpi in measuring.REGISTRY.items() if measuring.can_tell(kpi, all_of_them)]
        period = periods.between(first, last)
        whole = measuring.compare_all(program=program, keys=same, period=period)
        alike = measuring.compare_all(program=program, keys=same, period=period, part=all_of_them)
        kept = MemberFigure.objects.count()
        people = Member.objects.exclude(state="closed").count()
        everybody = Member.objects.count()
    assert found["repeat_rate"] == Figure(sum(times > 1 for times in within.values()), len(within))
    assert found["frequency"] == Figure(within.total(), len(within))
    assert found["historic_clv"] == Figure(*worth)
    strangers = {"orders", "revenue", "aov", "member_share", "member_revenue_share"}
    left = {"aov_members"} if people < everybody else set()
    assert {key: alike[key] for key in same if key not in strangers | left} == {
        key: whole[key] for key in same if key not in strangers | left
    }
    assert found["retention"] == Figure(len(before & within.keys()), len(before))
    assert kept <= people
    rollups.recount(program=program)
    assert rollups.differences(program=program) == []
    assert all(row[0] >= 0 for row in stored(program, Pair, "times"))


def test_no_statement_of_a_page_walks_through_a_big_table(program):
    """With few rows a planner reads all of a table because that is cheap; told not to, it must have another way."""
    for number in range(30):
        record(
            program,
            order(f"o{number}", f"2026-03-{number % 28 + 1:02}", 100, member=f"m{number}"),
            at_own_time=True,
        )
    fold_all()
    big = {
        "members_order", "members_orderline", "members_member", "members_return", "rewards_entry", "members_event",
        "analytics_memberfigure", "analytics_pair", "analytics_pairday", "analytics_tradeday", "analytics_change",
    }  # fmt: skip
    period = days("2026-03-01", "2026-03-31")
    plans = []

    def explain(execute, sql, params, many, context):
        if sql.lstrip().startswith(("SELECT", "WITH")):
            context["cursor"].execute("EXPLAIN " + sql, params)
            plans.append((sql, "\n".join(row[0] for row in context["cursor"].fetchall())))
        return execute(sql, params, many, context)

    with scope(program=program), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        with connection.execute_wrapper(explain):
            measuring.courses_of(program=program, keys=measuring.REGISTRY, edges=period.edges)
            cohorts.grid_of(
                program=program, by="joined", first=period.first, last=period.last, until=period.last
            )
            cohorts.funnel_of(program=program, period=period)
            cohorts.waits_of(program=program, period=period)
            for by in ("store", "channel"):
                cuts.read(program=program, kpi=measuring.REGISTRY["revenue"], period=period, by=by)
        walked = [(table, sql) for sql, plan in plans for table in big if f"Seq Scan on {table} " in plan]
        with connection.execute_wrapper(explain):
            cursor.execute("SELECT count(*) FROM members_orderline WHERE amount_minor > 5")

    assert len(plans) > 12
    assert walked == []
    assert "Seq Scan on members_orderline" in plans[-1][1]
