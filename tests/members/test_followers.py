"""Followers of the log: told once, whatever fails; who follows nothing costs nothing."""

from datetime import timedelta

import pytest
from celery import current_app
from django_scopes import scope

from members import followers
from members.models import Delivery, Event, Following, User
from tests.members.teams import signed_in
from tests.rewards import builders as b

pytestmark = pytest.mark.django_db

NOW = b.moment("2026-02-01")


class Broken(Exception):
    pass


class Ear:
    """A follower that notes what it is told in the log itself, and fails at what it is told to fail at."""

    def __init__(self, name="ear", *, batch=3):
        self.name, self.deaf_to, self.calls = name, set(), []
        followers.register(followers.Follower(name, self.handle, batch))

    def handle(self, program, events, now):
        self.calls.append(len(events))
        for event in events:
            Event.objects.create(
                program=program, kind=f"heard.{self.name}", occurred_at=now, data={"of": event.pk}
            )
        if self.deaf_to & {event.order_id for event in events}:
            raise Broken("not this one")


@pytest.fixture
def ear():
    found = Ear()
    yield found
    del followers._followers[found.name]


@pytest.fixture
def program():
    return b.open_program()


def deliver(now=NOW):
    return followers.deliver(clock=lambda: now, seconds=60)


def heard(program, name="ear"):
    with scope(program=program):
        return sorted(event.data["of"] for event in Event.objects.filter(kind=f"heard.{name}"))


def events(program, *kinds):
    with scope(program=program):
        return sorted(Event.objects.filter(kind__in=kinds).values_list("pk", flat=True))


def waiting(program):
    with scope(program=program):
        return list(Delivery.objects.order_by("pk"))


def orders(*numbers):
    return [b.order(str(number), "2026-01-10", 1000) for number in numbers]


def test_it_works(program, ear):
    followers.follow(program=program, follower="ear", kinds=["order"])
    b.record(program, *orders(1, 2))

    assert deliver() == 2

    assert heard(program) == events(program, "order")
    assert waiting(program) == []
    assert deliver() == 0


def test_without_kinds_everything_is_told_and_other_programs_nothing(program, ear):
    other = b.open_program()
    followers.follow(program=program, follower="ear")
    b.record(program, *orders(1))
    b.record(other, *orders(1))

    # Once only: what this one says is told to it as well.
    followers.deliver_some(program=program, follower="ear", now=NOW)

    assert heard(program) == events(program, "order", "member.joined")
    assert waiting(other) == []
    assert heard(other) == []


def test_a_batch_of_the_log_is_written_and_told_in_batches(program, ear):
    followers.follow(program=program, follower="ear", kinds=["order"])
    b.record(program, *orders(*range(10)))

    assert deliver() == 10

    assert ear.calls == [3, 3, 3, 1]
    assert len(heard(program)) == 10


def test_each_follower_has_its_own_deliveries(program, ear):
    second = Ear("second")
    for name in ("ear", "second"):
        followers.follow(program=program, follower=name, kinds=["order"])
    b.record(program, *orders(1))
    second.deaf_to = {event.order_id for event in _events(program)}

    deliver()

    assert heard(program, "ear") == events(program, "order")
    assert heard(program, "second") == []
    assert [row.follower for row in waiting(program)] == ["second"]
    del followers._followers["second"]


def test_what_fails_is_put_off_alone_and_tried_again_later(program, ear):
    followers.follow(program=program, follower="ear", kinds=["order"])
    b.record(program, *orders(1, 2, 3))
    bad = _events(program)[1]
    ear.deaf_to = {bad.order_id}

    deliver()

    (row,) = waiting(program)
    assert (row.event_id, row.tries, row.error, row.parked_at) == (bad.pk, 1, "Broken", None)
    assert row.due_at == NOW + followers.FIRST_PAUSE
    assert bad.pk not in heard(program)
    assert len(heard(program)) == 2

    ear.deaf_to = set()
    assert deliver(NOW + timedelta(seconds=4)) == 0
    assert deliver(NOW + timedelta(seconds=5)) == 1
    assert heard(program) == events(program, "order")


def test_after_many_failures_it_is_set_aside_until_an_operator_asks(program, ear):
    followers.follow(program=program, follower="ear", kinds=["order"])
    b.record(program, *orders(1))
    ear.deaf_to = {_events(program)[0].order_id}
    moment, pauses = NOW, []
    for _time in range(followers.TRIES):
        deliver(moment)
        (row,) = waiting(program)
        pauses.append(row.due_at - moment)
        moment = row.due_at

    assert row.parked_at is not None
    assert pauses == [followers.FIRST_PAUSE * 2**n for n in range(followers.TRIES)]
    assert deliver(NOW + timedelta(days=30)) == 0

    ear.deaf_to = set()
    operator = signed_in(User.objects.create_superuser("root@example.com"))
    answer = operator.post(
        "/admin/members/delivery/", {"action": "try_again", "_selected_action": [str(row.pk)]}
    )
    assert answer.status_code == 302
    assert deliver() == 1
    assert heard(program) == events(program, "order")


def test_a_transient_error_is_never_set_aside(program, ear):
    followers.follow(program=program, follower="ear", kinds=["order"])
    b.record(program, *orders(1))
    ear.deaf_to = {_events(program)[0].order_id}
    Broken.is_transient = True
    moment = NOW
    for _time in range(followers.TRIES + 3):
        deliver(moment)
        (row,) = waiting(program)
        moment = row.due_at
    del Broken.is_transient

    assert row.parked_at is None
    assert row.tries == followers.TRIES + 3


def test_who_is_not_known_here_is_waited_for(program, ear):
    followers.follow(program=program, follower="stranger", kinds=["order"])
    b.record(program, *orders(1))

    assert deliver() == 0
    assert len(waiting(program)) == 1


def test_following_again_sets_the_kinds_anew_and_unfollowing_forgets_what_waits(program, ear):
    followers.follow(program=program, follower="ear", kinds=["order"])
    followers.follow(program=program, follower="ear", kinds=["return", "order"])
    with scope(program=program):
        assert Following.objects.get().kinds == ["order", "return"]
    b.record(program, *orders(1))

    followers.unfollow(program=program, follower="ear")
    b.record(program, *orders(2))

    assert waiting(program) == []
    assert not followers.is_followed(program)


def test_nothing_is_written_where_nobody_follows(program):
    b.record(program, *orders(1, 2))

    assert waiting(program) == []


def test_a_posting_of_a_followed_program_sends_one_message_for_many(
    program, ear, settings, monkeypatch, django_capture_on_commit_callbacks
):
    settings.FOLLOWERS_WAKE_AFTER = 60
    monkeypatch.setattr(followers, "_asleep", {})
    sent = []
    monkeypatch.setattr(current_app, "send_task", lambda name, **how: sent.append((name, how["countdown"])))
    with django_capture_on_commit_callbacks(execute=True):
        b.record(program, *orders(1))
    assert sent == []

    followers.follow(program=program, follower="ear", kinds=["order"])
    for number in (2, 3):
        with django_capture_on_commit_callbacks(execute=True):
            b.record(program, *orders(number))

    assert sent == [("members.tasks.deliver_events", 60)]


def _events(program):
    with scope(program=program):
        return list(Event.objects.filter(kind="order").order_by("pk"))


def test_two_runs_deliver_at_a_time(monkeypatch):
    from contextlib import contextmanager

    from members import tasks

    held = set()

    @contextmanager
    def place(name, number=0):
        yield (name, number) not in held

    monkeypatch.setattr(tasks, "only_one", place)
    monkeypatch.setattr(followers, "deliver", lambda **_how: 7)

    told = []
    for number in range(3):
        told.append(tasks.deliver_events())
        held.add(("wafa-deliver", number))

    assert told == [7, 7, 0]
