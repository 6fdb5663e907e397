"""Message steps: what is queued is cancelled with an exit, who may not be written to is told apart, and caps are obeyed."""

import pytest
from django_scopes import scope

from campaigns.models import Decision, Message
from tests.campaigns import letters
from tests.campaigns.journeys import trips as t
from tests.rewards import builders as b

pytestmark = pytest.mark.django_db


@pytest.fixture
def program():
    found = b.open_program()
    letters.behave(found)
    return found


def letter(program, key="hello", **facts):
    return (key, "message", {"message": letters.template(program).pk, "channel": "email", **facts})


def states(program):
    with scope(program=program):
        return dict(Message.objects.values_list("member_id", "state"))


def test_who_leaves_gets_nothing_that_was_queued(program):
    t.launch(program, t.graph(letter(program), ("pause", "wait", {"days": 2}), exit=[{"event": "order"}]))
    with scope(program=program):
        stays, leaves = letters.join(program, "stays"), letters.join(program, "leaves")
    t.happen(program, stays.pk, leaves.pk)
    t.work()
    assert states(program) == {stays.pk: "queued", leaves.pk: "queued"}

    t.happen(program, leaves.pk, kind="order", now=t.NOW + t.HOUR)

    assert states(program) == {stays.pk: "queued", leaves.pk: "cancelled"}


def test_who_did_not_agree_goes_on_without(program):
    t.launch(program, t.graph(letter(program), ("mark", "tag", {"tag": "seen"})))
    with scope(program=program):
        member = letters.join(program, "silent", agrees=())
    t.happen(program, member.pk)

    t.work()

    assert states(program) == {}
    assert t.executed(program) == [("hello", "not_sent", ""), ("mark", "done", "")]
    with scope(program=program):
        assert Decision.objects.get().reason == "consent"


def test_what_comes_too_late_is_passed_over(program):
    t.launch(program, t.graph(letter(program), window={"late_hours": 2}))
    with scope(program=program):
        member = letters.join(program, "late")
    t.happen(program, member.pk)
    t.ticking.let_in(now=t.NOW)

    t.work(t.NOW + 5 * t.HOUR)

    assert (states(program), t.executed(program)) == ({}, [("hello", "skipped", "")])
