"""Celery's own processes killed -9, a worker with all its processes gone, Redis stopped and emptied, PostgreSQL crashed and
restarted: each step once, each gift once, marketing handed over at most once, what is needed at least once under one name.

A short run here, in which the connections to PostgreSQL are cut; `make kill-test` kills at every point many times
(WAFA_SITE_KILLS), and PostgreSQL itself.
"""

from __future__ import annotations

import os
import signal
import tempfile
import time
from collections import Counter
from contextlib import ExitStack, suppress
from pathlib import Path

import psycopg
import pytest
from django.db import DatabaseError, InterfaceError, connection
from django.utils import timezone
from django_scopes import scope

from campaigns import marks
from campaigns.journeys import editing
from campaigns.messages import outcomes, sending
from campaigns.models import Arrival, Enrolment, Message, Provider, StaffTask, StepExecution, WorkChunk
from loyaltysite.embedded import Redis
from loyaltysite.embedded.postgres import SUPERUSER
from members import consent
from members.models import Event, Member, Role
from rewards import checking
from tests.campaigns import letters, mailbox
from tests.campaigns.journeys import trips as t
from tests.faults import laboring, leases
from tests.faults.test_killed_writers import crash
from tests.fixtures.processes import Processes
from tests.fixtures.waiting import Late, until
from tests.members.teams import hire
from tests.rewards import builders as b

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.timeout(1800)]

LONG = int(os.environ.get("WAFA_SITE_KILLS", "0"))
TIMES = LONG or 1
POINTS = (
    marks.POINTS if LONG else ("tick.chunks", "chunk.claimed", "chunk.moved", "send.claimed", "send.handed")
)
MEMBERS = 12 * TIMES
SECONDS = 900 + 15 * TIMES * len(POINTS)
STEPS = ["gift", "hello", "needed", "pause", "call", "mark"]


def leads_or_is_gone(pid: int) -> bool:
    """Whether a process has a group of its own."""
    try:
        return os.getpgid(pid) == pid
    except ProcessLookupError:
        return True


class Site:
    """What a site consists of, and what may happen to it."""

    def __init__(self, database, redis, deaths, stack: ExitStack) -> None:
        self.database, self.redis, self.deaths = database, redis, deaths
        self._processes = Processes(database.environment())
        self.workers = [self.hire_worker()]
        stack.callback(self.close)

    def hire_worker(self):
        arguments = (self.redis.url(), str(self.deaths), TIMES, POINTS)
        return self._processes.start(laboring.labor, *arguments)

    def kill_worker(self, worker) -> None:
        """The worker and the processes that it has, at once, as when a host goes."""
        until(lambda: leads_or_is_gone(worker.pid), what="it has begun")
        with suppress(ProcessLookupError):
            os.killpg(worker.pid, signal.SIGKILL)
        assert worker.result() is not None, "it ended by itself"

    def tend(self) -> None:
        """A worker that could not begin, as PostgreSQL was away, is begun again."""
        for worker in [each for each in self.workers if not each.alive()]:
            self.workers.remove(worker)
            self.kill_worker(worker)
            self.workers.append(self.hire_worker())

    def close(self) -> None:
        while self.workers:
            self.kill_worker(self.workers.pop())

    def lose_worker(self) -> None:
        self.kill_worker(self.workers.pop())
        self.workers.append(self.hire_worker())

    def lose_redis(self) -> None:
        self.redis.kill()
        for kept in self.redis.data.iterdir():
            kept.unlink()
        self.redis.start(attached=True)

    def lose_postgres(self) -> None:
        """Whoever is connected is thrown out; in the long run by a server that dies and comes back."""
        if LONG:
            crash(self.database, "postmaster")
            return
        with self.database.connect(SUPERUSER) as watcher:
            watcher.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        connection.close()

    def lose_backend(self) -> None:
        """Kill -9 of one process of PostgreSQL: the server ends all the others and recovers."""
        until(self._kill_backend, what="somebody is connected")
        connection.close()

    def _kill_backend(self) -> bool:
        with suppress(psycopg.OperationalError), self.database.connect(SUPERUSER) as watcher:
            row = watcher.execute(
                "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
                " AND pid <> pg_backend_pid() AND backend_type = 'client backend' LIMIT 1"
            ).fetchone()
            with suppress(ProcessLookupError):
                if row:
                    os.kill(row[0], signal.SIGKILL)
                    return True
        return False


def found_journey(program, port):
    """Points, marketing, something needed, a pause, a task and a tag; and the shop's own mail server."""
    with scope(program=program):
        letters.behave(program)
        Provider.objects.create(
            program=program, channel="email", kind="smtp", settings={"host": "localhost", "port": port, "security": ""}
        )  # fmt: skip
        hello, needed = letters.template(program), letters.template(program, kind="transactional")
        draft = t.graph(
            ("gift", "points", {"unit": "points", "amount": 50}),
            ("hello", "message", {"message": hello.pk, "channel": "email"}),
            ("needed", "message", {"message": needed.pk, "channel": "email", "purpose": "transactional"}),
            ("pause", "wait", {"days": 2}),
            ("call", "task", {"title": "Call", "days": 1}),
            ("mark", "tag", {"tag": "seen"}),
        )
        by, now = hire(program, Role.MANAGER), timezone.now()
        journey = editing.create(program=program, name="Trip", draft=draft, by=by, now=now)
        editing.publish(journey=journey, by=by, now=now)


def gather(program):
    with scope(program=program):
        people = [b.join(program, f"p{i}", at="2026-01-01") for i in range(MEMBERS)]
        for member in people:
            consent.grant(member=member, channel="email", topic="offers", source="test", now=b.LONG_AGO)
    t.happen(program, *(member.pk for member in people), now=timezone.now())
    return people


def look(program):
    """How far it is: steps carried out, and what is still to be done."""
    with scope(program=program):
        waiting = Enrolment.objects.filter(status="waiting")
        unsent = Message.objects.filter(state__in=("queued", "sending"))
        return StepExecution.objects.count(), waiting.count() + unsent.count() + Arrival.objects.count()


def let_time_pass(program) -> None:
    """The two days are over, and so is what a server that was away is given before it is asked again."""
    now = timezone.now()
    with scope(program=program):
        Enrolment.objects.filter(status="waiting", step__key="pause", due_at__gt=now).update(due_at=now)
        Message.objects.filter(state="queued", not_before__gt=now).update(not_before=now)
        WorkChunk.objects.filter(error__gt="", lease_until__gt=now).update(lease_until=now)


def run(site: Site, program) -> None:
    """Let it work until everything is done; what happens to the site comes one after the other, as it gets on."""
    disasters = [site.lose_worker, site.lose_redis, site.lose_postgres]
    if LONG:
        disasters = [*disasters, site.lose_backend] * TIMES
    total, far, end = len(STEPS) * MEMBERS, 0, time.monotonic() + SECONDS
    happened, standstill = 0, leases.Standstill()
    while time.monotonic() < end:
        site.tend()
        laboring.ask(site.redis.url())
        try:
            done, left = look(program)
            let_time_pass(program)
            if standstill.is_so((done, left)):
                leases.end(program, timezone.now())
        except (DatabaseError, InterfaceError, psycopg.Error):
            connection.close()
            continue
        if not left and happened == len(disasters) and far == len(list(site.deaths.iterdir())):
            return
        far = len(list(site.deaths.iterdir()))
        if happened < len(disasters) and done >= total * (happened + 1) // (len(disasters) + 1):
            disasters[happened]()
            happened += 1
        time.sleep(0.2)
    raise Late(f"it does not come to its end: {look(program)}, {happened} of {len(disasters)}")


def assert_once(program, people) -> None:
    number = len(people)
    with scope(program=program):
        assert Counter(Enrolment.objects.values_list("status", flat=True)) == {"finished": number}
        done = Counter(StepExecution.objects.values_list("step__key", "outcome"))
        assert Counter(key for key, _outcome in done.elements()) == dict.fromkeys(STEPS, number)
        assert done["hello", "queued"] == done["needed", "queued"] == number
        assert Counter(StaffTask.objects.values_list("member_id", flat=True)) == {one.pk: 1 for one in people}
        assert all(one.tags.count("seen") == 1 for one in Member.objects.all())
        assert Event.objects.filter(kind="member.tagged").count() == number
        assert not WorkChunk.objects.exists()
    assert {b.balance(program, f"p{i}").active for i in range(number)} == {50}
    assert checking.run(program=program, verify=True).faults == []


def assert_handed_over(program, sink) -> None:
    """What the mail server took, by the name of the mail."""
    took = Counter(str(mail["message-id"]) for mail in sink.mails)
    with scope(program=program):
        rows = list(Message.objects.all())
    names = {f".{program.pk}.{row.pk}@": row for row in rows}
    times = {row.pk: sum(n for name, n in took.items() if mark in name) for mark, row in names.items()}
    assert sum(times.values()) == len(sink.mails), "nothing came that is not in the outbox"
    marketing = [row for row in rows if row.kind == "marketing"]
    assert all(times[row.pk] == 1 for row in marketing if row.state == "sent")
    assert all(times[row.pk] <= 1 for row in marketing), "marketing came twice"
    assert {row.state for row in marketing} <= {"sent", "unknown"}
    assert {row.state for row in rows if row.kind == "transactional"} == {"sent"}
    assert all(times[row.pk] >= 1 for row in rows if row.kind == "transactional")


def repeat_blindly(program, sink, settings) -> int:
    """The negative control: send again what nobody knows of; how many mails came twice."""
    settings.WEBHOOK_NETWORKS = ["127.0.0.0/8", "::1/128"]
    with scope(program=program):
        owner, lost = hire(program, Role.OWNER), list(Message.objects.filter(state="unknown"))
        for message in lost:
            outcomes.settle(message=message, state="queued", by=owner, now=timezone.now())
    sending.send(clock=timezone.now, seconds=60)
    took = Counter(str(mail["message-id"]) for mail in sink.mails)
    with scope(program=program):
        again = set(Message.objects.filter(pk__in=[one.pk for one in lost]).values_list("pk", flat=True))
    return sum(n > 1 for name, n in took.items() if int(name.split(".")[2].partition("@")[0]) in again)


@pytest.fixture
def database(request):
    """One that may be crashed, where it is."""
    return request.getfixturevalue("durable_cluster" if LONG else "fresh_database")


@pytest.fixture
def own_redis():
    server = Redis(Path(tempfile.mkdtemp(prefix="wafa-redis-")), durable=False)
    server.account.own(server.path)
    server.start(attached=True)
    yield server
    server.remove()


def test_whatever_dies_each_step_is_carried_out_once(database, own_redis, tmp_path, settings):
    deaths = tmp_path / "deaths"
    deaths.mkdir()
    with ExitStack() as stack:
        sink = stack.enter_context(mailbox.opened())
        program = b.open_program()
        found_journey(program, sink.port)
        people = gather(program)
        site = Site(database, own_redis, deaths, stack)

        run(site, program)

        points = Counter(path.name.rpartition("-")[0] for path in deaths.iterdir())
        site.close()
        # All come at once, so that this point is passed only once.
        often = dict.fromkeys(POINTS, TIMES) | ({"arrivals.entered": 1} if LONG else {})
        assert points == often, "every point has killed"
        assert_once(program, people)
        assert_handed_over(program, sink)
        assert repeat_blindly(program, sink, settings) > 0
