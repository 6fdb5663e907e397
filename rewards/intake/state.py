"""What a posting works on, in memory: holders with their wallets, counters and tiers, and the orders concerned.

Unpacked from the one JSON document that wafa_read() returns; the order of columns is that of rewards/sql/read.sql.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from rewards.books import Book
from rewards.coupons.seen import Seen
from rewards.engine import contexts
from rewards.engine.facts import Context, Counter
from rewards.lots import EPOCH, LotRow
from rewards.plans.records import TermRow
from rewards.rulebook import Rulebook, UnitInfo
from rewards.tiers.courses import Course
from rewards.tiers.records import StandingRow, Totals

NOTHING = Counter()


def moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


class Posted(NamedTuple):
    """The fact that a change belongs to: when it happened, as of when it is posted, and its id."""

    at: datetime
    moment: datetime
    fact_id: int


@dataclass(slots=True)
class Person:
    """A member with everything a posting may move. `seq` is the guard as read."""

    id: int
    seq: int
    number: str
    state: str
    joined_at: datetime
    facts: dict[str, Any]
    is_new: bool = False
    is_touched: bool = False
    merged_into: int | None = None
    books: dict[int, Book] = field(default_factory=dict)
    counters: dict[str, Counter] = field(default_factory=dict)
    moved_counters: set[str] = field(default_factory=set)
    standings: list[StandingRow] = field(default_factory=list)
    metrics: dict[date, Totals] = field(default_factory=dict)
    course: Course | None = None
    terms: list[TermRow] = field(default_factory=list)
    # The renewals of subscriptions: which one, and when.
    renewals: list[tuple[str, datetime]] = field(default_factory=list)
    event_rows: list[dict[str, Any]] = field(default_factory=list)

    def stir(self, activity: str, at: datetime, moment: datetime) -> None:
        """The member did something that may keep points from lapsing (9)."""
        for book in self.books.values():
            if book.lapse is not None:
                book.settle(moment)
                book.stir(activity, at, moment)

    def count(self, keys: tuple[str, ...], amount: int, times: int, at: datetime) -> None:
        """Add to the rule counters of a period; never below zero."""
        latest = at.timestamp() if times > 0 else None
        counters = self.counters
        for key in keys:
            given, often, last = counters.get(key, NOTHING)
            if latest is not None and (last is None or last <= latest):
                last = latest
            given, often = given + amount, often + times
            counters[key] = Counter(max(0, given), max(0, often), last)
        self.moved_counters.update(keys)


@dataclass(slots=True)
class Line:
    position: int
    kind: str
    sku: str
    name: str
    category: str
    quantity: int
    amount_minor: int
    discount_minor: int
    tax_minor: int
    cost_minor: int | None
    basis_minor: int
    is_counted: bool
    returned_quantity: int = 0
    refunded_minor: int = 0
    is_changed: bool = False

    @property
    def left(self) -> int:
        return self.quantity - self.returned_quantity

    @property
    def left_minor(self) -> int:
        """What of the line's amount has not been given back."""
        kept = share(self.amount_minor, self.left, self.quantity)
        return max(0, kept - self.refunded_minor)

    @property
    def left_basis(self) -> int:
        """The basis of what has not been given back."""
        if not self.refunded_minor:
            if not self.returned_quantity:
                return self.basis_minor
            return share(self.basis_minor, self.left, self.quantity)
        return share(self.basis_minor, self.left_minor, self.amount_minor) if self.amount_minor else 0


def share(amount: int, part: int, whole: int) -> int:
    """amount × part / whole, rounded half-even once."""
    if part == whole:
        return amount
    quotient, rest = divmod(amount * part, whole)
    twice = rest * 2
    return quotient + (twice > whole or (twice == whole and quotient % 2 == 1))


@dataclass(slots=True)
class Paid:
    """What one wallet paid of an order: `amount` ledger units for `money_minor`. Of it was given back: what the order
    came to cost less (`cut`), and what was refunded, each as [units, money]. `card` are the last signs of a gift card.
    `untold_minor` is what was cut just now and the answer must still tell."""

    wallet_id: int
    unit_id: int
    amount: int = 0
    money_minor: int = 0
    card: str = ""
    cut: list[int] = field(default_factory=lambda: [0, 0])
    refunded: list[int] = field(default_factory=lambda: [0, 0])
    untold_minor: int = 0

    @property
    def in_force_minor(self) -> int:
        return self.money_minor - self.cut[1]


class Card(NamedTuple):
    """A gift card that was named by its code: whose wallets are its own, and the last signs of the code."""

    holder_id: int
    state: str
    ending: str


class Settled(NamedTuple):
    """How an order stands in one unit: what it gave, what of that is reversed, and what of the reversal had ended
    unused and was taken from nowhere. `number` counts the settlements."""

    awarded: int
    reversed: int = 0
    absorbed: int = 0
    number: int = 0


@dataclass(slots=True)
class OrderRow:
    """An order as read or made in this posting. `settled` is how each unit (by id) stands after the latest settlement;
    `spent` are the points that paid for it as (wallet, entry, lot, amount) in the order in which they were spent, and
    `restored` how many of them have gone back, by wallet."""

    id: int
    source: str
    external_id: str
    member_id: int | None
    store_id: int | None
    channel: str
    state: str
    revision: int
    fact_id: int | None
    occurred_at: datetime
    currency: str
    total_minor: int
    basis_minor: int
    returned_minor: int
    lines: list[Line] = field(default_factory=list)
    context: Context | None = None
    versions: tuple[int, ...] = ()
    lots: list[LotRow] = field(default_factory=list)
    awarded: dict[str, int] = field(default_factory=dict)
    settled: dict[int, Settled] = field(default_factory=dict)
    waiting: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    spent: list[tuple[int, int, int, int]] = field(default_factory=list)
    restored: dict[int, int] = field(default_factory=dict)
    # What paid for it as tenders, by wallet, in the order in which they were named.
    paid: dict[int, Paid] = field(default_factory=dict)
    # Without a member there is no holder to guard it: then the last fact is the guard, as it was read.
    guard_fact_id: int | None = None
    is_new: bool = False
    is_changed: bool = False
    has_new_lines: bool = False
    # Keys of the coupons that its codes brought, for rules that ask for one.
    coupons: frozenset[str] = frozenset()


@dataclass(slots=True)
class State:
    """One posting's view of the program. `people` by holder id, `who` by (kind, value), `orders` by (source, external
    id). `take_id` gives fresh ids; `now` is the real moment of the posting."""

    rulebook: Rulebook
    now: datetime
    take_id: Callable[[], int]
    people: dict[int, Person] = field(default_factory=dict)
    who: dict[tuple[str, str], int] = field(default_factory=dict)
    # What identified a member who was merged away, and who that was.
    routes: dict[tuple[str, str], int] = field(default_factory=dict)
    # Of the unknown ones those who were erased: nobody joins through them but by own will.
    gone: set[tuple[str, str]] = field(default_factory=set)
    orders: dict[tuple[str, str], OrderRow] = field(default_factory=dict)
    orders_of: dict[int, list[OrderRow]] = field(default_factory=dict)
    facts: dict[int, tuple[int, bytes, dict[str, Any]]] = field(default_factory=dict)
    lots: dict[int, LotRow] = field(default_factory=dict)
    budgets: dict[int, int] = field(default_factory=dict)
    spent_budgets: dict[int, int] = field(default_factory=dict)
    # Gift cards by the digests of their codes, in hex.
    cards: dict[str, Card] = field(default_factory=dict)
    # What asks for the owner's word before points pay for an order: {unit key: ledger units}. Without it none do.
    authorize: Callable[[Person, Mapping[str, int]], None] | None = None
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    codes: Seen = field(default_factory=Seen)

    def book(self, person: Person, unit: UnitInfo) -> Book:
        """The member's wallet of a unit, opened when the first thing moves in it."""
        book = person.books.get(unit.id)
        if book is None:
            book = person.books[unit.id] = Book(
                self.take_id(), self.rulebook.program_id, person.id, unit.id, self.take_id, is_new=True, lapse=unit.lapse
            )  # fmt: skip
        return book

    def wallets_of(self, unit_id: int) -> set[int]:
        """The wallets of a unit, whosever."""
        books = (person.books.get(unit_id) for person in self.people.values())
        return {book.id for book in books if book is not None}

    def spend_budget(self, rule_id: int, amount: int) -> None:
        self.budgets[rule_id] = self.budgets.get(rule_id, 0) + amount
        self.spent_budgets[rule_id] = self.spent_budgets.get(rule_id, 0) + amount

    def hold(self, order: OrderRow, fact_id: int) -> Person | None:
        """Let no other fact about the order pass unseen: its member is guarded, without one the order itself."""
        order.is_changed = True
        person = self.people.get(order.member_id or 0)
        if person is None:
            order.fact_id = fact_id
        else:
            person.is_touched = True
        return person

    def add_order(self, order: OrderRow) -> None:
        self.orders[order.source, order.external_id] = order
        if order.member_id is not None:
            self.orders_of.setdefault(order.member_id, []).append(order)

    def course(self, person: Person) -> Course | None:
        """The member's tiers over time; None in a program without tiers."""
        if person.course is None and self.rulebook.scheme is not None:
            joined_on = person.joined_at.astimezone(self.rulebook.zone).date()
            person.course = Course(self.rulebook.scheme, joined_on, person.standings, person.metrics)
        return person.course


def unpack(document: Mapping[str, Any], state: State) -> None:
    """Fill `state` from what wafa_read() returned."""
    for kind, value, holder, origin in document["who"] or ():
        state.who[kind, value] = holder
        if origin is not None:
            state.routes[kind, value] = origin
    for index, number, mark, answer in document["facts"] or ():
        state.facts[index] = (number, bytes.fromhex(mark), answer)
    for row in document["members"] or ():
        _add_person(_person(row, state.rulebook.zone), state)
    state.cards.update({digest: Card(*row) for digest, *row in document["cards"] or ()})
    books = _books(document, state)
    for row in document["lots"] or document["next_lots"] or ():
        lot = lot_of(row)
        state.lots[lot.id] = lot
        books[lot.wallet_id].lots[lot.id] = lot
    for holder, key, amount, times, last in document["counters"] or ():
        at = moment(last)
        state.people[holder].counters[key] = Counter(amount, times, at.timestamp() if at else None)
    _add_claims(document, state)
    for holder, bucket, spend, orders, visits, points, last in document["metrics"] or ():
        totals = Totals(spend, orders, visits, points, last and date.fromisoformat(last))
        state.people[holder].metrics[date.fromisoformat(bucket)] = totals
    state.budgets.update(document["budgets"] or ())
    for entry in document["orders"] or ():
        state.add_order(_order(entry, state))
    _add_tenders(document["tenders"] or (), state)


def _add_tenders(found: Sequence[list[Any]], state: State) -> None:
    if not found:
        return
    orders = {order.id: order for order in state.orders.values()}
    units = {book.id: book.unit_id for person in state.people.values() for book in person.books.values()}
    for order_id, wallet, kind, amount, money, ending in found:
        paid = orders[order_id].paid.setdefault(wallet, Paid(wallet, units[wallet], card=ending or ""))
        if kind == "pay":
            paid.amount, paid.money_minor = paid.amount + amount, paid.money_minor + money
            continue
        back = paid.cut if kind == "cut" else paid.refunded
        back[0], back[1] = back[0] + amount, back[1] + money


def _add_claims(document: Mapping[str, Any], state: State) -> None:
    """The standings, the terms of plans and the renewals of subscriptions."""
    for holder, *row in document["standings"] or ():
        state.people[holder].standings.append(_standing(row))
    for holder, *row in document.get("terms") or ():
        state.people[holder].terms.append(TermRow.of(row))
    for holder, name, at in document.get("renewals") or ():
        state.people[holder].renewals.append((name, datetime.fromisoformat(at)))


def _add_person(person: Person, state: State) -> None:
    """Under the number of somebody merged away the one who is kept is found, and what way led there."""
    state.people[person.id] = person
    if not person.number:
        return
    state.who["number", person.number] = person.merged_into or person.id
    if person.merged_into:
        state.routes["number", person.number] = person.id


def _person(row: list[Any], zone: ZoneInfo) -> Person:
    number, seq, card, kind, joined, birthday, language, tags, merged_into = row
    if card is None:
        # A gift card, or whoever else holds wallets without being a member.
        return Person(number, seq, "", "active", EPOCH, {})
    joined_at = datetime.fromisoformat(joined)
    facts = {
        "joined_on": joined_at.astimezone(zone).date(),
        "birthday": birthday and date.fromisoformat(birthday),
        "language": language or None,
        "tags": frozenset(tags),
    }
    return Person(number, seq, card, kind, joined_at, facts, merged_into=merged_into)


def _books(document: Mapping[str, Any], state: State) -> dict[int, Book]:
    books = {}
    program, units = state.rulebook.program_id, state.rulebook.units_by_id
    for row in document["wallets"] or ():
        number, holder, unit, seq, pending, active, reserved, arrears, digest, due, is_complete, lapses = row
        book = Book(
            number,
            program,
            holder,
            unit,
            state.take_id,
            seq,
            pending,
            active,
            reserved,
            arrears,
            bytes.fromhex(digest),
            moment(due),
            is_new=False,
            is_complete=bool(is_complete),
            unread_due_at=None if is_complete else moment(due),
            lapses_at=moment(lapses),
            # Only a member can do anything that keeps points from lapsing.
            lapse=units[unit].lapse if state.people[holder].number else None,
        )
        books[number] = state.people[holder].books[unit] = book
    return books


def lot_of(row: list[Any]) -> LotRow:
    """A lot as the reading functions write it."""
    (
        number,
        wallet,
        granted,
        remaining,
        is_active,
        earned,
        active,
        expires,
        reserved,
        expired,
        awaits,
        terms,
        fact,
        order,
        version,
        origin,
    ) = row
    return LotRow(
        number,
        wallet,
        granted,
        remaining,
        is_active,
        datetime.fromisoformat(earned),
        moment(active),
        moment(expires),
        reserved,
        expired,
        awaits,
        terms,
        fact,
        order,
        version,
        origin,
    )


def _standing(row: list[Any]) -> StandingRow:
    number, tier, origin, since, confirms, valid, ended, fact = row
    return StandingRow(
        id=number,
        tier_id=tier,
        origin=origin,
        since=datetime.fromisoformat(since),
        confirms_at=moment(confirms),
        valid_until=moment(valid),
        ended_at=moment(ended),
        fact_id=fact,
    )


def _order(entry: Mapping[str, Any], state: State) -> OrderRow:
    values = list(entry["row"])
    values[9] = datetime.fromisoformat(values[9])
    order = OrderRow(*values)
    order.guard_fact_id = order.fact_id if order.member_id is None else None
    order.lines = [Line(*row) for row in entry["lines"] or ()]
    if entry["pricing"]:
        context, versions, order.awarded = entry["pricing"]
        order.context, order.versions = contexts.load(context), tuple(versions)
    order.settled = {unit: Settled(*amounts) for unit, *amounts in entry["settled"] or ()}
    for row in entry["lots"] or ():
        lot = state.lots.get(row[0]) or lot_of(row)
        state.lots[lot.id] = lot
        if lot.order_id == order.id:
            order.lots.append(lot)
    order.waiting = [(number, payload) for number, payload in entry["waiting"] or ()]
    order.spent = [(row[0], row[1], row[2], row[3]) for row in entry["spent"] or ()]
    order.restored = dict(entry["restored"] or ())
    return order
