"""What the calendar expects is what then goes out: months played to the end, day by day."""

from collections import Counter, defaultdict
from datetime import time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db.models import Min
from django_scopes import scope

from campaigns import foresight, volumes
from campaigns.messages.manners import Rules
from campaigns.models import Enrolment, JourneyStep, JourneyVersion, Manners, Message
from members import tags
from tests.campaigns import letters
from tests.campaigns.journeys import trips as t
from tests.rewards import builders as b

pytestmark = pytest.mark.django_db
MONTH = timedelta(days=30)


@pytest.fixture
def program():
    found = b.open_program(time_zone="Asia/Tehran")
    letters.behave(found)
    return found


def letter(program, key, **facts):
    return (key, "message", {"message": letters.template(program).pk, "channel": "email", **facts})


def people(program, prefix, number, *, agree=None):
    """So many members of whom the first `agree` may be written to, and all where that is not said."""
    with scope(program=program):
        found = [
            letters.join(program, f"{prefix}{n}", agrees=("email",) if agree is None or n < agree else ())
            for n in range(number)
        ]
        return [member.pk for member in found]


def foreseen(program, now=t.NOW):
    last = (now + MONTH).astimezone(program.zone).date()
    with scope(program=program):
        found = volumes.foreseen(program=program, last=last, now=now)
    days = Counter()
    for (day, _journey), number in found.items():
        days[day] += round(number, 6)
    return {day: number for day, number in days.items() if number}


def play(program, until):
    """Every moment at which somebody is due, up to the end; what is queued goes out at once."""
    while True:
        with scope(program=program):
            waiting = Enrolment.objects.filter(status="waiting", due_at__lte=until)
            moment = waiting.aggregate(first=Min("due_at"))["first"]
        if moment is None:
            return
        t.work(moment)
        with scope(program=program):
            Message.objects.filter(state="queued").update(state="sent")


def sent(program, since):
    with scope(program=program):
        rows = Message.objects.filter(queued_at__gt=since, state="sent")
        return dict(Counter(rows.values_list("day", flat=True)))


def foreseen_and_played(program, now=t.NOW):
    """What is expected of those who are in, and what then went out."""
    expected = foreseen(program, now)
    play(program, now + MONTH)
    return expected, sent(program, now)


def test_every_message_behind_every_wait_is_on_its_day(program):
    t.launch(program, t.graph(
        ("pause", "wait", {"days": 2, "hours": 3}), letter(program, "first"),
        ("friday", "wait_local", {"hour": 9, "minute": 30, "weekdays": [4]}), letter(program, "second"),
        ("again", "wait", {"days": 9}), letter(program, "third"),
    ))  # fmt: skip
    early, late = people(program, "early", 3), people(program, "late", 2)
    t.happen(program, *early)
    t.work()
    t.happen(program, *late, now=t.NOW + 3 * t.DAY)
    t.work(t.NOW + 3 * t.DAY)

    expected, played = foreseen_and_played(program, t.NOW + 3 * t.DAY)

    assert expected == played
    assert sorted(played.values()) == [2, 2, 2, 3, 3]


def test_at_a_branch_it_goes_as_it_went(program):
    """Of the next eight as of the first eight: two are tagged, and six of eight may be written to."""
    asks = {"field": "member.tags", "op": "has any", "value": ["vip"]}
    vip = [{"key": "p1", "kind": "wait", "days": 1}, said(program, "m1")]
    rest = [{"key": "p2", "kind": "wait", "days": 4}, said(program, "m2")]
    branch = {"paths": [{"name": "vip", "where": asks, "steps": vip}], "else": rest}
    t.launch(program, t.graph(("pause", "wait", {"days": 1}), ("who", "branch", branch)))
    for wave in ("a", "b"):
        now = t.NOW if wave == "a" else t.NOW + MONTH
        vips, others = people(program, f"{wave}vip", 2), people(program, f"{wave}rest", 6, agree=3)
        with scope(program=program):
            tags.add_each(program=program, member_ids=vips, tag="vip", now=now)
        t.happen(program, *vips, *others, now=now)
        t.work(now)
        if wave == "a":
            play(program, now + MONTH)

    expected, played = foreseen_and_played(program, t.NOW + MONTH)

    assert expected == played
    assert sorted(played.values()) == [2, 3]


def said(program, key):
    return {"key": key, "kind": "message", "message": letters.template(program).pk, "channel": "email"}


@pytest.mark.parametrize(("capped", "number"), [("skip", 2), ("defer", 3), ("exit", 1)])
def test_no_more_is_expected_than_the_caps_let_through(program, capped, number):
    letters.behave(program, caps=[{"channel": "email", "kind": "", "days": 7, "most": 1}])
    t.launch(program, t.graph(
        ("pause", "wait", {"days": 1}), letter(program, "first"), ("short", "wait", {"days": 2}),
        letter(program, "second", capped=capped), ("long", "wait", {"days": 7}), letter(program, "third"),
    ))  # fmt: skip
    t.happen(program, *people(program, "p", 2))
    t.work()

    expected, played = foreseen_and_played(program)

    assert expected == played
    assert sum(played.values()) == 2 * number


def test_what_another_journey_sent_lately_counts_for_caps(program):
    letters.behave(program, caps=[{"channel": "", "kind": "", "days": 7, "most": 1}])
    t.launch(program, t.graph(letter(program, "now"), trigger={"kind": "event", "event": "event.other"}))
    t.launch(program, t.graph(("pause", "wait", {"days": 2}), letter(program, "soon", capped="skip")))
    told, fresh = people(program, "told", 2), people(program, "fresh", 3)
    t.happen(program, *told, kind="event.other")
    t.happen(program, *told, *fresh)
    t.work()

    expected, played = foreseen_and_played(program)

    assert expected == played
    assert sum(played.values()) == 3


def test_who_would_be_asleep_gets_it_on_the_next_morning(program):
    letters.behave(program, quiet_from="21:00", quiet_until="08:00")
    t.launch(program, t.graph(("pause", "wait_local", {"hour": 22}), letter(program, "hello")))
    t.happen(program, *people(program, "p", 2))
    t.work()

    expected, played = foreseen_and_played(program)

    assert expected == played
    assert list(played) == [(t.NOW + t.DAY).date()]


@pytest.mark.parametrize("minute", [15, 45])
def test_quiet_hours_begin_within_an_hour(program, minute):
    letters.behave(program, quiet_from="21:30", quiet_until="08:00")
    t.launch(program, t.graph(
        ("pause", "wait_local", {"hour": 21, "minute": minute}), letter(program, "hello"),
        ("again", "wait", {"days": 2}), letter(program, "more"),
    ))  # fmt: skip
    t.happen(program, *people(program, "p", 2))
    t.work()

    expected, played = foreseen_and_played(program)

    assert expected == played
    assert min(played) == (t.NOW + (t.DAY if minute == 45 else 0 * t.DAY)).date()


def test_whom_quiet_hours_kept_back_says_nothing_of_who_comes_by_day(program):
    letters.behave(program, quiet_from="21:00", quiet_until="08:00")
    window = {"late_hours": 4}
    t.launch(program, t.graph(("pause", "wait", {"hours": 9}), letter(program, "hello"), window=window))
    t.happen(program, *people(program, "night", 2))
    t.work()
    play(program, t.NOW + t.DAY)
    assert sent(program, t.NOW) == {}
    morning = t.NOW + t.DAY - 6 * t.HOUR
    t.happen(program, *people(program, "day", 3), now=morning)
    t.work(morning)

    expected, played = foreseen_and_played(program, morning)

    assert expected == played
    assert sum(played.values()) == 3


def test_less_than_one_a_day_is_not_lost(program, monkeypatch):
    """A week shows what the month shows."""
    days = [t.NOW.date() + n * t.DAY for n in range(30)]
    few = {(day, 1): 0.13 for day in days}
    monkeypatch.setattr(volumes, "foreseen", lambda **_asked: few)

    month = volumes.between(program=program, first=days[0], last=days[-1], now=t.NOW)
    later = volumes.between(program=program, first=days[10], last=days[-1], now=t.NOW)

    shown = {day: month[day][1].expected for day in days if day in month}
    assert sum(shown.values()) == 4
    assert set(shown.values()) == {1}
    assert {day: later[day][1].expected for day in later} == {
        day: number for day, number in shown.items() if day >= days[10]
    }


def test_who_waits_for_an_event_comes_or_leaves_as_often_as_others(program):
    """Of four one came on the way, one left and two waited to the end: so it is expected of the next four."""
    then, other = [said(program, "came")], [said(program, "waited")]
    wait = {"event": "event.seen", "timeout_days": 4, "then": then, "else": other}
    t.launch(program, t.graph(("pause", "wait_event", wait), exit=[{"event": "event.gone"}]))
    first = people(program, "a", 4)
    t.happen(program, *first)
    t.work()
    t.happen(program, first[0], kind="event.seen", now=t.NOW + t.HOUR)
    t.happen(program, first[1], kind="event.gone", now=t.NOW + t.HOUR)
    play(program, t.NOW + MONTH)
    later = t.NOW + MONTH
    t.happen(program, *people(program, "b", 4), now=later)
    t.work(later)

    expected = foreseen(program, later)

    day = later.astimezone(program.zone).date()
    days = {day + n * t.DAY: 0.25 for n in (1, 2, 3)} | {day + 4 * t.DAY: 2.25}
    assert expected == days


def test_nobody_is_expected_of_a_journey_that_rests_or_who_is_held_out(program):
    journey = t.launch(program, t.graph(("pause", "wait", {"days": 1}), letter(program, "hello")))
    t.happen(program, *people(program, "p", 3))
    t.work()
    with scope(program=program):
        Enrolment.objects.filter(pk=Enrolment.objects.earliest("pk").pk).update(holdout=True)
    assert sum(foreseen(program).values()) == 2

    with scope(program=program):
        type(journey).objects.filter(pk=journey.pk).update(state="paused")

    assert foreseen(program) == {}


def test_it_asks_no_more_of_many_than_of_one(program, django_assert_max_num_queries):
    t.launch(program, t.graph(("pause", "wait", {"days": 1}), letter(program, "hello")))
    t.happen(program, *people(program, "p", 9))
    t.work()

    with django_assert_max_num_queries(8):
        foreseen(program)


# --- without a database -----------------------------------------------------------------------------------------------


def step(pk, kind, onward=None, ways=(), **config):
    version = JourneyVersion(graph={"window": {"late_hours": 24}})
    return JourneyStep(
        pk=pk,
        key=f"s{pk}",
        kind=kind,
        position=pk,
        config=config,
        onward=onward,
        ways=list(ways),
        version=version,
    )


def world_of(steps, seen=(), caps=()):
    quiet = Manners(quiet_from=time(), quiet_until=time(), caps=list(caps))
    found = defaultdict(foresight.Seen, seen)
    return foresight.World({one.pk: one for one in steps}, found, Rules(quiet, 0, ""), ZoneInfo("UTC"))


def test_a_lot_divides_by_its_weights():
    ways = [{"name": "a", "share": 75, "step": 2}, {"name": "b", "share": 25, "step": 3}]
    email = {"channel": "email", "purpose": "marketing", "capped": "skip"}
    steps = [
        step(1, "split", ways=ways),
        step(2, "message", **email),
        step(3, "wait", onward=4, days=1),
        step(4, "message", **email),
    ]
    standing = [foresight.Standing(1, t.NOW, False, 1_000)]

    found = foresight.follow(world=world_of(steps), standing=standing, now=t.NOW, until=t.NOW + MONTH)

    assert found == {(t.NOW.date(), 2): 750, ((t.NOW + t.DAY).date(), 4): 250}


def test_who_had_left_when_the_wait_was_over_left_once():
    seen = foresight.Seen(left=1)
    seen.add("done", "then", 2)
    seen.add("done", "else", 1)

    seen.add("left", "", 1)

    assert seen.staying == 0.75


@pytest.mark.parametrize("waits", [1, 3])
def test_of_many_who_were_sent_different_things_it_is_forgotten(waits, monkeypatch):
    """Every crowd comes in sixty parts: the work stays within bounds, and everybody is still expected."""
    caps = [{"channel": "email", "kind": "", "days": 30, "most": 900}]
    email = {"channel": "email", "purpose": "marketing", "capped": "skip"}
    steps = []
    for n in range(0, 2 * waits, 2):
        steps += [
            step(n + 1, "wait_event", ways=[{"name": "then", "step": n + 2}], timeout_days=20),
            step(n + 2, "message", onward=n + 3, **email),
        ]
    seen = {one.pk: foresight.Seen(Counter(then=1), through=1) for one in steps}
    standing = [
        foresight.Standing(
            1, t.NOW + 20 * t.DAY, False, 10, ((t.NOW.date() - n * t.DAY, "email", "marketing"),) * m
        )
        for n in range(20)
        for m in range(50)
    ]
    calls = Counter()
    count = foresight._Walk._count
    monkeypatch.setattr(foresight._Walk, "_count", lambda walk: calls.update(n=1) or count(walk))

    found = foresight.follow(
        world=world_of(steps, seen, caps), standing=standing, now=t.NOW, until=t.NOW + 3 * MONTH, most=300
    )

    assert sum(found.values()) == pytest.approx(10_000 * waits)
    assert calls["n"] <= 3 * 300
