"""Alerts are raised by the daily look, put off and closed by staff, and over when the figures are well again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django_scopes import scope

from analytics.alerts import remedies
from analytics.alerts.finding import Finding
from analytics.models import Alert
from loyaltysite.kit.errors import Conflict, DomainError, NotFound
from members import audit
from members.models import Program, User

State = Alert.State
# What staff closed is not raised again for so many days, unless it went away meanwhile.
QUIET = timedelta(days=14)
# An unusual day is told for so long.
ANOMALY_STAYS = timedelta(days=7)
LONGEST_SNOOZE = 90


class AlertUnknown(NotFound):
    message = _("There is no such alert.")


class AlertOver(Conflict):
    code = "alert_over"
    message = _("This alert is closed already.")


class AlertInvalid(DomainError):
    code = "alert_invalid"
    message = _("Say why in a few words.")


class SnoozeInvalid(DomainError):
    code = "snooze_invalid"
    message = _("Choose between 1 and %(most)s days.")


class NoRemedy(DomainError):
    code = "alert_without_remedy"
    message = _("There is no draft for this alert.")


@transaction.atomic
def update(*, program: Program, findings: Sequence[Finding], today: date) -> list[Alert]:
    """Bring the alerts in line with what was found; those that are new. A repeat on the same day raises nothing."""
    with scope(program=program):
        open_ones = {
            (row.kind, row.subject): row
            for row in Alert.objects.select_for_update().filter(
                program=program, state__in=[State.OPEN, State.SNOOZED]
            )
        }
        hushed = set(
            Alert.objects.filter(program=program, state=State.CLOSED, seen_on__gt=today - QUIET).values_list(
                "kind", "subject"
            )
        )
        raised = []
        for finding in findings:
            place = (finding.kind, finding.subject)
            row = open_ones.pop(place, None)
            if row is not None:
                _see_again(row, finding, today)
            elif place not in hushed:
                raised.append(_raise(program, finding, today))
        for row in open_ones.values():
            _end(row, today)
    return raised


def _raise(program: Program, finding: Finding, today: date) -> Alert:
    return Alert.objects.create(
        program=program,
        kind=finding.kind,
        subject=finding.subject,
        facts=dict(finding.facts),
        remedy=dict(finding.remedy),
        raised_on=today,
        seen_on=today,
    )


def _see_again(row: Alert, finding: Finding, today: date) -> None:
    row.facts, row.remedy, row.seen_on = dict(finding.facts), dict(finding.remedy), today
    if row.snoozed_until is not None and row.snoozed_until <= today:
        row.state, row.snoozed_until = State.OPEN, None
    row.save(update_fields=["facts", "remedy", "seen_on", "state", "snoozed_until"])


def _end(row: Alert, today: date) -> None:
    """What is no longer so is over; an unusual day stays for a week, since the next day is another."""
    if row.kind == Alert.Kind.ANOMALY and row.seen_on > today - ANOMALY_STAYS:
        return
    row.state, row.snoozed_until = State.OVER, None
    row.save(update_fields=["state", "snoozed_until"])


@transaction.atomic
def snooze(*, program: Program, alert_id: int, days: int, by: User, today: date, now: datetime) -> Alert:
    """Put an alert off for so many days. Raises AlertUnknown, AlertOver, SnoozeInvalid."""
    if not 1 <= days <= LONGEST_SNOOZE:
        raise SnoozeInvalid(field="days", most=LONGEST_SNOOZE)
    with scope(program=program):
        row = _take(program, alert_id)
        row.state, row.snoozed_until = State.SNOOZED, today + timedelta(days=days)
        row.save(update_fields=["state", "snoozed_until"])
        _record(row, "alert.snooze", by, now, {"until": row.snoozed_until.isoformat()})
    return row


@transaction.atomic
def close(*, program: Program, alert_id: int, reason: str, by: User, now: datetime) -> Alert:
    """Close an alert and say why. Raises AlertUnknown, AlertOver, AlertInvalid."""
    reason = " ".join(reason.split())
    if not 1 <= len(reason) <= 300:
        raise AlertInvalid(field="reason")
    with scope(program=program):
        row = _take(program, alert_id)
        row.state, row.snoozed_until = State.CLOSED, None
        row.closed_at, row.closed_by, row.reason = now, by, reason
        row.save(update_fields=["state", "snoozed_until", "closed_at", "closed_by", "reason"])
        _record(row, "alert.close", by, now, {}, reason)
    return row


@transaction.atomic
def prepare(*, program: Program, alert_id: int, by: User, now: datetime) -> str:
    """Make the draft that the alert proposes and return its address; a repeat returns the same.

    Raises AlertUnknown, AlertOver, NoRemedy and what the drafts of rules and journeys raise."""
    with scope(program=program):
        row = _take(program, alert_id)
        if not row.remedy:
            raise NoRemedy
        if not row.draft_url:
            row.program = program
            row.draft_url = remedies.prepare(alert=row, by=by, now=now)
            row.save(update_fields=["draft_url"])
            _record(row, "alert.prepare", by, now, {"draft": row.draft_url})
    return row.draft_url


def waiting(*, program: Program, today: date) -> QuerySet[Alert]:
    """Open alerts, and those whose time of rest is over; the latest first."""
    rows = Alert.objects.filter(program=program, state__in=[State.OPEN, State.SNOOZED])
    return rows.exclude(snoozed_until__gt=today).order_by("-raised_on", "-pk")


def _take(program: Program, alert_id: int) -> Alert:
    row = Alert.objects.select_for_update().filter(program=program, pk=alert_id).first()
    if row is None:
        raise AlertUnknown
    if row.state not in (State.OPEN, State.SNOOZED):
        raise AlertOver
    return row


def _record(
    row: Alert, action: str, by: User, now: datetime, after: dict[str, str], reason: str = ""
) -> None:
    audit.record(
        program=row.program, actor=by, action=action, subject="alert", subject_id=row.pk,
        after={"kind": row.kind, "about": row.subject} | after, reason=reason, now=now,
    )  # fmt: skip
