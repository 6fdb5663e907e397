"""The pages of back-tests: begun from a draft, watched, stopped, read and downloaded; other programs see nothing."""

import csv
import io
from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from django_scopes import scope

from analytics import tasks
from analytics.backtests import runs, watching
from analytics.backtests.results import Result
from analytics.backtests.sums import Sums
from analytics.models import Backtest
from analytics.views.backtests import drawings
from analytics.views.backtests.words import Teller
from loyaltysite.kit import clock
from members.models import Event, Role, Store
from rewards import drafts
from rewards.models import Tier
from tests.analytics.backtests.test_runs import DOUBLE
from tests.members.teams import as_staff
from tests.rewards import builders as b
from tests.rewards import test_dashboard_tiers

pytestmark = pytest.mark.django_db
FULL = {"trigger": {"on": "order"}, "unit": "points", **DOUBLE}


@pytest.fixture
def program():
    found = b.open_program(
        tiers={"basic": (0, {}), "gold": (90_000, {"points": "2"})}, stores=["north"], time_zone="UTC"
    )
    with scope(program=found):
        drafts.save(program=found, key="base", name="Twice", definition=FULL, by=None, now=clock.now())
    at = clock.now() - timedelta(days=60)
    for number in range(12):
        moment = at + timedelta(days=4 * number)
        b.record(
            found,
            b.order(str(number), moment, 10_000, member=f"m{number % 3}", store="north"),
            at_own_time=True,
        )
    return found


def begun(client, program, **others):
    today = timezone.localdate()
    data = {"first": today - timedelta(days=90), "last": today, "basis": "then", "drafts": ["base"], **others}
    return client.post(reverse("analytics:backtest_new", args=[program.slug]), data)


def made(program):
    with scope(program=program):
        return Backtest.objects.latest("pk")


def done(program):
    assert runs.work(backtest_id=made(program).pk, clock=clock.now)
    return made(program)


def address(name, program, *rest):
    return reverse(f"analytics:{name}", args=[program.slug, *rest])


def test_a_draft_is_begun_watched_and_read(program, django_capture_on_commit_callbacks, monkeypatch):
    woken = []
    monkeypatch.setattr(tasks, "wake_backtest", woken.append)
    client = as_staff(program, Role.MANAGER)
    form = client.get(address("backtest_new", program) + "?rule=base")
    assert b'value="base"' in form.content
    assert form.content.count(b"checked") == 1

    with django_capture_on_commit_callbacks(execute=True):
        answer = begun(client, program)

    one = made(program)
    assert answer.url == address("backtest", program, one.pk)
    assert woken == [one.pk]
    page = client.get(answer.url)
    assert b'hx-trigger="every 1s"' in page.content
    done(program)
    page = client.get(answer.url)
    assert b"every 1s" not in page.content
    text = page.content.decode()
    assert "This draft would have cost" in text
    assert "(+100.0%)" in text
    assert "3 members gain" in text
    assert "exactly what the ledger says" in text


def test_the_fragment_is_the_part_that_goes_on(program):
    client = as_staff(program, Role.MANAGER)
    begun(client, program)

    answer = client.get(address("backtest", program, made(program).pk), headers={"HX-Request": "true"})

    assert answer.content.strip().startswith(b'<div id="backtest"')


def test_the_list_tells_what_each_would_cost(program):
    client = as_staff(program, Role.MANAGER)
    assert b"No back-tests yet" in client.get(address("backtests", program)).content
    begun(client, program)
    done(program)

    text = client.get(address("backtests", program)).content.decode()

    assert "Twice" in text
    assert "+€12.00" in text


def test_nothing_chosen_and_half_a_price_are_refused(program):
    client = as_staff(program, Role.MANAGER)

    nothing = begun(client, program, drafts=[])
    early = begun(client, program, last=date(2001, 1, 1))

    assert (nothing.status_code, early.status_code) == (422, 422)
    assert b"Choose at least one change." in nothing.content
    assert b"The period ends before it begins" in early.content


def test_thresholds_expiry_and_a_rule_left_out_are_changes(program):
    client = as_staff(program, Role.MANAGER)

    begun(client, program, drafts=[], tier_gold="100", months_points="3", retired="base")

    wanted = made(program).changes
    assert wanted["tiers"]["tiers"][1]["threshold"] == 10_000
    assert wanted["expiry"] == {"points": {"kind": "months", "count": 3}}
    assert wanted["retired"] == ["base"]
    page = client.get(address("backtest", program, made(program).pk)).content.decode()
    assert "Without the rule" in page


def test_it_is_stopped_goes_on_and_is_deleted(program):
    client = as_staff(program, Role.MANAGER)
    begun(client, program)
    one = made(program)

    client.post(address("backtest_stop", program, one.pk))
    assert made(program).state == Backtest.State.CANCELLED
    assert b"Stopped." in client.get(address("backtest", program, one.pk)).content
    client.post(address("backtest_go_on", program, one.pk))
    assert made(program).state == Backtest.State.RUNNING
    refused = client.post(address("backtest_delete", program, one.pk), follow=True)
    assert b"Stop it first." in refused.content
    done(program)
    client.post(address("backtest_delete", program, one.pk))

    with scope(program=program):
        assert not Backtest.objects.exists()


def test_every_table_is_a_file(program):
    client = as_staff(program, Role.MANAGER)
    begun(client, program)
    one = done(program)
    with scope(program=program):
        Store.objects.update(name=" =north")

    def read(part):
        answer = client.get(address("backtest_csv", program, one.pk, part))
        text = answer.getvalue().decode()
        assert text[0] == "\ufeff"
        return list(csv.DictReader(io.StringIO(text[1:])))

    members, days = read("members"), read("days")
    assert [(row["As it was"], row["Under the draft"], row["Difference"]) for row in members] == [
        ("4.00", "8.00", "4.00")
    ] * 3
    assert len(days) == 12
    assert sum(float(row["Under the draft"]) for row in days) == 24
    assert [(row["Name"], row["Sales"], row["Difference"]) for row in read("stores")] == [
        ("' =north", "1200.00", "12.00")
    ]
    assert [row["Rule"] for row in read("rules")] == ["Twice"]
    assert client.get(address("backtest_csv", program, one.pk, "secrets")).status_code == 404


def test_the_course_is_in_whole_money_of_the_currency():
    program = b.open_program(currency="JPY")
    sums = Sums(days={"2026-01-02": [1, 1_000, 0, 0, 300, 500]})
    backtest = Backtest(first=date(2026, 1, 1), last=date(2026, 1, 2))

    with scope(program=program):
        chart = drawings.course(backtest, Result(sums, scale=1, more={"weights": {}}), Teller(program))

    assert [row[1:] for row in chart.rows] == [["0", "0"], ["500", "300"]]


def test_an_analyst_reads_and_begins_nothing(program):
    client = as_staff(program, Role.ANALYST)

    assert client.get(address("backtests", program)).status_code == 200
    assert begun(client, program).status_code == 403


def test_tiers_are_tried_from_their_form(program):
    client = as_staff(program, Role.MANAGER)
    with scope(program=program):
        for key in ("basic", "gold"):
            Tier.objects.filter(key=key).update(names={"en": key.title()})
    data = test_dashboard_tiers.typed(program, window="calendar_year", **{"tier-1-threshold": "100"})

    answer = client.post(address("backtest_tiers", program), data)

    assert answer.url == address("backtest", program, made(program).pk)
    assert made(program).changes["tiers"]["tiers"][1]["threshold"] == 10_000


def test_what_left_its_band_stands_on_the_home_page(program):
    client = as_staff(program, Role.MANAGER)
    begun(client, program)
    one = done(program)
    with scope(program=program):
        Backtest.objects.filter(pk=one.pk).update(watch=Backtest.Watch.OUTSIDE, live_since=clock.now())
        Event.objects.create(
            program=program, kind=watching.KIND, occurred_at=clock.now(), data={"backtest": one.pk}
        )

    home = client.get(reverse("analytics:home", args=[program.slug])).content.decode()

    assert address("backtest", program, one.pk) in home
