"""Consent per channel and topic: off until given, every change kept. Whoever sends asks has_consent() first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django_scopes import scope

from members.models import Channel, Consent, ConsentChange, Holder, Member, Topic

ALL = tuple((channel, topic) for topic in Topic for channel in Channel)


@dataclass(frozen=True, slots=True)
class State:
    """One cell of the table; `since` is empty where nobody was ever asked."""

    channel: Channel
    topic: Topic
    is_given: bool
    since: datetime | None

    @property
    def key(self) -> str:
        return f"{self.topic}-{self.channel}"


def grant(*, member: Member, channel: str, topic: str, source: str, now: datetime) -> bool:
    """Give a consent; whether that changed anything. `source` says through what: portal, till, staff, import."""
    return change(member=member, wanted={(channel, topic): True}, source=source, now=now) > 0


def withdraw(*, member: Member, channel: str, topic: str, source: str, now: datetime) -> bool:
    """Take a consent back; whether that changed anything."""
    return change(member=member, wanted={(channel, topic): False}, source=source, now=now) > 0


@transaction.atomic
def change(*, member: Member, wanted: Mapping[tuple[str, str], bool], source: str, now: datetime) -> int:
    """Bring these (channel, topic) pairs to the wanted state; how many changed. What is so already is not written."""
    with scope(program=member.program):
        # One after the other: of two changes at once the later one is the state, and the history says so.
        Holder.objects.select_for_update(no_key=True).get(pk=member.pk)
        kept = {(row.channel, row.topic): row for row in Consent.objects.filter(member=member)}
        changed = 0
        for (channel, topic), is_given in wanted.items():
            row = kept.get((Channel(channel), Topic(topic)))
            if (row.is_given if row else False) == is_given:
                continue
            facts = {"channel": Channel(channel), "topic": Topic(topic), "is_given": is_given}
            Consent.objects.update_or_create(
                member=member,
                channel=facts["channel"],
                topic=facts["topic"],
                defaults={"program_id": member.program_id, "is_given": is_given, "since": now},
            )
            ConsentChange.objects.create(
                program_id=member.program_id, member_id=member.pk, source=source, at=now, **facts
            )
            changed += 1
    return changed


def has_consent(*, member: Member, channel: str, topic: str) -> bool:
    """Whether something on this topic may be sent to the member through this channel."""
    with scope(program=member.program):
        return Consent.objects.filter(member=member, channel=channel, topic=topic, is_given=True).exists()


def with_consent(*, channel: str, topic: str) -> QuerySet[Consent, int]:
    """Ids of the scope's members who allow this, for audiences and for the gate of a whole batch."""
    return Consent.objects.filter(channel=channel, topic=topic, is_given=True).values_list(
        "member_id", flat=True
    )


def states_of(*, member: Member) -> list[State]:
    """Every channel and topic with its state, topic by topic."""
    with scope(program=member.program):
        kept = {(row.channel, row.topic): row for row in Consent.objects.filter(member=member)}
    found = []
    for channel, topic in ALL:
        row = kept.get((channel, topic))
        found.append(State(channel, topic, bool(row and row.is_given), row.since if row else None))
    return found


def history_of(*, member: Member) -> Iterable[ConsentChange]:
    """Every change, the latest first."""
    with scope(program=member.program):
        return list(ConsentChange.objects.filter(member_id=member.pk).order_by("-at", "-pk"))
