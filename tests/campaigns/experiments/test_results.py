"""The verdict, from stored sums; and what becomes of the journey when a test is decided."""

from datetime import timedelta

import pytest
from django_scopes import scope
from scipy import stats

from campaigns.experiments import deciding, results
from campaigns.experiments.results import Verdict
from campaigns.journeys import editing
from campaigns.models import ExperimentDay
from members.models import AuditEntry, Role
from tests.campaigns.experiments import trials
from tests.campaigns.journeys import trips as t
from tests.members.teams import hire
from tests.rewards import builders as b

pytestmark = pytest.mark.django_db
TODAY = trials.NOW.date()


@pytest.fixture
def program():
    return b.open_program()


def trial(program, *arms, **more):
    trials.launch(program, trials.trial(*arms, **more))
    return trials.one(program)


def lay(experiment, *days):
    """Stored sums: for each day, for each arm (assigned, counted, bought)."""
    with scope(program=experiment.program):
        ExperimentDay.objects.bulk_create(
            ExperimentDay(
                experiment=experiment, program_id=experiment.program_id, day=TODAY + timedelta(days=number), arm=arm,
                assigned=assigned, counted=counted, bought=bought, revenue=bought * 100, revenue_squares=bought * 10_000,
            )
            for number, arms in enumerate(days)
            for arm, (assigned, counted, bought) in enumerate(arms)
        )  # fmt: skip


@pytest.mark.parametrize(
    ("arms", "verdict", "best"),
    [
        ([(4_000, 4_000, 400), (4_000, 4_000, 560)], Verdict.WINNER, 1),
        ([(4_000, 4_000, 400), (4_000, 4_000, 260)], Verdict.HARM, 1),
        ([(4_000, 4_000, 400), (4_000, 4_000, 420)], Verdict.NONE, None),
        ([(4_000, 99, 10), (4_000, 99, 60)], Verdict.EARLY, None),
        ([(4_000, 4_000, 400), (3_600, 3_600, 560)], Verdict.BROKEN, None),
    ],
)
def test_the_verdict_says_what_the_sums_allow(program, arms, verdict, best):
    found = trial(program)
    lay(found, arms)

    told = results.of(found)

    assert (told.verdict, told.best.place if told.best else None) == (verdict, best)


def test_a_difference_that_the_plain_interval_would_call_clear_is_not_enough(program):
    found = trial(program)
    lay(found, [(2_000, 2_000, 200), (2_000, 2_000, 242)])

    told = results.of(found)

    assert told.arms[1].differences["conversion"].is_clear
    assert told.verdict == Verdict.NONE


def test_days_add_up_and_the_course_ends_where_the_result_stands(program):
    found = trial(program)
    lay(found, [(500, 0, 0), (500, 0, 0)], [(0, 300, 30), (0, 300, 33)], [(0, 200, 21), (0, 200, 28)])

    told = results.of(found)

    assert (told.assigned, told.counted, told.arms[1].totals.bought) == (1_000, 1_000, 61)
    assert [point.day for point in told.courses[1]] == [TODAY + timedelta(days=1), TODAY + timedelta(days=2)]
    assert told.courses[1][-1].band == told.arms[1].band
    table = [[61, 439], [51, 449]]
    expected = stats.chi2_contingency(table, correction=False).pvalue
    assert told.arms[1].differences["conversion"].p == pytest.approx(expected, rel=1e-9)


def test_a_list_adds_up_in_the_database_and_says_the_same(program):
    found = trial(program)
    lay(found, [(500, 0, 0), (500, 0, 0)], [(0, 300, 30), (0, 300, 33)], [(0, 200, 21), (0, 200, 28)])

    (told,) = results.of_each([found])

    whole = results.of(found)
    assert (told.arms, told.mismatch, told.verdict) == (whole.arms, whole.mismatch, whole.verdict)
    assert told.courses == {}


def test_more_arms_need_more_to_win(program):
    two = [(4_000, 4_000, 400), (4_000, 4_000, 480)]
    found = trial(program, *(trials.arm(name, 25) for name in "ABCD"))
    lay(found, [*two, (4_000, 4_000, 400), (4_000, 4_000, 400)])

    band = results.of(found).arms[1].band

    alone = results.figures.sequence(
        results.Totals(4_000, 480).of("conversion"), results.Totals(4_000, 400).of("conversion")
    )
    assert band.low < alone.low


def test_the_winner_s_steps_take_the_place_of_the_test(program):
    people = t.people(program, 10)
    wait = ("pause", "wait", {"days": 1})
    trials.launch(program, trials.trial(), wait)
    trials.run(program, people)
    found = trials.one(program)
    with scope(program=program):
        by = hire(program, Role.MANAGER)

    version = deciding.decide(experiment=found, arm=1, by=by, now=trials.NOW, reason="more orders")

    assert [step["key"] for step in version.graph["steps"]] == ["b", "pause"]
    assert (found.state, found.winner, version.number) == ("ended", 1, 2)
    assert len(trials.arms_of(program, found)) == 10
    with scope(program=program):
        assert AuditEntry.objects.filter(action="experiment.decide").get().after["arm"] == 1
    with pytest.raises(deciding.ExperimentOver):
        deciding.decide(experiment=found, arm=0, by=by, now=trials.NOW)


def test_what_is_drafted_besides_stays_a_draft(program):
    journey = trials.launch(program)
    found = trials.one(program)
    with scope(program=program):
        by = hire(program, Role.MANAGER)
        more = t.graph(trials.trial(), trials.tag("later", "new"))
        editing.change(journey=journey, by=by, now=trials.NOW, draft=more)

    version = deciding.decide(experiment=found, arm=0, by=by, now=trials.NOW)

    journey.refresh_from_db()
    assert [step["key"] for step in version.graph["steps"]] == ["a"]
    assert [step["key"] for step in journey.draft["steps"]] == ["a", "later"]


def test_a_draft_with_other_arms_is_decided_by_the_arm_s_name(program):
    one, two = trials.arm("A", 50, trials.tag("a", "x")), trials.arm("B", 50, trials.tag("b", "y"))
    first = t.graph(trials.trial(two, one))
    gone = t.graph(trials.trial(trials.arm("C", 50), one))

    assert [step["key"] for step in deciding.replaced(first, "try", "B")["steps"]] == ["b"]
    assert deciding.replaced(gone, "try", "B") == gone


def test_what_is_drafted_with_the_arms_turned_round_gets_the_one_that_won(program):
    one, two = trials.arm("A", 50, trials.tag("a", "x")), trials.arm("B", 50, trials.tag("b", "y"))
    journey = trials.launch(program, trials.trial(one, two))
    by = hire(program, Role.MANAGER)
    editing.change(journey=journey, by=by, now=trials.NOW, draft=t.graph(trials.trial(two, one)))

    deciding.decide(experiment=trials.one(program), arm=1, by=by, now=trials.NOW)

    journey.refresh_from_db()
    assert [step["key"] for step in journey.draft["steps"]] == ["b"]


def test_a_test_inside_a_path_is_found_there(program):
    inner = {"key": "try", "kind": "experiment", "paths": [{"steps": [{"key": "x"}]}, {"steps": []}]}
    graph = {"steps": [{"key": "w", "kind": "wait_event", "then": [inner], "else": []}]}

    assert deciding.replaced(graph, "try", 0)["steps"][0]["then"] == [{"key": "x"}]
    assert deciding.replaced(graph, "try", 1)["steps"][0]["then"] == []
    assert graph["steps"][0]["then"] == [inner]
