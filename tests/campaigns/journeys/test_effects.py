"""What steps do to members: rewards, tiers, lists, tasks; caps in the middle of a journey; local hours across both changes
of clocks; each once, each with the reason where it does nothing."""

import pytest
from django_scopes import scope

from campaigns.audiences import segments
from campaigns.journeys import counts, ticking
from campaigns.models import Decision, Message, Segment, StaffTask, Whereabouts
from members.models import AudienceMember, Event, Member
from rewards.models import Redemption, Tier
from tests.campaigns import letters
from tests.campaigns.journeys import trips as t
from tests.rewards import builders as b
from tests.rewards import catalogue

pytestmark = pytest.mark.django_db
TAG = ("mark", "tag", {"tag": "seen"})


@pytest.fixture
def program():
    made = b.open_program(tiers={"basic": (0, {}), "gold": (50_000, {})})
    letters.behave(made)
    return made


def go(program, *steps, members=2, now=t.NOW, **graph):
    """These members go through these steps; the members and the journey."""
    journey = t.launch(program, t.graph(*steps, **graph), now=now)
    people = t.people(program, members)
    t.happen(program, *people, now=now)
    t.work(now)
    return people, journey


def outcomes(program, key):
    return [outcome for step, outcome, _way in t.executed(program) if step == key]


def reasons(journey, key):
    told = counts.of_steps(version=journey.current)[key].by("reason")
    return {reason: number for reason, number in told.items() if reason}


def test_a_reward_is_given_for_nothing_and_once(program):
    mug = catalogue.put_up(program, "mug")

    people, _journey = go(program, ("gift", "reward", {"reward": mug.pk}), TAG)
    t.work(t.NOW + t.DAY)

    with scope(program=program):
        given = list(Redemption.objects.order_by("member_id").values_list("member_id", "reward_id"))
    assert given == [(member, mug.pk) for member in people]
    assert outcomes(program, "gift") == ["done", "done"]
    assert {b.balance(program, f"p{i}").active for i in range(2)} == {0}


def test_who_comes_after_the_last_reward_goes_on_without(program):
    mug = catalogue.put_up(program, "mug", stock=1)

    people, journey = go(program, ("gift", "reward", {"reward": mug.pk}), TAG, members=3)

    assert outcomes(program, "gift") == ["done", "refused", "refused"]
    assert sum(reasons(journey, "gift").values()) == 2
    with scope(program=program):
        assert Redemption.objects.count() == 1
        assert all(member.tags == ["seen"] for member in Member.objects.filter(pk__in=people))


def test_a_budget_of_rewards_is_never_passed(program):
    mug = catalogue.put_up(program, "mug")

    _people, journey = go(program, ("gift", "reward", {"reward": mug.pk, "budget": 2}), members=3)

    assert outcomes(program, "gift") == ["done", "done", "refused"]
    assert reasons(journey, "gift") == {"budget": 1}


def test_a_tier_is_given_as_by_hand_and_ends(program):
    with scope(program=program):
        gold = Tier.objects.get(key="gold")

    (member,), _journey = go(program, ("up", "tier", {"tier": gold.pk, "days": 30}), members=1)

    standing = b.standings(program, "p0")[-1]
    assert (standing.member_id, standing.tier_id) == (member, gold.pk)
    assert (standing.valid_until - t.NOW).days in (30, 31)
    assert outcomes(program, "up") == ["done"]


@pytest.mark.parametrize("do", ["add", "remove"])
def test_a_list_is_added_to_and_taken_from(program, do):
    friends = segments.create(program=program, name="Friends", kind=Segment.Kind.LIST, by=None, now=t.NOW)
    (first, _second), _journey = go(program, ("in", "segment", {"segment": friends.pk, "do": "add"}))
    if do == "remove":
        out = ("out", "segment", {"segment": friends.pk, "do": "remove"})
        t.launch(program, t.graph(out, trigger={"kind": "event", "event": "event.end"}))
        t.happen(program, first, kind="event.end", now=t.NOW + t.HOUR)
        t.work(t.NOW + t.HOUR)

    with scope(program=program):
        inside = set(
            AudienceMember.objects.filter(audience_id=friends.pk).values_list("member_id", flat=True)
        )
        kinds = set(Event.objects.filter(kind__startswith="segment.").values_list("kind", flat=True))
    assert (first in inside) is (do == "add")
    assert len(inside) == (2 if do == "add" else 1)
    assert kinds == ({"segment.entered"} if do == "add" else {"segment.entered", "segment.left"})


def test_a_task_is_asked_for_once_with_its_day(program):
    people, _journey = go(program, ("call", "task", {"title": "Call them", "days": 3}))
    t.work(t.NOW + t.DAY)

    with scope(program=program):
        tasks = StaffTask.objects.order_by("member_id").values_list("member_id", "title", "due_at", "done_at")
        assert list(tasks) == [(member, "Call them", t.NOW + 3 * t.DAY, None) for member in people]


def test_an_exit_step_ends_the_way_there(program):
    step = {"paths": [{"name": "all", "share": 100, "steps": [{"key": "out", "kind": "exit"}]}]}

    go(program, ("lot", "split", step), TAG)

    with scope(program=program):
        assert {member.tags == [] for member in Member.objects.all()} == {True}
    assert {one.status for one in t.enrolments(program)} <= {"finished", "exited"}


# --- caps -------------------------------------------------------------------------------------------------------------


def say_twice(program, capped):
    """Two messages in a row to one member who may have one in a week."""
    letters.behave(program, caps=[{"channel": "", "kind": "marketing", "days": 7, "most": 1}])
    template = letters.template(program)
    said = {"message": template.pk, "channel": "email", "capped": capped}
    t.launch(program, t.graph(("one", "message", said), ("two", "message", said), TAG))
    member = letters.join(program, "anna")
    t.happen(program, member.pk)
    t.work()
    return member


def test_who_had_enough_waits_at_the_step_for_a_free_day(program):
    member = say_twice(program, "defer")

    (one,) = t.enrolments(program)
    assert outcomes(program, "two") == ["deferred"]
    assert one.status == "waiting"
    assert one.due_at - t.NOW >= 6 * t.DAY

    t.work(one.due_at)
    assert outcomes(program, "two") == ["deferred", "queued"]
    with scope(program=program):
        days = list(Message.objects.order_by("pk").values_list("day", flat=True))
        assert (days[1] - days[0]).days >= 7
        assert Member.objects.get(pk=member.pk).tags == ["seen"]


def test_who_had_enough_is_passed_over(program):
    member = say_twice(program, "skip")

    assert outcomes(program, "two") == ["not_sent"]
    with scope(program=program):
        assert Message.objects.count() == 1
        assert Decision.objects.get().reason == "capped"
        assert Member.objects.get(pk=member.pk).tags == ["seen"]


def test_who_had_enough_leaves_and_the_first_message_with_them(program):
    member = say_twice(program, "exit")

    (one,) = t.enrolments(program)
    assert (one.status, one.reason) == ("exited", "capped")
    with scope(program=program):
        assert Member.objects.get(pk=member.pk).tags == []
        # What is not sent yet belongs to a journey that is over.
        assert [message.state for message in Message.objects.all()] == ["cancelled"]


def test_of_two_journeys_at_once_the_one_that_matters_more_speaks(program):
    letters.behave(program, caps=[{"channel": "", "kind": "marketing", "days": 7, "most": 1}])
    template = letters.template(program)
    said = {"message": template.pk, "channel": "email", "capped": "skip"}
    t.launch(program, t.graph(("second", "message", said), priority=9))
    t.launch(program, t.graph(("first", "message", said), priority=1))
    member = letters.join(program, "anna")
    t.happen(program, member.pk)

    ticking.let_in(now=t.NOW)
    t.work()

    assert outcomes(program, "first") == ["queued"]
    assert outcomes(program, "second") == ["not_sent"]


# --- local hours ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "now", "due"),
    [
        # The night of 29 March 2026 has no 02:30 in Berlin; that of 25 October has two. New York has its own days.
        ("Europe/Berlin", "2026-03-28T20:00", "2026-03-29T01:00"),
        ("Europe/Berlin", "2026-10-24T20:00", "2026-10-25T00:30"),
        ("America/New_York", "2026-03-07T20:00", "2026-03-08T07:00"),
        ("America/New_York", "2026-10-31T20:00", "2026-11-01T07:30"),
        ("Asia/Tehran", "2026-03-28T20:00", "2026-03-28T23:00"),
    ],
)
def test_a_member_waits_for_the_hour_of_their_own_clock(program, zone, now, due):
    (member,) = t.people(program, 1)
    with scope(program=program):
        Whereabouts.objects.create(program=program, member_id=member, time_zone=zone)
    t.launch(program, t.graph(("night", "wait_local", {"hour": 2, "minute": 30}), TAG), now=b.moment(now))
    t.happen(program, member, now=b.moment(now))
    t.work(b.moment(now))

    (one,) = t.enrolments(program)
    assert one.due_at == b.moment(due)

    t.work(b.moment(due))
    t.work(b.moment(due) + t.HOUR)
    assert [key for key, _outcome, _way in t.executed(program)] == ["night", "mark"]
