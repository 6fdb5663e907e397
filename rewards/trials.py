"""What an order would earn under other rules, beside what it earns under those in force (23). Nothing is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection

from members.models import Member, Order, Program
from rewards import histories, rulebook, rules
from rewards.engine import basis, contexts, explanation, periods
from rewards.engine.basis import RawLine
from rewards.engine.explanation import Reason
from rewards.engine.facts import Context, Counter, Occasion
from rewards.engine.pricing import Award
from rewards.models import Award as StoredAward
from rewards.models import Counter as StoredCounter
from rewards.models import EarningRule, Pricing
from rewards.plans import holdings, reading
from rewards.plans.records import TermRow
from rewards.rulebook import Engine, Rulebook
from rewards.tiers import standings
from rewards.tiers.schemes import Level

# Of one rule and member: enough for years of shopping.
MOST_AWARDS = 5_000


@dataclass(frozen=True, slots=True)
class TypedLine:
    """A line as somebody types it: `price_minor` is what one piece costs."""

    sku: str
    quantity: int
    price_minor: int
    category: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Subject:
    """What is tried: an order or event, whose it is, and what was stored when it was priced."""

    occasion: Occasion
    member: Member | None = None
    order: Order | None = None
    pricing: Pricing | None = None


@dataclass(frozen=True, slots=True)
class Side:
    """One rule under one set of rules: what became of it, and the arithmetic if it gave something."""

    reason: Reason | None = None
    award: Award | None = None
    unit: str = ""

    @property
    def awarded(self) -> int:
        return self.award.awarded if self.award else 0


@dataclass(frozen=True, slots=True)
class Tried:
    """A rule on both sides; `is_own` marks the rule that was changed."""

    name: str
    is_own: bool
    live: Side
    draft: Side


@dataclass(frozen=True, slots=True)
class Trial:
    """`live` and `draft` are {unit key: ledger units}; `tier` is that of the moment."""

    subject: Subject
    tier: str
    rows: list[Tried]
    live: dict[str, int]
    draft: dict[str, int]

    @property
    def differences(self) -> dict[str, int]:
        """By how much the draft gives more, for every unit of either side."""
        units = sorted({*self.live, *self.draft})
        return {unit: self.draft.get(unit, 0) - self.live.get(unit, 0) for unit in units}


# What can be tried


def past(*, program: Program, order: Order, at: datetime | None = None) -> Subject:
    """An order of the program; with `at`, as if it came at another moment. Four statements."""
    occasion = histories.occasion_of(order, _book(program))
    member = Member.objects.filter(pk=order.member_id).first() if order.member_id else None
    if at is not None:
        return Subject(_moved(occasion, at, program), member, order)
    pricing = Pricing.objects.filter(program=program, pk=order.fact_id or 0).first()
    return Subject(occasion, member, order, pricing)


def typed(
    *,
    program: Program,
    lines: Sequence[TypedLine],
    at: datetime,
    member: Member | None = None,
    store: str = "",
    channel: str = "",
) -> Subject:
    """An order that nobody placed; without a member it is that of somebody new."""
    book = _book(program)
    raw = [_raw(line, number, program) for number, line in enumerate(lines, 1)]
    earning = basis.earning_lines(raw, policy=book.basis)
    local = at.astimezone(book.zone)
    return Subject(Occasion("order", at, local, store, channel, earning), member)


def happening(
    *,
    program: Program,
    kind: str,
    at: datetime,
    member: Member | None = None,
    data: Mapping[str, object] = {},
) -> Subject:
    """An event that nobody told."""
    return Subject(Occasion(kind, at, at.astimezone(program.zone), data=data), member)


def compare(
    *,
    program: Program,
    subject: Subject,
    key: str,
    name: str,
    definition: Mapping[str, Any],
    now: datetime,
) -> Trial:
    """The subject under the rules in force now, and under the same with this definition of the rule `key`.

    Caps and frequencies count what the member was given before the subject. Raises RuleError."""
    book = _book(program)
    live = book.engine_at(now)
    draft = rules.check(program=program, key=key, name=name, definition=definition, moment=now)
    context = _Reader(program, book, subject, live, draft).read()
    own = EarningRule.objects.filter(program=program, key=key).values_list("pk", flat=True).first() or 0
    sides = [_price(engine, subject.occasion, context, program) for engine in (live, draft)]
    names = {rule.id: rule.name for engine in (live, draft) for rule in engine.program.rules}
    place = {rule.id: rule.place for engine in (live, draft) for rule in engine.program.rules}
    waiting = {rule_id for side, _totals in sides for rule_id in side}
    rows = [
        Tried(names[one], one == own, sides[0][0].get(one, Side()), sides[1][0].get(one, Side()))
        for one in sorted(waiting, key=lambda one: place[one])
    ]
    return Trial(subject, context.tier, rows, sides[0][1], sides[1][1])


def _price(
    engine: Engine, occasion: Occasion, context: Context, program: Program
) -> tuple[dict[int, Side], dict[str, int]]:
    pricing = engine.program.price(occasion, context)
    awards = {award.rule_id: award for award in pricing.awards}
    units = {rule.id: rule.unit for rule in engine.program.rules}
    reasons = explanation.explain(occasion, context, engine.program, currency=program.currency)
    found = {one.rule_id: Side(one, awards.get(one.rule_id), units[one.rule_id]) for one in reasons}
    return found, pricing.totals


def _book(program: Program) -> Rulebook:
    catalogue = Program.objects.values_list("catalogue", flat=True).get(pk=program.pk)
    return rulebook.of(program.pk, database=str(connection.settings_dict["NAME"]), catalogue=catalogue)


def _moved(occasion: Occasion, at: datetime, program: Program) -> Occasion:
    local = at.astimezone(program.zone)
    return Occasion(occasion.kind, at, local, occasion.store, occasion.channel, occasion.lines)


def _raw(line: TypedLine, number: int, program: Program) -> RawLine:
    gross = line.quantity * line.price_minor
    tax = 0
    if program.prices_include_tax:
        tax = basis.tax_contained(gross_minor=gross, rate=Decimal(program.tax_rate))
    return RawLine(number, line.sku, line.name, line.category, line.quantity, gross, tax_minor=tax)


# What was known


@dataclass(slots=True)
class _Reader:
    """Reads the context of a subject for two sets of rules at once."""

    program: Program
    book: Rulebook
    subject: Subject
    live: Engine
    draft: Engine
    counters: dict[str, Counter] = field(default_factory=dict)

    def read(self) -> Context:
        stored = contexts.load(self.subject.pricing.context) if self.subject.pricing else Context()
        self._count(stored)
        facts = {**self._facts(), **stored.member}
        if self.subject.pricing:
            return replace(stored, counters=self.counters, member=facts)
        level, held = self._level(), self._held()
        known = Context(
            counters=self.counters,
            member=facts,
            plans={key: term.id for key, term in held.items()},
            perks=holdings.pricing(holdings.perks_of(level, held)),
        )
        if level is None:
            return known
        return replace(known, tier=level.key, rank=level.rank, multipliers=level.multipliers)

    def _held(self) -> dict[str, TermRow]:
        member = self.subject.member
        if member is None or not self.book.plans:
            return {}
        terms = [
            reading.row_of(term) for term in reading.terms_of(self.program, member).order_by("starts_at")
        ]
        return holdings.plans_at(terms, self.book.plans, self.subject.occasion.occurred_at)

    def _level(self) -> Level | None:
        scheme, member = self.book.scheme, self.subject.member
        if scheme is None:
            return None
        level = scheme.base
        if member is not None:
            course = standings.load(program=self.program, member_ids=[member.pk], scheme=scheme)[member.pk]
            level = course.level_at(self.subject.occasion.occurred_at)
        return level

    def _facts(self) -> dict[str, object]:
        member = self.subject.member
        if member is None:
            return {"joined_on": self.subject.occasion.local.date(), "tags": frozenset()}
        return {
            "joined_on": member.joined_at.astimezone(self.book.zone).date(),
            "birthday": member.birthday,
            "language": member.language or None,
            "tags": frozenset(member.tags),
        }

    def _count(self, stored: Context) -> None:
        """The counters: as they stood when the order was priced, else as they stand; what no rule has counted yet is
        added up from what was given."""
        occasion = self.subject.occasion
        wanted = {*self.live.program.counter_keys(occasion), *self.draft.program.counter_keys(occasion)}
        budgets = {key for key in wanted if key.endswith(":budget")}
        self._count_budgets(budgets, stored)
        wanted -= budgets
        if self.subject.member is None:
            return
        counted = self._stored(stored, wanted)
        self.counters |= counted
        self._add_up(wanted - counted.keys() - self._tracked())

    def _stored(self, stored: Context, wanted: set[str]) -> dict[str, Counter]:
        if self.subject.pricing:
            return {key: stored.counters[key] for key in wanted if key in stored.counters}
        assert self.subject.member is not None  # noqa: S101 - asked before
        rows = StoredCounter.objects.filter(holder_id=self.subject.member.pk, key__in=wanted)
        return {
            row.key: Counter(row.amount, row.times, row.last_at.timestamp() if row.last_at else None)
            for row in rows
        }

    def _tracked(self) -> set[str]:
        """The counters that were kept anyway: one without a row is nothing."""
        pricing = self.subject.pricing
        engine = self.book.engine_of(tuple(pricing.versions)) if pricing else self.live
        return set(engine.program.counter_keys(self.subject.occasion))

    def _count_budgets(self, keys: set[str], stored: Context) -> None:
        ids = [int(key.partition(":")[0]) for key in keys]
        spent = dict(EarningRule.objects.filter(pk__in=ids).values_list("pk", "spent")) if ids else {}
        for key in keys:
            now = Counter(amount=spent.get(int(key.partition(":")[0]), 0))
            self.counters[key] = stored.counters.get(key, now)

    def _add_up(self, keys: set[str]) -> None:
        """What the rules of these keys gave the member before the subject, by period. Returns are not looked at."""
        rule_ids = {int(key.partition(":")[0]) for key in keys} - {0}
        if not rule_ids:
            return
        for rule_id, day, store, awarded, at in self._awards(rule_ids):
            for key in keys:
                number, _colon, name = key.partition(":")
                if int(number) == rule_id and name == _period(name, day, store):
                    before = self.counters.get(key, Counter())
                    last = max(at, before.last or at)
                    self.counters[key] = Counter(before.amount + awarded, before.times + 1, last)

    def _awards(self, rule_ids: set[int]) -> list[tuple[int, date, str, int, float]]:
        assert self.subject.member is not None  # noqa: S101 - asked before
        orders = Order.objects.filter(
            member_id=self.subject.member.pk, occurred_at__lt=self.subject.occasion.occurred_at
        ).order_by("-occurred_at")
        if self.subject.order is not None:
            orders = orders.exclude(pk=self.subject.order.pk)
        found = {
            fact or 0: (at, self.book.store_codes.get(store or 0, ""))
            for fact, at, store in orders.values_list("fact_id", "occurred_at", "store_id")[:MOST_AWARDS]
        }
        rule_of = {v.pk: v.rule_id for v in self.book.versions.values() if v.rule_id in rule_ids}
        awards = StoredAward.objects.filter(fact_id__in=found, version_id__in=rule_of, awarded__gt=0)
        rows = []
        for award in awards:
            at, store = found[award.fact_id]
            day = at.astimezone(self.book.zone).date()
            rows.append((rule_of[award.version_id], day, store, award.awarded, at.timestamp()))
        return rows


def _period(name: str, day: date, store: str) -> str:
    """The name of the period of the same kind that holds this day."""
    if name == "life":
        return name
    period = {"d": "day", "w": "week", "m": "month", "y": "year", "v": "visit"}[name[0]]
    return periods.name(period, day, store)
