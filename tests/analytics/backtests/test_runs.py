"""The life of a back-test: claimed by parts, stopped, gone on with, finished once; and what becomes of it afterwards."""

import logging
from datetime import timedelta

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.db import OperationalError
from django_scopes import scope

from analytics.backtests import chunks, results, runs, watching
from analytics.backtests.changes import Changes, NothingChanged
from analytics.models import Backtest, BacktestChunk, BacktestMember
from members.models import AuditEntry, Event, Member
from rewards import rules
from rewards.merging import joining
from rewards.models import RuleVersion
from tests.analytics.backtests.replays import NOW, begin, replay, rule, worked
from tests.rewards import builders as b

pytestmark = pytest.mark.django_db

PER_POUND = {"kind": "per_amount", "points": "1", "per_minor": 100}
DOUBLE = {"amount": {"kind": "per_amount", "points": "2", "per_minor": 100}}
HALF = {"amount": {"kind": "per_amount", "points": "1", "per_minor": 200}}


def shop(members=5, days=60):
    """Everybody buys for 100.00 every ten days, the first member twice as often."""
    program = b.open_program(stores=["north", "south"])
    orders = []
    for day in range(0, days, 5):
        at = b.moment("2026-06-01") + timedelta(days=day)
        for number in range(members):
            if day % 10 == 0 or number == 0:
                store = "north" if number % 2 else "south"
                orders.append(b.order(f"{day}-{number}", at, b.line(6_000, "a", category="Tea"), b.line(4_000, "b", category="Cups"), member=f"m{number}", store=store))  # fmt: skip
    b.record(program, *orders, at_own_time=True)
    return program


@pytest.fixture
def program():
    return shop()


def taken(program, made, now=NOW):
    with scope(program=program):
        return chunks.take(backtest_id=made.pk, now=b.moment(now))


def due():
    return runs.due(now=b.moment(NOW), workers=2)


def test_the_sum_of_many_parts_is_that_of_one(program):
    whole = replay(program, Changes(rules=rule(DOUBLE)))

    parts = replay(program, Changes(rules=rule(DOUBLE)), size=2)

    assert parts == whole
    assert whole.sums.orders == 36
    assert whole.cost == (3_600, 7_200)


def test_who_gains_is_counted_and_told_with_the_reason(program):
    made = begin(program, Changes(rules=rule(DOUBLE)))
    found = worked(program, made)

    shares = found.more["shares"]
    assert (shares["winners"], shares["losers"], shares["won"], shares["lost"]) == (5, 0, 3_600, 0)
    assert sum(count for count, _value in shares["counts"]) == 5
    first = found.more["affected"][0]
    assert first["member"] == b.find(program, "m0").pk
    assert (first["before"], first["after"], first["rules"]) == (1_200, 2_400, [["base", 1_200, 2_400]])
    assert [row["after"] - row["before"] for row in found.more["affected"]] == [1_200] + [600] * 4


def test_who_was_merged_before_the_result_was_made_is_told_without_reasons(program):
    made = begin(program, Changes(rules=rule(DOUBLE)))
    with scope(program=program):
        bench, claim = chunks.set_up(backtest=made), taken(program, made)
        chunks.keep(bench, claim, chunks.work(bench, claim))
    kept, gone = b.find(program, "m1"), b.find(program, "m0")
    joining.merge(
        program=program, kept=kept, gone=gone, reason="One person", by=b.staff(), key="m", now=b.moment(NOW)
    )

    first = worked(program, made).more["affected"][0]

    assert (first["member"], first["before"], first["after"]) == (gone.pk, 1_200, 2_400)
    assert (first["rules"], first["order"]) == ([], None)


def test_breakdowns_add_up_to_the_whole(program):
    found = replay(program, Changes(rules=rule(HALF)))

    for rows in (found.sums.stores, found.sums.categories, found.sums.tiers, found.sums.days):
        assert sum(row[-2] for row in rows.values()) == 3_600
        assert sum(row[-1] for row in rows.values()) == 1_800
    assert {key: row[-2:] for key, row in found.sums.categories.items()} == {
        "Tea": [2_160, 1_080],
        "Cups": [1_440, 720],
    }


def test_who_is_not_touched_keeps_no_row(program):
    tea = {"amount": PER_POUND, "lines": {"field": "category", "op": "=", "value": "Tea"}}
    b.publish(program, "tea", {**tea, "minimum_minor": 10_000_000})

    made = begin(program, Changes(rules=rule({**tea, "minimum_minor": 9_000_000}, key="tea")))
    worked(program, made)

    with scope(program=program):
        assert not BacktestMember.objects.filter(backtest=made).exists()
        assert not BacktestChunk.objects.filter(backtest=made).exists()


def test_a_part_that_was_taken_over_keeps_nothing(program):
    made = begin(program, Changes(rules=rule(DOUBLE)))
    with scope(program=program):
        bench = chunks.set_up(backtest=made)
        slow = chunks.take(backtest_id=made.pk, now=b.moment(NOW))
        assert chunks.take(backtest_id=made.pk, now=b.moment(NOW)) is None
        fast = chunks.take(backtest_id=made.pk, now=b.moment(NOW) + chunks.LEASE)
        tally = chunks.work(bench, slow)

        with pytest.raises(chunks.Overtaken):
            chunks.keep(bench, slow, tally)

        assert not BacktestMember.objects.exists()
        chunks.keep(bench, fast, chunks.work(bench, fast))
        assert BacktestMember.objects.count() == 5


def test_one_that_was_stopped_takes_nothing_and_goes_on_later(program):
    whole = replay(program, Changes(rules=rule(DOUBLE)))
    made = begin(program, Changes(rules=rule(DOUBLE)), size=2)
    claim = taken(program, made)
    with scope(program=program):
        bench = chunks.set_up(backtest=made)
        chunks.keep(bench, claim, chunks.work(bench, claim))
        runs.stop(backtest=made, by=None, now=b.moment(NOW))
        assert runs.progress(made).done == 2
        assert chunks.take(backtest_id=made.pk, now=b.moment(NOW)) is None
    assert due() == {}

    with scope(program=program):
        runs.go_on(backtest=made, by=None, now=b.moment(NOW))
    assert due() == {made.pk: 2}

    assert worked(program, made) == whole
    with scope(program=program):
        actions = AuditEntry.objects.filter(subject="backtest", subject_id=str(made.pk))
        assert set(actions.values_list("action", flat=True)) == {
            "backtest.begin", "backtest.stop", "backtest.resume",
        }  # fmt: skip


def test_nothing_is_no_draft(program):
    with pytest.raises(NothingChanged):
        begin(program, Changes())


def test_a_period_that_ends_before_it_begins_is_refused(program):
    with pytest.raises(runs.PeriodRefused):
        begin(program, Changes(rules=rule(DOUBLE)), first="2026-05-02", last="2026-05-01")


def test_one_whose_rules_cannot_be_compiled_fails_with_the_reason(program):
    made = begin(program, Changes(rules=rule(DOUBLE)))
    with scope(program=program):
        Backtest.objects.filter(pk=made.pk).update(changes={"rules": rule({"amount": {"kind": "magic"}})})

    assert runs.work(backtest_id=made.pk, clock=lambda: b.moment(NOW))

    with scope(program=program):
        made.refresh_from_db()
        assert made.state == Backtest.State.FAILED
        assert made.error


def test_more_workers_are_woken_only_while_fewer_are_at_it(program):
    made = begin(program, Changes(rules=rule(DOUBLE)), size=1)
    asked = []

    for _worker in range(2):
        asked.append(due())
        taken(program, made)

    assert asked == [{made.pk: 2}, {made.pk: 1}]
    assert due() == {}


@pytest.mark.parametrize("where", [(chunks, "work"), (results, "make")])
def test_one_that_breaks_fails_and_is_not_taken_up_again(program, monkeypatch, where):
    made = begin(program, Changes(rules=rule(DOUBLE)))
    monkeypatch.setattr(*where, broken(KeyError(1)))

    assert runs.work(backtest_id=made.pk, clock=lambda: b.moment(NOW))

    with scope(program=program):
        made.refresh_from_db()
        assert (made.state, made.error) == (Backtest.State.FAILED, str(runs.BROKEN))
    assert due() == {}


def test_a_database_that_is_away_fails_no_back_test(program, monkeypatch):
    made = begin(program, Changes(rules=rule(DOUBLE)))
    monkeypatch.setattr(chunks, "work", broken(OperationalError("away")))

    with pytest.raises(OperationalError):
        runs.work(backtest_id=made.pk, clock=lambda: b.moment(NOW))

    with scope(program=program):
        made.refresh_from_db()
        assert made.state == Backtest.State.RUNNING


def broken(error):
    def work(*_args, **_more):
        raise error

    return work


def test_by_the_rules_of_today_a_budget_is_not_cut_but_told_day_by_day(program):
    b.publish(program, "gift", {"amount": {"kind": "per_order", "points": "10"}, "budget": "100"})

    found = replay(program, Changes(rules=rule(DOUBLE)), basis="now")

    (pk,) = (key for key, name in found.more["rules"].items() if name == "gift")
    assert found.sums.before == {"points": 3_600 + 36 * 10}
    assert found.more["limits"] == {pk: 100}
    assert found.sums.budgets[pk]["2026-06-01"] == [50, 50]
    assert sum(day[1] for day in found.sums.budgets[pk].values()) == 360


# After publishing


def bands(program, made):
    with scope(program=program):
        made.refresh_from_db()
        return watching.band(days=watching.days_of(made), length=14, seed=1)


def test_the_band_holds_the_share_of_a_shop_that_is_always_the_same(program):
    made = begin(program, Changes(rules=rule(DOUBLE)))
    worked(program, made)

    found = bands(program, made)

    # 2 points of one minor unit on each 100.00: exactly 2 %, whatever days are drawn.
    assert (found.low, found.middle, found.high) == pytest.approx((0.02, 0.02, 0.02))
    assert found == bands(program, made)


def test_what_events_cost_is_not_in_the_band_since_it_is_not_in_what_is_measured(program):
    visits = {"trigger": {"on": "event", "kind": "visit"}, "amount": {"kind": "fixed", "points": "500"}}
    b.publish(program, "visits", visits)
    b.record(program, b.event("e", "visit", "2026-06-03"))
    made = begin(program, Changes(rules=rule(DOUBLE)))
    assert worked(program, made).sums.after == {"points": 7_200 + 500}

    found = bands(program, made)

    assert (found.low, found.middle, found.high) == pytest.approx((0.02, 0.02, 0.02))


def live(program, made, *, points, pauses=False, draft=DOUBLE):
    """Publish the draft on 1 December, and sell for two weeks under rules that give so much."""
    definition = rule(draft)["base"]["definition"]
    rules.publish(program=program, key="base", name="base", definition=definition, by=None, now=b.moment(NOW))
    if points:
        b.publish(program, "more", {"amount": {"kind": "per_order", "points": points}}, since="2026-12-01")
    with scope(program=program):
        Backtest.objects.filter(pk=made.pk).update(pauses=pauses)
        made.refresh_from_db()
    for day in range(2, 15):
        b.record(program, b.order(f"live-{day}", f"2026-12-{day:02}", 10_000, member="m1"))


def look(program, made):
    with scope(program=program):
        made.refresh_from_db()
    return watching.look(backtest=made, now=b.moment("2026-12-15"))


@pytest.fixture
def made(program):
    made = begin(program, Changes(rules=rule(DOUBLE)))
    worked(program, made)
    return made


def failing(first, error, seen):
    def look(*, backtest, now):
        seen.append(backtest)
        if backtest == first:
            raise error
        return True

    return look


def another(program):
    made = begin(program, Changes(rules=rule(HALF)))
    worked(program, made)
    return made


def test_a_back_test_that_fails_keeps_no_other_from_being_watched(program, made, monkeypatch, caplog):
    second, seen = another(program), []
    monkeypatch.setattr(watching, "look", failing(made, RuntimeError("broken"), seen))

    with caplog.at_level(logging.ERROR):
        assert watching.look_all(now=b.moment("2026-12-15")) == 1

    assert seen == [made, second]
    assert [record.backtest for record in caplog.records if record.name == watching.__name__] == [made.pk]


def test_a_watch_whose_time_is_over_ends(program, made, monkeypatch):
    another(program)
    seen = []
    monkeypatch.setattr(watching, "look", failing(made, SoftTimeLimitExceeded(), seen))

    with pytest.raises(SoftTimeLimitExceeded):
        watching.look_all(now=b.moment("2026-12-15"))

    assert seen == [made]


def test_a_draft_that_is_not_published_is_not_watched(program, made):
    assert not look(program, made)

    with scope(program=program):
        made.refresh_from_db()
        assert (made.watch, made.live_since) == (Backtest.Watch.WAITING, None)


def test_inside_the_band_nothing_is_said(program, made):
    live(program, made, points="")

    assert not look(program, made)

    with scope(program=program):
        made.refresh_from_db()
        assert made.watch == Backtest.Watch.INSIDE
        assert made.live["share"] == pytest.approx(0.02)
        assert not Event.objects.filter(kind=watching.KIND).exists()


def test_outside_it_an_event_says_so_once_and_the_rule_stays(program, made):
    live(program, made, points="500")

    assert look(program, made)
    assert not look(program, made)

    with scope(program=program):
        made.refresh_from_db()
        assert made.watch == Backtest.Watch.OUTSIDE
        (told,) = Event.objects.filter(kind=watching.KIND)
        assert (told.data["backtest"], told.data["retired"]) == (made.pk, [])
        assert told.data["share"] == pytest.approx(0.07)
        assert RuleVersion.objects.filter(rule__key="base", until=None).exists()


def test_outside_it_the_rule_is_retired_by_the_system_where_that_was_chosen(program, made):
    live(program, made, points="500", pauses=True)

    assert look(program, made)

    with scope(program=program):
        assert not RuleVersion.objects.filter(rule__key="base", until=None).exists()
        (entry,) = AuditEntry.objects.filter(action="rule.retire", subject_id="base")
        assert entry.actor_id is None
        assert Event.objects.get(kind=watching.KIND).data["retired"] == ["base"]


def test_a_draft_with_a_budget_is_never_retired_by_the_system(program):
    draft = {**DOUBLE, "budget": "1000000"}
    made = begin(program, Changes(rules=rule(draft)))
    worked(program, made)
    live(program, made, points="500", pauses=True, draft=draft)

    assert look(program, made)

    with scope(program=program):
        assert RuleVersion.objects.filter(rule__key="base", until=None).exists()
        told = Event.objects.get(kind=watching.KIND).data
        assert (told["retired"], told["stayed"]) == ([], ["base"])


def test_a_member_of_another_program_is_not_replayed(program):
    other = shop(members=2)

    found = replay(other, Changes(rules=rule(DOUBLE)))

    with scope(program=other):
        ids = set(Member.objects.values_list("pk", flat=True))
    assert found.sums.members == 2
    assert {row["member"] for row in found.more["affected"]} == ids
    assert isinstance(found, results.Result)
