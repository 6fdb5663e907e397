"""What a published graph becomes: steps that know who comes next, and the events that a version listens to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import zip_longest
from typing import Any

from django.db import connection
from django.db.models import Q

from campaigns.journeys import conditions
from campaigns.journeys.shape import Exit, Graph, Path, Step, Tree
from campaigns.models import JourneyStep, JourneyVersion, Listener

# The triggers that come by an event; others are looked for (see scanning.py) or asked for.
SEGMENT_EVENTS = {"entered": "segment.entered", "left": "segment.left"}
PLACE = "place.near"


def build(version: JourneyVersion, graph: Graph) -> dict[str, JourneyStep]:
    """Write the steps of a version, by key, each with the id of the step that follows."""
    steps = {
        step.key: JourneyStep(
            program_id=version.program_id, version=version, key=step.key, kind=step.kind, position=position,
            config=dict(step.settings),
        )
        for position, step in enumerate(graph.walk())
    }  # fmt: skip
    JourneyStep.objects.bulk_create(steps.values())
    for step, onward in _in_order(graph.steps, None):
        made = steps[step.key]
        made.onward = _id(steps, None if step.kind == "exit" else onward)
        made.ways = [_way(path, steps, onward) for path in step.paths]
    JourneyStep.objects.bulk_update(steps.values(), ["onward", "ways"])
    return steps


def first(graph: Graph, steps: dict[str, JourneyStep]) -> JourneyStep:
    return steps[graph.steps[0].key]


def listen(version: JourneyVersion, graph: Graph, steps: dict[str, JourneyStep], now: datetime) -> None:
    """Write down which events let members in, wake those who wait, and end the journey."""
    rows = [_by_trigger(version, graph), *(_by_exit(version, each, now) for each in graph.exits)]
    rows += [
        _listener(
            version, kind=step.settings["event"], purpose=Listener.Purpose.WAIT, step=steps[step.key],
            match=step.settings.get("match"), where=step.settings.get("where"), now=now,
        )
        for step in graph.walk()
        if step.kind == "wait_event"
    ]  # fmt: skip
    Listener.objects.bulk_create(row for row in rows if row is not None)


def open_door(version: JourneyVersion, graph: Graph) -> None:
    """Let members in again by what happens."""
    listener = _by_trigger(version, graph)
    if listener is not None:
        listener.save()


def refresh(listener: Listener, now: datetime) -> None:
    """The test of a condition that changes with time ("in the last 30 days"), as it is now."""
    listener.test = _sql(conditions.member(listener.tree), now)


def _in_order(steps: Sequence[Step], after: str | None) -> Iterator[tuple[Step, str | None]]:
    """Every step with the key of the one that follows; who comes to the end of a path goes on after the branch."""
    for step, following in zip_longest(steps, steps[1:]):
        onward = following.key if following else after
        yield step, onward
        for path in step.paths:
            yield from _in_order(path.steps, onward)


def _id(steps: dict[str, JourneyStep], key: str | None) -> int | None:
    return None if key is None else steps[key].pk


def _way(path: Path, steps: dict[str, JourneyStep], onward: str | None) -> dict[str, Any]:
    step = path.steps[0].key if path.steps else onward
    return {"name": path.name, "share": path.share, "where": path.where, "step": _id(steps, step)}


# --- listening --------------------------------------------------------------------------------------------------------


def _by_trigger(version: JourneyVersion, graph: Graph) -> Listener | None:
    """Whether the member meets the condition of the trigger is asked when the arrival is taken up."""
    trigger = graph.trigger
    match: dict[str, Any] = dict(trigger.settings.get("match") or {})
    if trigger.kind == "event":
        kind = trigger.settings["event"]
    elif trigger.kind in ("segment_entered", "segment_left"):
        kind = SEGMENT_EVENTS[trigger.kind.removeprefix("segment_")]
        match = {"segment": trigger.settings["segment"]}
    elif trigger.kind == "place":
        kind = PLACE
        match = {"store": trigger.settings["store"]} if trigger.settings.get("store") else {}
    else:
        return None
    return Listener(
        program_id=version.program_id, version=version, kind=kind, purpose=Listener.Purpose.ENTER, match=match,
        late_hours=graph.late_hours,
    )  # fmt: skip


def _by_exit(version: JourneyVersion, each: Exit, now: datetime) -> Listener:
    if each.segment is not None:
        kind, match = SEGMENT_EVENTS[each.way], {"segment": each.segment}
    else:
        kind, match = each.event, dict(each.match)
    return _listener(
        version, kind=kind, purpose=Listener.Purpose.EXIT, step=None, match=match, where=each.where, now=now
    )


def _listener(
    version: JourneyVersion,
    *,
    kind: str,
    purpose: str,
    step: JourneyStep | None,
    match: dict[str, Any] | None,
    where: Tree,
    now: datetime,
) -> Listener:
    found = Listener(
        program_id=version.program_id,
        version=version,
        step=step,
        kind=kind,
        purpose=purpose,
        match=match or {},
    )
    if where:
        condition = conditions.member(where)
        found.test = _sql(condition, now)
        found.tree = dict(where) if condition.is_relative else None
    return found


def _sql(condition: conditions.Condition, now: datetime) -> str:
    """The condition on a row of members_member as SQL with its values written out, for the trigger on the log."""
    members = conditions.rows(Q(condition.q(now)))
    sql, values = members.query.sql_with_params()
    connection.ensure_connection()
    with connection.cursor() as cursor:
        return f"holder_id IN ({cursor.mogrify(sql, values)})"
