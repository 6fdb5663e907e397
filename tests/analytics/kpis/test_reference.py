"""Key figures and cohorts of two published data sets: the reference figures, to a thousandth of the currency."""

import io
import json
from collections import Counter
from datetime import date, timedelta

import pytest
from django.core.management import call_command
from django_scopes import scope

from analytics import cohorts, periods
from analytics.kpis import Figure, measuring
from tests.published import cdnow, online_retail, shop_of

pytestmark = pytest.mark.django_db

# Customers, orders, revenue in thousandths, repeat customers, revenue of the best fifth (shared/data/REFERENCE.md).
CDNOW = (2357, 6919, 244_091_940, 1152, 164_652_260)
# 8,911,407.904: four prices have a tenth of a penny. With two decimals each invoice, 8,911,407.90.
ONLINE_RETAIL = (4338, 18532, 8_911_407_904, 2845, 6_649_437_461)
COHORTS_CDNOW = {
    date(1997, 1, 1): "781 124 95 70 65 77 65 53 52 45 62 59 45 47 63 37 37 33",
    date(1997, 2, 1): "857 134 110 75 77 75 61 61 74 70 59 57 59 70 56 59 60",
    date(1997, 3, 1): "719 87 84 78 63 64 55 57 73 65 47 51 78 32 38 45",
}
COHORTS_RETAIL = {
    date(2010, 12, 1): "885 324 286 340 321 352 321 309 313 350 331 445 235",
    date(2011, 1, 1): "417 92 111 96 134 120 103 101 125 136 152 49",
    date(2011, 2, 1): "380 71 71 108 103 94 96 106 94 116 26",
}
# In cents of 1997-01 to 1998-06; in thousandths of 2010-12 to 2011-12.
MONTHS_CDNOW = [2859270, 4043381, 4347210, 1284205, 1088033, 990725, 1086623, 876276, 735832, 884505, 1015138, 911284,
                735682, 767971, 985005, 601153, 637814, 559087]  # fmt: skip
MONTHS_RETAIL = [572713890, 569445040, 447137350, 595500760, 469200361, 678594560, 661213690, 600091011, 645343900,
                 952838382, 1039318790, 1161817380, 518192790]  # fmt: skip


def printed(program, first, last):
    out = io.StringIO()
    call_command("kpis", program=program.slug, first=first, last=last, json=True, stdout=out)
    return {row["key"]: row for row in json.loads(out.getvalue())["kpis"]}


def parts(row):
    return row["numerator"], row["denominator"]


def months(first, count):
    return [
        date(first.year + (first.month - 1 + n) // 12, (first.month - 1 + n) % 12 + 1, 1)
        for n in range(count + 1)
    ]


def windows_begin_and_end_anywhere(program, orders):
    """Against going through the orders one by one; the first 39 weeks are an anchor of their own."""
    windows = [
        (date(1997, 1, 1), date(1997, 9, 30)),
        (date(1997, 3, 5), date(1997, 4, 1)),
        (date(1998, 1, 9), date(1998, 6, 30)),
    ]

    for first, last in windows:
        with scope(program=program):
            keys = ["repeat_rate", "aov", "retention", "churn"]
            found = measuring.measure_all(program=program, keys=keys, period=periods.between(first, last))

        long_ago = first - (last - first) - timedelta(days=1)
        within = Counter(customer for customer, day, _amount in orders if first <= day <= last)
        before = {customer for customer, day, _amount in orders if long_ago <= day < first}
        repeated = sum(times > 1 for times in within.values())
        stayed = len(before & within.keys())
        assert found["repeat_rate"] == Figure(repeated, len(within))
        assert found["retention"] == Figure(stayed, len(before))
        if before:
            assert found["churn"].value == pytest.approx(1 - stayed / len(before))
        if first == date(1997, 1, 1):
            assert round(found["aov"].value / 1000, 4) == 34.9023


@pytest.mark.parametrize(
    ("orders", "days", "wanted", "grid", "by_month"),
    [
        (cdnow, (date(1997, 1, 1), date(1998, 6, 30)), CDNOW, COHORTS_CDNOW, [10 * cents for cents in MONTHS_CDNOW]),
        (online_retail, (date(2010, 12, 1), date(2011, 12, 9)), ONLINE_RETAIL, COHORTS_RETAIL, MONTHS_RETAIL),
    ],
    ids=["cdnow", "online_retail"],
)  # fmt: skip
def test_the_reference_figures(orders, days, wanted, grid, by_month):
    customers, count, revenue, repeated, best = wanted
    program, _known = shop_of(orders())
    first, last = days

    found = printed(program, first, last)

    assert parts(found["aov"]) == (revenue, count)
    assert parts(found["repeat_rate"]) == (repeated, customers)
    assert parts(found["frequency"]) == (count, customers)
    assert parts(found["revenue_per_buyer"]) == (revenue, customers)
    assert parts(found["historic_clv"]) == (revenue, customers)
    assert parts(found["top_share"]) == (best, revenue)
    assert parts(found["member_share"]) == (count, count)
    assert found["joined"]["numerator"] == customers
    with scope(program=program):
        drawn = cohorts.grid_of(program=program, by="first", first=first, last=last, until=last)
        shown = {one.month: " ".join(map(str, one.active)) for one in drawn.cohorts if one.month in grid}
        edges = months(first, len(by_month))
        course = measuring.courses_of(program=program, keys=["revenue"], edges=edges)["revenue"]
    assert shown == grid
    assert [figure.numerator for figure in course] == by_month
    assert sum(one.size for one in drawn.cohorts) == customers
    if orders is cdnow:
        windows_begin_and_end_anywhere(program, list(cdnow()))
