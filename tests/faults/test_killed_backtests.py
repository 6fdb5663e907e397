"""Kill -9 of workers at every point of a part of a back-test: the result is that of one that nobody disturbed."""

import pytest
from django_scopes import scope

from analytics.backtests import results
from analytics.backtests.changes import Changes
from analytics.models import BacktestMember
from tests.analytics.backtests import replays
from tests.analytics.backtests.test_runs import DOUBLE, shop
from tests.faults import replaying
from tests.fixtures.processes import Processes

pytestmark = pytest.mark.faults
POINTS = ("claimed", "inside", "kept")


def test_whoever_dies_leaves_nothing_behind_and_the_result_is_the_same(fresh_database):
    program = shop(members=7, days=20)
    whole = replays.replay(program, Changes(rules=replays.rule(DOUBLE)))
    made = replays.begin(program, Changes(rules=replays.rule(DOUBLE)), size=2)
    start = Processes(fresh_database.environment()).start

    for place, point in enumerate(POINTS):
        # Each comes when the lease of the one before has run out.
        died = start(replaying.replay, made.pk, 10 * place, point).result()
        assert isinstance(died, ProcessLookupError), (point, died)
    done = start(replaying.replay, made.pk, 10 * len(POINTS), "").result()

    assert done == "done"
    with scope(program=program):
        made.refresh_from_db()
        assert results.of(made) == whole
        assert BacktestMember.objects.filter(backtest=made).count() == 7
