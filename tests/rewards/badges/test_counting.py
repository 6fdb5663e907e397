"""Progress is a function of the facts: late ones, returns, changes and merges in any order give what counting anew gives."""

from contextlib import contextmanager

import pytest
from django_scopes import scope
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from members import tags
from members.models import Activity
from rewards import intake, merging
from rewards.badges import entering, recounting
from rewards.models import Badge, BadgeProgress, BadgeShare, BadgeTeam, BadgeWin
from tests.rewards import builders as b
from tests.rewards.badges.shop import counted, goal, put_up, run, together, told, value, wins

pytestmark = pytest.mark.django_db

SHOES = {"field": "category", "op": "=", "value": "shoes"}


@pytest.fixture
def program():
    found = b.open_program(stores=["quay", "mill"])
    b.join(found, "anna")
    return found


def shoe(amount=5000, quantity=1, category="shoes"):
    return b.line(amount, f"sku-{category}", quantity, category=category)


# --- what is counted --------------------------------------------------------------------------------------------------


def test_orders_reach_levels_and_the_log_is_told(program):
    put_up(program, definition=goal("orders", 2, 4))

    for number in range(3):
        b.record(program, b.order(str(number), f"2026-02-0{number + 1}", 1000))
    run()

    assert (value(program), wins(program)) == (3, ["one"])
    assert told(program) == [("badge.won", "one")]
    assert told(program, "badge.progress") == [("badge.progress", 50), ("badge.progress", 75)] or told(
        program, "badge.progress"
    ) == [("badge.progress", 75)]


def test_steps_are_told_once_on_each_way(program):
    put_up(program, definition=goal("orders", 4))
    for number in range(3):
        b.record(program, b.order(str(number), f"2026-02-0{number + 1}", 1000))
        run()
    b.record(program, b.bring_back("r", "2026-02-08", order="2"))
    run()
    b.record(program, b.order("3", "2026-02-09", 1000))
    run()

    assert [step for _kind, step in told(program, "badge.progress")] == [25, 50, 75]


@pytest.mark.parametrize(
    ("definition", "expected"),
    [
        (goal("spend", 1), 17000),
        (goal("items", 1), 5),
        (goal("orders", 1), 3),
        (goal("days", 1), 2),
        (goal("stores", 1), 2),
        (goal("categories", 1), 2),
        (goal("items", 1, lines=SHOES), 2),
        (goal("spend", 1, lines=SHOES), 10000),
        (goal("orders", 1, lines=SHOES), 2),
        (goal("orders", 1, where={"field": "order.store", "op": "=", "value": "quay"}), 2),
        (goal("orders", 1, where={"field": "order.total", "op": ">=", "value": 6000}), 1),
    ],
)
def test_what_can_be_counted_of_orders(program, definition, expected):
    put_up(program, definition=definition)

    b.record(
        program,
        b.order("1", "2026-02-01T09:00", shoe(), b.line(2000, "c", 2, category="caps"), store="quay"),
        b.order("2", "2026-02-01T18:00", shoe(), store="mill"),
        b.order("3", "2026-02-02", b.line(5000, "c", category="caps"), store="quay"),
    )
    run()

    assert value(program) == expected


def test_events_and_sums_of_their_numbers_are_counted(program):
    put_up(program, "runs", definition=goal("events", 1, event="run"))
    put_up(program, "km", definition=goal("sum", "10.5", event="run", field="km"))
    put_up(
        program, "long",
        definition=goal("events", 1, event="run", where={"field": "data.number.km", "op": ">=", "value": "10"}),
    )  # fmt: skip

    for number, km in enumerate([5.3, 10, "far", True, -3, None]):
        b.record(program, b.event(str(number), "run", "2026-02-01", km=km))
    b.record(program, b.event("w", "walk", "2026-02-01", km=50))
    run()

    assert value(program, key="runs") == 6
    assert value(program, key="km") == 15.3
    assert wins(program, key="km") == ["one"]
    assert value(program, key="long") == 1


def test_what_is_paid_by_a_reward_counts_for_nothing(program):
    put_up(program, definition=goal("orders", 1))

    b.record(program, b.order("1", "2026-02-01", b.line(1000, is_reward=True), b.line(0, "free")))
    run()

    assert value(program) == 0


# --- and taken back (29) ----------------------------------------------------------------------------------------------


def test_a_return_takes_a_badge_back_unless_it_is_kept(program):
    put_up(program, "kept", definition=goal("spend", 10_000), is_kept=True)
    put_up(program, "badge", definition=goal("spend", 10_000))
    b.record(program, b.order("1", "2026-02-01", 4000, 6000))
    run()
    assert (wins(program), wins(program, key="kept")) == (["one"], ["one"])

    b.record(program, b.bring_back("r", "2026-02-05", "sku-4000", order="1"))
    run()

    assert (value(program), value(program, key="kept")) == (6000, 6000)
    assert (wins(program), wins(program, key="kept")) == ([], ["one"])
    assert told(program)[-1] == ("badge.lost", "one")


def test_a_badge_lost_and_won_again_is_won_twice(program):
    put_up(program, definition=goal("orders", 2))
    b.record(program, b.order("1", "2026-02-01", 1000), b.order("2", "2026-02-02", 1000))
    run()
    b.record(program, b.cancel("2", "2026-02-03"))
    run()
    b.record(program, b.order("3", "2026-02-04", 1000))
    run()

    assert [kind for kind, _level in told(program)] == ["badge.won", "badge.lost", "badge.won"]
    with scope(program=program):
        assert BadgeWin.objects.count() == 2


def test_a_return_that_names_no_order_finds_what_it_takes(program):
    put_up(program, definition=goal("items", 3))
    b.record(program, b.order("1", "2026-02-01", b.line(3000, "sku", 3)))
    run()
    assert wins(program) == ["one"]

    b.record(program, b.bring_back("r", "2026-02-05", ("sku", 1), member="anna"))
    run()

    assert (value(program), wins(program)) == (2, [])


def test_a_refund_before_its_order_waits_for_it(program):
    put_up(program, definition=goal("spend", 1))
    b.record(program, b.bring_back("r", "2026-02-05", "sku-4000", order="1"))
    run()
    b.record(program, b.order("1", "2026-02-01", 4000, 6000))
    run()

    assert value(program) == 6000


def test_a_change_counts_as_it_is_now(program):
    put_up(program, definition=goal("spend", 5000))
    b.record(program, b.order("1", "2026-02-01", 4000))
    b.record(program, b.order("1", "2026-02-01", 4000, 3000, revision=1))
    run()

    assert (value(program), wins(program)) == (7000, ["one"])


# --- members who are one ----------------------------------------------------------------------------------------------


def test_merged_members_stand_together_and_apart_again(program):
    put_up(program, definition=goal("orders", 3))
    put_up(program, "runs", definition=goal("events", 2, event="run"))
    for name, numbers in (("anna", "12"), ("ben", "3")):
        b.record(program, *(b.order(n, "2026-02-01", 1000, member=name) for n in numbers))
        b.record(program, b.event(f"run-{name}", "run", "2026-02-02", member=name))
    run()
    anna, ben = b.find(program, "anna"), b.find(program, "ben")

    made = merging.merge(
        program=program, kept=anna, gone=ben, reason="One person", by=b.staff(), key="m", now=b.moment("2026-03-01")
    )  # fmt: skip
    run()

    with scope(program=program):
        found = dict(BadgeProgress.objects.filter(member_id=anna.pk).values_list("badge__key", "value"))
        assert found == {"badge": 3, "runs": 2}
        assert set(BadgeWin.objects.filter(lost_at=None).values_list("member_id", flat=True)) == {anna.pk}
        assert not BadgeShare.objects.filter(member_id=ben.pk).exists()

    merging.undo(
        program=program,
        made=made,
        bearing=merging.Bearing.SHOP,
        reason="Two after all",
        by=b.staff(),
        key="u",
        now=b.moment("2026-03-02"),
    )
    run()

    assert (value(program), wins(program)) == (2, [])
    assert (value(program, "ben"), value(program, "ben", "runs")) == (1, 1)


def test_who_joined_before_a_merge_still_takes_part(program):
    days = {"starts_at": b.moment("2026-01-01"), "ends_at": b.moment("2026-06-01")}
    put_up(program, definition=goal("orders", 2), kind="challenge", needs_joining=True, **days)
    b.record(program, b.order("1", "2026-02-01", 1000, member="ben"))
    ben = b.find(program, "ben")
    entering.join(program=program, member=ben, key="badge", now=b.moment("2026-02-02"))
    run("2026-02-02")
    assert value(program, "ben") == 1

    merging.merge(
        program=program, kept=b.find(program, "anna"), gone=ben, reason="One person", by=b.staff(), key="m",
        now=b.moment("2026-03-01"),
    )  # fmt: skip
    b.record(program, b.order("2", "2026-03-02", 1000))
    run("2026-03-02")

    assert (value(program), wins(program)) == (2, ["one"])


# --- what was there before --------------------------------------------------------------------------------------------


def test_what_was_done_before_it_was_put_up_counts(program):
    b.record(program, b.order("1", "2026-02-01", 1000), b.order("2", "2026-02-02", 1000, member="ben"))

    put_up(program, definition=goal("orders", 1), now="2026-03-01")

    assert wins(program) == ["one"]
    assert wins(program, "ben") == ["one"]
    assert told(program, "badge.progress") == []


def test_what_was_done_before_its_day_does_not_count(program):
    b.record(program, b.order("1", "2026-02-01", 1000), b.order("2", "2026-03-02", 1000))

    put_up(program, definition=goal("orders", 1), now="2026-03-03", starts_at=b.moment("2026-03-01"))

    assert value(program) == 1


def test_a_new_badge_is_counted_by_the_task_in_chunks(program, monkeypatch):
    monkeypatch.setattr(recounting, "CHUNK", 2)
    b.record(program, *(b.order(str(n), "2026-02-01", 1000, member=f"m{n}") for n in range(5)))
    from rewards.badges import editing

    editing.create(
        program=program, key="new", by=None, now=b.moment("2026-03-01"), kind="badge", names={"en": "New"},
        definition=goal("orders", 1),
    )  # fmt: skip
    editing.publish(program=program, key="new", by=None, now=b.moment("2026-03-01"))
    with scope(program=program):
        Badge.objects.update(horizon=0)

    assert recounting.recount_due(clock=lambda: b.moment("2026-03-01"), seconds=30) == 1

    with scope(program=program):
        assert Badge.objects.get().counted_at == b.moment("2026-03-01")
        assert BadgeWin.objects.count() == 5
    assert recounting.recount_due(clock=lambda: b.moment("2026-03-01"), seconds=30) == 0


def test_a_changed_goal_is_counted_anew(program):
    from rewards.badges import editing

    b.record(program, b.order("1", "2026-02-01", 1000))
    put_up(program, definition=goal("orders", 1))
    assert wins(program) == ["one"]

    badge = editing.change(
        program=program, key="badge", by=None, now=b.moment("2026-03-01"), definition=goal("spend", 2000)
    )
    assert badge.counted_at is None
    recounting.recount(program=program, badge=badge, now=b.moment("2026-03-01"))

    assert (value(program), wins(program)) == (1000, [])


def test_nobody_wins_by_shares_of_what_a_badge_was(program):
    from rewards.badges import editing

    b.record(program, b.order("1", "2026-02-01", 5000))
    put_up(program, definition=goal("spend", 10_000))
    editing.change(
        program=program, key="badge", by=None, now=b.moment("2026-03-01"), definition=goal("orders", 3)
    )
    b.record(program, b.order("2", "2026-03-01", 1000))
    run("2026-03-01")
    assert (wins(program), told(program)) == ([], [])

    with scope(program=program):
        recounting.recount(program=program, badge=Badge.objects.get(), now=b.moment("2026-03-02"))

    assert (value(program), wins(program)) == (2, [])


def test_only_one_run_counts(program, monkeypatch):
    from rewards import tasks

    @contextmanager
    def taken(name, number=0):
        yield name != "wafa-badges"

    monkeypatch.setattr(tasks, "only_one", taken)
    monkeypatch.setattr(recounting, "recount_due", lambda **_how: 1)

    assert tasks.count_badges() == 0


def test_time_alone_ends_a_row_and_takes_nothing_away(program):
    put_up(program, definition=goal("orders", 2, streak={"unit": "day"}))
    b.record(program, b.order("1", "2026-02-01", 1000), b.order("2", "2026-02-02", 1000))
    run("2026-02-02")
    assert (value(program), wins(program)) == (2, ["one"])

    run("2026-02-03T23:59")
    assert value(program) == 2
    run("2026-02-04T00:00")

    assert (value(program), wins(program)) == (0, ["one"])


def test_time_passes_for_some_members_at_a_time(program, monkeypatch):
    put_up(program, definition=goal("orders", 3, window={"kind": "days", "count": 7}))
    people = ("anna", "ben", "cora")
    b.record(program, *(b.order(name, "2026-02-01", 1000, member=name) for name in people))
    run("2026-02-01")
    asked = []

    def settle(*how, **more):
        asked.append(more["limit"])
        if len(asked) == 3:
            raise ConnectionError
        return real(*how, **more)

    real = recounting.standing.settle_due
    monkeypatch.setattr(recounting.standing, "settle_due", settle)
    with pytest.raises(ConnectionError):
        recounting.settle_due(program=program, now=b.moment("2026-02-20"), chunk=1)
    assert sorted(value(program, name) for name in people) == [0, 0, 1]

    done = recounting.settle_due(program=program, now=b.moment("2026-02-20"), chunk=1)

    assert (done, [value(program, name) for name in people]) == (1, [0, 0, 0])


def test_who_waits_for_being_counted_anew_holds_nobody_up(program):
    from rewards.badges import editing

    put_up(program, definition=goal("orders", 3, window={"kind": "days", "count": 7}))
    b.record(program, b.order("1", "2026-02-01", 1000))
    run("2026-02-01")
    editing.change(program=program, key="badge", by=None, now=b.moment("2026-02-02"), is_kept=True)

    assert recounting.settle_due(program=program, now=b.moment("2026-02-20"), chunk=1) == 0
    assert value(program) == 1


# --- in any order -----------------------------------------------------------------------------------------------------

BADGES = {
    "orders": goal("orders", 2, 4),
    "month": goal("spend", 3000, window={"kind": "calendar", "unit": "month", "repeats": True}),
    "week": goal("items", 3, window={"kind": "days", "count": 7}, lines=SHOES),
    "row": goal("days", 2, streak={"unit": "day"}),
    "km": goal("sum", 10, event="run", field="km"),
    "runs": goal("events", 2, event="run", streak={"unit": "week", "each": 1}),
    "all": together("all", 3, 6, least=2),
    "stores": together("stores", 5000, 9000, count="spend", least=2500),
    "tags": together("tags", 8, count="sum", least=3, tags=["red", "blue"], event="run", field="km"),
}
PEOPLE = ("anna", "ben")
DAYS = st.integers(1, 28).map(lambda day: f"2026-02-{day:02}")
LINES = st.lists(
    st.builds(shoe, st.sampled_from([1000, 2500]), st.integers(1, 3), st.sampled_from(["shoes", "caps"])),
    min_size=1,
    max_size=2,
    unique_by=lambda line: line.sku,
)
NUMBERS = st.integers(1, 5).map(str)
STEP = st.one_of(
    st.builds(
        lambda n, day, lines, who, rev, store: b.order(n, day, *lines, member=who, revision=rev, store=store),
        NUMBERS, DAYS, LINES, st.sampled_from(PEOPLE), st.integers(0, 2), st.sampled_from(["quay", "mill", ""]),
    ),
    st.builds(b.cancel, NUMBERS, DAYS),
    st.builds(lambda r, n, day: b.bring_back(f"r{r}", day, "sku-shoes", order=n), st.integers(1, 9), NUMBERS, DAYS),
    st.builds(lambda r, n, day: b.bring_back(f"a{r}", day, order=n, amount_minor=700), st.integers(1, 9), NUMBERS, DAYS),
    st.builds(lambda r, day, who: b.bring_back(f"u{r}", day, "sku-shoes", member=who), st.integers(1, 9), DAYS, st.sampled_from(PEOPLE)),
    st.builds(lambda n, day, km, who: b.event(f"e{n}", "run", day, who, km=km), st.integers(1, 9), DAYS, st.integers(1, 8), st.sampled_from(PEOPLE)),
)  # fmt: skip


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEP, min_size=1, max_size=14), batches=st.integers(1, 5))
def test_counting_along_gives_what_counting_anew_gives(transactional_rollback, steps, batches):
    program = b.open_program(stores=["quay", "mill"])
    for name, tag in zip(PEOPLE, ("red", "blue"), strict=True):
        tags.add_each(
            program=program, member_ids=[b.join(program, name).pk], tag=tag, now=b.moment("2026-01-01")
        )
    badges = [
        put_up(program, key, definition=definition, kind="challenge" if "group" in definition else "badge")
        for key, definition in BADGES.items()
    ]
    for start in range(0, len(steps), batches):
        intake.record(program=program, items=steps[start : start + batches], now=b.moment("2026-03-01"))
        run("2026-03-01")
    along = counted(program)

    with scope(program=program):
        for model in (BadgeShare, BadgeProgress, BadgeTeam, BadgeWin):
            model.objects.all().delete()
    for badge in badges:
        recounting.recount(program=program, badge=badge, now=b.moment("2026-03-01"))

    assert along == counted(program)


@pytest.fixture
def transactional_rollback(db):
    """Each example makes a program of its own; all of them go with the test's transaction."""


def test_the_data_of_an_event_goes_with_the_person(program):
    from members import erasure

    put_up(program, definition=goal("events", 1, event="run"))
    b.record(program, b.event("1", "run", "2026-02-01", note="my knee hurts"))
    run()
    erasure.erase(member=b.find(program, "anna"), now=b.moment("2026-03-01"))

    with scope(program=program):
        assert not Activity.objects.exists()
