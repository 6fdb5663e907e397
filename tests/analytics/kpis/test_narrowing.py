"""Key figures of one store, channel, tier, segment, year of joining or language, against counting one by one."""

import csv
import io
import json
from collections import Counter
from datetime import date, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.utils import timezone

from analytics import periods
from analytics.kpis import REGISTRY, Figure, crowds, cuts, groups, narrowing
from analytics.models import Cut, SavedView
from analytics.views.saved import rows
from campaigns.models import Segment
from loyaltysite.kit import formats
from members.models import Member, Order, Return
from rewards.models import Entry
from tests.analytics.kpis.quarter import CHANNELS, NOW, PLACES
from tests.rewards.builders import moment


def page(client, program, rest):
    return client.get(f"/dashboard/{program.slug}/figures/{rest}")


def compare(program, words, first="2026-02-01", last="2026-03-31", keys=REGISTRY):
    part = groups.part_of(program=program, words=words)
    period = periods.between(date.fromisoformat(first), date.fromisoformat(last))
    return narrowing.compare(part=part, keys=keys, period=period)


# --- one by one -------------------------------------------------------------------------------------------------------


def members_in(program, by, word):
    """The ids of the open members of a group, by asking each of them."""
    found = set()
    for member in Member.objects.exclude(state="closed"):
        open_ones = [one.tier.key for one in member.standings.filter(ended_at=None).select_related("tier")]
        said = {
            "tier": max(open_ones, key=["base", "silver", "gold"].index, default="base"),
            "joined": str(member.joined_at.astimezone(program.zone).year),
            "language": member.language or "-",
        }
        is_good = member.audiences.filter(audience_id=Segment.objects.get(key="good").pk).exists()
        if is_good if by == "segment" else said[by] == word:
            found.add(member.pk)
    return found


def days_of(program, ids):
    """(member, day, amount) of their orders that stand, in turn."""
    rows = Order.objects.filter(member_id__in=ids, state__in=("placed", "paid")).order_by("occurred_at", "pk")
    return [(one.member_id, one.occurred_at.astimezone(program.zone).date(), one.total_minor) for one in rows]


def counted(program, ids, first, last):
    """What the figures of these members are in the days from first to last, both included."""
    length = last - first + timedelta(days=1)
    orders = days_of(program, ids)
    inside = [one for one in orders if first <= one[1] <= last]
    times = Counter(who for who, _day, _amount in inside)
    before = {who for who, day, _amount in orders if first - length <= day < first}
    spent = sum(amount for _who, _day, amount in inside)
    uses = Entry.objects.filter(kind__in=("spend", "donate"), wallet__holder_id__in=ids)
    users = {one.wallet.holder_id for one in uses if first <= one.at.astimezone(program.zone).date() <= last}
    joined = {
        one.pk for one in Member.objects.filter(pk__in=ids)
        if first <= one.joined_at.astimezone(program.zone).date() <= last
    }  # fmt: skip
    turns = {who: [day for each, day, _amount in orders if each == who] for who in ids}
    firsts = [days for days in turns.values() if days and first <= days[0] <= last]
    seconds = [days for days in turns.values() if len(days) > 1 and first <= days[1] <= last]
    totals = sorted(
        (sum(amount for each, _day, amount in orders if each == who) for who in ids if turns[who]),
        reverse=True,
    )
    back = sum(one.amount_minor for one in Return.objects.filter(member_id__in=ids))
    return {
        "orders": Figure(len(inside)),
        "revenue": Figure(spent),
        "aov": Figure(spent, len(inside)),
        "repeat_rate": Figure(sum(count > 1 for count in times.values()), len(times)),
        "frequency": Figure(len(inside), len(times)),
        "revenue_per_buyer": Figure(spent, len(times)),
        "retention": Figure(len(before & times.keys()), len(before)),
        "engagement": Figure(len(users | times.keys()), len(ids)),
        "member_redemption": Figure(len(users), len(ids)),
        "joined": Figure(len(joined)),
        "conversion": Figure(sum(bool(turns[who]) for who in joined), len(joined)),
        "second_share": Figure(sum(len(days) > 1 for days in firsts), len(firsts)),
        "days_to_second": Figure(sum((days[1] - days[0]).days for days in seconds), len(seconds)),
        "historic_clv": Figure(sum(totals) - back, len(totals)),
        "top_share": Figure(sum(totals[: -(-len(totals) * 20 // 100)]), sum(totals)),
    }


@pytest.mark.parametrize(
    ("by", "word"),
    [
        ("tier", "base"), ("tier", "silver"), ("tier", "gold"), ("segment", "good"), ("joined", "2025"),
        ("joined", "2026"), ("language", "he"), ("language", "-"),
    ],
)  # fmt: skip
def test_the_figures_of_a_group_of_members_are_those_of_its_members(program, by, word):
    ids = members_in(program, by, word)
    first, last = date(2026, 2, 1), date(2026, 3, 31)

    told = compare(program, {by: word})

    wanted = counted(program, ids, first, last)
    assert ids
    assert {key: told.found[key].now for key in wanted} == wanted
    earlier = counted(program, ids, first - timedelta(days=59), first - timedelta(days=1))
    timely = [
        key for key in wanted if key not in ("engagement", "member_redemption", "historic_clv", "top_share")
    ]
    assert {key: told.found[key].before for key in timely} == {key: earlier[key] for key in timely}
    assert told.days is None


def test_each_point_of_a_course_is_a_figure_of_its_own(program):
    ids = members_in(program, "segment", "good")

    told = compare(program, {"segment": "good"}, "2026-02-10", "2026-03-11")

    ends = [date(2026, 2, 10) + timedelta(days=step) for step in range(30)]
    rates = [counted(program, ids, end - timedelta(days=29), end)["repeat_rate"] for end in ends]
    assert told.found["repeat_rate"].course == rates
    assert [one.numerator for one in told.found["orders"].course] == [
        counted(program, ids, end, end)["orders"].numerator for end in ends
    ]


def test_several_groups_at_once(program):
    words = {"segment": "good", "joined": "2025"}

    told = compare(program, words)

    ids = members_in(program, "segment", "good") & members_in(program, "joined", "2025")
    wanted = counted(program, ids, date(2026, 2, 1), date(2026, 3, 31))
    assert {key: told.found[key].now for key in wanted} == wanted
    assert told.part.text == "Segment: Good, Year of joining: 2025"


@pytest.mark.parametrize("store", PLACES)
def test_the_trade_of_a_store_and_a_channel_is_that_of_its_orders(program, store):
    for channel in (*CHANNELS, "any"):
        words = {"store": store or "-"} | ({} if channel == "any" else {"channel": channel or "-"})

        told = compare(program, words)

        found = Order.objects.filter(
            state__in=("placed", "paid"), store__code=store, occurred_at__gte=moment("2026-02-01T00:00"),
            occurred_at__lt=moment("2026-04-01T00:00"),
        )  # fmt: skip
        rows = list(found if channel == "any" else found.filter(channel=channel or ""))
        known = [one.total_minor for one in rows if one.member_id]
        assert told.found["aov"].now == Figure(sum(one.total_minor for one in rows), len(rows))
        assert told.found["aov_members"].now == Figure(sum(known), len(known))


def test_what_a_group_cannot_mean_is_said_and_no_number_is_shown(program):
    by_store, by_tier = compare(program, {"store": "north"}), compare(program, {"tier": "gold"})

    assert by_store.why["conversion"] == "Not kept by store or channel."
    assert by_store.why["predicted_clv"] == "Not fitted yet."
    assert by_tier.why["predicted_clv"] == "Not fitted yet."
    assert by_tier.why["margin"] == "Not kept by what members are."
    for told in (by_store, by_tier):
        assert {key for key in REGISTRY if told.found[key].now.value is not None} & told.why.keys() == set()
        assert all(figure.value is None for key in told.why for figure in told.found[key].course)
    assert not {"aov", "revenue", "margin", "member_share", "repeat_rate"} & by_store.why.keys()
    assert not {"repeat_rate", "historic_clv", "aov"} & by_tier.why.keys()


def test_groups_that_are_not_there_and_those_that_do_not_go_together(program):
    for by in groups.BY:
        with pytest.raises(groups.GroupUnknown) as raised:
            groups.part_of(program=program, words={by: "no such group that is far too long for any channel"})
        assert raised.value.field == by
    with pytest.raises(groups.GroupsApart) as apart:
        groups.part_of(program=program, words={"store": "north", "tier": "gold"})
    assert apart.value.field == "tier"


def test_a_large_group_is_told_as_it_was_counted_at_night(program, monkeypatch):
    cuts.count_all(program=program, now=NOW)
    monkeypatch.setattr(crowds, "MOST", 1)
    part = groups.part_of(program=program, words={"tier": "base"})
    two = groups.part_of(program=program, words={"tier": "base", "joined": "2025"})
    today = date(2026, 3, 31)

    told = narrowing.compare(part=part, keys=REGISTRY, period=periods.period_of("90", today=today))
    own = compare(program, {"tier": "base"})
    both = narrowing.compare(part=two, keys=REGISTRY, period=periods.period_of("90", today=today))

    last = date(2026, 3, 30)
    wanted = counted(program, members_in(program, "tier", "base"), last - timedelta(days=89), last)
    assert (told.days, told.as_of) == (90, last)
    for key in ("repeat_rate", "aov", "engagement", "historic_clv", "conversion"):
        assert told.found[key].now == wanted[key], key
        assert told.found[key].before.value is None
    assert told.why["top_share"] == "Not kept by what members are."
    assert "for 30 days, 90 days and a year" in own.why["aov"]
    assert "one group at a time" in both.why["aov"]
    assert own.found["aov"].now.value is None


def test_many_members_of_a_group_that_no_night_has_seen_are_not_told_as_nothing(program, monkeypatch):
    cuts.count_all(program=program, now=NOW)
    monkeypatch.setattr(crowds, "MOST", 1)
    part = groups.part_of(program=program, words={"tier": "base"})
    period = periods.period_of("90", today=date(2026, 3, 31))

    with transaction.atomic():
        Cut.objects.filter(by="tier", group__in=("base", "")).delete()
        told = narrowing.compare(part=part, keys=REGISTRY, period=period)
        transaction.set_rollback(True)

    assert told.found["repeat_rate"].now.value is None
    assert "the first time within minutes" in told.why["repeat_rate"]


def test_no_statement_of_a_group_walks_through_a_big_table(program):
    big = {"members_order", "members_member", "members_audiencemember", "members_memberscore", "rewards_standing",
           "analytics_memberfigure", "analytics_pair", "analytics_tradeday"}  # fmt: skip
    period = periods.between(date(2026, 3, 1), date(2026, 3, 31))
    plans = []

    def explain(execute, sql, params, many, context):
        if sql.lstrip().startswith(("SELECT", "WITH")):
            context["cursor"].execute("EXPLAIN " + sql, params)
            plans.append((sql, "\n".join(row[0] for row in context["cursor"].fetchall())))
        return execute(sql, params, many, context)

    with connection.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off")
        words = [{"store": "north", "channel": "web"}, {"tier": "gold"}, {"tier": "base"}, {"segment": "good"},
                 {"joined": "2025"}, {"language": "he"}]  # fmt: skip
        parts = [groups.part_of(program=program, words=one) for one in words]
        with connection.execute_wrapper(explain):
            for part in parts:
                narrowing.compare(part=part, keys=REGISTRY, period=period)
        asked = len(plans)
        with connection.execute_wrapper(explain):
            cursor.execute("SELECT count(*) FROM members_orderline WHERE amount_minor > 5")
        cursor.execute("RESET enable_seqscan")

    assert [(table, sql) for sql, plan in plans for table in big if f"Seq Scan on {table} " in plan] == []
    assert asked >= 2 * len(words) - 1
    assert "Seq Scan on members_orderline" in plans[-1][1]


# --- pages, tables, mails and the command line ------------------------------------------------------------------------


def test_the_address_narrows_the_page_and_its_table(program, client):
    wanted = compare(program, {"store": "north"}, "2026-01-01", "2026-03-31").found["aov"].now

    whole = page(client, program, "?first=2026-01-01&last=2026-03-31&store=north")
    table = page(client, program, "?first=2026-01-01&last=2026-03-31&store=north&format=csv")

    shown = {one.key: one for group in whole.context["groups"] for one in group["kpis"]}
    assert shown["aov"].value == formats.format_money(round(wanted.value), "EUR")
    assert (shown["joined"].value, shown["joined"].of) == (None, "Not kept by store or channel.")
    assert all("store=north" in one["query"] for one in whole.context["periods"])
    assert "?first=2026-01-01&amp;last=2026-03-31" in whole.text
    rows = {row["\ufeffFigure"]: row for row in csv.DictReader(io.StringIO(table.text))}
    assert rows["Order value"]["Value"] == shown["aov"].value
    assert rows["Joined"]["Value"] == "–"
    assert rows["Joined"]["Reason"] == "Not kept by store or channel."
    assert {row["Filter"] for row in rows.values()} == {"Store: north"}


def test_one_figure_of_a_group_with_its_course_and_statement(program, client):
    days = "first=2026-02-10&last=2026-03-11"
    told = compare(program, {"segment": "good"}, "2026-02-10", "2026-03-11").found["repeat_rate"]

    whole = page(client, program, f"repeat_rate/?{days}&segment=good")
    table = page(client, program, f"repeat_rate/?{days}&segment=good&format=csv")
    store = page(client, program, f"revenue/?{days}&store=north&by=channel")
    none = page(client, program, f"conversion/?{days}&store=north")

    assert whole.context["words"].value == formats.format_percent(told.now.value)
    assert "members_audiencemember" in whole.text
    assert not whole.context["tabs"]
    last = table.text.splitlines()[-1].split(",")
    assert (int(last[3]), int(last[4]), last[5]) == (
        told.now.numerator,
        told.now.denominator,
        "Segment: Good",
    )
    assert sum(row.figure.numerator for row in cuts.read(
        program=program, kpi=REGISTRY["revenue"], by="channel", part=groups.part_of(program=program, words={"store": "north"}),
        period=periods.between(date(2026, 2, 10), date(2026, 3, 11)),
    ).rows) == compare(program, {"store": "north"}, "2026-02-10", "2026-03-11").found["revenue"].now.numerator  # fmt: skip
    assert [tab["text"] for tab in store.context["tabs"]] == ["Store", "Channel"]
    assert none.context["chart"] is None
    assert "Not kept by store or channel." in none.text


@pytest.mark.parametrize(
    ("words", "field"),
    [("segment=gone", "segment"), ("store=north&tier=gold", "tier"), ("joined=MMXXV", "joined")],
)
def test_a_group_that_cannot_be_shows_no_figure_and_says_so(program, client, words, field):
    for rest in (f"?{words}", f"aov/?{words}"):
        response = page(client, program, rest)

        assert response.status_code == 422
        assert list(response.context["part_form"].errors) == [field]
        told = [one for group in response.context.get("groups", ()) for one in group["kpis"]]
        assert {one.value for one in told or [response.context["words"]]} == {None}


def test_a_saved_view_and_its_mail_keep_the_group(program):
    view = SavedView(program=program, page="kpis", query="period=90&store=north")
    gone = SavedView(program=program, page="kpis", query="period=90&segment=gone")
    period = periods.period_of("90", today=NOW.date())
    part = groups.part_of(program=program, words={"store": "north"})
    wanted = narrowing.compare(part=part, keys=["aov"], period=period).found["aov"].now

    with timezone.override(program.zone):
        shown, lost = (rows.of(one, today=NOW.date()) for one in (view, gone))

    assert shown.only == "Store: north"
    told = {row.name: row.value for row in shown.rows}
    assert told["Order value"] == formats.format_money(round(wanted.value), "EUR")
    assert "Joined" not in told
    assert {row.value for row in lost.rows} == {"–"}


def test_the_command_line_says_the_same(program):
    said = {"program": program.slug, "first": date(2026, 2, 1), "last": date(2026, 3, 31)}
    out = io.StringIO()

    call_command("kpis", **said, tier="gold", json=True, stdout=out)

    found = json.loads(out.getvalue())
    told = compare(program, {"tier": "gold"})
    rows = {row["key"]: row for row in found["kpis"]}
    assert found["only"] == {"tier": "gold"}
    assert rows["aov"]["numerator"] == told.found["aov"].now.numerator
    assert (rows["margin"]["value"], rows["margin"]["why"]) == (None, "Not kept by what members are.")
    with pytest.raises(CommandError, match="--store: There is no such group"):
        call_command("kpis", **said, store="nowhere")
