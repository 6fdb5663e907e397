"""The gate: the first reason that stops a message is the one that is kept, in the order of DESIGN 4 (L6, N5)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_scopes import scope

from campaigns.messages import gate, manners, outbox
from campaigns.models import Suppression, Touch, Whereabouts
from members.models import Identity, Member
from tests.campaigns import letters
from tests.campaigns.letters import NOON, ask
from tests.rewards import builders as b

DAILY = [{"channel": "", "kind": "marketing", "days": 1, "most": 1}]


@pytest.fixture
def program(db):
    made = b.open_program(time_zone="Europe/Berlin")
    letters.behave(made)
    return made


@pytest.fixture
def hello(program):
    return letters.template(program)


@pytest.fixture
def anna(program):
    return letters.join(program, "anna")


def suppress(program, member, identity_id):
    with scope(program=program):
        Suppression.objects.create(
            program=program, member=member, identity_id=identity_id, channel="email", mark=b"x", reason="bounce", at=NOON
        )  # fmt: skip


def touches(program):
    with scope(program=program):
        return [(row.member_id, row.n) for row in Touch.objects.order_by("member_id", "day")]


def test_who_agreed_is_queued_under_the_key_of_the_step(program, hello, anna):
    counts = ask(program, hello, anna, enrolments=[7], hop=2, key="s9")

    (message,) = letters.messages(program)
    assert counts == {"queued": 1}
    assert (message.idem_key, message.state, message.content_id) == ("7:s9:2:email", "queued", hello.live_id)
    assert (message.not_before, message.expires_at) == (NOON, NOON + timedelta(hours=24))
    assert touches(program) == [(anna.pk, 1)]


def test_a_repeat_queues_and_decides_nothing(program, hello, anna):
    letters.behave(program, caps=DAILY)
    ben = letters.join(program, "ben", agrees=())

    first = ask(program, hello, anna, ben)
    second = ask(program, hello, anna, ben)

    assert (first, second) == ({"queued": 1, "consent": 1}, {})
    assert (len(letters.messages(program)), len(letters.decisions(program))) == (1, 1)


def _close(program, member):
    with scope(program=program):
        Member.objects.filter(pk=member.pk).update(state="closed")


def _withdraw(program, member):
    from members import consent

    consent.withdraw(member=member, channel="email", topic="offers", source="test", now=NOON)


def _lose_address(program, member):
    with scope(program=program):
        Identity.objects.filter(member=member).delete()


def _bounce(program, member):
    with scope(program=program):
        suppress(program, member, Identity.objects.get(member=member).pk)


def _leave_out(program, member):
    # The share is salted, so a salt is looked for that takes the member in.
    from campaigns.models import Control

    with scope(program=program):
        for n in range(2000):
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT {gate.SHARE.format(salt='%s', member='%s')}", [f"salt{n}", member.pk])
                if cursor.fetchone()[0] < 100:
                    Control.objects.create(program=program, percent=1, salt=f"salt{n}", since=NOON)
                    return


STOPS = [
    ("inactive", _close),
    ("consent", _withdraw),
    ("address", _lose_address),
    ("suppressed", _bounce),
    ("control", _leave_out),
]


@pytest.mark.parametrize(("reason", "stop"), STOPS, ids=[reason for reason, _stop in STOPS])
def test_each_reason_is_kept_as_a_decision(program, hello, anna, reason, stop):
    stop(program, anna)

    counts = ask(program, hello, anna)

    (decision,) = letters.decisions(program)
    assert counts == {reason: 1}
    assert (decision.reason, decision.member_id, decision.until) == (reason, anna.pk, None)
    assert letters.messages(program) == []
    assert touches(program) == []


def test_the_first_reason_is_the_one_that_counts(program, hello, anna):
    for _reason, stop in reversed(STOPS):
        if stop is not _lose_address:
            stop(program, anna)
    letters.behave(program, caps=DAILY)

    counts = ask(program, hello, anna, holdout=True)

    assert counts == {"inactive": 1}


def test_a_hold_out_is_recorded_like_a_send(program, hello, anna):
    assert ask(program, hello, anna, holdout=True) == {"holdout": 1}
    assert [row.reason for row in letters.decisions(program)] == ["holdout"]


def test_what_is_needed_asks_for_no_consent_and_knows_no_control_group(program, anna):
    needed = letters.template(program, kind="transactional")
    _withdraw(program, anna)
    _leave_out(program, anna)
    letters.behave(program, quiet_from="00:00", quiet_until="23:59")

    assert ask(program, needed, anna) == {"queued": 1}


def test_a_bounce_of_an_old_address_does_not_stop_the_new_one(program, hello, anna):
    suppress(program, anna, 987654)

    assert ask(program, hello, anna) == {"queued": 1}


# --- frequency budgets ------------------------------------------------------------------------------------------------


def test_who_had_enough_is_put_off_to_the_next_free_day(program, hello, anna):
    letters.behave(program, caps=DAILY)
    ask(program, hello, anna, enrolments=[1])

    counts = ask(program, hello, anna, enrolments=[2], keep=True)

    midnight = datetime(2026, 6, 10, 22, tzinfo=UTC)  # of the member's day in Berlin
    assert counts == {"deferred": 1, "put_off": [(2, midnight)], "sent_out": []}
    (decision,) = letters.decisions(program)
    assert (decision.reason, decision.until) == ("capped", midnight)
    assert ask(program, hello, anna, enrolments=[2], now=midnight) == {"queued": 1}


def test_who_had_enough_may_be_passed_over_or_sent_out_of_the_journey(program, hello, anna):
    letters.behave(program, caps=DAILY)
    ask(program, hello, anna, enrolments=[1])

    skipped = ask(program, hello, anna, enrolments=[2], capped="skip", keep=True)
    left = ask(program, hello, anna, enrolments=[3], capped="exit", keep=True)

    assert skipped == {"capped": 1, "put_off": [], "sent_out": []}
    assert left == {"capped": 1, "put_off": [], "sent_out": [3]}


def test_within_a_chunk_the_journey_that_matters_most_wins(program, hello, anna):
    letters.behave(program, caps=DAILY)

    counts = ask(program, hello, anna, anna, enrolments=[1, 2], priorities=[7, 3], capped="skip")

    assert counts == {"queued": 1, "capped": 1}
    assert [message.enrolment_id for message in letters.messages(program)] == [2]


def test_no_stretch_of_so_many_days_holds_more_than_its_cap(program, hello, anna):
    letters.behave(program, caps=[{"channel": "email", "kind": "", "days": 7, "most": 2}])
    days = [b.moment(f"2026-06-{day:02}") for day in range(1, 29)]

    for n, day in enumerate(days):
        ask(program, hello, anna, enrolments=[n], now=day, capped="skip")

    sent = [message.day for message in letters.messages(program)]
    stretches = [sum(0 <= (day - first).days < 7 for day in sent) for first in sent]
    assert (len(sent), max(stretches)) == (8, 2)


def test_a_cap_of_one_channel_leaves_the_others_alone(program, hello):
    ben = letters.join(program, "ben", agrees=("email", "push"))
    letters.behave(program, caps=[{"channel": "email", "kind": "", "days": 1, "most": 1}])
    from campaigns.models import PushDevice

    with scope(program=program):
        PushDevice.objects.create(
            program=program, member=ben, endpoint="https://push.example", keys={}, created_at=NOON
        )
    ask(program, hello, ben, enrolments=[1])

    assert ask(program, hello, ben, enrolments=[2], capped="skip") == {"capped": 1}
    assert ask(program, hello, ben, enrolments=[2], channel="push") == {"queued": 1}


def test_what_is_cancelled_gives_its_place_back(program, hello, anna):
    letters.behave(program, caps=DAILY)
    ask(program, hello, anna, enrolments=[1])
    (waiting,) = letters.messages(program)

    assert outbox.take_back(program=program, ids=[waiting.pk], reason="exit", now=NOON) == 1

    (message,) = letters.messages(program)
    assert (message.state, message.reason) == ("cancelled", "exit")
    assert ask(program, hello, anna, enrolments=[2]) == {"queued": 1}


def test_another_program_s_messages_are_not_cancelled(program, hello, anna):
    ask(program, hello, anna, enrolments=[1])
    (waiting,) = letters.messages(program)
    other = b.open_program()

    assert outbox.take_back(program=other, ids=[waiting.pk], reason="exit", now=NOON) == 0

    assert [one.state for one in letters.messages(program)] == ["queued"]


# --- quiet hours ------------------------------------------------------------------------------------------------------

NIGHT = {"quiet_from": "21:00", "quiet_until": "08:00"}


@pytest.mark.parametrize(
    ("zone", "now", "then"),
    [
        ("Europe/Berlin", "2026-06-10T12:00", "2026-06-10T12:00"),  # noon is no night
        ("Europe/Berlin", "2026-06-10T19:30", "2026-06-11T06:00"),  # half past nine in the evening
        ("Europe/Berlin", "2026-06-10T03:00", "2026-06-10T06:00"),  # five in the morning
        ("Asia/Tehran", "2026-06-10T18:00", "2026-06-11T04:30"),  # half past nine, half an hour of a zone
        ("Europe/Berlin", "2026-03-28T22:00", "2026-03-29T06:00"),  # the night that lacks an hour
        ("Europe/Berlin", "2026-10-24T20:00", "2026-10-25T07:00"),  # the night that has one more
    ],
)
def test_quiet_hours_run_by_the_member_s_clock(program, hello, anna, zone, now, then):
    letters.behave(program, **NIGHT)
    with scope(program=program):
        Whereabouts.objects.create(member=anna, program=program, time_zone=zone)

    ask(program, hello, anna, now=b.moment(now))

    (message,) = letters.messages(program)
    assert message.not_before == b.moment(then)


@pytest.mark.parametrize(
    ("now", "then"),
    [
        ("2026-03-29T00:10", "2026-03-29T01:30"),  # 2:30 does not exist: 3:30, never earlier
        (
            "2026-10-25T00:10",
            "2026-10-25T01:30",
        ),  # 2:30 comes twice: the second one, when the night is over for good
    ],
)
def test_an_end_within_the_change_of_clocks_is_never_too_early(program, hello, anna, now, then):
    letters.behave(program, quiet_from="21:00", quiet_until="02:30")

    ask(program, hello, anna, now=b.moment(now))

    (message,) = letters.messages(program)
    assert message.not_before == b.moment(then)


def test_what_would_be_too_late_after_the_night_is_not_sent(program, hello, anna):
    letters.behave(program, **NIGHT)

    assert ask(program, hello, anna, now=b.moment("2026-06-10T20:00"), late_hours=6) == {"quiet": 1}


def test_a_message_held_over_night_counts_for_the_day_on_which_it_goes(program, hello, anna):
    letters.behave(program, caps=DAILY, **NIGHT)
    ask(program, hello, anna, enrolments=[1], now=b.moment("2026-06-10T12:00"))

    evening = ask(program, hello, anna, enrolments=[2], now=b.moment("2026-06-10T20:00"))
    next_noon = ask(program, hello, anna, enrolments=[3], now=b.moment("2026-06-11T12:00"), capped="skip")

    assert (evening, next_noon) == ({"queued": 1}, {"capped": 1})


# --- and --------------------------------------------------------------------------------------------------------------


def test_statements_do_not_grow_with_members(program, hello):
    letters.behave(program, caps=DAILY, **NIGHT)

    def statements(n: int) -> int:
        many = [letters.join(program, f"m{n}-{each}") for each in range(n)]
        with CaptureQueriesContext(
            connection,
        ) as captured:
            ask(program, hello, *many)
        return sum("INTO chunk" not in each["sql"] for each in captured.captured_queries)

    assert statements(2) == statements(40)


def test_a_template_that_was_never_published_is_refused(program, anna):
    from campaigns.models import Template

    with scope(program=program):
        draft = Template.objects.create(program=program, name="Draft")

    with pytest.raises(outbox.TemplateNotLive):
        ask(program, draft, anna)


def test_one_message_outside_of_journeys_is_sent_once(program, hello, anna):
    step = outbox.Step(message_id=hello.pk, channel="email", prefix="welcome")

    first = outbox.queue_one(program=program, member=anna, step=step, now=NOON)
    second = outbox.queue_one(program=program, member=anna, step=step, now=NOON)

    assert (first, second) == ("queued", "repeat")
    assert [message.enrolment_id for message in letters.messages(program)] == [None]


def test_the_control_group_keeps_its_members_within_a_year_and_its_history(program):
    assert manners.draw_control(program=program, percent=5, now=NOON) == 0
    assert manners.draw_control(program=program, percent=10, now=NOON + timedelta(days=1)) == 5
    assert manners.draw_control(program=program, percent=10, now=NOON + timedelta(days=400)) == 10
    assert manners.draw_control(program=program, percent=0, now=NOON + timedelta(days=500)) == 10

    from campaigns.models import Control

    with scope(program=program):
        history = list(Control.objects.order_by("pk"))
    assert [row.percent for row in history] == [5, 10]
    assert history[0].salt == history[1].salt
    assert all(row.until for row in history)


def test_a_control_group_of_half_the_members_is_refused(program):
    with pytest.raises(manners.ControlUnreadable):
        manners.draw_control(program=program, percent=50, now=NOON)
