"""The pages of the key figures."""

import html
from pathlib import Path

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from analytics import rollups
from analytics.kpis import REGISTRY
from tests.members.teams import as_staff
from tests.rewards.builders import open_program, order, record

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel("2026-11-21T10:00:00Z", tick=False):
        yield


def figures_of(program, rest=""):
    return f"/dashboard/{program.slug}/figures/{rest}"


@pytest.fixture
def shop():
    """An order of a member and one of nobody, the day before."""
    program = open_program()
    record(
        program,
        order("1", "2026-11-20", 1_000),
        order("2", "2026-11-20", 3_000, member=None),
        at_own_time=True,
    )
    rollups.fold()
    return program


def test_the_page_tells_what_was_divided_by_what(shop):
    response = as_staff(shop, "analyst").get(figures_of(shop))

    shown = {one.key: one for group in response.context["groups"] for one in group["kpis"]}
    assert shown["aov"].value == "€20.00"
    assert shown["aov"].of == "€40.00 ÷ 2"
    assert shown["member_share"].value == "50.0%"
    assert shown["points_redemption"].of == "0 ÷ 10"


def test_the_manual_tells_of_every_kpi():
    told = (Path(__file__).parents[3] / "docs" / "kpis.md").read_text()

    missing = [key for key in REGISTRY if f"`{key}`" not in told]

    assert missing == []


@pytest.mark.parametrize("key", REGISTRY)
def test_every_kpi_has_its_page_with_its_statement(shop, key):
    response = as_staff(shop, "analyst").get(figures_of(shop, f"{key}/?period=30"))

    assert response.status_code == 200
    assert str(REGISTRY[key].definition) in html.unescape(response.text)
    assert "analytics_" in response.text


def test_a_kpi_as_a_table(shop):
    response = as_staff(shop).get(figures_of(shop, "aov/?period=7&format=csv"))

    lines = response.text.splitlines()
    assert response["Content-Type"].startswith("text/csv")
    assert lines[0] == "\ufeffFrom,To,Order value,Sales,Orders"
    assert lines[-2:] == ["2026-11-20,2026-11-20,2000.0,4000,2", "2026-11-21,2026-11-21,,0,0"]


def test_there_is_no_other_kpi(shop):
    assert as_staff(shop).get(figures_of(shop, "magic/")).status_code == 404


def test_days_of_ones_own_and_days_that_cannot_be(shop):
    client = as_staff(shop)

    one_day = client.get(figures_of(shop, "orders/?first=2026-11-20&last=2026-11-20"))
    wrong = client.get(figures_of(shop, "orders/?first=2026-11-20&last=2026-11-19"))

    assert one_day.context["words"].value == "2"
    assert wrong.status_code == 422
    assert "before the first day" in wrong.text


def test_a_part_of_the_page_alone(shop):
    client = as_staff(shop)

    for rest in ("", "aov/", "cohorts/"):
        part = client.get(figures_of(shop, rest), headers={"HX-Request": "true"})
        whole = client.get(figures_of(shop, rest))
        assert "<html" not in part.text
        assert part.text.strip()[:200] in whole.text


def test_margin_that_nobody_knows_is_a_dash(shop):
    response = as_staff(shop).get(figures_of(shop, "margin/"))

    assert response.context["words"].value is None
    assert "Lines name no cost" in response.text


def test_stores_of_a_trade_figure_and_groups_of_people(shop):
    client = as_staff(shop)

    by_store = client.get(figures_of(shop, "revenue/?by=store"))
    by_tier = client.get(figures_of(shop, "repeat_rate/?by=tier"))

    assert [(bar["name"], bar["text"]) for bar in by_store.context["bars"]] == [("No store", "€40.00")]
    assert "counted once a day" in by_tier.text


def test_the_page_of_cohorts(shop):
    response = as_staff(shop).get(figures_of(shop, "cohorts/"))
    table = as_staff(shop).get(figures_of(shop, "cohorts/?by=joined&format=csv"))

    row = response.context["rows"][-1]
    assert (row["month"], row["size"], [cell["text"] for cell in row["cells"]]) == (
        "November 2026",
        1,
        ["100"],
    )
    assert [stage["count"] for stage in response.context["stages"]] == [1, 1, 0, 0]
    assert table.text.splitlines()[1] == "2026-11-01,1,0,1,1,1000"


def test_the_statements_of_a_page_do_not_grow(shop):
    """One for each kind of roll-up and run of days, however many KPIs and steps there are."""
    client = as_staff(shop)
    client.get(figures_of(shop))

    counts = []
    for rest in ("?period=7", "?period=year"):
        with CaptureQueriesContext(connection) as asked:
            client.get(figures_of(shop, rest))
        counts.append(len([one for one in asked if "analytics_" in one["sql"]]))

    assert counts[0] == counts[1] <= 34


def test_another_program_is_another_world(shop):
    other = as_staff(open_program())

    assert [other.get(figures_of(shop, rest)).status_code for rest in ("", "aov/", "cohorts/")] == [404] * 3
