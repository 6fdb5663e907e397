"""Events have a day, a place and seats: seats end with the day, move with it, and their holders are reminded once (E9)."""

from datetime import UTC, timedelta

import pytest
from django_scopes import scope

from members.models import AuditEntry, Event
from rewards import checking, redemptions, tasks
from rewards.catalogue import RewardOver
from rewards.gatherings import calendar, editing, reading, reminding
from rewards.models import Gathering, Redemption, Reward
from rewards.redemptions import moves, refusals
from tests.rewards import builders as b
from tests.rewards import catalogue as rewards

pytestmark = pytest.mark.django_db

NOW = b.moment("2026-03-01T12:00")
DAY = b.moment("2026-09-12T18:00")


@pytest.fixture
def program():
    program = b.open_program(time_zone="Europe/London")
    for name in ("anna", "ben"):
        b.join(program, name)
    rewards.put_up(program, "tasting", price={}, per_member=5, kind="event", stock=2, handover="code")
    return program


def plan(program, begins_at=DAY, **values):
    return editing.plan(program=program, key="tasting", by=None, now=NOW, begins_at=begins_at, **values)


def take(program, name="anna", now=NOW):
    return redemptions.reserve(
        program=program,
        member=b.find(program, name),
        reward="tasting",
        key=f"{name}{now}",
        now=now,
        at_once=True,
    )


def told(program, *kinds):
    with scope(program=program):
        return list(Event.objects.filter(kind__in=kinds).order_by("pk").values_list("kind", "holder_id"))


def due(one):
    with scope(program=one.program):
        return Redemption.objects.get(pk=one.pk).due_at


def test_a_seat_is_good_to_the_end_of_the_day_however_far_it_is(program):
    plan(program, ends_at=DAY + timedelta(hours=3))

    one = take(program)

    assert one.due_at == b.moment("2026-09-12T23:00").replace(tzinfo=UTC)  # midnight in London
    with pytest.raises(moves.CodeInvalid):
        moves.use(program=program, code="WRONG", now=DAY)
    moves.fulfil(program=program, redemption_id=one.pk, now=DAY + timedelta(hours=1))
    with scope(program=program):
        assert reading.turnout([Reward.objects.get()]) == {
            one.reward_id: reading.Turnout(expected=0, came=1, seats=2)
        }


def test_the_day_is_that_of_its_own_time_zone(program):
    late = b.moment("2026-09-12T20:00")  # 05:00 on the 13th in Tokyo

    plan(program, begins_at=late, time_zone="Asia/Tokyo")

    assert take(program).due_at == b.moment("2026-09-13T15:00")


def test_nobody_takes_a_seat_after_the_beginning(program):
    plan(program)

    with pytest.raises(refusals.Over):
        take(program, now=DAY)
    with scope(program=program):
        assert Reward.objects.get().ends_at == DAY


def test_an_earlier_end_of_taking_stays_and_a_later_one_does_not(program):
    from rewards import catalogue

    early = b.moment("2026-08-01")
    catalogue.change(program=program, key="tasting", by=None, now=NOW, ends_at=early)
    plan(program)
    with scope(program=program):
        assert Reward.objects.get().ends_at == early

    plan(program, begins_at=b.moment("2026-07-01T18:00"))

    with scope(program=program):
        assert Reward.objects.get().ends_at == b.moment("2026-07-01T18:00")


def test_a_seat_moves_with_the_day_and_its_holder_is_told(program):
    plan(program)
    one, used = take(program), take(program, "ben")
    moves.fulfil(program=program, redemption_id=used.pk, now=NOW)
    later = DAY + timedelta(days=30)

    plan(program, begins_at=later)
    assert editing.extend_due(program=program, now=NOW) == 1
    assert editing.extend_due(program=program, now=NOW) == 0

    assert due(one) == b.moment("2026-10-12T23:00")
    assert told(program, "event.moved") == [("event.moved", one.member_id)]
    assert checking.run(program=program, verify=True).faults == []
    with scope(program=program):
        assert Reward.objects.get().ends_at == later


def test_another_place_is_told_and_another_time_to_remind_is_not(program):
    plan(program, places={"en": "Harbour Lane 4"})
    one = take(program)

    plan(program, places={"en": "Harbour Lane 4"}, remind_hours=48)
    assert editing.extend_due(program=program, now=NOW) == 0
    plan(program, places={"en": "Mill Yard 1"}, remind_hours=48)
    take(program, "ben", now=NOW + timedelta(hours=1))
    assert editing.extend_due(program=program, now=NOW + timedelta(hours=1)) == 1

    assert told(program, "event.moved") == [("event.moved", one.member_id)]
    assert due(one) == b.moment("2026-09-12T23:00")


def test_many_seats_are_moved_some_at_a_time(program):
    plan(program)
    seats = [take(program), take(program, "ben")]
    plan(program, begins_at=DAY + timedelta(days=1))

    assert [editing.extend_due(program=program, now=NOW, limit=1) for _ in range(3)] == [1, 1, 0]

    assert {due(one) for one in seats} == {b.moment("2026-09-13T23:00")}


def test_who_holds_a_seat_is_reminded_once_of_each_beginning(program):
    plan(program, remind_hours=48)
    one = take(program)
    take(program, "ben", now=DAY - timedelta(hours=20))  # knows of it

    assert reminding.remind_due(program=program, now=DAY - timedelta(hours=49)) == 0
    assert reminding.remind_due(program=program, now=DAY - timedelta(hours=48)) == 1
    assert reminding.remind_due(program=program, now=DAY - timedelta(hours=1)) == 0
    plan(program, begins_at=DAY + timedelta(days=10), remind_hours=48)
    assert reminding.remind_due(program=program, now=DAY + timedelta(days=9)) == 2

    found = told(program, "event.soon")
    assert found[0] == ("event.soon", one.member_id)
    assert len(found) == 3
    with scope(program=program):
        data = Event.objects.filter(kind="event.soon").order_by("pk").first().data
    assert data == {"reward": "tasting", "redemption": one.pk, "begins_at": "2026-09-12T18:00:00+00:00"}


def test_nobody_is_reminded_who_gave_the_seat_back_or_where_it_is_off(program):
    plan(program)
    one = take(program)
    moves.cancel(program=program, redemption_id=one.pk, reason="Cannot come", now=NOW)
    assert reminding.remind_due(program=program, now=DAY - timedelta(hours=1)) == 0

    take(program, "ben")
    plan(program, remind_hours=0)

    assert reminding.remind_due(program=program, now=DAY - timedelta(hours=1)) == 0


def test_the_task_reminds_and_extends(program, monkeypatch):
    plan(program)
    take(program)
    monkeypatch.setattr(tasks.clock, "now", lambda: DAY - timedelta(hours=2))

    assert tasks.follow_events() == 1
    assert tasks.follow_events() == 0


def test_a_repeat_changes_nothing_and_a_stale_look_is_refused(program):
    by = b.staff()
    first = editing.plan(program=program, key="tasting", by=by, now=NOW, begins_at=DAY, revision=0)

    again = plan(program)
    assert (first.revision, again.revision) == (1, 1)
    with pytest.raises(editing.GatheringChanged):
        plan(program, begins_at=DAY + timedelta(days=1), revision=0)

    with scope(program=program):
        assert list(AuditEntry.objects.filter(action="reward.event").values_list("actor_id", flat=True)) == [
            by.pk
        ]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"ends_at": DAY}, "ends"),
        ({"time_zone": "Moon/Base"}, "time_zone"),
        ({"remind_hours": 1000}, "remind_hours"),
        ({"places": {"en": "x" * 201}}, "place_en"),
    ],
)
def test_what_cannot_be(program, values, field):
    with pytest.raises(editing.GatheringRefused) as refused:
        plan(program, **values)

    assert refused.value.field == field
    with scope(program=program):
        assert not Gathering.objects.exists()


def test_another_kind_and_what_has_ended_have_no_day(program):
    from rewards import catalogue

    rewards.put_up(program, "mug")
    with pytest.raises(editing.NotFound):
        editing.plan(program=program, key="mug", by=None, now=NOW, begins_at=DAY)
    catalogue.end(program=program, key="tasting", by=None, now=NOW)

    with pytest.raises(RewardOver):
        plan(program)


def test_a_calendar_file_is_escaped_folded_and_in_utc(program):
    one = plan(program, begins_at=b.moment("2026-09-12T18:00"), time_zone="Europe/London")

    text = calendar.write(
        one, host="shop.example", name="Käse, Wein; und mehr", place="قاعة " * 20, text="a\nb", address="https://x/",
        now=NOW,
    )  # fmt: skip

    lines = text.split("\r\n")
    assert "DTSTART:20260912T180000Z" in lines
    assert "DTEND:20260912T200000Z" in lines
    assert f"UID:event-{one.pk}@shop.example" in lines
    assert "SUMMARY:Käse\\, Wein\\; und mehr" in lines
    assert "DESCRIPTION:a\\nb" in lines
    assert all(len(line.encode()) <= 75 for line in lines)
    assert "LOCATION:" + ("قاعة " * 20) in text.replace("\r\n ", "")
