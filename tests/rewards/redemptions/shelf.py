"""A redemption told in few words, and what the tests look up."""

from __future__ import annotations

from django_scopes import scope

from members.models import Event
from rewards import checking, redemptions
from rewards.models import Reward
from rewards.redemptions import tickets
from tests.rewards import builders as b

START = b.moment("2026-03-01")

UNITS = {"points": {"expiry": {"kind": "days", "count": 365}}}


def reserve(program, reward="mug", *, key="k", now=START, member="anna", **more):
    anna = b.find(program, member)
    return redemptions.reserve(program=program, member=anna, reward=reward, key=key, now=now, **more)


def taken(program, key="mug"):
    with scope(program=program):
        return Reward.objects.get(key=key).taken


def lots(program):
    return [(lot.remaining, lot.reserved) for lot in b.lots(program)]


def code_of(one):
    return tickets.unseal(program_id=one.program_id, sealed=bytes(one.code_sealed))


def events(program):
    with scope(program=program):
        found = Event.objects.filter(kind__startswith="reward.").order_by("pk")
        return [event.kind.removeprefix("reward.") for event in found]


def proven(program):
    report = checking.run(program=program, verify=True)
    return [(fault.check, fault.expected, fault.found) for fault in report.faults]
