"""Journeys run: who is let in goes step by step, each step once, the same few statements for many as for one."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_scopes import scope

from campaigns.journeys import chunks, editing, ticking
from campaigns.models import StaffTask, WorkChunk
from members.models import Event, Member
from tests.campaigns.journeys import trips as t
from tests.rewards import builders as b

pytestmark = pytest.mark.django_db
WAIT = ("pause", "wait", {"days": 2})
TAG = ("mark", "tag", {"tag": "seen"})


@pytest.fixture
def program():
    return b.open_program()


def tags(program):
    with scope(program=program):
        return {member.pk: member.tags for member in Member.objects.all()}


def test_an_event_lets_in_and_each_step_is_carried_out_once(program):
    t.launch(program, t.graph(WAIT, TAG))
    (member,) = t.people(program, 1)
    t.happen(program, member)

    t.work()
    (one,) = t.enrolments(program)
    assert (one.status, one.due_at, t.executed(program)) == ("waiting", t.NOW + 2 * t.DAY, [])

    t.work(t.NOW + 2 * t.DAY)
    (one,) = t.enrolments(program)
    assert (one.status, one.reason, one.hop) == ("finished", "", 2)
    assert t.executed(program) == [("pause", "done", ""), ("mark", "done", "")]
    assert tags(program) == {member: ["seen"]}

    assert t.work(t.NOW + 3 * t.DAY) == 0


def test_who_was_in_once_is_not_let_in_again(program):
    t.launch(program, t.graph(WAIT))
    (member,) = t.people(program, 1)

    for hours in range(3):
        t.happen(program, member, now=t.NOW + hours * t.HOUR)
        t.work(t.NOW + hours * t.HOUR)

    assert len(t.enrolments(program)) == 1


@pytest.mark.parametrize(
    ("entry", "days", "entered"),
    [
        ({"mode": "each"}, (0, 1, 2), 3),
        ({"mode": "period", "period": "week"}, (0, 1, 6, 7), 2),
        ({"mode": "period", "period": "month"}, (0, 20, 40), 2),
        ({"mode": "cooldown", "days": 3}, (0, 2, 3, 5, 7), 3),
    ],
)
def test_the_rule_of_entry_says_how_often(program, entry, days, entered):
    t.launch(program, t.graph(WAIT, entry=entry))
    (member,) = t.people(program, 1)

    for day in days:
        t.happen(program, member, now=t.NOW + day * t.DAY)
        t.work(t.NOW + day * t.DAY)

    assert len(t.enrolments(program)) == entered


def test_only_who_meets_the_condition_is_let_in(program):
    where = {"field": "member.tags", "op": "has any", "value": ["vip"]}
    t.launch(program, t.graph(WAIT, trigger={"kind": "event", "event": "event.start", "where": where}))
    vip, other = t.people(program, 2)
    with scope(program=program):
        Member.objects.filter(pk=vip).update(tags=["vip"])

    t.happen(program, vip, other)
    t.work()

    assert [one.member_id for one in t.enrolments(program)] == [vip]


def test_an_event_that_says_something_else_lets_nobody_in(program):
    trigger = {"kind": "event", "event": "event.start", "match": {"stars": 1}}
    t.launch(program, t.graph(WAIT, trigger=trigger))
    one, other = t.people(program, 2)

    t.happen(program, one, data={"stars": 1})
    t.happen(program, other, data={"stars": 5})
    t.work()

    assert [each.member_id for each in t.enrolments(program)] == [one]


def test_an_event_sends_out_in_its_own_transaction(program):
    t.launch(program, t.graph(WAIT, TAG, exit=[{"event": "order"}]))
    stays, leaves = t.people(program, 2)
    t.happen(program, stays, leaves)
    t.work()

    t.happen(program, leaves, kind="order", now=t.NOW + t.HOUR)

    by_member = {one.member_id: one for one in t.enrolments(program)}
    assert (by_member[leaves].status, by_member[leaves].reason) == ("exited", "order")
    assert by_member[stays].status == "waiting"
    t.work(t.NOW + 3 * t.DAY)
    assert tags(program) == {stays: ["seen"], leaves: []}


def test_who_leaves_before_being_let_in_does_not_enter(program):
    t.launch(program, t.graph(TAG, exit=[{"event": "order"}]))
    (member,) = t.people(program, 1)

    t.happen(program, member)
    t.happen(program, member, kind="order", now=t.NOW + t.HOUR)
    t.work(t.NOW + t.HOUR)

    assert t.enrolments(program) == []


def test_an_exit_may_ask_about_the_member(program):
    where = {"field": "member.tags", "op": "has any", "value": ["vip"]}
    t.launch(program, t.graph(WAIT, exit=[{"event": "order", "where": where}]))
    vip, other = t.people(program, 2)
    with scope(program=program):
        Member.objects.filter(pk=vip).update(tags=["vip"])
    t.happen(program, vip, other)
    t.work()

    t.happen(program, vip, other, kind="order", now=t.NOW + t.HOUR)

    assert {one.member_id: one.status for one in t.enrolments(program)} == {vip: "exited", other: "waiting"}


def test_waiting_for_an_event_ends_with_it_or_with_the_time(program):
    step = {
        "event": "order",
        "timeout_days": 7,
        "then": [{"key": "yes", "kind": "tag", "tag": "bought"}],
        "else": [],
    }
    t.launch(program, t.graph(("hear", "wait_event", step)))
    buys, waits = t.people(program, 2)
    t.happen(program, buys, waits)
    t.work()

    t.happen(program, buys, kind="order", now=t.NOW + t.DAY)
    t.work(t.NOW + t.DAY)
    assert tags(program) == {buys: ["bought"], waits: []}
    assert [one.status for one in t.enrolments(program)] == ["finished", "waiting"]

    t.work(t.NOW + 7 * t.DAY)
    assert ("hear", "done", "else") in t.executed(program)
    assert tags(program)[waits] == []


def test_a_branch_takes_the_first_path_that_fits_and_goes_on_after(program):
    where = {"field": "member.tags", "op": "has any", "value": ["vip"]}
    step = {
        "paths": [
            {
                "name": "vip",
                "where": where,
                "steps": [{"key": "a", "kind": "task", "title": "Call", "days": 1}],
            }
        ]
    }
    t.launch(program, t.graph(("who", "branch", step), TAG))
    vip, other = t.people(program, 2)
    with scope(program=program):
        Member.objects.filter(pk=vip).update(tags=["vip"])

    t.happen(program, vip, other)
    t.work()

    with scope(program=program):
        assert list(StaffTask.objects.values_list("member_id", "title")) == [(vip, "Call")]
    assert {member: sorted(found) for member, found in tags(program).items()} == {
        vip: ["seen", "vip"],
        other: ["seen"],
    }


def test_a_lot_is_never_drawn_anew(program):
    ways = [{"name": "A", "share": 30, "steps": []}, {"name": "B", "share": 70, "steps": []}]
    t.launch(program, t.graph(("lot", "split", {"paths": ways}), entry={"mode": "each"}))
    members = t.people(program, 60)

    for hour in range(2):
        t.happen(program, *members, now=t.NOW + hour * t.HOUR)
        t.work(t.NOW + hour * t.HOUR)

    taken = dict[int, set[str]]()
    for one, (_key, _outcome, way) in zip(t.enrolments(program), t.executed(program), strict=True):
        taken.setdefault(one.member_id, set()).add(way)
    assert all(len(ways) == 1 for ways in taken.values())
    assert 8 <= sum(ways == {"A"} for ways in taken.values()) <= 30


def test_points_are_given_once_and_within_the_budget(program):
    points = ("gift", "points", {"unit": "points", "amount": 50, "budget": 120})
    journey = t.launch(program, t.graph(points))
    members = t.people(program, 3)

    t.happen(program, *members)
    t.work()

    assert [b.balance(program, f"p{i}").active for i in range(3)] == [50, 50, 0]
    assert [outcome for _key, outcome, _way in t.executed(program)] == ["done", "done", "refused"]
    with scope(program=program):
        assert journey.current.steps.get().spent == 100
    assert b.wrong_wallets(program) == []


def test_who_is_held_out_goes_along_and_gets_nothing(program):
    points = ("gift", "points", {"unit": "points", "amount": 50})
    t.launch(program, t.graph(points, TAG, holdout=50))
    members = t.people(program, 40)

    t.happen(program, *members)
    t.work()

    out = {one.member_id for one in t.enrolments(program) if one.holdout}
    assert 5 <= len(out) <= 35
    assert {member for member, found in tags(program).items() if not found} == out
    assert all(one.status == "finished" for one in t.enrolments(program))


def test_a_member_who_is_gone_goes_no_further(program):
    t.launch(program, t.graph(WAIT, TAG))
    (member,) = t.people(program, 1)
    t.happen(program, member)
    t.work()
    with scope(program=program):
        Member.objects.filter(pk=member).update(state="blocked")

    t.work(t.NOW + 2 * t.DAY)

    assert [(one.status, one.reason) for one in t.enrolments(program)] == [("exited", "member")]


def test_a_paused_journey_stands_still_and_goes_on(program):
    journey = t.launch(program, t.graph(WAIT, TAG))
    one, late = t.people(program, 2)
    t.happen(program, one)
    t.work()
    by = journey.owner

    editing.pause(journey=journey, by=by, now=t.NOW)
    t.happen(program, late, now=t.NOW + t.HOUR)
    assert t.work(t.NOW + 2 * t.DAY) == 0

    editing.resume(journey=journey, by=by, now=t.NOW + 3 * t.DAY)
    t.work(t.NOW + 3 * t.DAY)
    assert tags(program) == {one: ["seen"], late: []}
    t.happen(program, late, now=t.NOW + 4 * t.DAY)
    t.work(t.NOW + 4 * t.DAY)
    assert len(t.enrolments(program)) == 2


def test_a_webhook_step_is_told_to_the_log(program):
    t.launch(program, t.graph(("tell", "webhook", {"topic": "crm.call"})))
    (member,) = t.people(program, 1)

    t.happen(program, member)
    t.work()

    with scope(program=program):
        told = Event.objects.get(kind="event.journey")
    assert (told.holder_id, told.data["topic"], told.data["journey"]) == (member, "crm.call", "trip")


def statements(program, number):
    members = t.people(program, number)
    t.happen(program, *members)
    ticking.let_in(now=t.NOW)
    with CaptureQueriesContext(
        connection,
    ) as caught:
        t.work()
    with scope(program=program):
        assert Member.objects.filter(tags=["seen"]).count() == number
    return len(caught)


def test_many_members_take_the_statements_of_few():
    few, many = b.open_program(), b.open_program()
    where = {"field": "member.tags", "op": "has any", "value": ["vip"]}
    steps = (
        ("who", "branch", {"paths": [{"name": "vip", "where": where, "steps": []}]}),
        ("lot", "split", {"paths": [{"name": "A", "share": 100, "steps": []}]}),
        TAG,
        ("call", "task", {"title": "Call", "days": 1}),
    )
    for program in (few, many):
        t.launch(program, t.graph(*steps))

    assert statements(many, 300) == statements(few, 3)


def test_a_worker_that_was_thought_dead_undoes_everything(program):
    t.launch(program, t.graph(TAG))
    (member,) = t.people(program, 1)
    t.happen(program, member)
    (chunk,) = ticking.tick(now=t.NOW)
    first = chunks.take(chunk=chunk, now=t.NOW)
    assert chunks.take(chunk=chunk, now=t.NOW) is None, "the lease holds"
    second = chunks.take(chunk=chunk, now=t.NOW + t.HOUR)

    with pytest.raises(chunks.Overtaken):
        chunks.finish(first, now=t.NOW)
    assert tags(program) == {member: []}

    chunks.finish(second, now=t.NOW)
    assert tags(program) == {member: ["seen"]}
    with scope(program=program):
        assert not WorkChunk.objects.exists()
