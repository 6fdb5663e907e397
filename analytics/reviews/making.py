"""A review is made for a month, and decided upon line by line. What was decided stays, also when it is made again."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import date, datetime

from django.db import InterfaceError, OperationalError, transaction
from django.utils.translation import gettext_lazy as _
from django_scopes import scope, scopes_disabled
from psycopg.errors import QueryCanceled

from analytics.models import Review, ReviewItem
from analytics.reviews import gathering, verdicts
from analytics.reviews.gathering import Gathered, Month
from loyaltysite.kit.errors import DomainError, NotFound
from members import audit
from members.models import Program, User
from rewards.policies import add_months

log = logging.getLogger(__name__)

type Facts = dict[str, object]


class ReviewUnknown(NotFound):
    message = _("There is no such review.")


class MonthNotOver(DomainError):
    code = "review_month_not_over"
    message = _("A month is reviewed once it is over.")


class DecisionInvalid(DomainError):
    code = "review_decision_invalid"
    message = _("Choose one of the three and say why.")


def month_before(today: date) -> date:
    """The first day of the last whole month."""
    return add_months(today.replace(day=1), -1)


@transaction.atomic
def ask(*, program: Program, month: date, today: date, by: User, now: datetime) -> tuple[Review, bool]:
    """Let a worker make the review of the month that begins on `month`, or make it anew; whether it was not asked for yet.

    Raises MonthNotOver."""
    month = _checked(program, month, today)
    with scope(program=program):
        review, _made = Review.objects.get_or_create(program=program, month=month)
        # By an update of what waits for nobody: the worker holds the row for as long as it reads the month.
        is_new = bool(
            Review.objects.filter(pk=review.pk, asked_at=None).update(asked_at=now, has_failed=False)
        )
        if is_new:
            _record(program, by, "review.make", review.pk, {"month": month.isoformat()}, now)
        review.refresh_from_db()
    return review, is_new


def asked() -> list[Review]:
    """Reviews that somebody waits for, of all programs, the oldest question first."""
    with scopes_disabled():
        found = Review.objects.filter(asked_at__isnull=False).select_related("program")
        return list(found.order_by("asked_at", "pk"))


def carry_out(*, review: Review, now: datetime) -> bool:
    """Make a review that was asked for; False where another worker is at it or has done it.

    What cannot be made says so on its page, or it would be tried for ever; a database that is away is waited for."""
    program = review.program
    try:
        with transaction.atomic(), scope(program=program):
            mine = Review.objects.select_for_update(skip_locked=True, of=("self",))
            if not mine.filter(pk=review.pk, asked_at__isnull=False).exists():
                return False
            make(program=program, month=review.month, today=now.astimezone(program.zone).date(), now=now)
    except Exception as error:
        is_slow = isinstance(error.__cause__, QueryCanceled)
        if isinstance(error, OperationalError | InterfaceError) and not is_slow:
            raise
        log.exception("a review was not made", extra={"program": program.slug, "review": review.pk})
        with scope(program=program):
            Review.objects.filter(pk=review.pk).update(asked_at=None, has_failed=True)
    return True


@transaction.atomic
def make(*, program: Program, month: date, today: date, now: datetime) -> Review:
    """The review of the month that begins on `month`, made or made anew: lines that are decided stay as they are.

    It reads the month's orders: for workers. Raises MonthNotOver."""
    month = _checked(program, month, today)
    with scope(program=program):
        review, _made = Review.objects.select_for_update().get_or_create(program=program, month=month)
        found = gathering.gather(program=program, month=month)
        _write(review, found, _facts_before(program, month))
        review.made_at, review.version = now, verdicts.VERSION
        review.asked_at, review.has_failed = None, False
        review.save(update_fields=["made_at", "version", "asked_at", "has_failed"])
    return review


def _write(review: Review, found: Sequence[Gathered], before: Mapping[tuple[str, str], Facts]) -> None:
    """Lines keep their numbers, so that a page that is open can still be decided upon."""
    held = review.items.select_for_update(of=("self",)).order_by("pk")
    there = {(item.kind, item.key): item for item in held}
    undecided = {item.pk for item in there.values() if not item.decision}
    fresh: list[ReviewItem] = []
    again: list[ReviewItem] = []
    for one in found:
        made, old = _item(review, one, before.get((one.kind, one.key))), there.get((one.kind, one.key))
        if old is None:
            fresh.append(made)
        elif not old.decision:
            made.pk = old.pk
            again.append(made)
    review.items.filter(pk__in=undecided - {item.pk for item in again}).delete()
    ReviewItem.objects.bulk_create(fresh)
    ReviewItem.objects.bulk_update(again, ["name", "facts", "verdict", "reasons"])


def _checked(program: Program, month: date, today: date) -> date:
    month = month.replace(day=1)
    if Month(program, month).end > today:
        raise MonthNotOver
    return month


@transaction.atomic
def decide(*, program: Program, item_id: int, decision: str, why: str, by: User, now: datetime) -> ReviewItem:
    """Record what the team decided and why; a later decision takes its place, the audit keeps both.

    Raises ReviewUnknown, DecisionInvalid."""
    why = " ".join(why.split())
    if decision not in ReviewItem.Verdict.values or not 1 <= len(why) <= 300:
        raise DecisionInvalid(field="why" if decision in ReviewItem.Verdict.values else "decision")
    with scope(program=program):
        item = ReviewItem.objects.select_for_update().filter(program=program, pk=item_id).first()
        if item is None:
            raise ReviewUnknown
        item.decision, item.why = decision, why
        item.decided_by, item.decided_at = by, now
        item.save(update_fields=["decision", "why", "decided_by", "decided_at"])
        after = {"about": f"{item.kind} {item.key}", "proposed": item.verdict, "decision": decision}
        _record(program, by, "review.decide", item.review_id, after, now, why)
    return item


def _facts_before(program: Program, month: date) -> dict[tuple[str, str], Facts]:
    rows = ReviewItem.objects.filter(program=program, review__month=add_months(month, -1))
    return {(row.kind, row.key): row.facts for row in rows}


def _item(review: Review, one: Gathered, before: Facts | None) -> ReviewItem:
    verdict, reasons = verdicts.propose(kind=one.kind, facts=one.facts, before=before)
    return ReviewItem(
        program_id=review.program_id, review=review, kind=one.kind, key=one.key, name=one.name, facts=one.facts,
        verdict=verdict, reasons=reasons,
    )  # fmt: skip


def _record(
    program: Program,
    by: User,
    action: str,
    number: int,
    after: dict[str, str],
    now: datetime,
    reason: str = "",
) -> None:
    audit.record(
        program=program, actor=by, action=action, subject="review", subject_id=number, after=after, reason=reason,
        now=now,
    )  # fmt: skip
