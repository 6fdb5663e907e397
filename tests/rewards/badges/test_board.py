"""The leaderboard: by consent, ties, the own place with its neighbours."""

import pytest
from django_scopes import scope

from members import erasure
from rewards.badges import board, entering
from rewards.models import ChallengeEntry
from tests.rewards import builders as b
from tests.rewards.badges.shop import goal, put_up, run
from tests.rewards.statements import counted

pytestmark = pytest.mark.django_db
NOW = b.moment("2026-02-10")


@pytest.fixture
def program():
    return b.open_program()


@pytest.fixture
def week(program):
    days = {"starts_at": b.moment("2026-02-01"), "ends_at": b.moment("2026-03-01")}
    return put_up(
        program,
        "week",
        kind="challenge",
        has_board=True,
        definition=goal("sum", 10, event="run", field="km"),
        **days,
    )


def runs(program, **kms):
    """Each of them runs so far, one after the other."""
    for number, (name, km) in enumerate(kms.items()):
        b.record(program, b.event(f"{name}-{km}", "run", f"2026-02-05T{number:02}:00", name, km=km))
    run(NOW)


def show(program, *names, **named):
    for name in (*names, *named):
        entering.join(
            program=program, member=b.find(program, name), key="week", now=NOW, is_shown=True,
            shown_as=named.get(name, name.title()),
        )  # fmt: skip


def read(program, week, name=None, **how):
    with scope(program=program):
        member = b.find(program, name) if name else None
        return board.read(badge=week, member=member, **how)


def lines(found):
    return [(line.place, line.name, float(line.value)) for line in found.lines]


def test_only_who_wants_it_is_shown(program, week):
    runs(program, anna=5, ben=7, cleo=3)
    show(program, "anna", cleo="")

    found = read(program, week, "ben")

    number = b.find(program, "cleo").number
    assert lines(found) == [(1, "Anna", 5), (2, f"Member {number[0]}…", 3)]
    assert (found.count, found.own_place) == (2, 1)


def test_equal_figures_share_a_place_and_the_first_there_stands_first(program, week):
    runs(program, anna=5, ben=7, cleo=5, dora=3)
    show(program, "anna", "ben", "cleo", "dora")

    assert lines(read(program, week)) == [(1, "Ben", 7), (2, "Anna", 5), (2, "Cleo", 5), (4, "Dora", 3)]


def test_the_own_place_comes_with_its_neighbours(program, week):
    people = {f"m{n:02}": 40 - n for n in range(20)}
    runs(program, **people)
    show(program, *people)

    found = read(program, week, "m15", top=3)

    assert [line.place for line in found.lines] == [1, 2, 3, 14, 15, 16, 17, 18]
    assert [line.place for line in found.lines if line.is_own] == [16]
    assert [line.place for line in found.lines if line.is_after_gap] == [14]
    assert found.own_place == 16


def test_a_deed_taken_back_moves_the_board(program, week):
    from rewards import withdrawals

    runs(program, anna=5, ben=7)
    show(program, "anna", "ben")

    withdrawals.withdraw(program=program, source="shop", kind="run", external_id="ben-7", now=NOW)
    run(NOW)

    assert lines(read(program, week)) == [(1, "Anna", 5)]


def test_reading_it_takes_as_many_statements_for_many(program, week):
    runs(program, **{f"m{n}": n + 1 for n in range(12)})
    show(program, *[f"m{n}" for n in range(12)])

    with counted() as statements:
        read(program, week, top=5)

    assert len(statements) == 1, statements.sent


def test_a_person_who_is_erased_leaves_the_board(program, week):
    runs(program, anna=5)
    show(program, "anna")

    erasure.erase(member=b.find(program, "anna"), now=NOW)

    assert lines(read(program, week)) == []
    with scope(program=program):
        assert not ChallengeEntry.objects.exists()
