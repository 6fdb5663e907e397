"""A pause holds back what is queued; whoever leaves meanwhile gets nothing, and what is late after it is told to be late."""

import pytest
from django_scopes import scope

from campaigns.journeys import editing
from campaigns.messages import sending
from campaigns.models import Decision, Journey, Message, Touch
from members.models import Role
from tests.campaigns import letters
from tests.campaigns.journeys import trips as t
from tests.members.teams import hire
from tests.rewards import builders as b

pytestmark = pytest.mark.django_db


@pytest.fixture
def program():
    found = b.open_program()
    letters.behave(found)
    return found


@pytest.fixture
def journey(program):
    """Anna and ben have a message queued by it."""
    hello = ("hello", "message", {"message": letters.template(program).pk, "channel": "email"})
    made = t.launch(program, t.graph(hello, ("pause", "wait", {"days": 9}), exit=[{"event": "order"}]))
    with scope(program=program):
        people = [letters.join(program, name).pk for name in ("anna", "ben")]
    t.happen(program, *people)
    t.work()
    return made


def states(program):
    with scope(program=program):
        return list(Message.objects.order_by("pk").values_list("state", "reason"))


def turn(journey, act, now=t.NOW):
    act(journey=journey, by=hire(journey.program, Role.MANAGER), now=now)


def send(now=t.NOW):
    return sending.send(clock=lambda: now, seconds=60)


def test_a_pause_holds_and_a_resumption_lets_go(program, journey):
    turn(journey, editing.pause)
    send()
    assert states(program) == [("held", ""), ("held", "")]

    turn(journey, editing.resume, t.NOW + t.HOUR)
    send(t.NOW + t.HOUR)

    assert states(program) == [("sent", ""), ("sent", "")]


def test_what_is_too_late_after_the_pause_is_told_so(program, journey):
    turn(journey, editing.pause)
    turn(journey, editing.resume, t.NOW + 2 * t.DAY)

    send(t.NOW + 2 * t.DAY)

    assert states(program) == [("cancelled", "late")] * 2
    with scope(program=program):
        assert Decision.objects.filter(reason="late").count() == 2
        assert set(Touch.objects.values_list("n", flat=True)) == {0}


def test_who_leaves_during_the_pause_gets_nothing(program, journey):
    turn(journey, editing.pause)
    t.happen(program, b.find(program, "anna").pk, kind="order", now=t.NOW + t.HOUR)
    turn(journey, editing.resume, t.NOW + t.HOUR)

    send(t.NOW + t.HOUR)

    assert states(program) == [("cancelled", "exit"), ("sent", "")]


def test_what_a_chunk_queued_beside_the_pause_does_not_go_out_either(program, journey):
    turn(journey, editing.pause)
    with scope(program=program):
        Message.objects.update(state="queued")

    send()

    assert states(program) == [("queued", "")] * 2


def test_stopping_a_paused_journey_cancels_what_is_held(program, journey):
    turn(journey, editing.pause)
    turn(journey, editing.stop)

    assert states(program) == [("cancelled", "exit")] * 2


@pytest.fixture
def last(program):
    """A journey that is over for anna with the message it has queued for her."""
    hello = ("hello", "message", {"message": letters.template(program).pk, "channel": "email"})
    made = t.launch(program, t.graph(hello))
    with scope(program=program):
        t.happen(program, letters.join(program, "anna").pk)
    t.work()
    return made


@pytest.mark.parametrize("acts", [[editing.stop], [editing.pause, editing.stop]])
def test_stopping_cancels_what_is_queued_for_who_is_through(program, last, acts):
    for act in acts:
        turn(last, act)

    send()

    assert states(program) == [("cancelled", "exit")]
    with scope(program=program):
        assert set(Touch.objects.values_list("n", flat=True)) == {0}


def test_what_a_chunk_queued_beside_the_stop_is_cancelled_when_it_is_due(program, last):
    with scope(program=program):
        Journey.objects.update(state="stopped")

    send()

    assert states(program) == [("cancelled", "exit")]
