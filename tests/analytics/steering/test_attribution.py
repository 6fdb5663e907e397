"""Attribution: the last touch within its window, against a plain count in Python; late orders, returns and codes."""

import csv
import io
from collections import Counter
from datetime import date, timedelta

import numpy as np
import pytest
import time_machine
from django.db import OperationalError
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.html import strip_tags
from django_scopes import scope

from analytics import tasks
from analytics.attribution import counting, effects, windows
from analytics.models import AttributionPolicy, CreditDay, CreditProductDay, Round
from analytics.scores import responses
from campaigns.models import Journey, JourneyVersion, Message
from members.models import Member, Order, Role
from rewards.posting import LOCKED, Busy
from tests.campaigns import letters
from tests.members.teams import as_staff, hire
from tests.rewards import coupons
from tests.rewards.builders import (
    LONG_AGO,
    bring_back,
    cancel,
    find,
    line,
    moment,
    open_program,
    order,
    record,
    record_each,
)

pytestmark = pytest.mark.django_db

NOW = moment("2026-06-30T08:00")  # a Tuesday
TODAY = date(2026, 6, 30)


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def program():
    return open_program(time_zone="Asia/Tokyo")


@pytest.fixture
def letter(program):
    return letters.template(program)


def touch(program, letter, member, *, clicked="", opened="", channel="email", version=None):
    with scope(program=program):
        at = moment(clicked or opened)
        return Message.objects.create(
            program=program,
            member=find(program, member),
            template=letter,
            content=letter.live,
            channel=channel,
            kind="marketing",
            topic="offers",
            state="delivered",
            idem_key=f"{letter.pk}-{member}-{clicked}-{opened}-{channel}",
            version_id=version,
            queued_at=at,
            not_before=at,
            expires_at=at + timedelta(days=1),
            day=at.date(),
            sent_at=at,
            clicked_at=moment(clicked) if clicked else None,
            opened_at=moment(opened) if opened else None,
        )


def count(program):
    with scope(program=program):
        return counting.count(program=program, first=date(2026, 5, 1), end=date(2026, 7, 1))


def credited(program):
    with scope(program=program):
        return {
            (row.day.isoformat(), f"{row.channel}.{row.touch}"): (row.orders, row.revenue_minor)
            for row in CreditDay.objects.all()
        }


def test_the_last_touch_within_its_window_is_credited(program, letter):
    record_each(
        program,
        order("1", "2026-06-10T10:00", 1000),
        order("2", "2026-06-12T10:00", 2000),
        order("3", "2026-06-10T10:00", 3000, member="ben"),
    )
    touch(program, letter, "anna", clicked="2026-06-04T10:00")
    touch(program, letter, "anna", opened="2026-06-09T11:00")
    touch(
        program, letter, "anna", opened="2026-06-10T11:00"
    )  # after the first order, too long before the second
    touch(program, letter, "ben", clicked="2026-06-03T10:00")  # seven days are over at that very moment

    assert count(program) == 1
    assert credited(program) == {("2026-06-10", "email.open"): (1, 1000)}


def test_what_was_said_to_a_merged_account_counts_for_who_it_became(program, letter):
    record_each(
        program, order("1", "2026-06-10T10:00", 1000), order("2", "2026-05-01T10:00", 100, member="hanna")
    )
    for how in ({"clicked": "2026-06-09T10:00"}, {"opened": "2026-06-09T11:00"}):
        touch(program, letter, "hanna", **how)
    anna, hanna = find(program, "anna"), find(program, "hanna")
    with scope(program=program):
        Member.objects.filter(pk=hanna.pk).update(state="closed", merged_into=anna)

    count(program)

    assert credited(program) == {("2026-06-10", "email.open"): (1, 1000)}
    found = responses.read(program=program, members=np.array([anna.pk]))
    assert found.share[0] == pytest.approx((1 + 10 * found.common) / 12)


def test_windows_that_are_in_use_are_busy(program, monkeypatch):
    class Locked(Exception):
        sqlstate = LOCKED

    def wait(_rows):
        raise OperationalError from Locked()

    by = hire(program)
    monkeypatch.setattr(QuerySet, "select_for_update", wait)

    with pytest.raises(Busy):
        windows.change(program=program, windows={"email.click": 30}, by=by, first=TODAY, now=NOW)


def test_hold_outs_are_measured_without_holding_the_windows(program, monkeypatch):
    seen = []
    monkeypatch.setattr(
        effects, "store", lambda **_facts: seen.append(Round.objects.get(name="attribution").day)
    )

    assert tasks.credit_orders() == 1
    assert seen == [TODAY]


def test_a_day_begins_in_the_programs_zone(program, letter):
    record(program, order("1", "2026-06-10T15:30", 1000))
    touch(program, letter, "anna", clicked="2026-06-10T15:00")

    count(program)

    assert credited(program) == {("2026-06-11", "email.click"): (1, 1000)}


def test_a_program_sets_its_own_windows(program, letter):
    record(program, order("1", "2026-06-20T10:00", 1000))
    touch(program, letter, "anna", clicked="2026-06-01T10:00")
    touch(program, letter, "anna", opened="2026-06-20T09:00")
    first = date(2026, 5, 1)

    windows.change(
        program=program, windows={"email.click": 30, "email.open": 0}, by=hire(program), first=first, now=NOW
    )
    count(program)

    assert credited(program) == {("2026-06-20", "email.click"): (1, 1000)}
    with pytest.raises(windows.WindowInvalid):
        windows.change(program=program, windows={"email.click": 91}, by=hire(program), first=first, now=NOW)


def test_the_code_in_the_order_is_the_last_of_all(program, letter):
    coupon = coupons.put_up(program, "summer")
    record(program, order("0", "2026-06-01", 100))
    touch(program, letter, "anna", clicked="2026-06-10T09:59")
    record(program, order("1", "2026-06-10T10:00", 1000, codes=("SUMMER",)))

    count(program)

    with scope(program=program):
        row = CreditDay.objects.get()
        net = Order.objects.get(external_id="1").total_minor
    assert (row.channel, row.coupon_id, row.revenue_minor) == ("code", coupon.pk, net)


def test_a_journey_is_credited_not_its_message(program, letter):
    with scope(program=program):
        journey = Journey.objects.create(program=program, key="welcome", name="Welcome", salt="s")
        version = JourneyVersion.objects.create(
            program=program, journey=journey, number=1, graph={}, published_at=LONG_AGO
        )
    record(program, order("1", "2026-06-10", 1000))
    touch(program, letter, "anna", clicked="2026-06-09", version=version.pk)

    count(program)

    with scope(program=program):
        row = CreditDay.objects.get()
    assert (row.journey_id, row.template_id) == (journey.pk, 0)


def test_late_orders_returns_and_cancellations_are_credited_anew(program, letter):
    record_each(
        program,
        order("1", "2026-05-01T10:00", line(1000, "pen", quantity=2), 500),
        order("2", "2026-06-20T10:00", 700),
    )
    touch(program, letter, "anna", clicked="2026-04-30T10:00")
    touch(program, letter, "anna", clicked="2026-06-19T10:00")
    with scope(program=program):
        counting.catch_up(program=program, today=TODAY, now=NOW)
    assert credited(program) == {
        ("2026-05-01", "email.click"): (1, 1500),
        ("2026-06-20", "email.click"): (1, 700),
    }

    with time_machine.travel(NOW + timedelta(hours=3), tick=False):
        record(program, bring_back("r", "2026-06-30T10:00", "pen", order="1"), now="2026-06-30T10:30")
        record(program, order("3", "2026-05-02T10:00", 900), now="2026-06-30T10:30")
        record(program, cancel("2", "2026-06-30T10:00"), now="2026-06-30T10:30")
        with scope(program=program):
            first = counting.catch_up(program=program, today=TODAY, now=NOW + timedelta(hours=3))

    assert first == date(2026, 5, 1)
    assert credited(program) == {
        ("2026-05-01", "email.click"): (1, 1000),
        ("2026-05-02", "email.click"): (1, 900),
    }
    with scope(program=program):
        pens = CreditProductDay.objects.get(sku="pen")
    assert (pens.quantity, pens.revenue_minor) == (1, 500)


def test_many_orders_are_what_a_plain_count_gives(program, letter):
    """Twelve members, an order and a touch every few days, held against a loop over all pairs."""
    names = [f"m{number}" for number in range(12)]
    items, touches = [], []
    for place, name in enumerate(names):
        for turn in range(6):
            at = moment("2026-06-01") + timedelta(hours=place * 7 + turn * 61)
            items.append(order(f"{name}-{turn}", at, 100 * (place + 1) + turn, member=name))
    record(program, *items, now=NOW)
    for place, name in enumerate(names):
        for turn in range(9):
            at = (moment("2026-05-28") + timedelta(hours=place * 11 + turn * 43)).isoformat()
            channel, how = ("email", "opened") if (place + turn) % 2 else ("sms", "clicked")
            touches.append(touch(program, letter, name, channel=channel, **{how: at}))

    count(program)

    ids = {f"{name}@example.com": find(program, name).pk for name in names}
    lasts = {"opened": timedelta(days=1), "clicked": timedelta(days=7)}
    expected = Counter()
    for item in items:
        before = [
            (at, "open" if row.opened_at else "click", row.channel)
            for row in touches
            for at in [row.opened_at or row.clicked_at]
            if row.member_id == ids[item.member.value]
            and timedelta(0) <= item.occurred_at - at < lasts["opened" if row.opened_at else "clicked"]
        ]
        if before:
            _at, how, channel = max(before)
            expected[f"{channel}.{how}"] += item.lines[0].amount_minor
    found = Counter()
    for (_day, key), (_orders, revenue) in credited(program).items():
        found[key] += revenue
    assert found == expected
    assert len(found) == 2


def test_the_daily_task_counts_and_measures_once(program, letter):
    record(program, order("1", "2026-06-29T10:00", 1000))
    touch(program, letter, "anna", clicked="2026-06-28T10:00")

    assert (tasks.credit_orders(), tasks.credit_orders()) == (1, 0)
    with scope(program=program):
        policy = AttributionPolicy.objects.get()
    assert policy.counted_at == NOW
    assert policy.effects == {"since": "2026-04-01", "until": "2026-06-30", "all": None, "journeys": {}}


def test_the_page_shows_both_and_adds_up_neither(program, letter):
    record(program, order("1", "2026-06-29T10:00", 1000), order("2", "2026-06-29T10:00", 3000, member="ben"))
    touch(program, letter, "anna", clicked="2026-06-28T10:00")
    tasks.credit_orders()
    with scope(program=program):
        effect = {
            "treated": 900, "held_out": 100, "revenue_minor": 123_400, "low_minor": 1_000, "high_minor": 200_000,
            "margin_minor": None, "cost_minor": 0, "is_clear": True,
        }  # fmt: skip
        found = {"since": "2026-04-01", "until": "2026-06-30", "all": effect, "journeys": {}}
        AttributionPolicy.objects.update(effects=found)
    staff = as_staff(program, Role.ANALYST)
    address = reverse("analytics:attribution", args=[program.slug])

    shown = staff.get(address)
    page = shown.text
    answer = staff.get(f"{address}file/")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))

    assert "E-mail: clicked" in page
    assert "€10.00" in page
    assert shown.context["credits"].credited_minor == 1_000
    assert "+€1,234.00" in page
    assert "900 members against 100 in the control group" in strip_tags(page)
    assert answer.text[0] == "\ufeff"
    assert next((row["What"], row["Key"], row["Sales"]) for row in rows) == ("touch", "email.click", "10.00")


def test_setting_the_windows_counts_anew(program, letter, django_capture_on_commit_callbacks):
    record(program, order("1", "2026-06-20T10:00", 1000))
    touch(program, letter, "anna", clicked="2026-06-01T10:00")
    staff = as_staff(program, Role.MANAGER)
    address = reverse("analytics:attribution_windows", args=[program.slug])
    values = {key.replace(".", "_"): days for key, days in windows.USUAL.items()}

    refused = staff.post(address, values | {"email_click": "400"})
    with django_capture_on_commit_callbacks(execute=True):
        staff.post(address, values | {"email_click": "30"})

    assert refused.status_code == 422
    tasks.count_credits(program.pk)
    assert credited(program) == {("2026-06-20", "email.click"): (1, 1000)}


def test_an_uneven_split_proves_nothing():
    class Skewed:
        mismatch = 0.0001

    assert effects.told(Skewed()) is None
    assert effects.told(None) is None
