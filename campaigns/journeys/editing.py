"""A journey is made, changed as a draft, published, paused, resumed and stopped. Every step is audited.

What is published never changes. Publishing again moves those under way along a map from old steps to new ones.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Count
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _
from django_scopes import scope

from campaigns.experiments import rounds
from campaigns.journeys import checking, compiling
from campaigns.journeys import graph as graphs
from campaigns.messages import outbox
from campaigns.models import Arrival, Enrolment, Journey, JourneyStep, JourneyVersion, Listener
from loyaltysite.kit.errors import Conflict, DomainError
from members import audit
from members.models import Program, User

State, Status = Journey.State, Enrolment.Status
# Where those who wait at a step of the version before go: to a step of the new one, out, or on as they began.
STAY, LEAVE = "stay", "exit"


class KeyTaken(Conflict):
    code = "journey_key_taken"
    message = _("There is a journey with this key.")


class WrongState(Conflict):
    code = "journey_wrong_state"
    message = _("This journey is not in a state for that.")


class MapInvalid(DomainError):
    code = "journey_map_invalid"
    message = _("Say for each step where those who wait there go.")


@dataclass(frozen=True, slots=True)
class Move:
    """Where those who wait at a step go when the draft is published; `target` is a step's key, "stay" or "exit"."""

    key: str
    kind: str
    waiting: int
    target: str


def create(
    *, program: Program, name: str, draft: Mapping[str, Any], by: User, now: datetime, key: str = ""
) -> Journey:
    """A journey that nobody goes through yet; its draft may have faults. Raises KeyTaken."""
    with scope(program=program), transaction.atomic():
        wanted = slugify(key or name)[:60] or f"journey-{secrets.token_hex(3)}"
        if Journey.objects.filter(key=wanted).exists():
            if key:
                raise KeyTaken(field="key")
            wanted = f"{wanted[:52]}-{secrets.token_hex(3)}"
        made = Journey.objects.create(
            program=program, key=wanted, name=name, draft=dict(draft), owner=by, salt=secrets.token_hex(16),
            created_at=now, changed_at=now,
        )  # fmt: skip
        _audit(made, "journey.create", by, now)
        return made


def change(
    *,
    journey: Journey,
    by: User,
    now: datetime,
    name: str | None = None,
    owner: User | None = None,
    draft: Mapping[str, Any] | None = None,
) -> Journey:
    """Another name, owner or draft; those under way notice nothing until it is published. Raises WrongState when stopped."""
    with scope(program=journey.program), transaction.atomic():
        kept = _take(journey)
        if kept.state == State.STOPPED:
            raise WrongState
        kept.name = kept.name if name is None else name
        kept.owner = kept.owner if owner is None else owner
        kept.draft = kept.draft if draft is None else dict(draft)
        kept.changed_at = now
        kept.save(update_fields=["name", "owner", "draft", "changed_at"])
        _audit(kept, "journey.change", by, now)
        return kept


def preview(*, journey: Journey, mapping: Mapping[str, str] | None = None) -> list[Move]:
    """How many wait at each step of the version in force, and where publishing the draft would send them.

    Raises GraphInvalid, MapInvalid."""
    with scope(program=journey.program):
        graph = checking.check(journey.program, journey.draft)
        return _moves(journey, graph, mapping or {})


def publish(
    *,
    journey: Journey,
    by: User,
    now: datetime,
    mapping: Mapping[str, str] | None = None,
    reason: str = "",
) -> JourneyVersion:
    """Put the draft into force. A step with the same key and kind is taken to be the same, unless the map says otherwise;
    who waits at a step that is gone stays in the version that was begun. Raises GraphInvalid, MapInvalid, WrongState."""
    with scope(program=journey.program), transaction.atomic():
        kept = _take(journey)
        if kept.state == State.STOPPED:
            raise WrongState
        graph = checking.check(kept.program, kept.draft)
        moves, before = _moves(kept, graph, mapping or {}), kept.current
        version = JourneyVersion.objects.create(
            program=kept.program, journey=kept, number=(before.number if before else 0) + 1,
            graph=graphs.data(graph), published_at=now, published_by=by,
        )  # fmt: skip
        steps = compiling.build(version, graph)
        compiling.listen(version, graph, steps, now)
        rounds.begin(version=version, graph=graph, steps=steps, now=now)
        if before is not None:
            _let_nobody_in(before)
            _migrate(before, version, steps, moves, now)
        kept.current, kept.changed_at = version, now
        kept.state = State.LIVE if kept.state == State.DRAFT else kept.state
        kept.scanned_at = kept.scanned_at or now
        kept.save(update_fields=["current", "state", "changed_at", "scanned_at"])
        _audit(kept, "journey.publish", by, now, reason, version=version.number)
        journey.current, journey.state = version, kept.state
        return version


def pause(*, journey: Journey, by: User, now: datetime) -> Journey:
    """Nobody enters and nobody moves, and what waits to be sent is held back; who is to leave still leaves. Raises
    WrongState."""
    return _turn(journey, State.LIVE, State.PAUSED, "journey.pause", by, now)


def resume(*, journey: Journey, by: User, now: datetime) -> Journey:
    """Everybody goes on where they stand. What would come too late is passed over, see docs/journeys.md. Raises
    WrongState."""
    with scope(program=journey.program):
        # Days that came and went while it stood still bring nobody in.
        Journey.objects.filter(pk=journey.pk, state=State.PAUSED).update(scanned_at=now)
    return _turn(journey, State.PAUSED, State.LIVE, "journey.resume", by, now)


def stop(*, journey: Journey, by: User, now: datetime) -> Journey:
    """For good: nothing of it is sent or given any more, and everybody leaves (see draining). Raises WrongState."""
    with scope(program=journey.program), transaction.atomic():
        kept = _take(journey)
        if kept.state not in (State.LIVE, State.PAUSED):
            raise WrongState
        kept.state, kept.changed_at = State.STOPPED, now
        kept.save(update_fields=["state", "changed_at"])
        Listener.objects.filter(version__journey=kept).delete()
        Arrival.objects.filter(version__journey=kept).delete()
        rounds.end_all(journey=kept, now=now)
        outbox.drop(program=kept.program, journey=kept.pk, now=now)
        _audit(kept, "journey.stop", by, now)
        journey.state = kept.state
        return kept


# --- parts ------------------------------------------------------------------------------------------------------------


def _take(journey: Journey) -> Journey:
    rows = Journey.objects.select_for_update(of=("self",)).select_related("program", "current")
    return rows.get(pk=journey.pk)


def _turn(journey: Journey, was: str, state: str, action: str, by: User, now: datetime) -> Journey:
    with scope(program=journey.program), transaction.atomic():
        kept = _take(journey)
        if kept.state != was:
            raise WrongState
        kept.state, kept.changed_at = state, now
        kept.save(update_fields=["state", "changed_at"])
        if state == State.PAUSED and kept.current is not None:
            Arrival.objects.filter(version__journey=kept).delete()
            _let_nobody_in(kept.current)
            outbox.hold(program=kept.program, journey=kept.pk)
        elif kept.current is not None:
            outbox.release(program=kept.program, journey=kept.pk)
            compiling.open_door(kept.current, graphs.read(kept.current.graph))
        _audit(kept, action, by, now)
        journey.state = kept.state
        return kept


def _let_nobody_in(version: JourneyVersion) -> None:
    Listener.objects.filter(version=version, purpose=Listener.Purpose.ENTER).delete()


def _moves(journey: Journey, graph: graphs.Graph, mapping: Mapping[str, str]) -> list[Move]:
    if journey.current is None:
        return []
    new = {step.key: step.kind for step in graph.walk()}
    if unknown := {
        target for target in mapping.values() if target not in new and target not in (STAY, LEAVE)
    }:
        raise MapInvalid(field=min(unknown))
    waiting = Enrolment.objects.filter(version=journey.current, status=Status.WAITING)
    numbers = dict(waiting.values_list("step").annotate(number=Count("pk")))
    return [
        Move(
            step.key, step.kind, numbers.get(step.pk, 0),
            mapping.get(step.key, step.key if new.get(step.key) == step.kind else STAY),
        )
        for step in JourneyStep.objects.filter(version=journey.current).order_by("position")
    ]  # fmt: skip


MIGRATE = """
    UPDATE campaigns_enrolment e SET version_id = %(version)s, step_id = m.new, hop = e.hop + 1
    FROM unnest(%(old)s::bigint[], %(new)s::bigint[]) AS m(old, new)
    WHERE e.step_id = m.old AND e.status = 'waiting'
"""
QUIT = """
    WITH gone AS (
        UPDATE campaigns_enrolment SET status = 'exited', reason = 'version', ended_at = %(now)s, due_at = NULL
        WHERE step_id = ANY (%(gone)s) AND status = 'waiting' RETURNING id
    ) SELECT wafa_left(array_agg(id)) FROM gone
"""


def _migrate(
    before: JourneyVersion,
    version: JourneyVersion,
    steps: dict[str, JourneyStep],
    moves: list[Move],
    now: datetime,
) -> None:
    """Who waits keeps the moment until which, so that nobody waits twice."""
    old = dict(JourneyStep.objects.filter(version=before).values_list("key", "pk"))
    moved = {old[move.key]: steps[move.target].pk for move in moves if move.target not in (STAY, LEAVE)}
    gone = [old[move.key] for move in moves if move.target == LEAVE]
    with connection.cursor() as cursor:
        cursor.execute(QUIT, {"gone": gone, "now": now})
        cursor.execute(MIGRATE, {"version": version.pk, "old": list(moved), "new": list(moved.values())})


def _audit(journey: Journey, action: str, by: User, now: datetime, reason: str = "", **after: Any) -> None:
    audit.record(
        program=journey.program, actor=by, action=action, subject="journey", subject_id=journey.key,
        after={"state": journey.state, **after}, now=now, reason=reason,
    )  # fmt: skip
