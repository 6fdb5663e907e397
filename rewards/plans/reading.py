"""What pages and the API tell of plans: what a member has bought, what it was worth, and how a plan does."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Count, F, Q, QuerySet, Sum

from loyaltysite.kit.errors import DomainError
from members.models import Member, OrderLine, OrderState, Program
from rewards import rulebook
from rewards.benefits import discounts, kinds
from rewards.engine.facts import Perk
from rewards.models import Plan, Saving, Term
from rewards.plans import payments, refunds, treats
from rewards.plans.records import RUNNING, TermRow


@dataclass(frozen=True, slots=True)
class Held:
    """A term with what it was worth, in minor units by kind of benefit. `renews_at` is the first moment at which the next
    one can be paid; None where it is paid already, or where there is none."""

    term: Term
    plan: Plan
    is_running: bool
    is_last: bool
    saved: dict[str, int] = field(default_factory=dict)
    renews_at: datetime | None = None
    refund_refused: DomainError | None = None

    @property
    def saved_minor(self) -> int:
        return sum(self.saved.values())


def held(*, program: Program, member: Member, now: datetime) -> list[Held]:
    """Every term of the member, the latest first. Two statements."""
    terms = list(terms_of(program, member).order_by("-starts_at", "-pk"))
    worth = saved([term.pk for term in terms])
    last: set[int] = set()
    found = []
    for term in terms:
        counts = term.state != Term.State.REFUNDED
        is_last = counts and term.plan_id not in last
        if counts:
            last.add(term.plan_id)
        found.append(_held(term, now, worth.get(term.pk, {}), is_last=is_last))
    return found


def _held(term: Term, now: datetime, worth: dict[str, int], *, is_last: bool) -> Held:
    plan = term.plan
    renews_at = None
    if is_last and term.ends_at is not None and plan.months is not None and plan.state == Plan.State.LIVE:
        renews_at = payments.renews_from(term.starts_at, term.ends_at, plan.renewal_days)
    refused: DomainError | None = None
    if not is_last or term.state not in RUNNING or (term.ends_at and term.ends_at <= now):
        refused = refunds.RefundRefused()
    else:
        try:
            database = str(connection.settings_dict["NAME"])
            units = rulebook.of(term.program_id, database=database).units
            refunds.check_refund(term, sum(worth.values()) + treats.waiting_minor(term, units), now)
        except refunds.RefundRefused as error:
            refused = error
    is_running = row_of(term).covers(now)
    return Held(term, plan, is_running, is_last, worth, renews_at, refused)


def terms_of(program: Program, member: Member) -> QuerySet[Term]:
    """Also those of whom was merged into the member."""
    whose = Q(member=member) | Q(member__merged_into=member)
    return Term.objects.filter(whose, program=program).select_related("plan", "member")


def row_of(term: Term) -> TermRow:
    return TermRow(
        term.pk, term.plan_id, term.number, term.streak, term.anchor_on, term.starts_at, term.ends_at, term.stopped_at,
        term.state, term.benefits,
    )  # fmt: skip


def saved(term_ids: Collection[int]) -> dict[int, dict[str, int]]:
    """What these terms were worth, {term id: {kind: minor units}}. One statement."""
    rows = Saving.objects.filter(term_id__in=list(term_ids)).values_list("term_id", "kind")
    found: dict[int, dict[str, int]] = {}
    for term, kind, amount in rows.annotate(sum=Sum("amount_minor")):
        if amount:
            found.setdefault(term, {})[kind] = amount
    return found


def offered(*, program: Program) -> list[Plan]:
    """The plans that can be bought, the oldest first."""
    return list(Plan.objects.filter(program=program, state=Plan.State.LIVE).order_by("pk"))


LOOK_BACK = timedelta(days=365)
MOST_LINES = 2_000


def would_have_saved(
    *, program: Program, member: Member, plans: Sequence[Plan], now: datetime
) -> dict[int, int]:
    """What the member prices and free shipping of each plan would have come to on the member's orders of the last year
    without what came back, in minor units beyond the discounts that there were. One statement, none without such plans."""
    perks = {plan.pk: [Perk("plan", plan.key, 0, benefit) for benefit in plan.benefits] for plan in plans}
    found = dict.fromkeys(perks, 0)
    saving = {kinds.PERCENT, kinds.SHIPPING}
    if not any(kinds.kind_of(perk.benefit) in saving for some in perks.values() for perk in some):
        return found
    rows = OrderLine.objects.filter(
        order__program=program,
        order__member_id=member.pk,
        order__occurred_at__gt=now - LOOK_BACK,
        order__state__in=(OrderState.PLACED, OrderState.PAID),
        revision=F("order__revision"),
        returned_quantity=0,
    )
    orders: dict[int, list[OrderLine]] = {}
    for line in rows.order_by("-order__occurred_at")[:MOST_LINES]:
        orders.setdefault(line.order_id, []).append(line)
    for lines in orders.values():
        for plan, own in perks.items():
            found[plan] += sum(each.due_minor - each.given_minor for each in discounts.of(lines, own))
    return found


@dataclass(frozen=True, slots=True)
class Figures:
    """How a plan does: who holds it now, who leaves, whose time ends in thirty days and is not renewed, what was paid and
    paid back, and what members saved."""

    members: int = 0
    leaving: int = 0
    due: int = 0
    income_minor: int = 0
    refunded_minor: int = 0
    saved_minor: int = 0


DUE_DAYS = 30


def figures(*, program: Program, now: datetime) -> dict[int, Figures]:
    """Of every plan of the program that was ever sold. Two statements."""
    running = Q(state__in=RUNNING, starts_at__lte=now) & (Q(ends_at__isnull=True) | Q(ends_at__gt=now))
    rows = Term.objects.filter(program=program).values("plan_id")
    counted = rows.annotate(
        members=Count("member_id", filter=running, distinct=True),
        leaving=Count("pk", filter=running & Q(state="leaving")),
        due=Count("pk", filter=running & Q(ends_at__lte=now + timedelta(days=DUE_DAYS))),
        income_minor=Sum("price_minor"),
        refunded_minor=Sum("price_minor", filter=Q(state="refunded"), default=0),
    )
    worth = Saving.objects.filter(program=program).values_list("term__plan_id")
    gained = dict(worth.annotate(sum=Sum("amount_minor")))
    return {
        row["plan_id"]: Figures(
            members=row["members"],
            leaving=row["leaving"],
            due=row["due"],
            income_minor=row["income_minor"],
            refunded_minor=row["refunded_minor"],
            saved_minor=gained.get(row["plan_id"], 0),
        )
        for row in counted
    }


def due(*, program: Program, plan: Plan, now: datetime) -> QuerySet[Term]:
    """The terms that end within thirty days, the next first, with their members."""
    rows = Term.objects.filter(program=program, plan=plan, state__in=RUNNING, starts_at__lte=now)
    rows = rows.filter(ends_at__gt=now, ends_at__lte=now + timedelta(days=DUE_DAYS))
    return rows.select_related("member").order_by("ends_at", "pk")


def holders(*, program: Program, plan: Plan) -> QuerySet[Term]:
    """Every term of the plan, the latest first, with its member and what it was worth."""
    rows = Term.objects.filter(program=program, plan=plan).select_related("member")
    return rows.annotate(saved_minor=Sum("savings__amount_minor", default=0)).order_by(
        F("starts_at").desc(), "-pk"
    )
