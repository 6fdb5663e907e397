"""The pages of experiments: what is told of a result, who may end a test, and the card in the editor of journeys."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_scopes import scope

from campaigns import drafting
from campaigns.models import Experiment, ExperimentDay, Journey
from members.models import Role
from tests.campaigns.experiments import trials
from tests.members.teams import as_staff, hire
from tests.rewards import builders as b

pytestmark = pytest.mark.django_db


@pytest.fixture
def program():
    return b.open_program()


@pytest.fixture
def client(program):
    return as_staff(program, Role.MANAGER)


@pytest.fixture
def won(program):
    return trials.with_results(program)


def at(experiment, rest=""):
    return f"/dashboard/{experiment.program.slug}/experiments/{experiment.pk}/{rest}"


def sums(experiment, **values):
    with scope(program=experiment.program):
        ExperimentDay.objects.filter(experiment=experiment).update(**values)


def test_it_tells_the_winner_with_its_figures_and_their_course(client, won):
    page = client.get(at(won))

    assert page.context["result"].verdict == "winner"
    assert "is better than" in page.text
    conversion = page.context["tables"][0]
    assert [line.value for line in conversion.lines] == ["10.0%", "14.0%"]
    assert conversion.lines[1].change == "+4.0 pt"
    (chart,) = page.context["charts"]
    assert len(chart.rows) == 14
    assert chart.rows[-1][1] == "+4.0 pt"
    assert [table.title for table in page.context["tables"]] == [
        "Who orders", "Sales per member", "Margin per member", "Cost of points and rewards per member",
    ]  # fmt: skip
    assert [line.value for line in page.context["tables"][1].lines] == ["€2.49", "€3.49"]


def test_a_broken_split_is_told_and_no_winner_with_it(client, won):
    with scope(program=won.program):
        ExperimentDay.objects.filter(experiment=won, arm=1).update(assigned=150)

    page = client.get(at(won))

    assert "Do not use these figures" in page.text
    assert "is better than" not in page.text


def test_a_margin_that_nobody_knows_is_left_out(client, won):
    sums(won, unknown=1)

    page = client.get(at(won))

    assert [table.title for table in page.context["tables"]] == [
        "Who orders", "Sales per member", "Cost of points and rewards per member",
    ]  # fmt: skip


def test_a_test_without_figures_is_a_page_too(client, program):
    trials.launch(program, trials.trial(), holdout=10)
    with scope(program=program):
        ids = list(Experiment.objects.values_list("pk", flat=True))

    pages = [client.get(f"/dashboard/{program.slug}/experiments/{one}/") for one in ids]

    assert [page.status_code for page in pages] == [200, 200]
    assert all("Nothing is said before each arm has 100 members" in page.text for page in pages)
    assert "Held out" in pages[0].text


def test_a_manager_ends_it_and_the_arm_goes_on(client, won):
    answer = client.post(at(won, "decide/"), {"arm": "1", "reason": "more orders"}, follow=True)

    assert "Everybody goes the way of" in answer.text
    won.refresh_from_db()
    assert (won.state, won.winner) == ("ended", 1)
    with scope(program=won.program):
        assert [step["key"] for step in Journey.objects.get().draft["steps"]] == ["b"]
    assert answer.context["form"] is None


@pytest.mark.parametrize("data", [{}, {"arm": "7", "reason": "x"}, {"arm": "1", "reason": ""}])
def test_ending_it_asks_for_an_arm_and_a_reason(client, won, data):
    answer = client.post(at(won, "decide/"), data)

    assert answer.status_code == 422
    won.refresh_from_db()
    assert won.state == "running"


def test_what_is_over_cannot_be_ended_again(client, won):
    client.post(at(won, "decide/"), {"arm": "1", "reason": "more orders"})

    answer = client.post(at(won, "decide/"), {"arm": "0", "reason": "no"}, follow=True)

    assert "This test is over." in answer.text
    won.refresh_from_db()
    assert won.winner == 1


def test_an_analyst_reads_and_does_not_end_it(program, won):
    analyst = as_staff(program, Role.ANALYST)

    assert analyst.get(at(won)).context["form"] is None
    assert analyst.post(at(won, "decide/"), {"arm": "1", "reason": "x"}).status_code == 403


def test_the_list_takes_the_same_statements_for_many(client, won, program):
    url = f"/dashboard/{program.slug}/experiments/"
    client.get(url)
    with CaptureQueriesContext(connection) as few:
        page = client.get(url)
    with scope(program=program):
        for number in range(2, 6):
            Experiment.objects.create(
                program=program, journey=won.journey, step=won.step, number=number, name="Old", salt="s", arms=won.arms,
                window_days=7, fingerprint="x", state="ended", began_at=trials.NOW, ended_at=trials.NOW,
            )  # fmt: skip

    with CaptureQueriesContext(connection) as many:
        client.get(url)

    assert "+4.0 pt" in page.text
    assert len(many) == len(few)


def test_a_test_is_put_into_a_journey_and_filled_in_in_the_editor(client, program):
    journey = drafting.create(program=program, name="Welcome", by=hire(program), now=trials.NOW)
    url = f"/dashboard/{program.slug}/journeys/{journey.key}/edit/"

    def send(do, step="", **typed):
        with scope(program=program):
            revision = drafting.revision_of(Journey.objects.get(pk=journey.pk))
        return client.post(f"{url}?step={step}", {"do": do, "revision": revision, **typed}, follow=True)

    added = send("add:experiment::0")
    typed = {
        "step-name": "Subject line", "step-measure": "revenue", "step-window_days": "21",
        "step-name_0": "As ever", "step-share_0": "40", "step-name_1": "With name", "step-share_1": "40",
    }  # fmt: skip
    wrong = send("save", "s1", **typed)
    send("path:s1", "s1", **typed)
    send("save", "s1", **typed | {"step-share_1": "30", "step-name_2": "Without", "step-share_2": "30"})

    assert "What is tried" in added.text
    assert (wrong.status_code, "they must make 100" in wrong.text) == (422, True)
    with scope(program=program):
        (step,) = Journey.objects.get(pk=journey.pk).draft["steps"]
    assert (step["name"], step["measure"], step["window_days"]) == ("Subject line", "revenue", 21)
    assert [(path["name"], path["share"]) for path in step["paths"]] == [
        ("As ever", 40),
        ("With name", 30),
        ("Without", 30),
    ]
    assert "Test: " in client.get(url).text
