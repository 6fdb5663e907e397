"""Journeys are published with a reason and a map, rest, go on and stop; the pages say who is where."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_scopes import scope

from campaigns import drafting
from campaigns.models import Enrolment, Journey, JourneyStep, StepExecution, StepTally
from loyaltysite.kit import clock
from members.models import AuditEntry, Role
from tests.members.teams import as_staff, hire
from tests.rewards import builders as b

pytestmark = pytest.mark.django_db

NOW = b.moment("2026-03-01 12:00")
WAIT = {"key": "s1", "kind": "wait", "days": 5}
TAG = {"key": "s2", "kind": "tag", "tag": "warm", "do": "add"}


@pytest.fixture
def program():
    return b.open_program()


@pytest.fixture
def journey(program):
    return drafting.create(
        program=program, name="Hello", by=hire(program), now=NOW, graph=drafting.BLANK | {"steps": [WAIT]}
    )


@pytest.fixture
def client(program):
    return as_staff(program, Role.MANAGER)


def fresh(journey):
    with scope(program=journey.program):
        return Journey.objects.select_related("current").get(pk=journey.pk)


def at(journey, page=""):
    return f"/dashboard/{journey.program.slug}/journeys/{journey.key}/{page}"


def publish(client, journey, **moves):
    data = {"revision": drafting.revision_of(fresh(journey)), "reason": "Spring"} | moves
    return client.post(at(journey, "publish/"), data)


def enrol(journey, member, key="s1", **values):
    """A member who waits at a step of the version in force."""
    version = fresh(journey).current
    with scope(program=journey.program):
        given = {
            "status": "waiting",
            "due_at": NOW + timedelta(days=5),
            "entered_at": NOW,
            "entry_key": "once",
        }
        step = JourneyStep.objects.get(version=version, key=key)
        return Enrolment.objects.create(
            program=journey.program,
            journey=journey,
            version=version,
            member=member,
            step=step,
            **given | values,
        )


def test_published_with_a_reason_it_lives(client, journey):
    answer = publish(client, journey)

    assert answer["Location"] == at(journey)
    assert (fresh(journey).state, fresh(journey).current.number) == ("live", 1)
    with scope(program=journey.program):
        assert AuditEntry.objects.get(action="journey.publish").reason == "Spring"


def test_without_a_reason_it_is_not_published(client, journey):
    answer = publish(client, journey, reason="")

    assert answer.status_code == 422
    assert fresh(journey).state == "draft"


def test_what_cannot_run_is_not_published_and_the_step_is_named(client, journey):
    with scope(program=journey.program):
        broken = drafting.BLANK | {"steps": [{"key": "s1", "kind": "message", "channel": "email"}]}
        Journey.objects.filter(pk=journey.pk).update(draft=broken)

    page = client.get(at(journey, "publish/")).text
    answer = publish(client, journey)

    assert "?step=s1" in page
    assert "It cannot run yet." in page
    assert answer.status_code == 422
    assert fresh(journey).current is None


def test_who_reviewed_another_draft_does_not_publish_this_one(client, journey):
    answer = publish(client, journey, revision=1)

    assert answer.status_code == 422
    assert "Somebody else changed this draft" in answer.text
    assert fresh(journey).current is None


def test_a_new_version_says_how_many_wait_and_moves_them_where_it_was_chosen(client, journey):
    publish(client, journey)
    enrolled = enrol(journey, b.join(journey.program, "anna"))
    stays = enrol(journey, b.join(journey.program, "berta"), entry_key="twice")
    with scope(program=journey.program):
        Journey.objects.filter(pk=journey.pk).update(
            draft=drafting.BLANK | {"steps": [TAG, WAIT | {"key": "s3"}]}
        )

    page = client.get(at(journey, "publish/"))
    publish(client, journey, to_s1="s3")

    assert [(row.name, row.waiting, row.target) for row in page.context["rows"]] == [("to_s1", 2, "stay")]
    assert "Step taken out" in page.text
    with scope(program=journey.program):
        moved = {one.pk: one for one in Enrolment.objects.select_related("step", "version")}
        assert {moved[one.pk].step.key for one in (enrolled, stays)} == {"s3"}
        assert {moved[one.pk].version.number for one in (enrolled, stays)} == {2}


def test_it_rests_goes_on_and_stops(client, journey):
    publish(client, journey)

    client.post(at(journey, "pause/"))
    assert fresh(journey).state == "paused"
    client.post(at(journey, "resume/"))
    assert fresh(journey).state == "live"
    assert stopping(client, journey).context["totals"].waiting == 1
    client.post(at(journey, "stop/"))
    assert fresh(journey).state == "stopped"


def stopping(client, journey):
    enrol(journey, b.join(journey.program, "anna"))
    return client.get(at(journey, "stop/"))


def test_a_journey_that_does_not_run_cannot_rest(client, journey):
    page = client.post(at(journey, "pause/"), follow=True).text

    assert "not in a state for that" in page
    assert fresh(journey).state == "draft"


def test_the_page_counts_who_waits_passed_and_left_and_names_some(client, journey):
    publish(client, journey)
    anna = b.join(journey.program, "anna")
    enrol(journey, anna)
    enrol(
        journey, b.join(journey.program, "berta"), status="exited", reason="order", due_at=None, ended_at=NOW
    )
    with scope(program=journey.program):
        step = JourneyStep.objects.get(version=fresh(journey).current)
        StepTally.objects.create(step=step, program=journey.program, on=NOW.date(), outcome="done", number=41)

    page = client.get(at(journey), {"step": "s1"})

    live = page.context["chosen"].live
    assert (live.waiting, live.number) == (1, 1)
    assert [(row["name"], row["number"]) for row in live.left] == [("Orders", 1)]
    assert [row["text"] for row in live.rows] == ["41"]
    assert f"/members/{anna.number}/journeys/" in page.text
    totals = page.context["totals"]
    assert (totals.entered, totals.waiting, totals.exited) == (2, 1, 1)


def test_the_page_asks_no_more_for_many_members_than_for_one(client, journey, django_assert_max_num_queries):
    publish(client, journey)
    enrol(journey, b.join(journey.program, "m0"))
    with CaptureQueriesContext(connection) as few:
        client.get(at(journey), {"step": "s1"})
    most = len(few)
    for number in range(1, 8):
        enrol(journey, b.join(journey.program, f"m{number}"))

    with django_assert_max_num_queries(most):
        client.get(at(journey), {"step": "s1"})


def test_a_members_way_is_told_step_by_step(client, journey):
    publish(client, journey)
    anna = b.join(journey.program, "anna")
    one = enrol(journey, anna, hop=1)
    with scope(program=journey.program):
        StepExecution.objects.create(
            enrolment=one, step=one.step, hop=0, program=journey.program, member=anna, outcome="done", at=NOW
        )

    page = client.get(f"/dashboard/{journey.program.slug}/members/{anna.number}/journeys/")
    short = client.get(
        f"/dashboard/{journey.program.slug}/members/{anna.number}/journeys/", headers={"HX-Request": "true"}
    )

    (course,) = page.context["courses"]
    assert [stop.text for stop in course.stops] == ["done"]
    assert course.now.at == one.due_at
    assert "Hello" in short.text
    assert "<html" not in short.text


def test_the_calendar_counts_who_is_due_at_a_message(client, journey):
    from tests.campaigns.test_dashboard_journeys import said

    message = {"key": "s2", "kind": "message", "message": said(journey.program).pk, "channel": "sms"}
    with scope(program=journey.program):
        Journey.objects.filter(pk=journey.pk).update(draft=drafting.BLANK | {"steps": [WAIT, message]})
    publish(client, journey)
    # When nobody sleeps.
    due = (clock.now() + timedelta(days=3)).replace(hour=12)
    for name in ("anna", "berta"):
        enrol(journey, b.join(journey.program, name), due_at=due)
    enrol(journey, b.join(journey.program, "clara"), due_at=due, holdout=True)

    day = due.astimezone(journey.program.zone).date()
    month = client.get(f"/dashboard/{journey.program.slug}/calendar/", {"month": f"{day:%Y-%m}"})
    week = client.get(f"/dashboard/{journey.program.slug}/calendar/", {"week": day.isoformat()})

    (cell,) = [cell for days in month.context["weeks"] for cell in days if cell.day == day]
    assert (cell.sent, cell.ahead, cell.journeys) == (0, 2, ["Hello"])
    (row,) = week.context["rows"]
    assert sum(volume.expected for volume in row.volumes) == 2


def test_a_dry_run_tells_what_would_be_and_keeps_nothing(client, journey):
    for name in ("anna", "berta"):
        b.join(journey.program, name)
    give = {"key": "s2", "kind": "points", "unit": "points", "amount": 30}
    with scope(program=journey.program):
        Journey.objects.filter(pk=journey.pk).update(draft=drafting.BLANK | {"steps": [WAIT, give]})

    page = client.post(at(journey, "dry-run/"))

    told = page.context["told"]
    assert (told["entered"], told["sent"]) == (2, 0)
    assert "60" in told["points"][0]
    with scope(program=journey.program):
        assert not Enrolment.objects.exists()
        assert not b.entries(journey.program, "anna")


def test_a_dry_run_of_what_cannot_run_says_why(client, journey):
    with scope(program=journey.program):
        Journey.objects.filter(pk=journey.pk).update(draft=drafting.BLANK)

    answer = client.post(at(journey, "dry-run/"))

    assert answer.status_code == 422
    assert "at least one step" in answer.text


@pytest.mark.parametrize("query", ["month=2026-13", "week=nonsense", "month=0001-01", "week=9999-12-31"])
def test_a_day_that_is_none_shows_today(client, journey, query):
    assert client.get(f"/dashboard/{journey.program.slug}/calendar/?{query}").status_code == 200
