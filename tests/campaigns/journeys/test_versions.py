"""Publishing again moves those under way along a map, and shows first how many."""

import pytest
from django.db import ProgrammingError, transaction
from django_scopes import scope

from campaigns.journeys import counts, editing, graph
from campaigns.models import JourneyVersion
from tests.campaigns.journeys import trips as t
from tests.rewards import builders as b

pytestmark = pytest.mark.django_db
LONG, SHORT = ("long", "wait", {"days": 9}), ("short", "wait", {"days": 2})
TAG = ("mark", "tag", {"tag": "seen"})


@pytest.fixture
def program():
    return b.open_program()


@pytest.fixture
def journey(program):
    """Three wait at the long step."""
    made = t.launch(program, t.graph(LONG, TAG))
    t.happen(program, *t.people(program, 3))
    t.work()
    return made


def redraw(journey, *steps):
    return editing.change(journey=journey, by=journey.owner, now=t.NOW, draft=t.graph(*steps))


def where(program):
    with scope(program=program):
        return {(one.version.number, one.step.key, one.status) for one in t.enrolments(program)}


def test_a_step_of_the_same_key_and_kind_is_taken_to_be_the_same(program, journey):
    redraw(journey, ("first", "tag", {"tag": "new"}), LONG, TAG)

    (move, last) = editing.preview(journey=journey)
    assert (move.key, move.waiting, move.target) == ("long", 3, "long")
    assert (last.key, last.waiting) == ("mark", 0)
    editing.publish(journey=journey, by=journey.owner, now=t.NOW)

    assert where(program) == {(2, "long", "waiting")}
    t.work(t.NOW + 9 * t.DAY)
    assert {key for key, _outcome, _way in t.executed(program)} == {"long", "mark"}


def test_who_waits_at_a_step_that_is_gone_ends_as_it_began(program, journey):
    redraw(journey, SHORT, TAG)
    editing.publish(journey=journey, by=journey.owner, now=t.NOW)

    assert where(program) == {(1, "long", "waiting")}
    assert t.work(t.NOW + 9 * t.DAY) == 6


@pytest.mark.parametrize(
    ("target", "place"), [("short", (2, "short", "waiting")), ("exit", (1, "long", "exited"))]
)
def test_the_map_says_where_they_go(program, journey, target, place):
    redraw(journey, SHORT, TAG)
    editing.publish(journey=journey, by=journey.owner, now=t.NOW, mapping={"long": target})

    assert where(program) == {place}


def test_a_map_to_nowhere_is_refused(journey):
    redraw(journey, SHORT)

    with pytest.raises(editing.MapInvalid):
        editing.publish(journey=journey, by=journey.owner, now=t.NOW, mapping={"long": "nowhere"})


def test_a_draft_with_faults_is_kept_and_not_published(journey):
    redraw(journey, ("gift", "points", {"unit": "none", "amount": 1}))

    with pytest.raises(graph.GraphInvalid) as refused:
        editing.publish(journey=journey, by=journey.owner, now=t.NOW)
    assert [(fault.path, fault.step) for fault in refused.value.faults] == [("unit", "gift")]


def test_a_published_version_never_changes(program, journey):
    with (
        scope(program=program),
        transaction.atomic(),
        pytest.raises(ProgrammingError, match="permission denied"),
    ):
        JourneyVersion.objects.update(number=7)


def test_the_counts_are_live(program, journey):
    t.work(t.NOW + 9 * t.DAY)

    found = counts.of_steps(version=journey.current)
    assert (found["long"].waiting, found["long"].by("outcome")) == (0, {"done": 3})
    assert found["mark"].by("outcome") == {"done": 3}
    everybody = counts.totals(program=program)[journey.pk]
    assert (everybody.entered, everybody.finished, everybody.waiting) == (3, 3, 0)


def test_a_stopped_journey_is_not_published_again(journey):
    editing.stop(journey=journey, by=journey.owner, now=t.NOW)

    with pytest.raises(editing.WrongState):
        editing.publish(journey=journey, by=journey.owner, now=t.NOW)
