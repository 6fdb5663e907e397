"""Days, times and silences bring members in once their hour has come, and what was missed is made up for."""

from datetime import timedelta

import pytest
from django_scopes import scope

from campaigns.journeys import draining, editing, scanning
from campaigns.models import Enrolment, Journey, Listener, Segment
from members import audiences
from members.models import Member
from rewards.models import Lot
from tests.campaigns.journeys import trips as t
from tests.rewards import builders as b

pytestmark = pytest.mark.django_db
TAG = ("mark", "tag", {"tag": "seen"})


@pytest.fixture
def program():
    return b.open_program(time_zone="Europe/Berlin")


def scan(program, *moments):
    """How many entered at each of these moments."""
    return [scanning.scan(program=program, now=b.moment(moment)) for moment in moments]


def test_a_birthday_brings_in_before_its_day_at_its_hour(program):
    trigger = {"kind": "date", "date": "birthday", "offset_days": -7, "hour": 9}
    t.launch(program, t.graph(TAG, trigger=trigger, entry={"mode": "each"}), now=b.moment("2026-03-01"))
    with scope(program=program):
        leap = b.join(program, "leap", birthday="2000-03-15")
        b.join(program, "other", birthday="2000-03-16")

    assert scan(program, "2026-03-08T07:59", "2026-03-08T08:00", "2026-03-08T08:05") == [0, 1, 0]
    assert [one.member_id for one in t.enrolments(program)] == [leap.pk]
    assert scan(program, "2027-03-08T08:01") == [1], "and again the year after"


def test_who_was_born_on_the_29th_of_february_has_a_birthday_every_year(program):
    trigger = {"kind": "date", "date": "birthday", "hour": 9}
    t.launch(program, t.graph(TAG, trigger=trigger), now=b.moment("2026-02-28T00:00"))
    with scope(program=program):
        b.join(program, "leap", birthday="2000-02-29")

    assert scan(program, "2026-02-28T08:00") == [1]


def test_points_about_to_end_bring_in_on_the_day_before():
    program = b.open_program(
        units={"points": {"expiry": {"kind": "days", "count": 30}}}, time_zone="Europe/Berlin"
    )
    trigger = {"kind": "date", "date": "lot_expiry", "offset_days": -7, "hour": 9}
    t.launch(program, t.graph(TAG, trigger=trigger, entry={"mode": "each"}), now=b.moment("2026-01-01"))
    b.record(program, b.order("A", "2026-01-01", 10_00, member="m"))
    with scope(program=program):
        ends_on = Lot.objects.get().expires_at.astimezone(program.zone).date()

    day = timedelta(days=1)
    assert scan(program, *(f"{ends_on - n * day}T09:00" for n in (8, 7, 6))) == [0, 1, 0]


def test_a_schedule_brings_its_segment_in_each_week(program):
    with scope(program=program):
        segment = Segment.objects.create(program=program, key="regulars", name="Regulars", kind="list")
    trigger = {"kind": "schedule", "every": "week", "weekday": 0, "hour": 9, "segment": segment.pk}
    t.launch(program, t.graph(TAG, trigger=trigger, entry={"mode": "each"}), now=b.moment("2026-03-01"))
    inside, _outside = t.people(program, 2)
    audiences.enter(program=program, audience=segment.pk, key=segment.key, members=[inside], now=t.NOW)

    assert scan(program, "2026-03-02T08:00", "2026-03-03T08:00", "2026-03-09T08:00") == [1, 0, 1]


def test_what_was_missed_is_made_up_for_unless_it_is_too_late(program):
    trigger = {"kind": "schedule", "every": "day", "hour": 9}
    draft = t.graph(TAG, trigger=trigger, entry={"mode": "each"}, window={"late_hours": 30})
    t.launch(program, draft, now=b.moment("2026-03-01"))
    t.people(program, 1)

    assert scan(program, "2026-03-10T10:00") == [2], "today's and yesterday's, and none of the week before"


def test_silence_is_measured_by_the_members_own_rhythm(program):
    trigger = {"kind": "inactivity", "tenths": 25, "least_days": 10, "hour": 9}
    t.launch(program, t.graph(TAG, trigger=trigger, entry={"mode": "each"}), now=b.moment("2026-01-01"))
    weekly = ("2026-01-01", "2026-01-08", "2026-01-15")
    monthly = ("2025-11-15", "2025-12-15", "2026-01-15")
    for name, days in (("weekly", weekly), ("monthly", monthly)):
        b.record(program, *(b.order(f"{name}-{day}", day, 10_00, member=name) for day in days))

    # 2.5 weeks of silence are long for one and nothing for the other.
    assert scan(program, "2026-02-01T09:00", "2026-02-02T09:00", "2026-02-03T09:00") == [0, 1, 0]
    assert [one.member_id for one in t.enrolments(program)] == [b.find(program, "weekly").pk]
    assert scan(program, "2026-04-02T09:00") == [1]


def test_a_stopped_journey_lets_everybody_out(program):
    journey = t.launch(program, t.graph(("pause", "wait", {"days": 2}), TAG))
    t.happen(program, *t.people(program, 3))
    t.work()

    editing.stop(journey=journey, by=journey.owner, now=t.NOW)
    assert t.work(t.NOW + 3 * t.DAY) == 0
    assert draining.drain(program=program, now=t.NOW) == 3

    assert {(one.status, one.reason) for one in t.enrolments(program)} == {("exited", "stopped")}
    with scope(program=program):
        assert not Listener.objects.exists()
        assert not Member.objects.filter(tags=["seen"]).exists()
        assert Journey.objects.get().state == "stopped"
        assert not Enrolment.objects.filter(status="waiting").exists()
