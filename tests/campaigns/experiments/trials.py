"""What tests of experiments build with: a journey with a test of two arms, and people who go through it."""

from __future__ import annotations

from itertools import product

from django_scopes import scope

from campaigns.models import Experiment, ExperimentDay, Exposure
from tests.campaigns.journeys import trips as t
from tests.rewards import builders as b

NOW, DAY = t.NOW, t.DAY
WINDOW = 7


def arm(name, share, *steps):
    return {
        "name": name,
        "share": share,
        "steps": [{"key": key, "kind": kind, **more} for key, kind, more in steps],
    }


def tag(key, text):
    return (key, "tag", {"tag": text})


def trial(*arms, name="Subject", measure="conversion", days=WINDOW):
    paths = list(arms) or [arm("A", 50, tag("a", "got-a")), arm("B", 50, tag("b", "got-b"))]
    return ("try", "experiment", {"name": name, "measure": measure, "window_days": days, "paths": paths})


def launch(program, *steps, **more):
    return t.launch(program, t.graph(*(steps or (trial(),)), **more))


def run(program, people, now=NOW):
    t.happen(program, *people, now=now)
    t.work(now)


def one(program, **which):
    with scope(program=program):
        return Experiment.objects.get(**({"state": "running"} | which))


def arms_of(program, experiment):
    """Arm by member."""
    with scope(program=program):
        rows = Exposure.objects.filter(experiment=experiment)
        return dict(rows.values_list("member_id", "arm"))


def with_results(program, *more, days=14, now=NOW):
    """A test that won: by its stored sums, over so many days."""
    launch(program, trial(*more))
    found = one(program, kind="test")
    lay_days(found, days, now)
    return found


def lay_days(found, days=14, now=NOW):
    """Sums as if so many days were over; the second arm did better."""
    with scope(program=found.program):
        for number, arm in product(range(days), range(len(found.arms))):
            bought = 20 + 8 * arm + (number * 7 + arm * 5) % 5 - 2
            ExperimentDay.objects.create(
                experiment=found, program_id=found.program_id, day=(now + number * DAY).date(), arm=arm, assigned=200,
                counted=200, bought=bought, revenue=bought * 2_500, revenue_squares=bought * 2_500**2, margin=bought * 900,
                margin_squares=bought * 900**2, cost=bought * 25, cost_squares=bought * 25**2,
            )  # fmt: skip
        Experiment.objects.filter(pk=found.pk).update(measured_at=now + days * DAY)
    found.refresh_from_db()


def buy(program, number, name, amount, at="2026-03-04", **more):
    b.record(program, b.order(number, at, b.line(amount, "MUG", **more), member=name))
