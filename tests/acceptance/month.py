"""A month of members in plain facts, and what the ready journeys should do with them: told without the engine, day by day,
from the words on their cards. Nothing of campaigns is asked here."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

START = datetime.fromisoformat("2026-03-02T00:00+00:00")
# The whole month and three looks a day; in every run of the tests three weeks and two.
DAYS, HOURS = (30, (2, 10, 18)) if "WAFA_MONTH" in os.environ else (22, (10, 18))
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
END = START + DAYS * DAY
TICKS = [START + day * DAY + hour * HOUR for day in range(DAYS) for hour in HOURS]
GIFT = 200

type Deed = tuple[str, str, str, datetime, str]


@dataclass(slots=True)
class Life:
    """One member: what happened and will happen, at noon or at eight in the evening. `agrees` are topics of e-mail."""

    name: str
    agrees: frozenset[str]
    birthday: date | None = None
    joined: datetime | None = None
    # What lies before the month: orders, a paid plan, a tier by hand.
    past: list[tuple[datetime, int]] = field(default_factory=list)
    plan: datetime | None = None
    gold_until: date | None = None
    orders: list[tuple[datetime, int]] = field(default_factory=list)
    events: list[tuple[datetime, str]] = field(default_factory=list)
    # Of their review; None is one without.
    stars: int | None = None
    # What the ledger made of it, as of the first day.
    lots_end: list[datetime] = field(default_factory=list)
    tier_ends: list[datetime] = field(default_factory=list)
    plan_ends: list[datetime] = field(default_factory=list)

    def has(self, kinds: str | tuple[str, ...], since: datetime, until: datetime) -> datetime | None:
        """The first of these events after one moment and up to the other; `order` is one."""
        wanted = (kinds,) if isinstance(kinds, str) else kinds
        found = [at for at, kind in self.events if kind in wanted]
        found += [at for at, _amount in self.orders if "order" in wanted]
        return min((at for at in found if since < at <= until), default=None)


# --- the facts --------------------------------------------------------------------------------------------------------


def live(number: int) -> Life:
    """The life of the member with this number: ten kinds of lives, each in many ways."""
    kind, way = number % 10, number // 10
    topics = (
        ("offers", number % 2 or number % 7 == 0),
        ("surveys", number % 3),
        ("reminders", number % 5 != 1),
    )
    life = Life(f"m{number}", frozenset(topic for topic, agreed in topics if agreed))
    noon = START + 12 * HOUR + (way % 20) * DAY
    LIVES[kind](life, way, noon)
    return life


def _joins(life: Life, way: int, noon: datetime) -> None:
    life.joined = noon


def _joins_and_orders(life: Life, way: int, noon: datetime) -> None:
    life.joined, life.orders = noon, [(noon + (3 + way % 14) * DAY, 10_00)]


def _is_born(life: Life, way: int, noon: datetime) -> None:
    life.birthday = date(1990, 3, 2 + way % 28)


def _is_silent(life: Life, way: int, noon: datetime) -> None:
    last = START - (35 + way % 15) * DAY + 12 * HOUR
    life.past = [(last - gap * DAY, 10_00) for gap in (40, 20, 0)]
    if way % 2:
        life.orders = [(START + 25 * DAY + 12 * HOUR, 10_00)]


def _orders(life: Life, way: int, noon: datetime) -> None:
    at = START + (1 + way % 8) * DAY + 12 * HOUR
    life.orders = [(at, 60_00), (at + 2 * DAY + 8 * HOUR, 5_00)]
    if way % 3 == 0:
        life.events = [(at + 3 * DAY, "event.service.failed")]
    elif way % 3 == 1:
        life.events = [(at + 8 * DAY, "event.review.written")]
        life.stars = (5, 2, None, 4, 3)[way // 3 % 5]


def _complains(life: Life, way: int, noon: datetime) -> None:
    life.events = [(noon, "event.service.failed"), (noon + 5 * DAY, "event.service.failed")]
    if way % 2:
        life.events.append((noon + 2 * DAY, "event.service.answered"))


def _takes_a_reward(life: Life, way: int, noon: datetime) -> None:
    life.events = [(noon, "reward.reserved")]
    if way % 2:
        life.events.append((noon + (1 if way % 4 == 1 else 3) * DAY + 8 * HOUR, "reward.fulfilled"))


def _is_golden(life: Life, way: int, noon: datetime) -> None:
    life.gold_until = (START + (28 + way % 34) * DAY).date()


def _climbs(life: Life, way: int, noon: datetime) -> None:
    life.orders = [(noon, 420_00)]
    if way % 2:
        life.orders.append((noon + (8 * HOUR if way % 4 == 1 else 3 * DAY), 100_00))


def _has_old_points(life: Life, way: int, noon: datetime) -> None:
    life.past = [(START - 365 * DAY + (12 + way % 34) * DAY, 30_00)]
    if way % 4 == 0:
        life.plan = START - 365 * DAY + (12 + way % 28) * DAY


LIVES = (
    _joins, _joins_and_orders, _is_born, _is_silent, _orders, _complains, _takes_a_reward, _is_golden, _climbs, _has_old_points,
)  # fmt: skip


# --- what should come of it -------------------------------------------------------------------------------------------


def tick_of(at: datetime) -> datetime:
    """When what is due at this moment is looked at."""
    return next((tick for tick in TICKS if tick >= at), END + DAY)


def next_hour(since: datetime, hour: int) -> datetime:
    found = since.replace(hour=hour, minute=0)
    return tick_of(found if found > since else found + DAY)


def is_held_out(salt: str, member: int, percent: int) -> bool:
    digest = hashlib.sha256(f"{salt}:{member}".encode()).hexdigest()
    return int(digest[:8], 16) % 10_000 < percent * 100


@dataclass(frozen=True, slots=True)
class Shop:
    """What is the shop's: the salts of its journeys, and from how much spent on one is among the best."""

    salts: Mapping[str, str]
    best: int


class Teller:
    """Says what becomes of one member. Each journey is a method, in the words of its card."""

    def __init__(self, life: Life, member: int, shop: Shop) -> None:
        self.life, self.member, self.shop = life, member, shop

    def all(self) -> Iterator[Deed]:
        for journey in (
            self.welcome, self.activation, self.renewal, self.renewal_plan, self.win_back, self.vip, self.birthday,
            self.expiry, self.tier_near, self.abandoned, self.recovery, self.review,
        ):  # fmt: skip
            yield from (deed for deed in journey() if deed[3] < END)

    def says(self, journey: str, message: str, at: datetime, topic: str = "offers", held: int = 0) -> Deed:
        outcome = "queued" if topic in self.life.agrees else "not_sent"
        if outcome == "queued" and self.is_out(journey, held):
            outcome = "held_out"
        return self.life.name, journey, f"say {message}", at, outcome

    def gives(self, journey: str, times: int, at: datetime, held: int = 0) -> Deed:
        return self.does(
            journey, f"give {GIFT * times}", at, "held_out" if self.is_out(journey, held) else "done"
        )

    def does(self, journey: str, deed: str, at: datetime, outcome: str = "done") -> Deed:
        return self.life.name, journey, deed, at, outcome

    def is_out(self, journey: str, percent: int) -> bool:
        return is_held_out(self.shop.salts[journey], self.member, percent)

    def leaves(self, kinds: str | tuple[str, ...], since: datetime, until: datetime) -> bool:
        return self.life.has(kinds, since, until) is not None

    def welcome(self) -> Iterator[Deed]:
        if self.life.joined is None:
            return
        enters = tick_of(self.life.joined)
        yield self.says("welcome", "welcome", enters)
        gift = next_hour(tick_of(enters + 4 * HOUR), 10)
        yield self.gives("welcome", 1, gift)
        yield self.says("welcome", "welcome_gift", gift)

    def activation(self) -> Iterator[Deed]:
        if self.life.joined is None:
            return
        asks = next_hour(tick_of(tick_of(self.life.joined) + 14 * DAY), 10)
        if not self.leaves("order", self.life.joined, asks):
            yield self.says("activation", "activation", asks, held=10)

    def renewal(self) -> Iterator[Deed]:
        for at in self._days_before(self.life.tier_ends, 30):
            yield self.says("renewal", "renewal_tier", at, "reminders")

    def renewal_plan(self) -> Iterator[Deed]:
        for at in self._days_before(self.life.plan_ends, 14):
            yield self.says("renewal-plan", "renewal_plan", at, "reminders")

    def win_back(self) -> Iterator[Deed]:
        for at in (tick for tick in TICKS if tick.hour == 10):
            if self._is_silent(at):
                break
        else:
            return
        yield self.says("win-back", "win_back", at, held=10)
        gift = next_hour(tick_of(at + 7 * DAY), 10)
        if not self.leaves("order", at, gift):
            yield self.gives("win-back", 2, gift, held=10)
            yield self.says("win-back", "win_back_gift", gift, held=10)

    def vip(self) -> Iterator[Deed]:
        spent = sum(amount for _at, amount in self.life.past)
        if spent >= self.shop.best:
            return
        for at, amount in self.life.orders:
            spent += amount
            if spent >= self.shop.best:
                enters = tick_of(at)
                yield self.does("vip", "tag vip", enters)
                yield self.says("vip", "vip", next_hour(enters, 10))
                yield self.does("vip", "task", next_hour(enters, 10))
                return

    def birthday(self) -> Iterator[Deed]:
        if self.life.birthday and START.date() <= self.life.birthday.replace(year=START.year) < END.date():
            at = START.replace(day=self.life.birthday.day, hour=10)
            yield self.gives("birthday", 1, at)
            yield self.says("birthday", "birthday", at)

    def expiry(self) -> Iterator[Deed]:
        months = set[int]()
        for at in self._days_before(self.life.lots_end, 14):
            if at.month not in months:
                yield self.says("expiry", "expiry", at, "reminders")
            months.add(at.month)

    def tier_near(self) -> Iterator[Deed]:
        """Four fifths of the way to 500.00, and not there before the message."""
        spent = 0
        for at, amount in self.life.orders:
            spent += amount
            if 400_00 <= spent < 500_00:
                says = next_hour(tick_of(at), 10)
                if spent + self._spent_between(at, says) < 500_00:
                    yield self.says("tier-near", "tier_near", says, "reminders")
                return

    def abandoned(self) -> Iterator[Deed]:
        for at, kind in self.life.events:
            if kind == "reward.reserved":
                enters = tick_of(at)
                if not self.leaves("reward.fulfilled", enters, tick_of(enters + 3 * DAY)):
                    says = next_hour(tick_of(enters + 3 * DAY), 10)
                    yield self.says("abandoned", "abandoned", says, "reminders")

    def recovery(self) -> Iterator[Deed]:
        """Once in thirty days; needed, so that nobody is asked for consent."""
        first = self.life.has("event.service.failed", START, END)
        if first is not None:
            at = tick_of(first)
            yield self.gives("recovery", 2, at)
            yield self.does("recovery", "say recovery", at, "queued")
            yield self.does("recovery", "task", at)

    def review(self) -> Iterator[Deed]:
        first = self.life.has("order", START, END)
        if first is None:
            return
        asks = next_hour(tick_of(tick_of(first) + 5 * DAY), 18)
        out = ("return", "event.service.failed")
        if self.leaves(out, first, asks):
            return
        yield self.says("review", "review", asks, "surveys")
        written = self.life.has("event.review.written", asks, asks + 14 * DAY)
        if not written or self.life.stars is None or self.leaves(out, asks, tick_of(written)):
            return
        if self.life.stars >= 4:
            yield self.says("review", "referral", tick_of(written))
        else:
            yield self.does("review", "task", tick_of(written))

    def _days_before(self, ends: list[datetime], days: int) -> Iterator[datetime]:
        for end in sorted(ends):
            at = end.replace(hour=10, minute=0, second=0, microsecond=0) - days * DAY
            if START <= at < END:
                yield at

    def _is_silent(self, at: datetime) -> bool:
        """Two and a half times as long as usual, and thirty days at least."""
        times = sorted(when for when, _amount in (*self.life.past, *self.life.orders) if when <= at)
        if not times:
            return False
        pause = 30 * DAY
        if len(times) >= 3:
            pause = max(pause, (times[-1] - times[0]) / (len(times) - 1) * 2.5)
        return times[-1] + pause <= at

    def _spent_between(self, since: datetime, until: datetime) -> int:
        return sum(amount for at, amount in self.life.orders if since < at <= until)


def within_budgets(deeds: Iterable[Deed]) -> list[Deed]:
    """The same where apologies are given to the first two hundred and welcomes to a thousand: who comes later has none."""
    told, left = [], {"recovery": 200, "welcome": 1000}
    for deed in sorted(deeds, key=lambda one: (one[3], int(one[0][1:]))):
        name, journey, what, at, outcome = deed
        if what.startswith("give") and journey in left and outcome == "done":
            left[journey] -= 1
            outcome = "done" if left[journey] >= 0 else "refused"
        told.append((name, journey, what, at, outcome))
    return told
