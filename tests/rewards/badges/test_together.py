"""What teams do together: everybody, stores, tags, households; the prize is for all who brought enough, while it stands."""

import pytest
from django_scopes import scope

from members import tags
from rewards import merging, rulebook
from rewards.badges import editing, entering, recounting
from rewards.households import places
from rewards.models import Badge, BadgeTeam, Unit
from tests.rewards import builders as b
from tests.rewards.badges.shop import goal, levels, put_up, run, sums, together, told, value, wins

pytestmark = pytest.mark.django_db

FIFTY = {"one": [{"kind": "units", "name": "points", "amount": 50}]}


@pytest.fixture
def program():
    found = b.open_program(stores=["quay", "mill"], rules={})
    for name in ("anna", "ben", "cora"):
        b.join(found, name)
    return found


def put_up_together(program, definition, **values):
    return put_up(program, definition=definition, kind="challenge", **values)


def tag(program, name, word):
    tags.add_each(
        program=program, member_ids=[b.find(program, name).pk], tag=word, now=b.moment("2026-01-02")
    )


def test_all_reach_it_together_and_who_brought_enough_wins(program):
    put_up_together(program, together("all", 4, least=2) | {"levels": levels(4, **FIFTY)})
    b.record(program, b.order("1", "2026-02-01", 900), b.order("2", "2026-02-02", 900))
    b.record(program, b.order("3", "2026-02-03", 900, member="ben"))
    run()
    assert (sums(program), wins(program), wins(program, "ben")) == ({"all": 3}, [], [])

    b.record(program, b.order("4", "2026-02-04", 900, member="cora"))
    run()

    assert sums(program) == {"all": 4}
    assert [wins(program, name) for name in ("anna", "ben", "cora")] == [["one"], [], []]
    assert [b.balance(program, name).active for name in ("anna", "ben")] == [50, 0]
    assert told(program) == [("challenge.completed", "one")]
    assert told(program, "badge.progress") == []


def test_who_brings_enough_afterwards_wins_then(program):
    put_up_together(program, together("all", 2, least=2))
    b.record(program, b.order("1", "2026-02-01", 900), b.order("2", "2026-02-02", 900, member="ben"))
    run()
    assert (wins(program), wins(program, "ben")) == ([], [])

    b.record(program, b.order("3", "2026-02-03", 900, member="ben"))
    run()

    assert (wins(program), wins(program, "ben")) == ([], ["one"])


@pytest.mark.parametrize(("is_kept", "left", "points"), [(False, [], 0), (True, ["one"], 50)])
def test_a_return_takes_it_from_everybody_unless_it_is_kept(program, is_kept, left, points):
    definition = together("all", 3) | {"levels": levels(3, **FIFTY)}
    put_up_together(program, definition, is_kept=is_kept)
    for number, name in enumerate(("anna", "ben", "cora")):
        b.record(program, b.order(str(number), "2026-02-01", 900, member=name))
    run()
    assert [b.balance(program, name).active for name in ("anna", "ben", "cora")] == [50, 50, 50]

    b.record(program, b.bring_back("r", "2026-02-05", order="2"))
    run()

    assert sums(program) == {"all": 2}
    assert [wins(program, name) for name in ("anna", "ben", "cora")] == [left] * 3
    assert [b.balance(program, name).active for name in ("anna", "ben", "cora")] == [points] * 3


def test_stores_are_teams_of_those_who_buy_there(program):
    put_up_together(program, together("stores", 3000, count="spend", least=1000))
    b.record(
        program,
        b.order("1", "2026-02-01", 2000, store="quay"),
        b.order("2", "2026-02-01", 1000, member="ben", store="quay"),
        b.order("3", "2026-02-01", 2000, member="cora", store="mill"),
        b.order("4", "2026-02-02", 900, member="cora", store="quay"),
        b.order("5", "2026-02-02", 9000, member="cora"),
    )

    run()

    assert sums(program) == {"quay": 3900, "mill": 2000}
    assert [wins(program, name) for name in ("anna", "ben", "cora")] == [["one"], ["one"], []]
    assert value(program, "cora") == 2900


def test_a_tag_is_a_team_and_another_tag_another_one(program):
    tag(program, "anna", "red")
    tag(program, "ben", "red")
    put_up_together(program, together("tags", 2, tags=["red", "blue"]))
    b.record(program, *(b.order(name, "2026-02-01", 900, member=name) for name in ("anna", "ben", "cora")))
    run()
    assert (sums(program), wins(program), wins(program, "cora")) == ({"red": 2}, ["one"], [])

    tags.remove_each(
        program=program, member_ids=[b.find(program, "ben").pk], tag="red", now=b.moment("2026-02-02")
    )
    tag(program, "ben", "blue")
    tag(program, "cora", "blue")
    run()

    assert sums(program) == {"red": 1, "blue": 2}
    assert [wins(program, name) for name in ("anna", "ben", "cora")] == [[], ["one"], ["one"]]


def test_a_household_is_a_team_for_what_is_done_while_one_is_in_it(program):
    with scope(program=program):
        Unit.objects.update(is_shared=True)
    rulebook.touch(program)
    put_up_together(program, together("households", 2))
    b.record(program, b.order("before", "2026-01-31", 900))
    anna = b.find(program, "anna")
    one = places.found(program=program, member=anna, now=b.moment("2026-02-01T00:00"))

    b.record(program, b.order("1", "2026-02-02", 900), b.order("2", "2026-02-03", 900))
    b.record(program, b.order("3", "2026-02-03", 900, member="cora"))
    run()

    assert sums(program) == {str(one.pk): 2}
    assert (wins(program), wins(program, "cora")) == (["one"], [])


def test_merged_members_bring_what_both_brought(program):
    put_up_together(program, together("all", 3, least=3))
    b.record(program, b.order("1", "2026-02-01", 900), b.order("2", "2026-02-01", 900))
    b.record(program, b.order("3", "2026-02-02", 900, member="ben"))
    run()
    assert (wins(program), wins(program, "ben")) == ([], [])

    merging.merge(
        program=program, kept=b.find(program, "anna"), gone=b.find(program, "ben"), reason="One person", by=b.staff(),
        key="m", now=b.moment("2026-03-01"),
    )  # fmt: skip
    run()

    assert (sums(program), wins(program)) == ({"all": 3}, ["one"])


def test_who_leaves_takes_the_own_part_along(program):
    put_up_together(program, together("all", 2), needs_joining=True)
    for name in ("anna", "ben"):
        b.record(program, b.order(name, "2026-02-01", 900, member=name))
        entering.join(program=program, member=b.find(program, name), key="badge", now=b.moment("2026-02-02"))
    run()
    assert (sums(program), wins(program)) == ({"all": 2}, ["one"])

    entering.leave(program=program, member=b.find(program, "ben"), key="badge", now=b.moment("2026-02-03"))
    run()

    assert (sums(program), wins(program), wins(program, "ben")) == ({"all": 1}, [], [])


def test_a_large_team_is_settled_some_at_a_time(program, monkeypatch):
    from rewards.badges import counting

    monkeypatch.setattr(counting, "MOST_TURNED", 1)
    put_up_together(program, together("all", 3))
    for name in ("anna", "ben", "cora"):
        b.record(program, b.order(name, "2026-02-01", 900, member=name))
    from members import followers

    followers.deliver(clock=lambda: b.moment("2026-02-02"), seconds=60)
    with scope(program=program):
        assert BadgeTeam.objects.get().turned_to is not None

    assert recounting.settle_due(program=program, now=b.moment("2026-02-02"), chunk=1) >= 2

    assert [wins(program, name) for name in ("anna", "ben", "cora")] == [["one"]] * 3
    with scope(program=program):
        assert BadgeTeam.objects.get().turned_to is None


def test_the_task_counts_first_what_was_brought_and_then_who_wins(program, monkeypatch):
    monkeypatch.setattr(recounting, "CHUNK", 2)
    b.record(program, *(b.order(str(n), "2026-02-01", 900, member=f"m{n}") for n in range(5)))
    now = b.moment("2026-03-01")
    editing.create(
        program=program, key="new", by=None, now=now, kind="challenge", names={"en": "New"},
        definition=together("all", 5),
    )  # fmt: skip
    editing.publish(program=program, key="new", by=None, now=now)
    with scope(program=program):
        Badge.objects.update(horizon=0)

    assert recounting.recount_due(clock=lambda: now, seconds=60) == 1

    assert sums(program, "new") == {"all": 5}
    assert [wins(program, f"m{n}", "new") for n in range(5)] == [["one"]] * 5


def test_nobody_loses_a_prize_while_it_is_counted_anew(program):
    put_up_together(program, together("all", 2) | {"levels": levels(2, **FIFTY)})
    for name in ("anna", "ben"):
        b.record(program, b.order(name, "2026-02-01", 900, member=name))
    run()
    now = b.moment("2026-03-01")
    editing.change(program=program, key="badge", by=None, now=now, starts_at=b.moment("2026-01-15"))

    b.record(program, b.order("more", "2026-03-01", 900))
    run(now)
    assert (wins(program), wins(program, "ben")) == (["one"], ["one"])
    with scope(program=program):
        recounting.recount(program=program, badge=Badge.objects.get(), now=now)
    run(now)

    assert sums(program) == {"all": 3}
    assert told(program).count(("badge.lost", "one")) == 0
    assert b.balance(program).active == 50


@pytest.mark.parametrize(
    ("definition", "kind", "field"),
    [
        (together("all", 2), "badge", "group.by"),
        (together("all", 2, count="days"), "challenge", "group.by"),
        (together("all", 2, streak={"unit": "day"}), "challenge", "group.by"),
        (together("stores", 2, count="events", event="run"), "challenge", "group.by"),
        (together("tags", 2, tags=["red"]), "challenge", "group.tags"),
        (together("all", 2, least=0), "challenge", "group.least"),
        (goal("orders", 2, group={"by": "moon"}), "challenge", "group.by"),
    ],
)
def test_what_cannot_be_done_together(program, definition, kind, field):
    with pytest.raises(editing.BadgeRefused) as refused:
        editing.create(
            program=program, key="x", by=None, now=b.moment("2026-01-01"), kind=kind, names={"en": "X"},
            definition=definition,
        )  # fmt: skip

    assert refused.value.field == field
