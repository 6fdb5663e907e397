"""Reads a journey's JSON and names every fault in it at once, each by its path and the key of its step."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from campaigns.journeys import kinds
from campaigns.journeys.parts import Part, Reader, part_of
from campaigns.journeys.shape import Entry, Exit, Goal, Graph, GraphInvalid, Path, Step, Tree, Trigger

MOST_STEPS, MOST_DEPTH, MOST_PATHS, MOST_EXITS = 200, 6, 10, 10
LONGEST_WAIT_DAYS = 366
MOST_AMOUNT = 10**12
KEY = re.compile(r"[a-z0-9_-]{1,32}")


def read(data: object) -> Graph:
    """The graph of a draft or a version. Raises GraphInvalid with every fault."""
    reader = Reader()
    root = part_of(reader, data, "")
    trigger = part_of(reader, root.value("trigger"), "trigger")
    steps = _steps(reader, root.items("steps"), 1)
    if not steps:
        root.fault("steps", _("A journey has at least one step."))
    elif len(reader.keys) > MOST_STEPS:
        root.fault("steps", _("A journey has at most %(most)d steps."), most=MOST_STEPS)
    window = part_of(reader, root.value("window") or {}, "window")
    late_hours = window.whole("late_hours", 1, 24 * 30, 24)
    window.close()
    found = Graph(
        trigger=_trigger(trigger),
        steps=steps,
        entry=_entry(part_of(reader, root.value("entry") or {}, "entry")),
        exits=_exits(reader, root.items("exit")),
        holdout=root.whole("holdout", 0, 50, 0),
        goal=_goal(reader, root.value("goal")),
        priority=root.whole("priority", 1, 9, 5),
        late_hours=late_hours,
    )
    root.close()
    if reader.faults:
        raise GraphInvalid(reader.faults)
    return found


def _exits(reader: Reader, items: list[tuple[str, Any]]) -> tuple[Exit, ...]:
    if len(items) > MOST_EXITS:
        reader.fault("exit", _("At most %(most)s of these.") % {"most": MOST_EXITS})
    return tuple(_exit(part_of(reader, value, path)) for path, value in items)


def _exit(part: Part) -> Exit:
    if part.value("segment") is not None:
        found = Exit(segment=part.whole("segment", 1, 2**53), way=part.choice("is", ("entered", "left")))
    else:
        found = Exit(event=part.event("event"), match=part.object("match"), where=part.where())
    part.close()
    return found


def _goal(reader: Reader, value: object) -> Goal | None:
    if value is None:
        return None
    part = part_of(reader, value, "goal")
    found = Goal(part.event("event"), part.whole("days", 1, 366))
    part.close()
    return found


def _entry(part: Part) -> Entry:
    mode = part.choice("mode", kinds.MODES, "once")
    # An editor may leave behind what another mode needs.
    part.known |= {"period", "days"}
    found = Entry(
        mode,
        period=part.choice("period", kinds.PERIODS) if mode == "period" else None,
        days=part.whole("days", 1, 3660) if mode == "cooldown" else None,
    )
    part.close()
    return found


# --- triggers ---------------------------------------------------------------------------------------------------------


def _trigger(part: Part) -> Trigger:
    kind = part.choice("kind", kinds.TRIGGERS)
    settings = {name: value for name, value in TRIGGER[kind](part).items() if value is not None}
    found = Trigger(kind, settings, part.where())
    part.close()
    return found


def _by_event(part: Part) -> dict[str, Any]:
    return {"event": part.event("event"), "match": dict(part.object("match")) or None}


def _by_segment(part: Part) -> dict[str, Any]:
    return {"segment": part.whole("segment", 1, 2**53)}


def _by_date(part: Part) -> dict[str, Any]:
    return {
        "date": part.choice("date", kinds.DATES),
        "offset_days": part.whole("offset_days", -365, 365, 0),
        "hour": part.whole("hour", 0, 23, 9),
    }


def _by_schedule(part: Part) -> dict[str, Any]:
    every = part.choice("every", kinds.EVERY)
    found: dict[str, Any] = {"every": every, "hour": part.whole("hour", 0, 23, 9)}
    if every == "once":
        value = part.value("on")
        if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d", value):
            part.fault("on", _("Choose a day."))
        found["on"] = value
    elif every == "week":
        found["weekday"] = part.whole("weekday", 0, 6)
    elif every == "month":
        found["day"] = part.whole("day", 1, 31)
    return found | {"segment": part.optional("segment", 1, 2**53)}


def _by_silence(part: Part) -> dict[str, Any]:
    """`tenths` of the member's own rhythm, but so many days at least; who ordered once or twice has no rhythm yet."""
    return {
        "tenths": part.whole("tenths", 10, 100, 25),
        "least_days": part.whole("least_days", 1, 730, 30),
        "hour": part.whole("hour", 0, 23, 9),
    }


def _by_request(part: Part) -> dict[str, Any]:
    return {}


def _by_place(part: Part) -> dict[str, Any]:
    return {"store": part.value("store") if part.value("store") is None else part.text("store", 64)}


TRIGGER: dict[str, Callable[[Part], dict[str, Any]]] = {
    "event": _by_event,
    "segment_entered": _by_segment,
    "segment_left": _by_segment,
    "date": _by_date,
    "schedule": _by_schedule,
    "inactivity": _by_silence,
    "api": _by_request,
    "place": _by_place,
}


# --- steps ------------------------------------------------------------------------------------------------------------


def _steps(reader: Reader, items: list[tuple[str, Any]], depth: int) -> tuple[Step, ...]:
    if depth > MOST_DEPTH:
        reader.fault(items[0][0] if items else "steps", _("The paths are nested too deeply."))
        return ()
    return tuple(_step(reader, value, path, depth) for path, value in items)


def _step(reader: Reader, value: object, path: str, depth: int) -> Step:
    part = part_of(reader, value, path)
    key = part.value("key")
    if not isinstance(key, str) or not KEY.fullmatch(key):
        part.fault("key", _("A step has a key of small letters, digits and hyphens."))
        key = ""
    with reader.inside(key):
        if key in reader.keys:
            part.fault("key", _("Two steps have this key."))
        reader.keys.add(key)
        kind = part.choice("kind", kinds.STEPS)
        settings = SETTINGS[kind](part) if kind in SETTINGS else {}
        paths = PATHS[kind](part, depth) if kind in PATHS else ()
        part.close()
    return Step(key, kind, {name: value for name, value in settings.items() if value is not None}, paths)


def _wait(part: Part) -> dict[str, Any]:
    found = {
        "minutes": part.optional("minutes", 0, 60 * 24),
        "hours": part.optional("hours", 0, 24 * 31),
        "days": part.optional("days", 0, LONGEST_WAIT_DAYS),
    }
    if not any(found.values()):
        part.fault("days", _("Say how long."))
    return found


def _wait_local(part: Part) -> dict[str, Any]:
    found: dict[str, Any] = {"hour": part.whole("hour", 0, 23), "minute": part.whole("minute", 0, 59, 0)}
    days = part.value("weekdays")
    if days is not None:
        is_list = isinstance(days, list) and all(type(day) is int and 0 <= day <= 6 for day in days)
        if not is_list:
            part.fault("weekdays", _("Choose days of the week."))
        found["weekdays"] = sorted(set(days)) if is_list and days else None
    return found


def _wait_event(part: Part) -> dict[str, Any]:
    return {
        "event": part.event("event"),
        "match": dict(part.object("match")) or None,
        "where": part.where(),
        "timeout_days": part.whole("timeout_days", 1, LONGEST_WAIT_DAYS),
    }


def _message(part: Part) -> dict[str, Any]:
    return {
        "message": part.whole("message", 1, 2**53),
        "channel": part.choice("channel", kinds.CHANNELS, "email"),
        "purpose": part.choice("purpose", ("marketing", "transactional"), "marketing"),
        "capped": part.choice("capped", kinds.CAPPED, "defer"),
        "topic": None if part.value("topic") is None else part.text("topic", 32),
        "coupon": part.text("coupon", 60) if part.value("coupon") else None,
    }


def _points(part: Part) -> dict[str, Any]:
    return {
        "unit": part.text("unit", 32),
        "amount": part.whole("amount", 1, MOST_AMOUNT),
        "budget": part.optional("budget", 1, 2**53),
    }


def _reward(part: Part) -> dict[str, Any]:
    return {"reward": part.whole("reward", 1, 2**53), "budget": part.optional("budget", 1, 10**9)}


def _tag(part: Part) -> dict[str, Any]:
    return {"tag": part.text("tag", 64), "do": part.choice("do", ("add", "remove"), "add")}


def _segment(part: Part) -> dict[str, Any]:
    return {"segment": part.whole("segment", 1, 2**53), "do": part.choice("do", ("add", "remove"), "add")}


def _tier(part: Part) -> dict[str, Any]:
    return {"tier": part.whole("tier", 1, 2**53), "days": part.whole("days", 1, 3660, 365)}


def _webhook(part: Part) -> dict[str, Any]:
    return {"topic": part.text("topic", 64)}


def _task(part: Part) -> dict[str, Any]:
    return {"title": part.text("title", 200), "days": part.whole("days", 0, 366, 1)}


def _experiment(part: Part) -> dict[str, Any]:
    return {
        "name": part.text("name", 80),
        "measure": part.choice("measure", kinds.MEASURES, "conversion"),
        "window_days": part.whole("window_days", 1, LONGEST_WAIT_DAYS, 14),
    }


SETTINGS: dict[str, Callable[[Part], dict[str, Any]]] = {
    "experiment": _experiment,
    "wait": _wait,
    "wait_local": _wait_local,
    "wait_event": _wait_event,
    "message": _message,
    "points": _points,
    "reward": _reward,
    "tag": _tag,
    "segment": _segment,
    "tier": _tier,
    "webhook": _webhook,
    "task": _task,
}


# --- paths ------------------------------------------------------------------------------------------------------------


def _two_ways(part: Part, depth: int) -> tuple[Path, ...]:
    return tuple(Path(name, _steps(part.reader, part.items(name), depth + 1)) for name in ("then", "else"))


def _branches(part: Part, depth: int) -> tuple[Path, ...]:
    paths = tuple(
        Path(named.text("name"), _steps(part.reader, named.items("steps"), depth + 1), where=_asked(named))
        for named in _named(part)
    )
    return (*paths, Path("else", _steps(part.reader, part.items("else"), depth + 1)))


def _asked(part: Part) -> Tree:
    found = part.where()
    if found is None:
        part.fault("where", _("Say who takes this path."))
    return found


def _shares(part: Part, depth: int) -> tuple[Path, ...]:
    paths = tuple(
        Path(
            named.text("name"),
            _steps(part.reader, named.items("steps"), depth + 1),
            share=named.whole("share", 1, 100),
        )
        for named in _named(part)
    )
    if sum(path.share or 0 for path in paths) != 100:
        part.fault("paths", _("The shares add up to 100 percent."))
    return paths


def _arms(part: Part, depth: int) -> tuple[Path, ...]:
    """The first is what the others are compared with."""
    paths = _shares(part, depth)
    if len(paths) < 2:
        part.fault("paths", _("A test has two arms at least."))
    return paths


def _named(part: Part) -> Iterator[Part]:
    """The paths of a branch or split, each closed after it was read."""
    items = part.items("paths")
    if not 1 <= len(items) <= MOST_PATHS:
        part.fault("paths", _("Give 1 to %(most)d paths."), most=MOST_PATHS)
    names: set[str] = set()
    for path, value in items:
        named = part_of(part.reader, value, path)
        if isinstance(value, Mapping) and value.get("name") in names | {"else"}:
            named.fault("name", _("Two paths have this name."))
        names.add(named.value("name") if isinstance(named.value("name"), str) else "")
        yield named
        named.known |= {"name", "steps", "where", "share"}
        named.close()


PATHS: dict[str, Callable[[Part, int], tuple[Path, ...]]] = {
    "wait_event": _two_ways,
    "branch": _branches,
    "split": _shares,
    "experiment": _arms,
}
