"""Custom events of an account that was merged count for who remains, in SQL, in Python and in stored segments."""

import pytest
from django_scopes import scope

from campaigns.audiences import fields, membership, segments
from members.models import AudienceMember, Member, Role
from rewards.merging import joining
from tests.campaigns.audiences import bazaar
from tests.members.teams import hire
from tests.rewards import builders as b

pytestmark = pytest.mark.django_db
NOW = b.moment("2026-02-01")
RUNS = {
    "count": "activities",
    "where": {"field": "activity.kind", "op": "=", "value": "run"},
    "op": ">=",
    "value": 2,
}


@pytest.fixture
def program():
    made = b.open_program()
    for name in ("anna", "twin", "ben"):
        b.join(made, name, at="2026-01-01")
    b.record_each(
        made,
        b.event("R1", "run", "2026-01-12", km=5),
        b.event("R2", "run", "2026-01-13", member="twin", km=9),
        b.event("R3", "run", "2026-01-13", member="ben", km=9),
    )
    return made


def merge(program):
    anna, twin = b.find(program, "anna"), b.find(program, "twin")
    joining.merge(
        program=program, kept=anna, gone=twin, by=hire(program, Role.OWNER), reason="same", key="k1", now=NOW
    )
    return anna.pk


def test_sql_and_python_count_both(program):
    assert bazaar.in_sql(program, RUNS, NOW) == bazaar.in_python(program, RUNS, NOW) == set()

    anna = merge(program)

    assert bazaar.in_sql(program, RUNS, NOW) == bazaar.in_python(program, RUNS, NOW) == {anna}
    assert bazaar.in_sql(program, RUNS, NOW, whole=True) == {anna}
    fewer = RUNS | {"op": "<", "value": 2}
    assert bazaar.in_sql(program, fewer, NOW, whole=True) == bazaar.in_python(program, fewer, NOW)


def ran(kilometers):
    where = {
        "all": [
            {"field": "activity.kind", "op": "=", "value": "run"},
            {"field": "data.number.km", "op": ">=", "value": kilometers},
        ]
    }
    return {"has": "activities", "where": where}


@pytest.mark.parametrize(("tree", "found"), [(ran(9), {"anna", "twin", "ben"}), ({"not": ran(9)}, set())])
def test_whether_there_is_one_asks_both(program, tree, found):
    ids = {b.find(program, name).pk for name in found}
    merge(program)

    assert bazaar.in_sql(program, tree, NOW) == bazaar.in_python(program, tree, NOW) == ids


def test_neither_is_looked_for_member_by_member(program):
    """Each is a table of its own that can be joined: no list of accounts is made for each member."""
    merge(program)

    with scope(program=program):
        asked = str(Member.objects.filter(fields.parse(ran(9)).q(NOW)).query)

    assert asked.count("EXISTS") == 3
    assert "ARRAY" not in asked


def test_a_stored_segment_learns_of_the_merge_by_itself(program):
    with scope(program=program):
        by = hire(program, Role.MANAGER)
        segments.create(program=program, name="Runs", key="runs", tree=RUNS, by=by, now=NOW)
        segments.publish(program=program, key="runs", by=by, now=NOW)

    def inside():
        for _ in range(4):
            membership.refresh(program=program, now=NOW)
        with scope(program=program):
            return set(AudienceMember.objects.values_list("member_id", flat=True))

    assert inside() == set()
    anna = merge(program)
    assert inside() == {anna}
    assert membership.prove(program=program, now=NOW) == 0
