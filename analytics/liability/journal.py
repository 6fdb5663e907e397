"""The journal of points by month: what is booked is the difference between what should stand in the books and what does.

A closed month is frozen. What is learned of it later, an order that came late or one that was brought back, is booked in the
next month as a line of its own that names the month it mends. Each month balances, and so does each cause of its lines.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction

from django.db import IntegrityError, transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from analytics import rollups
from analytics.liability import books
from analytics.liability.books import Books, Key
from analytics.liability.revenue import Balances
from analytics.liability.triangles import first_of, last_of, number_of
from analytics.models import (
    Account,
    AccountNumber,
    CohortShare,
    JournalLine,
    JournalMonth,
    LotDay,
    SalesMonth,
)
from loyaltysite.kit.errors import Conflict, DomainError
from members import audit
from members.models import Program, User
from rewards.models import Unit

# Numbers of a common chart of accounts; each shop writes its own.
USUAL = {
    Account.SALES: "4000",
    Account.DEFERRED: "2400",
    Account.REDEEMED: "4050",
    Account.BREAKAGE: "4060",
    Account.COST: "6600",
    Account.PROVISION: "2450",
}


class NotOver(Conflict):
    code = "month_not_over"
    message = _("This month is not over yet.")


class NotNext(Conflict):
    code = "month_not_next"
    message = _("Another month comes first.")


class NotMeasured(Conflict):
    code = "month_not_measured"
    message = _("The sales of this month are still being measured. Come back tomorrow.")


class Empty(Conflict):
    code = "journal_empty"
    message = _("No points were given yet.")


class NumberInvalid(DomainError):
    code = "account_number_invalid"
    message = _("Type 1 to 20 letters or digits.")


@dataclass(frozen=True, slots=True)
class Line:
    """As JournalLine has it: debit above zero, credit below."""

    unit_id: int
    cohort: date
    account: Account
    of_month: date | None
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Draft:
    """What closing this month would book, and the estimates that it would keep: (granted, expected, worth)."""

    month: date
    lines: tuple[Line, ...]
    shares: Mapping[Key, tuple[int, int, Fraction]]


def amounts(of: Balances) -> dict[Account, int]:
    """What stands on each account; they sum to zero."""
    return {
        Account.SALES: of.allocated,
        Account.DEFERRED: -of.deferred,
        Account.REDEEMED: -(of.redeemed + of.served),
        Account.BREAKAGE: -of.broken,
        Account.COST: of.cost,
        Account.PROVISION: -of.provided,
    }


def next_month(*, program: Program) -> date | None:
    """The one after the last that was closed; the first in which points were earned where none was."""
    last = JournalMonth.objects.filter(program=program).order_by("-month").first()
    if last is not None:
        return first_of(number_of(last.month) + 1)
    return LotDay.objects.filter(program=program).order_by("cohort").values_list("cohort", flat=True).first()


def draft(*, program: Program, units: Sequence[Unit], month: date) -> Draft:
    """What the books need at the end of the month. For the first month that is closed all earlier ones come as an opening
    balance that names the month before."""
    before = first_of(number_of(month) - 1)
    kept = books.kept_shares(program)
    then = books.read(program=program, units=units, until=last_of(number_of(before)), shares=kept)
    # What was earned up to then keeps the estimate of then.
    now = books.read(program=program, units=units, until=last_of(number_of(month)), shares=then.shares | kept)
    stood = _booked(program)
    lines = [
        *_differences(_standing(then), stood, of_month=before),
        *_differences(_standing(now), _standing(then), of_month=None),
    ]
    used, counts = now.shares | then.shares, now.counts | then.counts
    shares = {key: (*count, used[key].worth) for key, count in counts.items() if key not in kept}
    return Draft(month, tuple(lines), shares)


type Standing = Mapping[tuple[int, date, Account], int]


def _standing(of: Books) -> Standing:
    return {
        (unit, cohort, account): amount
        for (unit, cohort), balances in of.balances.items()
        for account, amount in amounts(balances).items()
    }


def _booked(program: Program) -> Standing:
    rows = JournalLine.objects.filter(program=program).values("unit_id", "cohort", "account")
    return {
        (row["unit_id"], row["cohort"], Account(row["account"])): row["sum"]
        for row in rows.annotate(sum=Sum("amount_minor")).order_by()
    }


def _differences(wanted: Standing, there: Standing, *, of_month: date | None) -> Iterable[Line]:
    for unit, cohort, account in sorted({*wanted, *there}):
        key = unit, cohort, account
        amount = wanted.get(key, 0) - there.get(key, 0)
        if amount:
            yield Line(unit, cohort, account, of_month, amount)


@transaction.atomic
def close(*, program: Program, units: Sequence[Unit], month: date, by: User, now: datetime) -> JournalMonth:
    """Freeze the month with its lines. Months are closed one after the other, and once.

    Raises NotOver, NotNext, NotMeasured, Empty."""
    end = last_of(number_of(month))
    if timezone.localdate(now, program.zone) <= end:
        raise NotOver
    following = next_month(program=program)
    if following is None:
        raise Empty
    is_first = not JournalMonth.objects.filter(program=program).exists()
    if month != following and not (is_first and month > following):
        raise NotNext
    if not is_measured(program=program, month=month):
        raise NotMeasured
    made = draft(program=program, units=units, month=month)
    try:
        with transaction.atomic():
            row = JournalMonth.objects.create(program=program, month=month, closed_at=now, closed_by=by)
    except IntegrityError as error:
        raise NotNext from error
    _keep(program, row, made)
    audit.record(
        program=program, actor=by, action="journal.close", subject="program", subject_id=program.slug,
        after={"month": row.reference, "lines": len(made.lines)}, now=now,
    )  # fmt: skip
    return row


def is_measured(*, program: Program, month: date) -> bool:
    """Whether the sales were measured after the month's end, and all that happened has been counted."""
    if rollups.is_due(program=program) or rollups.waiting(program=program) > rollups.MOST_LIVE:
        return False
    measured = SalesMonth.objects.filter(program=program).order_by("-measured_at").first()
    end = last_of(number_of(month)) + timedelta(days=1)
    return measured is not None and timezone.localdate(measured.measured_at, program.zone) >= end


def _keep(program: Program, row: JournalMonth, made: Draft) -> None:
    JournalLine.objects.bulk_create(
        JournalLine(
            month=row, program=program, unit_id=line.unit_id, cohort=line.cohort, account=line.account,
            of_month=line.of_month, amount_minor=line.amount_minor,
        )
        for line in made.lines
    )  # fmt: skip
    CohortShare.objects.bulk_create(
        CohortShare(
            program=program, unit_id=unit, cohort=cohort, granted=granted, expected=expected,
            worth_numerator=worth.numerator, worth_denominator=worth.denominator,
        )
        for (unit, cohort), (granted, expected, worth) in made.shares.items()
    )  # fmt: skip


def numbers(*, program: Program) -> dict[str, str]:
    """Every account's number: the shop's own, else the usual one."""
    own = AccountNumber.objects.filter(program=program).values_list("account", "number")
    return {account.value: number for account, number in USUAL.items()} | dict(own)


@transaction.atomic
def renumber(*, program: Program, wanted: Mapping[Account, str], by: User, now: datetime) -> None:
    """Give accounts these numbers; the others stay. Raises NumberInvalid with the account as field."""
    before = numbers(program=program)
    for account, number in wanted.items():
        if not 1 <= len(number) <= 20 or not number.replace("-", "").replace(".", "").isalnum():
            raise NumberInvalid(field=account.value)
        if before[account.value] != number:
            AccountNumber.objects.update_or_create(
                program=program, account=account, defaults={"number": number}
            )
    after = numbers(program=program)
    if after != before:
        audit.record(
            program=program, actor=by, action="journal.accounts", subject="program", subject_id=program.slug,
            before=audit.changed(before, after), after=audit.changed(after, before), now=now,
        )  # fmt: skip
