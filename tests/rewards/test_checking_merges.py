"""check_ledger proves merges, and finds one that made points, led elsewhere, or left somebody half gone."""

import pytest

from rewards import checking
from tests.rewards import builders as b
from tests.rewards import couples, forging

CHANGES = {
    "what arrived": (
        "UPDATE rewards_entry SET active_change = active_change + 5 WHERE kind = 'merge' AND active_change > 0",
        "merge.sum",
    ),
    "what the shop gave": ("UPDATE members_merge SET given = '{\"points\": 7}'", "merge.sum"),
    "who was kept": (
        "UPDATE members_merge SET kept_id = (SELECT max(holder_id) FROM members_member)",
        "merge.home",
    ),
    "who is gone": (
        "UPDATE members_member SET state = 'active' WHERE merged_into_id IS NOT NULL",
        "merge.gone",
    ),
    "where to": ("UPDATE members_member SET merged_into_id = NULL", "merge.gone"),
}


@pytest.fixture
def program(fresh_database):
    """One merge that stands and one that was undone after points were spent."""
    program = b.open_program()
    people = {name: b.join(program, name) for name in ("anna", "hanna", "ben", "benno", "last")}
    for name in list(people)[:4]:
        b.record(program, b.order(f"{name}-1", "2026-01-10", 5000, member=name))
    couples.merge(program, "2026-02-01", kept=people["anna"], gone=people["hanna"], key="m1")
    made = couples.merge(program, "2026-02-01", kept=people["ben"], gone=people["benno"], key="m2")
    b.spend(program, 80, "2026-02-02", member="ben")
    couples.undo(program, made, "2026-02-03", "shop")
    return program


def test_merges_that_nobody_touched_hold(program):
    report = checking.run(program=program, verify=True)

    rows = {proof.key: proof.rows for proof in report.proofs}
    assert report.faults == []
    assert (rows["merge.sum"], rows["merge.home"], rows["merge.gone"]) == (3, 3, 1)


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_behind_its_back_is_found(program, superuser_connection, what):
    statement, expected = CHANGES[what]

    forging.tamper(superuser_connection, statement)
    report = checking.run(program=program)

    assert expected in {fault.check for fault in report.faults}
