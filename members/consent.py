"""Consent per channel and topic: off until given, every change kept. Whoever sends asks has_consent() first."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django_scopes import scope

from members.models import Channel, Consent, ConsentChange, Holder, Identity, Member, Topic
from members.models.consents import OF_TOPIC

ALL = tuple((channel, topic) for topic, channels in OF_TOPIC.items() for channel in channels)
# What must be proven to be the person's before anything goes there because they ticked it.
CONTACTS = {Channel.EMAIL: Identity.Kind.EMAIL, Channel.SMS: Identity.Kind.PHONE}


@dataclass(frozen=True, slots=True)
class State:
    """One cell of the table; `since` is empty where nobody was ever asked. A wish waits for the proof of a contact."""

    channel: Channel
    topic: Topic
    is_given: bool
    since: datetime | None
    is_wished: bool = False

    @property
    def key(self) -> str:
        return f"{self.topic}-{self.channel}"


def grant(*, member: Member, channel: str, topic: str, source: str, now: datetime) -> bool:
    """Give a consent; whether that changed anything. `source` says through what: portal, till, staff, import."""
    return change(member=member, wanted={(channel, topic): True}, source=source, now=now) > 0


def withdraw(*, member: Member, channel: str, topic: str, source: str, now: datetime) -> bool:
    """Take a consent back; whether that changed anything."""
    return change(member=member, wanted={(channel, topic): False}, source=source, now=now) > 0


def ask(*, member: Member, wanted: Mapping[tuple[str, str], bool], source: str, now: datetime) -> int:
    """What the person asks for by own hand; how many pairs changed. Where the contact of a channel is not proven to be
    theirs, a consent is kept as a wish: else anybody could let a stranger's phone be written to."""
    with scope(program=member.program):
        mine = Identity.objects.filter(member=member, verified_at__isnull=False)
        proven = set(mine.values_list("kind", flat=True))
    waiting = {pair for pair in wanted if CONTACTS.get(Channel(pair[0]), "") not in {"", *proven}}
    return _change(member, wanted, waiting, source, now)


def confirm(*, member: Member, kind: str, source: str, now: datetime) -> int:
    """A contact of this kind was proven: what was wished through it is given; how many pairs. Repeats do nothing."""
    channels = [channel for channel, contact in CONTACTS.items() if contact == kind]
    with scope(program=member.program):
        wishes = Consent.objects.filter(member=member, is_wished=True, channel__in=channels)
        wanted = dict.fromkeys(wishes.values_list("channel", "topic"), True)
    return change(member=member, wanted=wanted, source=source, now=now) if wanted else 0


def change(*, member: Member, wanted: Mapping[tuple[str, str], bool], source: str, now: datetime) -> int:
    """Bring these (channel, topic) pairs to the wanted state; how many changed. What is so already is not written."""
    return _change(member, wanted, set(), source, now)


@transaction.atomic
def _change(
    member: Member,
    wanted: Mapping[tuple[str, str], bool],
    waiting: Collection[tuple[str, str]],
    source: str,
    now: datetime,
) -> int:
    """As change(); a consent among the `waiting` pairs is only wished, unless it was given before."""
    with scope(program=member.program):
        # One after the other: of two changes at once the later one is the state, and the history says so.
        Holder.objects.select_for_update(no_key=True).get(pk=member.pk)
        kept = {(row.channel, row.topic): row for row in Consent.objects.filter(member=member)}
        changed = 0
        for pair, is_wanted in wanted.items():
            row = kept.get((Channel(pair[0]), Topic(pair[1])))
            was = (row.is_given, row.is_wished) if row else (False, False)
            waits = is_wanted and pair in waiting and not was[0]
            state = (is_wanted and not waits, waits)
            if state == was:
                continue
            _write(member, pair, state, source if state[0] != was[0] else "", now)
            changed += 1
    return changed


def _write(
    member: Member, pair: tuple[str, str], state: tuple[bool, bool], source: str, now: datetime
) -> None:
    """The state of a pair and, with a source, its line in the history, which knows nothing of mere wishes."""
    facts: dict[str, Any] = {"channel": Channel(pair[0]), "topic": Topic(pair[1])}
    is_given, is_wished = state
    values = {"program_id": member.program_id, "is_given": is_given, "is_wished": is_wished, "since": now}
    Consent.objects.update_or_create(member=member, **facts, defaults=values)
    if source:
        ConsentChange.objects.create(
            program_id=member.program_id,
            member_id=member.pk,
            source=source,
            at=now,
            is_given=is_given,
            **facts,
        )


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
        given, wished = (row.is_given, row.is_wished) if row else (False, False)
        found.append(State(channel, topic, given, row.since if row else None, wished))
    return found


def history_of(*, member: Member) -> Iterable[ConsentChange]:
    """Every change, the latest first."""
    with scope(program=member.program):
        return list(ConsentChange.objects.filter(member_id=member.pk).order_by("-at", "-pk"))
