"""Drafts of journeys: kept at each change, right or not; what is wrong is told, and only publishing refuses it."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django_scopes import scope

from campaigns.journeys import checking, editing
from campaigns.journeys import graph as graphs
from campaigns.journeys.graph import Fault, GraphInvalid
from campaigns.models import Journey, JourneyVersion
from loyaltysite.kit.errors import Conflict, NotFound
from members.models import Program, User

BLANK: Mapping[str, Any] = {
    "trigger": {"kind": "event", "event": "member.joined", "where": None},
    "entry": {"mode": "once"},
    "exit": [],
    "holdout": 0,
    "goal": None,
    "priority": 5,
    "window": {"late_hours": 24},
    "steps": [],
}
# A journey with this key would stand behind the page that makes new ones.
RESERVED = {"new"}


class DraftChanged(Conflict):
    code = "draft_changed"
    message = _("Somebody else changed this draft in the meantime.")


class JourneyUnknown(NotFound):
    message = _("There is no such journey.")


def create(
    *, program: Program, name: str, by: User, now: datetime, graph: Mapping[str, Any] | None = None
) -> Journey:
    """A journey that is nothing but a draft, looked after by who made it."""
    key = f"{name} 1" if name.strip().casefold() in RESERVED else ""
    return editing.create(program=program, name=name, draft=graph or BLANK, by=by, now=now, key=key)


@transaction.atomic
def save(
    *, program: Program, key: str, graph: Mapping[str, Any], by: User, now: datetime, revision: int
) -> Journey:
    """Keep the draft. `revision` is that of the draft as it was read (see revision_of).

    Raises JourneyUnknown, DraftChanged, editing.WrongState."""
    journey = _take(program, key, revision)
    return editing.change(journey=journey, by=by, now=now, draft=graph)


@transaction.atomic
def publish(
    *,
    program: Program,
    key: str,
    by: User,
    now: datetime,
    revision: int,
    reason: str,
    mapping: Mapping[str, str],
) -> JourneyVersion:
    """Put the draft into force as it was reviewed. `mapping` says where those who wait at a step go.

    Raises JourneyUnknown, DraftChanged, GraphInvalid, editing.MapInvalid, editing.WrongState."""
    journey = _take(program, key, revision)
    return editing.publish(journey=journey, by=by, now=now, mapping=mapping, reason=reason)


@transaction.atomic
def reviewed(*, program: Program, key: str, revision: int, mapping: Mapping[str, str]) -> Journey:
    """The journey, if its draft could be put into force as it was reviewed. Raises what publish raises."""
    journey = _take(program, key, revision)
    if journey.state == Journey.State.STOPPED:
        raise editing.WrongState
    editing.preview(journey=journey, mapping=mapping)
    return journey


def beginning(journey: Journey) -> dict[str, Any]:
    """What the editor begins from: the draft, or the version in force where there is none."""
    return dict(journey.draft or (journey.current.graph if journey.current else BLANK))


def revision_of(journey: Journey) -> int:
    """Which draft this is, as a number that differs for another draft."""
    return zlib.crc32(json.dumps(journey.draft, sort_keys=True).encode())


def is_ahead(journey: Journey) -> bool:
    """Whether something is drafted that is not in force."""
    if journey.current is None:
        return True
    try:
        return bool(graphs.data(graphs.read(journey.draft)) != journey.current.graph)
    except GraphInvalid:
        return True


def faults_of(program: Program, graph: Mapping[str, Any]) -> list[Fault]:
    """What keeps it from running, in reading order."""
    try:
        checking.check(program, graph)
    except GraphInvalid as error:
        return list(error.faults)
    return []


def _take(program: Program, key: str, revision: int) -> Journey:
    with scope(program=program):
        rows = Journey.objects.select_for_update(of=("self",), no_key=True)
        journey = rows.select_related("program", "current").filter(key=key).first()
        if journey is None:
            raise JourneyUnknown
        if revision_of(journey) != revision:
            raise DraftChanged(field="revision")
    return journey
