"""Kill -9 of workers at every point of a journey's work: each step once, each gift once, each message queued once.

A short run here; `make kill-test` does at least 200 deaths (WAFA_KILLS is how often each point kills).
"""

import os
import time
from collections import Counter

import pytest
from django_scopes import scope

from campaigns import marks
from campaigns.journeys import editing
from campaigns.models import Enrolment, Message, StaffTask, StepExecution, StepTally, WorkChunk
from members import consent
from members.models import Event, Member, Role
from rewards import checking
from tests.campaigns import letters
from tests.campaigns.journeys import trips as t
from tests.faults import leases, walking
from tests.fixtures.processes import Processes
from tests.fixtures.waiting import Late
from tests.members.teams import hire
from tests.rewards import builders as b

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.timeout(1800)]

TIMES = int(os.environ.get("WAFA_KILLS", "2"))
MEMBERS = int(os.environ.get("WAFA_KILL_MEMBERS", "12"))
WORKERS = 2
SECONDS = 600 + 10 * TIMES * len(marks.JOURNEYS)


def found_journey(program):
    """Points, a message, a pause, a choice, a task and a tag."""
    with scope(program=program):
        letters.behave(program)
        template = letters.template(program)
        by = hire(program, Role.MANAGER)
        vip = {"field": "member.tags", "op": "has any", "value": ["vip"]}
        call = {"key": "call", "kind": "task", "title": "Call", "days": 1}
        draft = t.graph(
            ("gift", "points", {"unit": "points", "amount": 50}),
            ("hello", "message", {"message": template.pk, "channel": "email"}),
            ("pause", "wait", {"minutes": 2}),
            ("who", "branch", {"paths": [{"name": "vip", "where": vip, "steps": [call]}], "else": []}),
            ("mark", "tag", {"tag": "seen"}),
        )
        journey = editing.create(program=program, name="Trip", draft=draft, by=by, now=walking.NOW)
        editing.publish(journey=journey, by=by, now=walking.NOW)
    return journey


def gather(program, number):
    """Members who agreed to be written to; every second one is a VIP. What lets them in has just happened."""
    with scope(program=program):
        people = [b.join(program, f"p{i}", at="2026-01-01", tags=["vip"] * (i % 2)) for i in range(number)]
        for member in people:
            consent.grant(member=member, channel="email", topic="offers", source="test", now=b.LONG_AGO)
    t.happen(program, *(member.pk for member in people), now=walking.NOW)
    return people


def walk_until_done(database, program, tmp_path):
    """Let workers walk, replace each that dies, and end its lease; how many died."""
    deaths, seen, began = tmp_path / "deaths", tmp_path / "seen", time.time()
    deaths.mkdir()
    processes = Processes(database.environment())
    arguments = (began, str(deaths), TIMES, str(seen))
    running = [processes.start(walking.walk, *arguments) for _ in range(WORKERS)]
    died, end, standstill = 0, time.monotonic() + SECONDS, leases.Standstill()
    while running and time.monotonic() < end:
        for process in [one for one in running if not one.alive()]:
            running.remove(process)
            result = process.result()
            if isinstance(result, ProcessLookupError):
                died += 1
                running.append(processes.start(walking.walk, *arguments))
            elif result != "done":
                raise result
        with scope(program=program):
            far = died, StepExecution.objects.count(), WorkChunk.objects.count()
        if standstill.is_so(far):
            leases.end(program, walking.Clock(began)())
        time.sleep(0.02)
    if running:
        for process in running:
            process.drop()
        raise Late("the journey does not come to its end")
    return died


def assert_once(program, people):
    """Whoever entered went through every step once, and everything that came of it came once."""
    with scope(program=program):
        assert Counter(Enrolment.objects.values_list("status", flat=True)) == {"finished": len(people)}
        steps = {}
        for enrolment, hop, key in StepExecution.objects.order_by("hop").values_list(
            "enrolment_id", "hop", "step__key"
        ):
            steps.setdefault(enrolment, []).append((hop, key))
        vip, other = (
            ["gift", "hello", "pause", "who", "call", "mark"],
            ["gift", "hello", "pause", "who", "mark"],
        )
        assert sorted(map(str, steps.values())) == sorted(
            str(list(enumerate(vip if i % 2 else other))) for i in range(len(people))
        )
        assert Counter(Message.objects.values_list("member_id", flat=True)) == {one.pk: 1 for one in people}
        vips = people[1::2]
        assert Counter(StaffTask.objects.values_list("member_id", flat=True)) == {one.pk: 1 for one in vips}
        assert all(one.tags.count("seen") == 1 for one in Member.objects.all())
        assert Event.objects.filter(kind="member.tagged").count() == len(people)
        passed = Counter()
        for key, number in StepTally.objects.values_list("step__key", "number"):
            passed[key] += number
        assert passed == Counter(key for each in steps.values() for _hop, key in each)
        assert not WorkChunk.objects.filter(error__gt="").exists()
    for i in range(len(people)):
        assert b.balance(program, f"p{i}").active == 50
    assert checking.run(program=program, verify=True).faults == []


def test_whoever_is_killed_nothing_happens_twice_and_nothing_is_left_out(fresh_database, tmp_path):
    program = b.open_program()
    found_journey(program)
    people = gather(program, MEMBERS)

    died = walk_until_done(fresh_database, program, tmp_path)

    points = Counter(path.name.rpartition("-")[0] for path in (tmp_path / "deaths").iterdir())
    # Two workers share the work: where one finishes it, the other may come to a point once less.
    assert set(points) == set(marks.JOURNEYS), "every point has killed"
    assert max(points.values()) == TIMES
    assert died == points.total()
    assert_once(program, people)
    # The negative control: what acts before the commit acts again after a death, and this test would see it.
    acts = Counter((tmp_path / "seen").read_text().split())
    assert max(acts.values()) > 1
