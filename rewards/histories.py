"""Why these points, and why not (N3): a member's entries with rule versions, arithmetic, caps and settlements."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from heapq import nlargest

from django.db import connection

from members.models import Fact, Member, Order, OrderLine, Program
from rewards import rulebook
from rewards.engine import contexts, explanation, reasons
from rewards.engine.explanation import Reason
from rewards.engine.facts import Line, Occasion
from rewards.models import (
    Award,
    Cause,
    Donation,
    Entry,
    EntryKind,
    Lot,
    Pricing,
    Redemption,
    Reward,
    RuleVersion,
    Settlement,
    Unit,
    Wallet,
)

# Entries that may be about a reward.
MOVES = {EntryKind.RESERVE, EntryKind.RELEASE, EntryKind.SPEND, EntryKind.RESTORE}


@dataclass(frozen=True, slots=True)
class AwardLine:
    """What one rule version gave: its name and number, ledger units desired and awarded, what cut it ("" = nothing) and
    the arithmetic as steps (see rewards.engine.reasons)."""

    rule: str
    version: int
    desired: int
    awarded: int
    cut_by: str
    steps: Sequence[reasons.Step]


@dataclass(slots=True)
class HistoryLine:
    """One entry for people. `amount` is what the member gained or lost (pending, active and reserved together, repaid
    arrears included); `rests` are the usable points after it. `reward` is what was taken or given back with it, `cause` to whom it was given."""

    entry: Entry
    unit: Unit
    order: Order | None = None
    reward: Reward | None = None
    cause: Cause | None = None
    awards: list[AwardLine] = field(default_factory=list)
    settlements: list[Settlement] = field(default_factory=list)

    @property
    def amount(self) -> int:
        entry = self.entry
        return entry.pending_change + entry.active_change + entry.reserved_change - entry.arrears_change

    @property
    def rests(self) -> int:
        return self.entry.active

    @property
    def label(self) -> str:
        return str(EntryKind(self.entry.kind).label)

    @property
    def repaid(self) -> int:
        """How much of a rise went to arrears."""
        return max(0, -self.entry.arrears_change) if self.entry.kind != EntryKind.FORGIVE else 0


@dataclass(slots=True)
class Purse:
    """A wallet with its open lots in order of use, and what one of its units is worth."""

    wallet: Wallet
    unit: Unit
    lots: list[Lot]

    @property
    def ends_next(self) -> Lot | None:
        return next((lot for lot in self.lots if lot.is_active and lot.expires_at), None)

    def worth_minor(self, amount: int) -> int:
        """Money value of an amount of ledger units in minor units, rounded down."""
        return int(
            amount * self.unit.worth_numerator // (self.unit.worth_denominator * 10**self.unit.precision)
        )


def lines_of(
    *, program: Program, member: Member, limit: int = 30, before: datetime | None = None, unit: str = ""
) -> list[HistoryLine]:
    """The member's latest entries, newest first, each with its reasons; `before` pages back by posting moment.

    Eight statements, whatever the number of entries."""
    wallets = Wallet.objects.filter(program=program, holder_id=member.pk)
    if unit:
        wallets = wallets.filter(unit__key=unit)
    units = {u.pk: u for u in Unit.objects.filter(program=program)}
    unit_of = {wallet.pk: units[wallet.unit_id] for wallet in wallets}
    entries = Entry.objects.filter(wallet_id__in=unit_of)
    if before is not None:
        entries = entries.filter(posted_at__lt=before)
    newest = nlargest(
        limit, entries.order_by("-posted_at", "-seq")[: limit + 1], key=lambda e: (e.posted_at, e.seq)
    )
    lines = [HistoryLine(entry, unit_of[entry.wallet_id]) for entry in newest]
    _add_orders(lines, program)
    _add_rewards(lines, program)
    _add_causes(lines, program)
    _add_awards(lines, program)
    _add_settlements(lines, program)
    return lines


def purses_of(*, program: Program, member: Member | None = None, holder_id: int | None = None) -> list[Purse]:
    """The wallets of a member, or of another holder, with their open lots."""
    wallets = list(
        Wallet.objects.filter(program=program, holder_id=member.pk if member else holder_id or 0)
        .select_related("unit")
        .order_by("unit__pk")
    )
    lots: dict[int, list[Lot]] = {wallet.pk: [] for wallet in wallets}
    for lot in Lot.objects.filter(wallet_id__in=lots, is_open=True):
        lots[lot.wallet_id].append(lot)
    return [Purse(wallet, wallet.unit, sorted(lots[wallet.pk], key=_order_of_use)) for wallet in wallets]


def explain(*, program: Program, fact_id: int) -> list[Reason]:
    """A reason for every rule that waited for this fact, fired or not: which condition failed and what was missing.

    Empty when the fact was not priced (anonymous or blocked member) or is not in this program."""
    pricing = Pricing.objects.filter(program=program, pk=fact_id).first()
    order = Order.objects.filter(program=program, fact_id=fact_id).first()
    if pricing is None or order is None:
        return []
    rules = rulebook.of(program.pk, database=str(connection.settings_dict["NAME"]))
    engine = rules.engine_of(tuple(pricing.versions))
    return explanation.explain(
        occasion_of(order, rules), contexts.load(pricing.context), engine.program, currency=program.currency
    )


def occasion_of(order: Order, rules: rulebook.Rulebook) -> Occasion:
    """A stored order as the engine sees it. One statement."""
    lines = OrderLine.objects.filter(order=order, revision=order.revision).order_by("position")
    return Occasion(
        "order",
        order.occurred_at,
        order.occurred_at.astimezone(rules.zone),
        rules.store_codes.get(order.store_id or 0, ""),
        order.channel,
        tuple(
            Line(
                line.position,
                line.sku,
                line.name,
                line.category,
                line.quantity,
                line.basis_minor,
                line.is_counted,
            )
            for line in lines
        ),
    )


def _order_of_use(lot: Lot) -> tuple[bool, bool, datetime, datetime, int]:
    far = lot.expires_at or datetime.max.replace(tzinfo=lot.earned_at.tzinfo)
    return (not lot.is_active, lot.expires_at is None, far, lot.earned_at, lot.pk)


def _facts(lines: Iterable[HistoryLine]) -> set[int]:
    return {line.entry.fact_id for line in lines if line.entry.fact_id is not None}


def _add_orders(lines: list[HistoryLine], program: Program) -> None:
    wanted = {line.entry.order_id for line in lines if line.entry.order_id}
    found = Order.objects.filter(program=program, pk__in=wanted).in_bulk() if wanted else {}
    for line in lines:
        line.order = found.get(line.entry.order_id or 0)


def _add_rewards(lines: list[HistoryLine], program: Program) -> None:
    moved = [line for line in lines if line.entry.kind in MOVES and line.order is None]
    facts = Fact.objects.filter(program=program, pk__in=_facts(moved), kind__startswith="reward.")
    numbers = dict(facts.values_list("pk", "answer__redemption")) if moved else {}
    if not numbers:
        return
    rows = Redemption.objects.filter(program=program, pk__in=numbers.values()).select_related("reward")
    found = rows.in_bulk()
    for line in moved:
        one = found.get(numbers.get(line.entry.fact_id or 0, 0))
        line.reward = one.reward if one else None


def _add_causes(lines: list[HistoryLine], program: Program) -> None:
    given = [line for line in lines if line.entry.kind == EntryKind.DONATE]
    if not given:
        return
    rows = Donation.objects.filter(program=program, fact_id__in=_facts(given)).select_related("cause")
    found = {one.fact_id: one.cause for one in rows}
    for line in given:
        line.cause = found.get(line.entry.fact_id or 0)


def _add_awards(lines: list[HistoryLine], program: Program) -> None:
    earned = [line for line in lines if line.entry.kind == EntryKind.EARN and line.entry.fact_id]
    awards = list(Award.objects.filter(program=program, fact_id__in=_facts(earned)))
    versions = (
        RuleVersion.objects.filter(pk__in={award.version_id for award in awards})
        .select_related("rule")
        .in_bulk()
    )
    for line in earned:
        for award in awards:
            if award.fact_id == line.entry.fact_id and award.unit_id == line.unit.pk:
                version = versions[award.version_id]
                steps = reasons.unfold(award.trail, cut_by=award.cut_by, awarded=award.awarded)
                line.awards.append(
                    AwardLine(
                        version.rule.name, version.number, award.desired, award.awarded, award.cut_by, steps
                    )
                )


def _add_settlements(lines: list[HistoryLine], program: Program) -> None:
    facts = _facts(line for line in lines if line.entry.kind in (EntryKind.REVERSE, EntryKind.RESTORE))
    found = list(Settlement.objects.filter(program=program, fact_id__in=facts)) if facts else []
    for line in lines:
        if line.entry.kind in (EntryKind.REVERSE, EntryKind.RESTORE):
            line.settlements = [
                s
                for s in found
                if (s.fact_id, s.unit_id, s.order_id)
                == (line.entry.fact_id, line.unit.pk, line.entry.order_id)
            ]
