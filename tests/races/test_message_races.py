"""Chunks of many journeys want the same member at once: the cap holds (L6); and many senders send each message once."""

from __future__ import annotations

import pytest
from django_scopes import scope

from campaigns.messages import gate, sending
from campaigns.models import Message, Template, Touch
from members.models import Member, Program
from tests.campaigns import letters
from tests.campaigns.letters import NOON
from tests.races.actors import PROCESSES, holds
from tests.rewards import builders as b

pytestmark = [pytest.mark.races, pytest.mark.slow]

MOST = 3
EACH = 6


def want(program: int, template: int, number: int, guarded: bool) -> int:
    """One worker asks again and again for messages to the same members; how many were queued."""
    if not guarded:
        gate.places_of = lambda rows: ()  # what the lock is for
    found = Program.objects.get(pk=program)
    with scope(program=found):
        members = list(Member.objects.order_by("pk"))
        hello = Template.objects.get(pk=template)
    queued = 0
    for n in range(EACH):
        first = program * 1_000_000 + number * 1000 + n * 10
        enrolments = [first + place for place, _member in enumerate(members)]
        told = letters.ask(found, hello, *members, enrolments=enrolments, capped="skip")
        queued += told.get("queued", 0)
    return queued


@pytest.mark.parametrize("guarded", [True, False], ids=["guarded", "control"])
def test_no_member_gets_more_than_the_cap(fresh_database, processes, guarded):
    def once(_number: int) -> bool:
        program = b.open_program()
        letters.behave(program, caps=[{"channel": "", "kind": "marketing", "days": 7, "most": MOST}])
        members = [letters.join(program, f"m{n}") for n in range(3)]
        hello = letters.template(program)
        told = processes.each(want, [(program.pk, hello.pk, n, guarded) for n in range(PROCESSES)])
        if not guarded and any(isinstance(each, BaseException) for each in told):
            return False  # without the lock they may even stumble over each other
        assert all(isinstance(each, int) for each in told), told
        with scope(program=program):
            queued = {member.pk: Message.objects.filter(member=member).count() for member in members}
            counted = dict(Touch.objects.values_list("member_id", "n"))
        return set(queued.values()) == {MOST} and counted == queued

    assert holds(once, guarded=guarded) is guarded


def claim(program: int) -> list[int]:
    found = Program.objects.get(pk=program)
    taken: list[int] = []
    with scope(program=found):
        while True:
            ids, cancelled = sending.claim(program=found, channel="email", now=NOON, most=7)
            if not ids and not cancelled:
                return taken
            taken += ids


def test_each_message_is_claimed_once(fresh_database, processes):
    program = b.open_program()
    letters.behave(program)
    members = [letters.join(program, f"m{n}") for n in range(60)]
    letters.ask(program, letters.template(program), *members)

    told = processes(PROCESSES, claim, program.pk)

    taken = [number for each in told for number in each]
    assert len(taken) == len(set(taken)) == 60
