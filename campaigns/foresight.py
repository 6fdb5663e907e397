"""What those who are in a journey will be sent: followed as crowds through waits, forks and lots, up to a day.

Nobody knows what members will do: at a branch the shares seen so far count (evenly where nothing was seen), who waits for an
event comes as often as others did and evenly over the time, and leaves as often. Caps count what a crowd was sent and is sent
on its way, while that is not too much to follow; what other journeys will send the same members is not known.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, tzinfo
from heapq import heappop, heappush
from math import ceil, inf

from campaigns.journeys import dues
from campaigns.messages.manners import Rules
from campaigns.models import JourneyStep

DAY = timedelta(days=1)
LOTS = {"split", "experiment"}
# Of a message that does not go: the gate's word, the time that has passed, and who had left meanwhile.
REFUSED = {"not_sent", "skipped", "left"}
# A crowd smaller than this is nobody.
LEAST = 0.001
# So often at most crowds move on while it is kept apart what they were sent: about half a second.
MOST_MOVES = 50_000


# What each of a crowd was sent: the days with channel and kind.
type Said = tuple[tuple[date, str, str], ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """So many wait at a step until `at`; whether what they wait for has happened, and what each was sent lately."""

    step: int
    at: datetime
    is_woken: bool
    number: float
    said: Said = ()


@dataclass(slots=True)
class Seen:
    """What became of those before them at a step: by path, and of messages how many the gate let through (caps aside);
    `left` while they waited there."""

    ways: Counter[str] = field(default_factory=Counter)
    passed: int = 0
    refused: int = 0
    through: int = 0
    left: int = 0

    def add(self, outcome: str, way: str, number: int) -> None:
        self.through += number if outcome != "left" else 0
        if way:
            self.ways[way] += number
        self.passed += number if outcome == "queued" else 0
        self.refused += number if outcome in REFUSED else 0

    @property
    def passing(self) -> float:
        return self.passed / (self.passed + self.refused) if self.passed + self.refused else 1.0

    @property
    def staying(self) -> float:
        return self.through / (self.through + self.left) if self.through + self.left else 1.0


@dataclass(frozen=True, slots=True)
class World:
    """The steps by id, what was seen at them, and by which manners messages go."""

    steps: Mapping[int, JourneyStep]
    seen: Mapping[int, Seen]
    rules: Rules
    zone: tzinfo


@dataclass(frozen=True, slots=True)
class Detail:
    """Crowds are kept apart by what they were sent before, and on the way; who comes before a time-out comes in so many
    parts at most."""

    before: bool
    on_way: bool
    parts: int


FINE = (Detail(before=True, on_way=True, parts=60), Detail(before=False, on_way=True, parts=20))
COARSE = Detail(before=False, on_way=False, parts=4)

type Crowds = defaultdict[tuple[datetime, int, Said], float]


def follow(
    *, world: World, standing: Iterable[Standing], now: datetime, until: datetime, most: int = MOST_MOVES
) -> dict[tuple[date, int], float]:
    """How many messages of which step go out on which local day, from now and before `until`.

    With more than `most` moves of crowds it is forgotten what they were sent before, and then also what on the way."""
    crowds = list(standing)
    for detail in FINE:
        with suppress(_TooMany):
            return _expect(_Walk(world, now, until, detail, most), crowds)
    return _expect(_Walk(world, now, until, COARSE, inf), crowds)


def _expect(walk: _Walk, standing: Iterable[Standing]) -> dict[tuple[date, int], float]:
    alike: dict[tuple[int, datetime, bool, Said], float] = defaultdict(float)
    for each in standing:
        alike[each.step, each.at, each.is_woken, each.said if walk.detail.before else ()] += each.number
    for (step, at, is_woken, said), number in alike.items():
        walk.begin(Standing(step, at, is_woken, number, said))
    expected: dict[tuple[date, int], float] = defaultdict(float)
    for day, step, number in walk.messages():
        expected[day, step] += number
    return expected


def reaching(steps: Mapping[int, JourneyStep]) -> set[int]:
    """The steps from which one may come to a message."""
    found = {pk for pk, step in steps.items() if step.kind == "message"}
    size = -1
    while size != len(found):
        size = len(found)
        found |= {pk for pk, step in steps.items() if found & set(_onward(step))}
    return found


def _onward(step: JourneyStep) -> list[int | None]:
    return [way["step"] for way in step.ways] or [step.onward]


class _TooMany(Exception):
    """Crowds have moved too often."""


class _Walk:
    """Crowds in the order of time; those who meet at a step at an hour with the same past go on as one."""

    def __init__(self, world: World, now: datetime, until: datetime, detail: Detail, most: float) -> None:
        self.world, self.now, self.until = world, now, until
        self.detail, self.most, self.moves = detail, most, 0
        self.reaching = reaching(world.steps)
        self.crowds: Crowds = defaultdict(float)
        self.queue: list[tuple[datetime, int, int, Said]] = []

    def begin(self, standing: Standing) -> None:
        """Who stands at a wait has waited to the end at that moment; the others are about to do their step."""
        step = self.world.steps.get(standing.step)
        if step is None:
            return
        if dues.is_immediate(step):
            self._put(step.pk, standing.at, standing.said, standing.number)
        elif step.kind == "wait_event" and standing.is_woken:
            self._arrive(_way(step, "then"), standing.at, standing.said, standing.number)
        else:
            self._wait(step, self.now, standing.at, standing.said, standing.number)

    def messages(self) -> Iterator[tuple[date, int, float]]:
        while self.queue:
            self._count()
            at, _position, pk, said = heappop(self.queue)
            number = self.crowds.pop((at, pk, said))
            step = self.world.steps[pk]
            if step.kind == "message":
                yield from self._message(step, at, said, number)
            else:
                for onward, part in self._parts(step, number):
                    self._arrive(onward, at, said, part)

    def _parts(self, step: JourneyStep, number: float) -> Iterator[tuple[int | None, float]]:
        """Whom a step sends where."""
        if not step.ways:
            yield step.onward, number
            return
        ways = self.world.seen[step.pk].ways
        total = sum(ways.values())
        for way in step.ways:
            if step.kind in LOTS:
                share = way["share"] / 100
            else:
                share = ways[way["name"]] / total if total else 1 / len(step.ways)
            yield way["step"], number * share

    def _arrive(self, pk: int | None, at: datetime, said: Said, number: float) -> None:
        """At a wait they stay for its time, elsewhere they are due at once."""
        self._count()
        step = self.world.steps.get(pk) if pk is not None else None
        if step is None:
            return
        if dues.is_immediate(step):
            self._put(step.pk, at, said, number)
        elif step.kind == "wait_local":
            self._wait(step, at, _next_local(step, at, self.world.zone), said, number)
        else:
            self._wait(step, at, at + dues.pause(step), said, number)

    def _count(self) -> None:
        self.moves += 1
        if self.moves > self.most:
            raise _TooMany

    def _wait(self, step: JourneyStep, since: datetime, until: datetime, said: Said, number: float) -> None:
        number *= self.world.seen[step.pk].staying
        if number < LEAST or since >= self.until:
            return
        if step.kind != "wait_event":
            self._arrive(step.onward, until, said, number)
            return
        ways = self.world.seen[step.pk].ways
        come = ways["then"] / sum(ways.values()) if ways and until > since else 0.0
        parts = min(self.detail.parts, max(1, ceil((until - since) / DAY)))
        for part in range(parts if come else 0):
            at = since + (until - since) * (2 * part + 1) / (2 * parts)
            if at >= self.until:
                break
            self._arrive(_way(step, "then"), at, said, number * come / parts)
        self._arrive(_way(step, "else"), until, said, number * (1 - come))

    def _put(self, pk: int | None, at: datetime, said: Said, number: float) -> None:
        if pk is None or pk not in self.reaching or number < LEAST or at >= self.until:
            return
        local, quiet = at.astimezone(self.world.zone), self.world.rules.manners.quiet_from
        # Never from the quiet hours back to before them.
        minute = quiet.minute if local.hour == quiet.hour and local.minute >= quiet.minute else 0
        hour = local.replace(minute=minute, second=0, microsecond=0)
        key = (hour, pk, said)
        if key not in self.crowds:
            heappush(self.queue, (hour, self.world.steps[pk].position, pk, said))
        self.crowds[key] += number

    def _message(
        self, step: JourneyStep, at: datetime, said: Said, number: float
    ) -> Iterator[tuple[date, int, float]]:
        """Sent to whom the gate lets through, when nobody is asleep; what is beyond a cap is left out, put off or the end."""
        channel, kind = step.config["channel"], step.config["purpose"]
        goes = self._awake(at, channel, kind)
        day = goes.astimezone(self.world.zone).date()
        caps = self.world.rules.caps_for(channel, kind)
        if _is_full(caps, said, day):
            self._capped(step, at, day, said, number)
            return
        if goes - at <= timedelta(hours=step.version.graph["window"]["late_hours"]):
            yield day, step.pk, number * self.world.seen[step.pk].passing
            said = (*said, (day, channel, kind)) if caps and self.detail.on_way else said
        self._arrive(step.onward, at, said, number)

    def _capped(self, step: JourneyStep, at: datetime, day: date, said: Said, number: float) -> None:
        if step.config["capped"] == "skip":
            self._arrive(step.onward, at, said, number)
        elif step.config["capped"] == "defer":
            manners = self.world.rules.manners
            is_quiet = self.world.rules.is_quiet(step.config["channel"], step.config["purpose"])
            morning = manners.quiet_until if is_quiet else time()
            self._put(step.pk, datetime.combine(day + DAY, morning, tzinfo=self.world.zone), said, number)

    def _awake(self, at: datetime, channel: str, kind: str) -> datetime:
        """The end of the quiet hours that a moment falls into, or the moment."""
        if not self.world.rules.is_quiet(channel, kind):
            return at
        begin, end = self.world.rules.manners.quiet_from, self.world.rules.manners.quiet_until
        local = at.astimezone(self.world.zone)
        now = local.time()
        if (begin < end and begin <= now < end) or (begin > end and now < end):
            return datetime.combine(local.date(), end, tzinfo=self.world.zone)
        if begin > end and now >= begin:
            return datetime.combine(local.date() + DAY, end, tzinfo=self.world.zone)
        return at


def _is_full(caps: Iterable[Mapping[str, object]], said: Said, day: date) -> bool:
    """Whether one more would be too many in a stretch of days, as gate.FULL counts it."""
    for cap in caps:
        stretch = timedelta(days=int(str(cap["days"])) - 1)
        near = [
            one
            for one in said
            if abs(one[0] - day) <= stretch and cap["channel"] in {"", one[1]} and cap["kind"] in {"", one[2]}
        ]
        if len(near) + 1 > int(str(cap["most"])):
            return True
    return False


def _way(step: JourneyStep, name: str) -> int | None:
    return next((way["step"] for way in step.ways if way["name"] == name), None)


def _next_local(step: JourneyStep, at: datetime, zone: tzinfo) -> datetime:
    """By the program's clock: whose own clock differs may come a day earlier or later."""
    local = at.astimezone(zone)
    clock = time(step.config["hour"], step.config.get("minute", 0))
    weekdays = step.config.get("weekdays") or range(7)
    days = (datetime.combine(local.date() + n * DAY, clock, tzinfo=zone) for n in range(9))
    return next(moment for moment in days if moment > at and moment.weekday() in weekdays)
