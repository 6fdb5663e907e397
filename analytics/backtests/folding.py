"""One member's past, fold by fold, in two worlds: as it was, and as it would be under the draft. No I/O.

Up to the first day of the period there is one world. There it forks: balances, tiers, caps and frequencies are what they
were, and from then on the draft holds in the second one. Prices, returns and tiers are those of the intake itself
(rewards.intake.earning, rewards.intake.revisions, rewards.tiers.courses), on rows that nobody writes.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from analytics.backtests.changes import Side, Sides
from analytics.backtests.purses import Purse
from analytics.backtests.stories import Back, Bought, Came, Moved, Placed, Story
from rewards.engine.facts import Context, Occasion
from rewards.engine.pricing import Pricing
from rewards.engine.situations import Seen
from rewards.intake import earning, revisions
from rewards.intake.state import OrderRow, Person, Posted, State
from rewards.policies import local_time
from rewards.rulebook import Rulebook, UnitInfo

NOTHING = Pricing((), (), {})


@dataclass(slots=True)
class Priced:
    """An order or event in one world: what it gave at once, and what of it is left after what came back."""

    pricing: Pricing
    context: Context
    versions: tuple[int, ...]
    left: dict[str, int]


@dataclass(slots=True)
class Deed:
    """An order or event of the period in both worlds."""

    what: Bought | Came
    day: date
    before: Priced
    after: Priced
    tier: str


@dataclass(slots=True)
class World:
    """One member in one world."""

    side: Side
    state: State
    person: Person
    purses: dict[str, Purse] = field(default_factory=dict)
    priced: dict[int, Priced] = field(default_factory=dict)
    # What redemptions took in fact, {(id, unit): ledger units}, where another price holds.
    taken: dict[tuple[int, str], int] = field(default_factory=dict)
    paid: int = 0
    lacking: int = 0
    times_lacking: int = 0

    def purse(self, unit: str) -> Purse:
        found = self.purses.get(unit)
        if found is None:
            found = self.purses[unit] = Purse(self.side.book.units[unit].lapse)
        return found

    def fork(self, side: Side, state: State) -> World:
        """The same member where the draft holds from here on."""
        person = self.person
        course = person.course
        twin = Person(
            person.id, 0, person.number, "active", person.joined_at, person.facts, terms=person.terms
        )
        twin.counters = dict(person.counters)
        twin.standings = [copy(row) for row in (course.standings if course else ())]
        twin.metrics = {bucket: copy(totals) for bucket, totals in person.metrics.items()}
        purses = {unit: purse.clone() for unit, purse in self.purses.items()}
        priced = {
            number: Priced(one.pricing, one.context, one.versions, dict(one.left))
            for number, one in self.priced.items()
        }
        return World(side, state, twin, purses, priced)


@dataclass(slots=True)
class Folded:
    """A member at the end; `tiers` are the keys of the levels then, `held` and `ended` {unit: ledger units}."""

    id: int
    deeds: list[Deed]
    before: World
    after: World
    tiers: tuple[str, str]


class Replay:
    """Folds the members of one chunk. `first` is the beginning of the period and `until` its end, in UTC."""

    def __init__(self, sides: Sides, *, first: datetime, until: datetime) -> None:
        self.sides = sides
        self.first, self.until = first, until
        self.live = State(sides.live.book, until, _no_id)
        self.drafted = State(sides.draft.book, until, _no_id)
        self.zone = sides.live.book.zone
        self.codes = sides.live.book.store_codes
        self._asked: tuple[UnitInfo, datetime, str, datetime | None, datetime | None] | None = None

    def fold(self, story: Story) -> Folded:
        person = Person(story.id, 0, "-", "active", story.joined_at, story.facts, terms=story.terms)
        world = World(self.sides.live, self.live, person)
        acts = story.acts
        place = next((n for n, act in enumerate(acts) if act[0] >= self.first), len(acts))
        for _at, _rank, _number, what in acts[:place]:
            self._act(what, [world], story, None)
        # Tiers that nobody has asked for yet are there before they are copied.
        self.live.course(person)
        twin = world.fork(self.sides.draft, self.drafted)
        if self.sides.regrades:
            course = self.drafted.course(twin.person)
            if course is not None:
                course.regrade(now=self.first)
        deeds: list[Deed] = []
        worlds = [world, twin]
        for _at, _rank, _number, what in acts[place:]:
            self._act(what, worlds, story, deeds)
        return Folded(story.id, deeds, world, twin, (self._tier(world), self._tier(twin)))

    def share(self, story: Story) -> tuple[World, World]:
        """A household in both worlds: nobody earns in it, so that only what was moved counts."""
        person = Person(story.id, 0, "-", "active", story.joined_at, story.facts)
        world = World(self.sides.live, self.live, person)
        place = next((n for n, act in enumerate(story.acts) if act[0] >= self.first), len(story.acts))
        for *_at, what in story.acts[:place]:
            self._move(what, [world])
        twin = world.fork(self.sides.draft, self.drafted)
        for *_at, what in story.acts[place:]:
            self._move(what, [world, twin])
        return world, twin

    def _act(self, what: object, worlds: list[World], story: Story, deeds: list[Deed] | None) -> None:
        if isinstance(what, Bought):
            self._buy(what, worlds, deeds, comes_back=what.id in story.coming_back)
        elif isinstance(what, Moved):
            self._move(what, worlds)
        elif isinstance(what, Back):
            order = story.orders[what.order_id]
            self._bring_back(what, order, worlds)
        elif isinstance(what, Came):
            self._come(what, worlds, deeds)
        elif isinstance(what, Placed):
            _place(what, worlds)

    # What earns

    def _buy(
        self, order: Bought, worlds: Sequence[World], deeds: list[Deed] | None, *, comes_back: bool
    ) -> None:
        at = order.at
        occasion = order.occasion = Occasion(
            "order",
            at,
            local_time(at, self.zone),
            self.codes.get(order.store_id or 0, ""),
            order.channel,
            tuple(order.lines),
        )
        spend, counted = 0, False
        for line in order.lines:
            spend += line.basis_minor
            counted = counted or (line.is_counted and line.quantity > 0 and line.basis_minor > 0)
        order.basis = spend
        done = []
        # What the first world's rules saw of the lines need not be looked at again by those of the second.
        seen: Seen | None = {} if len(worlds) > 1 else None
        for world in worlds:
            for purse in world.purses.values():
                purse.stir("order", at)
            priced = self._price(world, occasion, order.versions, order.id, order.coupons, seen)
            if comes_back:
                priced.left = dict(priced.left)
                world.priced[order.id] = priced
            course = world.state.course(world.person)
            if course is not None:
                visits = 0
                if counted and course.scheme.counted == "visits":
                    visits = revisions.visits(order.stored(), world.person, world.state, 1)
                course.add(
                    at,
                    now=at,
                    spend_minor=spend,
                    orders=int(counted),
                    visits=visits,
                    points=earning.points(priced.left, world.state),
                )
            done.append(priced)
        if deeds is not None:
            deeds.append(Deed(order, occasion.local.date(), done[0], done[1], done[0].context.tier))

    def _come(self, event: Came, worlds: Sequence[World], deeds: list[Deed] | None) -> None:
        occasion = Occasion(event.kind, event.at, local_time(event.at, self.zone), data=event.data)
        versions = event.versions
        if versions is None:
            versions = self.sides.live.book.engine_at(event.at).versions
        done = []
        for world in worlds:
            for purse in world.purses.values():
                purse.stir(event.kind, event.at)
            priced = self._price(world, occasion, versions, 0, frozenset())
            course = world.state.course(world.person)
            earned = earning.points(priced.left, world.state)
            if course is not None and earned:
                course.add(event.at, now=event.at, points=earned)
            done.append(priced)
        if deeds is not None:
            deeds.append(Deed(event, occasion.local.date(), done[0], done[1], done[0].context.tier))

    def _price(
        self,
        world: World,
        occasion: Occasion,
        versions: tuple[int, ...],
        order: int,
        coupons: frozenset[str],
        seen: Seen | None = None,
    ) -> Priced:
        """Price it in one world, count it, and open its lots."""
        engine = world.side.engine(versions)
        person, state = world.person, world.state
        context = earning.context_of(person, occasion, engine, state)
        if coupons:
            context = replace(context, coupons=coupons)
        pricing = engine.program.price(occasion, context, seen)
        if pricing.grants:
            self._grant(world, pricing, occasion.occurred_at, order)
            earning.count(pricing.awards, person, state, occasion.occurred_at)
        return Priced(pricing, context, engine.versions, pricing.totals)

    def _grant(self, world: World, pricing: Pricing, at: datetime, order: int) -> None:
        book = world.side.book
        level = None
        if book.has_tier_expiry:
            course = world.state.course(world.person)
            level = course.level_at(at) if course else None
        for key, amount, own, _version in pricing.grants:
            if amount > 0:
                unit = book.units[key]
                terms = own if level is None else book.lasting(own, unit, level)
                active_at, expires_at = self._terms(book, unit, terms, at)
                world.purse(key).credit(
                    amount, at=at, active_at=active_at, expires_at=expires_at, order=order
                )

    def _terms(
        self, book: Rulebook, unit: UnitInfo, terms: str, at: datetime
    ) -> tuple[datetime | None, datetime | None]:
        """When what is given at a moment becomes usable, and when it ends; both worlds mostly ask for the same."""
        asked = self._asked
        if asked is None or asked[0] is not unit or asked[1] is not at or asked[2] != terms:
            active_at, _event, expires_at = book.terms(unit, terms, at)
            if active_at is None:
                expires_at = book.expiry(unit, terms, at)
            asked = self._asked = (unit, at, terms, active_at, expires_at)
        return asked[3], asked[4]

    # What comes back

    def _bring_back(self, back: Back, order: Bought, worlds: Sequence[World]) -> None:
        row = order.stored()
        was = []
        for world in worlds:
            self._dress(row, world)
            was.append(revisions.before(row, world.state))
        _take(back, row)
        for world, then in zip(worlds, was, strict=True):
            self._dress(row, world)
            self._settle(world, row, then, back.at)

    def _dress(self, row: OrderRow, world: World) -> None:
        """Let the order be as it was priced in one world."""
        priced = world.priced[row.id]
        row.context, row.versions = priced.context, priced.versions

    def _settle(self, world: World, row: OrderRow, was: revisions.Before, at: datetime) -> None:
        """An order's net award is awarded − max(0, awarded − the order re-priced without what came back) (24)."""
        person, state, priced = world.person, world.state, world.priced[row.id]
        left = revisions.price(row, state, left=True)
        change = {}
        for key in sorted({*priced.left, *left.totals}):
            net = min(priced.pricing.totals.get(key, 0), left.totals.get(key, 0))
            difference = net - priced.left.get(key, 0)
            if difference:
                change[key] = difference
                self._post(world, key, difference, row, at)
            priced.left[key] = net
        earning.recount(was.left, left, person, state, row.occurred_at)
        posted = Posted(at, at, 0)
        revisions.remeasure(row, was, person, state, posted, points=earning.points(change, state))

    def _post(self, world: World, key: str, difference: int, row: OrderRow, at: datetime) -> None:
        unit, purse = world.side.book.units[key], world.purse(key)
        if difference < 0:
            purse.reverse(-difference, order=row.id, at=at, limit=unit.arrears_limit, mode=unit.shortfall)
            return
        active_at, _event, expires_at = world.side.book.terms(unit, "", row.occurred_at)
        purse.credit(difference, at=at, active_at=active_at, expires_at=expires_at, order=row.id)

    # What else moves

    def _move(self, moved: Moved, worlds: Sequence[World]) -> None:
        weight = self.sides.weights[moved.unit]
        for world in worlds:
            amount = self._amount(moved, world)
            purse = world.purse(moved.unit)
            is_counted = len(worlds) > 1
            if amount > 0:
                expires = moved.expires_at
                if world.side is self.sides.draft and self.sides.is_expiry_changed and expires is not None:
                    unit = world.side.book.units[moved.unit]
                    expires = world.side.book.expiry(unit, "", moved.earned_at or moved.at)
                purse.credit(amount, at=moved.at, active_at=moved.at, expires_at=expires)
                if is_counted and moved.is_back:
                    world.paid -= amount * weight
                continue
            lacking = purse.spend(-amount, at=moved.at)
            if is_counted:
                world.paid -= amount * weight
                world.lacking += lacking * weight
                world.times_lacking += bool(lacking)

    def _amount(self, moved: Moved, world: World) -> int:
        """As it was, or as much of the new price as it was of the old one: a household may have given the rest. Rounded
        once for the redemption, not for each lot; what was taken before the period comes back as it was taken."""
        price, old = self.sides.prices.get(moved.reward_id or 0), (moved.price or {}).get(moved.unit, 0)
        key = (moved.redemption_id or 0, moved.unit)
        is_known = moved.amount < 0 or key in world.taken
        if price is None or not old or not is_known or world.side is not self.sides.draft:
            return moved.amount
        new, was = price.get(moved.unit, 0), world.taken.get(key, 0)
        will = world.taken[key] = was - moved.amount
        return (2 * was * new + old) // (2 * old) - (2 * will * new + old) // (2 * old)

    def _tier(self, world: World) -> str:
        course = world.state.course(world.person)
        level = course.level_at(self.until) if course else None
        return level.key if level else ""


def _place(placed: Placed, worlds: Sequence[World]) -> None:
    """A tier that staff gave holds in both worlds."""
    for world in worlds:
        course = world.state.course(world.person)
        if course is None:
            continue
        level = course.scheme.by_id.get(placed.level)
        if level is not None and placed.until > placed.at:
            course.place(level, until=placed.until, reason="", author_id=0, now=placed.at)
        elif placed.level == 0:
            course.withdraw(now=placed.at)


def _take(back: Back, row: OrderRow) -> None:
    """Let what came back be missing from the order."""
    lines = {line.position: line for line in row.lines}
    refunded = sum(line.refunded_minor for line in row.lines) + back.amount_minor
    quantities = [(line.position, line.left) for line in row.lines] if back.is_all else back.lines
    for position, quantity in quantities:
        line = lines.get(position)
        if line is not None:
            line.returned_quantity = min(line.quantity, line.returned_quantity + quantity)
    if refunded:
        revisions.spread_refund(row.lines, refunded)


def _no_id() -> int:
    raise AssertionError("a back-test writes nothing")
