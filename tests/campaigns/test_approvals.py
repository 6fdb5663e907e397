"""Where the program asks for it, a second person approves what is published; nobody decides on their own wish."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django_scopes import scope

from campaigns import approvals, drafting
from campaigns.journeys.graph import GraphInvalid
from campaigns.models import Journey, Manners, PublishRequest
from members.models import AuditEntry, Role
from rewards.adjustments import AlreadyDecided, SecondPersonNeeded
from tests.campaigns.experiments import trials
from tests.members.teams import as_staff, hire, signed_in
from tests.rewards import builders as b

pytestmark = pytest.mark.django_db
WAIT = {"key": "s1", "kind": "wait", "days": 5}


@pytest.fixture
def program():
    found = b.open_program()
    with scope(program=found):
        Manners.objects.create(program=found, needs_approval=True)
    return found


@pytest.fixture
def author(program):
    return hire(program, Role.MANAGER)


@pytest.fixture
def other(program):
    return hire(program, Role.MANAGER)


@pytest.fixture
def journey(program, author):
    graph = drafting.BLANK | {"steps": [WAIT]}
    return drafting.create(program=program, name="Hello", by=author, now=trials.NOW, graph=graph)


def fresh(journey):
    with scope(program=journey.program):
        return Journey.objects.select_related("current").get(pk=journey.pk)


def ask(journey, by, **more):
    revision = drafting.revision_of(fresh(journey))
    wish = {"key": journey.key, "revision": revision, "reason": "Spring", "mapping": {}} | more
    return approvals.publish(program=journey.program, by=by, now=trials.NOW, **wish)


def approve(wish, by):
    return approvals.approve(program=wish.program, request_id=wish.pk, by=by, now=trials.NOW)


def test_it_waits_until_somebody_else_approves(journey, author, other):
    wish = ask(journey, author)
    assert (fresh(journey).state, wish.state) == ("draft", "waiting")

    version = approve(wish, other)

    assert (fresh(journey).state, version.published_by, version.number) == ("live", other, 1)
    wish.refresh_from_db()
    assert (wish.state, wish.decided_by, wish.version) == ("approved", other, version)
    with scope(program=journey.program):
        actions = list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))
    assert actions[-3:] == ["journey.ask", "journey.publish", "journey.approve"]


def test_the_journey_is_locked_before_what_was_asked_as_in_asking(journey, author, other):
    wish = ask(journey, author)

    with CaptureQueriesContext(connection) as done:
        approve(wish, other)

    locked = [each["sql"] for each in done if "FOR UPDATE" in each["sql"]]
    assert 'FROM "campaigns_journey"' in locked[0]
    assert 'FROM "campaigns_publishrequest"' in locked[1]


def test_nobody_approves_or_refuses_what_they_asked_for(journey, author):
    wish = ask(journey, author)

    with pytest.raises(SecondPersonNeeded):
        approve(wish, author)
    with pytest.raises(SecondPersonNeeded):
        approvals.refuse(program=wish.program, request_id=wish.pk, answer="no", by=author, now=trials.NOW)

    assert fresh(journey).current is None


def test_the_database_refuses_a_decision_of_the_author(journey, author):
    wish = ask(journey, author)

    with scope(program=journey.program), pytest.raises(IntegrityError), transaction.atomic():
        PublishRequest.objects.filter(pk=wish.pk).update(
            state="refused", answer="no", decided_by=author, decided_at=trials.NOW
        )


def test_what_was_changed_since_is_not_approved(journey, author, other):
    wish = ask(journey, author)
    with scope(program=journey.program):
        Journey.objects.filter(pk=journey.pk).update(draft=drafting.BLANK | {"steps": [WAIT | {"days": 1}]})

    with pytest.raises(drafting.DraftChanged):
        approve(wish, other)

    wish.refresh_from_db()
    assert (wish.state, fresh(journey).current) == ("waiting", None)


def test_a_draft_with_faults_is_not_asked_for(journey, author):
    with scope(program=journey.program):
        Journey.objects.filter(pk=journey.pk).update(draft=drafting.BLANK)

    with pytest.raises(GraphInvalid):
        ask(journey, author)


def test_asking_again_replaces_the_first_wish(journey, author, other):
    first, second = ask(journey, author), ask(journey, other)

    first.refresh_from_db()
    assert (first.state, second.state) == ("replaced", "waiting")
    with pytest.raises(AlreadyDecided):
        approve(first, other)


def test_a_refusal_needs_an_answer_and_is_final(journey, author, other):
    wish = ask(journey, author)
    decision = {"program": wish.program, "request_id": wish.pk, "by": other, "now": trials.NOW}

    with pytest.raises(approvals.AnswerMissing):
        approvals.refuse(answer=" ", **decision)
    approvals.refuse(answer="Not now", **decision)

    with pytest.raises(AlreadyDecided):
        approve(wish, other)


def test_ending_a_test_waits_too(program, author, other):
    found = trials.with_results(program)

    wish = approvals.decide(experiment=found, arm=1, by=author, now=trials.NOW, reason="more orders")
    found.refresh_from_db()
    assert (wish.state, found.state) == ("waiting", "running")

    approve(wish, other)
    found.refresh_from_db()
    assert (found.state, found.winner) == ("ended", 1)


def test_the_pages_ask_show_and_approve(journey, author, other):
    base = f"/dashboard/{journey.program.slug}"
    mine, theirs = signed_in(author), signed_in(other)
    page = mine.get(f"{base}/journeys/{journey.key}/publish/")
    asked = {"revision": drafting.revision_of(fresh(journey)), "reason": "Spring"}

    answer = mine.post(f"{base}/journeys/{journey.key}/publish/", asked, follow=True)
    own = mine.get(f"{base}/approvals/journeys/")
    shown = theirs.get(f"{base}/approvals/journeys/")
    (told,) = shown.context["waiting"]
    done = theirs.post(f"{base}/approvals/journeys/{told['row'].pk}/approve/", follow=True)

    assert "Ask for approval" in page.text
    assert "waits for somebody else" in answer.text
    assert "It waits for approval" in answer.text
    assert "You asked for this" in own.text
    assert "is published" in done.text
    assert [row.state for row in done.context["decided"]] == ["approved"]
    assert fresh(journey).state == "live"


def test_a_refusal_without_an_answer_is_shown_at_its_wish(journey, author, other):
    wish = ask(journey, author)
    client = signed_in(other)
    url = f"/dashboard/{journey.program.slug}/approvals/journeys/{wish.pk}/refuse/"

    empty = client.post(url, {"answer": ""})
    refused = client.post(url, {"answer": "Not now"}, follow=True)

    assert (empty.status_code, empty.context["waiting"][0]["error"]) == (422, "Say why.")
    assert "Not now" in refused.text


def test_only_an_owner_says_whether_it_is_needed(program):
    url = f"/dashboard/{program.slug}/messages/rules/"
    page = as_staff(program, Role.MANAGER).get(url)
    owners = as_staff(program, Role.OWNER).get(url)

    assert "needs_approval" not in page.context["form"].fields
    assert "needs_approval" in owners.context["form"].fields
    assert page.status_code == owners.status_code == 200
