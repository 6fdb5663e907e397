"""A test assigns by lot, once, in the transaction of the step; rounds begin and end with versions."""

import pytest
from django.db import connection
from django_scopes import scope

from campaigns.journeys import dryrun, editing
from campaigns.journeys.graph import GraphInvalid
from campaigns.models import Experiment, Exposure
from members.models import Member, Role
from tests.campaigns.experiments import trials
from tests.campaigns.journeys import trips as t
from tests.members.teams import hire
from tests.rewards import builders as b

pytestmark = pytest.mark.django_db
COUNT = 40


@pytest.fixture
def program():
    return b.open_program()


def lots(salt, people):
    with connection.cursor() as cursor:
        cursor.execute("SELECT m, wafa_lot(%s, m) FROM unnest(%s) m", [salt, people])
        return dict(cursor.fetchall())


def publish(program, journey, draft, now=trials.NOW):
    with scope(program=program):
        by = hire(program, Role.MANAGER)
        editing.change(journey=journey, by=by, now=now, draft=draft)
        editing.publish(journey=journey, by=by, now=now)


def test_each_member_has_the_arm_of_their_lot_and_gets_what_it_gives(program):
    people = t.people(program, COUNT)
    trials.launch(program)

    trials.run(program, people)

    found = trials.one(program)
    expected = {member: int(lot >= 5_000) for member, lot in lots(found.salt, people).items()}
    assert trials.arms_of(program, found) == expected
    with scope(program=program):
        tags = {member.pk: member.tags for member in Member.objects.all()}
    assert tags == {member: [["got-a"], ["got-b"]][arm] for member, arm in expected.items()}


def test_whoever_comes_again_keeps_arm_and_moment(program):
    people = t.people(program, 6)
    trials.launch(program, entry={"mode": "each"})
    trials.run(program, people)
    before = trials.arms_of(program, trials.one(program))

    trials.run(program, people, trials.NOW + 3 * trials.DAY)

    assert len(t.enrolments(program)) == 12
    assert trials.arms_of(program, trials.one(program)) == before
    with scope(program=program):
        assert set(Exposure.objects.values_list("at", flat=True)) == {trials.NOW}


def test_whom_the_journey_holds_out_is_in_no_arm(program):
    people = t.people(program, COUNT)
    journey = trials.launch(program, holdout=50)
    held_out = {member for member, lot in lots(journey.salt, people).items() if lot < 5_000}

    trials.run(program, people)

    found = trials.one(program, kind="test")
    assert set(trials.arms_of(program, found)) == set(people) - held_out


def test_a_dry_run_leaves_no_experiment_behind(program):
    t.people(program, 5)
    with scope(program=program):
        by = hire(program, Role.MANAGER)

    found = dryrun.play(program=program, draft=t.graph(trials.trial()), by=by, now=trials.NOW)

    assert found.steps["try"].through == 5
    with scope(program=program):
        assert not Experiment.objects.exists()


def test_a_test_needs_two_arms_a_name_and_a_window(program):
    draft = t.graph(trials.trial(trials.arm("A", 100), name="", days=0))

    with pytest.raises(GraphInvalid) as refused:
        t.launch(program, draft)

    assert [fault.path for fault in refused.value.faults] == [
        "steps[0].name", "steps[0].window_days", "steps[0].paths",
    ]  # fmt: skip
    assert {fault.step for fault in refused.value.faults} == {"try"}


def test_another_name_goes_on_with_the_round_and_another_arm_begins_one(program):
    journey = trials.launch(program)
    first = trials.one(program)

    publish(program, journey, t.graph(trials.trial(name="Better name")))
    assert (trials.one(program).pk, trials.one(program).name) == (first.pk, "Better name")

    changed = trials.trial(trials.arm("A", 50, trials.tag("a", "other")), trials.arm("B", 50))
    publish(program, journey, t.graph(changed), trials.NOW + trials.DAY)
    second = trials.one(program)
    assert (second.number, second.salt == first.salt) == (2, False)
    first.refresh_from_db()
    assert (first.state, first.ended_at) == ("ended", trials.NOW + trials.DAY)


def test_a_round_ends_with_its_step_and_with_its_journey(program):
    journey = trials.launch(program, trials.trial(), holdout=10)
    with scope(program=program):
        assert Experiment.objects.filter(state="running").count() == 2

    publish(program, journey, t.graph(("pause", "wait", {"days": 1}), holdout=10))
    assert trials.one(program).kind == "holdout"

    with scope(program=program):
        editing.stop(journey=journey, by=b.staff(), now=trials.NOW)
        assert not Experiment.objects.filter(state="running").exists()
