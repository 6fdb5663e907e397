"""Trouble told by staff on the dashboard: the ready journey begins, and ends when the member has answered."""

import re

import pytest
from django_scopes import scope

from campaigns import troubles
from campaigns.journeys import editing
from campaigns.models import Enrolment, StaffTask
from campaigns.presets import making
from campaigns.presets.collection import preset_of
from loyaltysite.kit import clock
from members.models import AuditEntry, Event, Member, Role
from tests.campaigns.journeys import trips as t
from tests.members.teams import as_staff, hire
from tests.rewards import builders as b

pytestmark = pytest.mark.django_db
KEY = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def program():
    return b.open_program()


@pytest.fixture
def anna(program):
    return b.join(program, "anna")


@pytest.fixture
def manager(program):
    return as_staff(program, Role.MANAGER)


def page(member):
    return f"/dashboard/{member.program.slug}/members/{member.number}/journeys/"


def press(client, member, about="delivery", key=KEY):
    return client.post(f"{page(member)}service/", {"about": about, "key": key})


def told(program):
    with scope(program=program):
        rows = Event.objects.filter(kind__startswith="event.service").order_by("pk")
        return [(row.kind, row.holder_id) for row in rows]


def test_a_button_tells_it_once_and_the_audit_who(program, anna, manager):
    assert press(manager, anna)["Location"] == page(anna)
    press(manager, anna)

    assert told(program) == [("event.service.failed", anna.pk)]
    with scope(program=program):
        assert [row.after for row in AuditEntry.objects.filter(action="member.service")] == [
            {"about": "delivery"}
        ]


def test_the_page_has_the_buttons_and_they_work(program, anna, manager):
    text = manager.get(page(anna)).content.decode()
    key = re.search(r'name="key" value="([^"]+)"', text)[1]

    assert [one for one in troubles.About.values if f'value="{one}"' in text] == troubles.About.values
    assert (
        "Recorded."
        in manager.post(
            f"{page(anna)}service/", {"about": "answer", "key": key}, follow=True
        ).content.decode()
    )
    assert told(program) == [("event.service.answered", anna.pk)]


def test_analysts_see_no_button(program, anna):
    assert "service-title" not in as_staff(program, Role.ANALYST).get(page(anna)).content.decode()


@pytest.mark.parametrize("wrong", [{"about": "weather"}, {"about": ""}, {"key": "x"}, {"key": ""}])
def test_what_no_button_says_tells_nothing(program, anna, manager, wrong):
    assert press(manager, anna, **wrong).status_code == 400
    assert told(program) == []


def test_the_ready_journey_begins_with_it_and_ends_with_the_answer(program, anna, manager):
    by = hire(program, Role.MANAGER)
    with scope(program=program):
        now = clock.now()
        journey = making.make(program=program, preset=preset_of("recovery"), by=by, now=now)
        editing.publish(journey=journey, by=by, now=now)

    press(manager, anna)
    t.work(clock.now())
    with scope(program=program):
        assert StaffTask.objects.get().member_id == anna.pk
        assert Enrolment.objects.get().status == "waiting"

    press(manager, anna, "answer", "f" * 32)
    t.work(clock.now())
    with scope(program=program):
        assert Enrolment.objects.get().status == "finished"


def test_of_who_has_left_nothing_is_told(program, anna, manager):
    with scope(program=program):
        Member.objects.filter(pk=anna.pk).update(state="closed")
        anna.refresh_from_db()
    press(manager, anna)

    assert "service-title" not in manager.get(page(anna)).content.decode()
    assert told(program) == []
