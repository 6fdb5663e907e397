"""What members did in one store or channel, against counting the orders there one by one."""

import csv
import io
import json
from collections import Counter
from datetime import date, timedelta

import pytest
import time_machine
from django.core.management import call_command
from django.db import DataError, OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext

from analytics import periods, tasks
from analytics.kpis import REGISTRY, Figure, cuts, groups, measuring, narrowing, places
from analytics.models import Cut
from loyaltysite.kit import formats
from members.models import Member, Order, Return, Store
from rewards.models import Entry
from tests.analytics.kpis.quarter import CHANNELS, NOW, PLACES
from tests.analytics.kpis.test_narrowing import compare, page

FIRST, LAST = date(2026, 2, 1), date(2026, 3, 31)
ALL = [("store", place) for place in PLACES] + [("channel", channel) for channel in CHANNELS]


def local(program, moment):
    return moment.astimezone(program.zone).date()


def bought(program, by, value):
    """The orders that stand of each open member in one place, in turn."""
    where = {"store__code": value} if by == "store" else {"channel": value or ""}
    found = {}
    rows = Order.objects.filter(state__in=("placed", "paid"), member__isnull=False, **where)
    gone = set(Member.objects.filter(state="closed").values_list("pk", flat=True))
    for one in rows.order_by("occurred_at", "pk"):
        if one.member_id not in gone:
            found.setdefault(one.member_id, []).append(one)
    return found


def users(program, turns, first, last):
    """Who used points in these days, but not before their first order there."""
    uses = Entry.objects.filter(kind__in=("spend", "donate"), wallet__holder_id__in=list(turns))
    found = set()
    for one in uses.select_related("wallet"):
        who, day = one.wallet.holder_id, local(program, one.at)
        if first <= day <= last and day >= local(program, turns[who][0].occurred_at):
            found.add(who)
    return found


def counted(program, by, value, first=FIRST, last=LAST):
    length = last - first + timedelta(days=1)
    turns = bought(program, by, value)
    days = {who: [local(program, one.occurred_at) for one in orders] for who, orders in turns.items()}
    times = Counter(who for who, its in days.items() for day in its if first <= day <= last)
    before = {who for who, its in days.items() if any(first - length <= day < first for day in its)}
    spent = sum(
        one.total_minor
        for orders in turns.values()
        for one in orders
        if first <= local(program, one.occurred_at) <= last
    )
    used = users(program, turns, first, last)
    members = {who for who, its in days.items() if its[0] <= last}
    firsts = [its for its in days.values() if first <= its[0] <= last]
    seconds = [its for its in days.values() if len(its) > 1 and first <= its[1] <= last]
    totals = sorted((sum(one.total_minor for one in orders) for orders in turns.values()), reverse=True)
    owners = {one.pk: who for who, orders in turns.items() for one in orders}
    back = sum(
        one.amount_minor
        for one in Return.objects.all()
        if one.order_id in owners and owners[one.order_id] == one.member_id
    )
    return {
        "repeat_rate": Figure(sum(count > 1 for count in times.values()), len(times)),
        "frequency": Figure(sum(times.values()), len(times)),
        "revenue_per_buyer": Figure(spent, len(times)),
        "retention": Figure(len(before & times.keys()), len(before)),
        "churn": Figure(len(before & times.keys()), len(before), is_rest=True),
        "engagement": Figure(len(used | times.keys()), len(members)),
        "member_redemption": Figure(len(used), len(members)),
        "second_share": Figure(sum(len(its) > 1 for its in firsts), len(firsts)),
        "days_to_second": Figure(sum((its[1] - its[0]).days for its in seconds), len(seconds)),
        "historic_clv": Figure(sum(totals) - back, len(totals)),
        "top_share": Figure(sum(totals[: -(-len(totals) * 20 // 100)]), sum(totals)),
    }


@pytest.mark.parametrize(("by", "value"), ALL)
def test_the_members_of_a_place_are_counted_by_the_orders_there(program, by, value):
    wanted, earlier = (
        counted(program, by, value),
        counted(program, by, value, FIRST - timedelta(days=59), FIRST - timedelta(days=1)),
    )

    told = compare(program, {by: value or "-"})

    assert wanted["repeat_rate"].denominator > 0
    assert {key: told.found[key].now for key in wanted} == wanted
    timely = wanted.keys() - {"historic_clv", "top_share"}
    assert {key: told.found[key].before for key in timely} == {key: earlier[key] for key in timely}
    assert told.is_by_place
    assert all(told.is_exact(key) for key in wanted)


def test_a_store_and_a_channel_at_once(program):
    told = compare(program, {"store": "north", "channel": "web"})

    turns = bought(program, "store", "north")
    both = {who: [one for one in orders if one.channel == "web"] for who, orders in turns.items()}
    inside = Counter(
        who for who, its in both.items() for one in its if FIRST <= local(program, one.occurred_at) <= LAST
    )
    assert told.found["frequency"].now == Figure(sum(inside.values()), len(inside))


def test_each_point_of_a_course_in_a_store_is_a_figure_of_its_own(program):
    told = compare(program, {"store": "north"}, "2026-02-10", "2026-03-11")

    ends = [date(2026, 2, 10) + timedelta(days=step) for step in range(30)]
    each = [counted(program, "store", "north", end - timedelta(days=29), end) for end in ends]
    for key in ("repeat_rate", "retention", "engagement"):
        assert told.found[key].course == [one[key] for one in each], key


def test_many_orders_are_told_as_they_were_counted_at_night(program, monkeypatch):
    cuts.count_all(program=program, now=NOW)
    monkeypatch.setattr(places, "MOST", 3)
    period = periods.period_of("90", today=NOW.date())
    last = date(2026, 3, 30)

    for by, value in ALL:
        part = groups.part_of(program=program, words={by: value or "-"})
        told = narrowing.compare(part=part, keys=REGISTRY, period=period)

        wanted = counted(program, by, value, last - timedelta(days=89), last)
        assert (told.days, told.as_of) == (90, last)
        nightly = [key for key in wanted if cuts.is_kept(REGISTRY[key])]
        assert {key: told.found[key].now for key in nightly} == {key: wanted[key] for key in nightly}
        assert told.why["top_share"] == "Not kept by store or channel."
        assert told.is_exact("aov")
        assert not told.is_exact("repeat_rate")
        assert len(told.found["aov"].course) == len(period.steps)


def test_a_table_says_which_figures_are_of_other_days(program, client, monkeypatch):
    cuts.count_all(program=program, now=NOW)
    monkeypatch.setattr(places, "MOST", 3)

    table = page(client, program, "?period=90&store=north&format=csv")

    rows = {row["\ufeffFigure"]: row["Reason"] for row in csv.DictReader(io.StringIO(table.text))}
    assert rows["Churn"].startswith(
        "Figures of members are counted once a day: the 90 days that ended on 30 Mar"
    )
    assert rows[str(REGISTRY["aov"].name)] == ""


def test_many_orders_of_other_days_and_of_two_places_say_why_not(program, monkeypatch):
    monkeypatch.setattr(places, "MOST", 3)
    two = groups.part_of(program=program, words={"store": "north", "channel": "web"})

    own = compare(program, {"store": "north"})
    both = narrowing.compare(part=two, keys=REGISTRY, period=periods.period_of("90", today=NOW.date()))

    assert "orders this is counted once a day: for 30 days" in own.why["churn"]
    assert "one group at a time" in both.why["churn"]
    assert own.found["aov"].now.value is not None
    assert own.found["churn"].now.value is None


def test_a_store_where_nobody_ordered_came_to_nothing(program, monkeypatch):
    cuts.count_all(program=program, now=NOW)
    monkeypatch.setattr(places, "MOST", 3)
    period = periods.period_of("90", today=NOW.date())

    with transaction.atomic():
        Store.objects.create(program=program, code="east", name="east")
        part = groups.part_of(program=program, words={"store": "east"})
        told = narrowing.compare(part=part, keys=REGISTRY, period=period)
        transaction.set_rollback(True)

    assert told.as_of == date(2026, 3, 30)
    assert told.found["frequency"].now.denominator == 0
    assert told.why.get("churn") is None


def test_what_a_failed_count_of_places_leaves(program, monkeypatch):
    cuts.count_all(program=program, now=NOW)
    monkeypatch.setattr(cuts, "PLACES", "SELECT 1 / 0")

    with pytest.raises(DataError):
        cuts.count_all(program=program, now=NOW + timedelta(days=1))

    assert set(Cut.objects.filter(by="tier").values_list("ends_on", flat=True)) == {date(2026, 3, 31)}
    assert set(Cut.objects.filter(by="store").values_list("ends_on", flat=True)) == {date(2026, 3, 30)}


def test_places_that_an_older_count_left_out_are_counted(program):
    Cut.objects.filter(program=program).delete()
    with time_machine.travel(NOW, tick=False):
        first, again = tasks.count_groups(), tasks.count_groups()
        Cut.objects.filter(by__in=("store", "channel")).delete()
        after_an_update = tasks.count_groups()

    assert (first, again, after_an_update) == (1, 0, 1)
    assert Cut.objects.filter(by="store").exists()


def test_a_count_that_still_goes_on_is_not_begun_again(program, world, monkeypatch):
    Cut.objects.filter(program=program).delete()

    with world.connect(autocommit=True) as other, time_machine.travel(NOW, tick=False):
        other.execute("SELECT pg_advisory_lock(hashtext('wafa-groups'), %s)", [program.pk])
        meanwhile = tasks.count_groups()
        # A connection that is closed keeps its locks until the server has noticed.
        other.execute("SELECT pg_advisory_unlock_all()")
        afterwards = tasks.count_groups()

    assert (meanwhile, afterwards) == (0, 1)


def test_a_failed_look_at_the_tables_holds_up_nobody(program, monkeypatch):
    Cut.objects.filter(program=program).delete()

    def look():
        raise OperationalError("canceling statement due to lock timeout")

    monkeypatch.setattr(tasks.statistics, "look_again", look)

    with time_machine.travel(NOW, tick=False):
        done = tasks.count_groups()

    assert done == 1
    assert Cut.objects.filter(program=program).exists()


def test_many_orders_are_not_read_while_somebody_waits(program, monkeypatch):
    part = groups.part_of(program=program, words={"store": "north"})
    period = periods.period_of("90", today=NOW.date())

    with CaptureQueriesContext(connection) as few:
        narrowing.compare(part=part, keys=REGISTRY, period=period)
    monkeypatch.setattr(places, "MOST", 3)
    with CaptureQueriesContext(connection) as many:
        narrowing.compare(part=part, keys=REGISTRY, period=period)

    assert any("members_order" in one["sql"] for one in few.captured_queries)
    assert not any("members_order" in one["sql"] for one in many.captured_queries)


def test_a_figure_of_members_is_divided_by_store_and_channel(program, client):
    cuts.count_all(program=program, now=NOW)
    last = date(2026, 3, 30)
    period = periods.period_of("30", today=NOW.date())
    names = {"north": "north", "south": "south", None: "No store"}

    found = cuts.read(program=program, kpi=REGISTRY["repeat_rate"], period=period, by="store")
    shown = page(client, program, "repeat_rate/?period=30&by=store")

    wanted = {
        names[value]: counted(program, "store", value, last - timedelta(days=29), last)["repeat_rate"]
        for value in PLACES
    }
    assert {row.name: row.figure for row in found.rows} == {
        name: figure for name, figure in wanted.items() if figure.denominator
    }
    assert "A member counts in each store and channel where they ordered" in shown.text
    assert [tab["text"] for tab in shown.context["tabs"]][:3] == ["Store", "Channel", "Tier"]


def test_page_table_and_command_line_say_the_same(program, client):
    days = "first=2026-02-01&last=2026-03-31&store=north"
    wanted = counted(program, "store", "north")
    out = io.StringIO()

    shown = page(client, program, f"?{days}")
    table = page(client, program, f"?{days}&format=csv")
    one = page(client, program, f"churn/?{days}")
    call_command("kpis", program=program.slug, first=FIRST, last=LAST, store="north", json=True, stdout=out)

    value = formats.format_percent(wanted["churn"].value)
    told = {each.key: each for group in shown.context["groups"] for each in group["kpis"]}
    rows = {row["\ufeffFigure"]: row for row in csv.DictReader(io.StringIO(table.text))}
    said = {row["key"]: row for row in json.loads(out.getvalue())["kpis"]}
    assert told["churn"].value == rows["Churn"]["Value"] == value
    assert (said["churn"]["numerator"], said["churn"]["denominator"]) == (
        wanted["churn"].numerator,
        wanted["churn"].denominator,
    )
    assert one.context["chart"] is not None
    assert "FROM members_order o" in one.text
    assert "A member counts in each store and channel where they ordered" in one.text


def test_what_is_kept_by_place_needs_no_member_to_join_there():
    assert not measuring.is_by_place(REGISTRY["joined"])
    assert not measuring.is_by_place(REGISTRY["orders"])
    assert measuring.is_by_place(REGISTRY["churn"])
