"""A dry run says what would happen, day by day, and leaves nothing behind."""

from datetime import date

import pytest
from django_scopes import scope

from campaigns.journeys import dryrun
from campaigns.models import Enrolment, Journey, Message
from members import consent
from members.models import Event, Role
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


def play(program, draft, days=30):
    with scope(program=program):
        by = hire(program, Role.MANAGER)
    return dryrun.play(program=program, draft=draft, by=by, now=t.NOW, days=days)


def agree(program, number):
    """Members, every second of whom agreed to be written to."""
    with scope(program=program):
        for i in range(number):
            member = b.join(program, f"p{i}", at="2026-01-01")
            if i % 2:
                consent.grant(member=member, channel="email", topic="offers", source="test", now=b.LONG_AGO)


def test_volumes_points_and_reasons_by_day(program):
    agree(program, 6)
    letter = {"message": letters.template(program).pk, "channel": "email"}
    draft = t.graph(
        ("hello", "message", letter), ("pause", "wait", {"days": 3}), ("again", "message", letter),
        ("gift", "points", {"unit": "points", "amount": 50, "budget": 200}),
    )  # fmt: skip

    found = play(program, draft)

    first, last = date(2026, 3, 2), date(2026, 3, 5)
    assert found.entered == 6
    assert found.sent == {(first, "email"): 3, (last, "email"): 3}
    assert found.unsent == {(first, "email", "consent"): 3, (last, "email", "consent"): 3}
    assert (found.points, found.steps["gift"].by("reason")["budget"]) == ({"points": 200}, 2)
    with scope(program=program):
        assert not any(model.objects.exists() for model in (Journey, Enrolment, Message))
        assert b.balance(program, "p1").active == 0


def test_what_lies_behind_the_horizon_is_not_counted(program):
    agree(program, 2)
    draft = t.graph(("pause", "wait", {"days": 20}), ("gift", "points", {"unit": "points", "amount": 50}))

    assert play(program, draft, days=10).points == {}
    assert play(program, draft, days=30).points == {"points": 100}


def test_members_come_in_on_their_days(program):
    with scope(program=program):
        b.join(program, "anna", birthday="1990-03-05")
        b.join(program, "ben", birthday="1990-06-05")
        events = Event.objects.count()
    trigger = {"kind": "date", "date": "birthday", "hour": 9}
    draft = t.graph(("mark", "tag", {"tag": "seen"}), trigger=trigger, entry={"mode": "each"})

    found = play(program, draft)

    assert (found.entered, found.steps["mark"].by("outcome")) == (1, {"done": 1})
    with scope(program=program):
        assert Event.objects.count() == events
