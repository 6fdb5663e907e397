"""The mails to the team: new alerts, goals that changed their state, a view every week. In the reader's language.

Sent first and noted then: a worker that dies in between sends one twice, and none is lost.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django_scopes import scope, scopes_disabled

from analytics.goals import following
from analytics.models import Alert, Goal, Subscription
from analytics.rounds import EARLIEST
from analytics.saved import subscriptions
from analytics.views.alerts import telling
from analytics.views.goals import words as goal_words
from analytics.views.saved import rows
from loyaltysite.kit import formats

log = logging.getLogger(__name__)
What = Subscription.What
type Content = dict[str, Any] | None


def send_due(*, now: datetime) -> int:
    """Write to everybody who has something to read and was not written to today; how many mails."""
    with scopes_disabled():
        found = list(Subscription.objects.select_related("program", "user", "view").order_by("pk"))
    sent = 0
    for row in found:
        try:
            sent += _send(row, now)
        except SoftTimeLimitExceeded:
            raise
        except Exception:  # whatever it was, the others are waiting
            log.exception("a mail to staff failed", extra={"subscription": row.pk})
    return sent


def _send(row: Subscription, now: datetime) -> bool:
    local = now.astimezone(row.program.zone)
    if row.sent_on == local.date() or local.hour < EARLIEST or not subscriptions.may_read(row):
        return False
    language = row.user.language or row.program.languages[0]
    with scope(program=row.program), timezone.override(row.program.zone), translation.override(language):
        content = CONTENTS[What(row.what)](row, local.date(), now)
        if content is None:
            return False
        try:
            compose(row, content).send()
        except OSError:
            log.warning("a mail to staff was not sent", extra={"subscription": row.pk}, exc_info=True)
            return False
        Subscription.objects.filter(pk=row.pk).update(sent_on=local.date())
    return True


def compose(row: Subscription, content: dict[str, Any]) -> EmailMultiAlternatives:
    """The mail in the active language; ends by one click."""
    link = row.site + reverse("analytics:unsubscribe", args=[subscriptions.token_of(row)])
    language = translation.get_language() or "en"
    facts = content | {
        "program": row.program,
        "language": language,
        "direction": "rtl" if translation.get_language_bidi() else "ltr",
        "unsubscribe": link,
    }
    mail = EmailMultiAlternatives(
        " ".join(str(content["subject"]).split()),
        render_to_string("analytics/mail/mail.txt", facts),
        to=[row.user.email],
        headers={
            "List-Unsubscribe": f"<{link}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "Auto-Submitted": "auto-generated",
        },
    )
    mail.attach_alternative(render_to_string("analytics/mail/mail.html", facts), "text/html")
    return mail


def _alerts(row: Subscription, today: date, now: datetime) -> Content:
    """Those raised since the last mail, or since the person asked."""
    since = row.sent_on or timezone.localdate(row.since)
    found = Alert.objects.filter(program=row.program, state=Alert.State.OPEN)
    found = found.filter(raised_on__gt=since) if row.sent_on else found.filter(raised_on__gte=since)
    told = telling.tell_all(list(found.order_by("-raised_on", "-pk")), program=row.program)
    if not told:
        return None
    subject = ngettext("%(count)s new alert: %(program)s", "%(count)s new alerts: %(program)s", len(told))
    return {
        "subject": subject % {"count": formats.format_number(len(told)), "program": row.program.name},
        "title": _("Alerts"),
        "items": [{"title": one.title, "text": one.text, "note": one.remedy} for one in told],
        "link": row.site + reverse("analytics:alerts", args=[row.program.slug]),
        "act": _("Open the alerts"),
    }


def _goals(row: Subscription, today: date, now: datetime) -> Content:
    """Those whose state changed since the last mail."""
    since = row.sent_on or timezone.localdate(row.since)
    found = following.expected_rows(program=row.program)
    found = found.exclude(was=Goal.State.WAITING, state="on_course")
    found = found.filter(changed_on__gt=since) if row.sent_on else found.filter(changed_on__gte=since)
    told = [goal_words.tell(goal, program=row.program) for goal in found.order_by("due_on", "pk")]
    if not told:
        return None
    items = [
        {
            "title": f"{one.goal.name}: {one.goal.get_state_display()}",
            "text": one.sentence,
            "note": str(one.kpi.name),
        }
        for one in told
    ]
    subject = ngettext(
        "%(count)s goal changed: %(program)s", "%(count)s goals changed: %(program)s", len(told)
    )
    return {
        "subject": subject % {"count": formats.format_number(len(told)), "program": row.program.name},
        "title": _("Goals"),
        "items": items,
        "link": row.site + reverse("analytics:goals", args=[row.program.slug]),
        "act": _("Open the goals"),
    }


def _weekly(row: Subscription, today: date, now: datetime) -> Content:
    """The figures of a view on the day of the week that was asked for; nothing once it is no longer shared with them."""
    view = row.view
    if (
        view is None
        or today.isoweekday() != row.weekday
        or not (view.is_shared or view.owner_id == row.user_id)
    ):
        return None
    view.program = row.program
    shown = rows.of(view, today=today)
    days = {"first": formats.format_date(shown.period.first), "last": formats.format_date(shown.period.last)}
    address = row.site + reverse(f"analytics:{view.page}", args=[row.program.slug])
    return {
        "subject": f"{view.name}: {row.program.name}",
        "title": view.name,
        "note": ". ".join(filter(None, (_("Figures from %(first)s to %(last)s") % days, shown.only))),
        "rows": shown.rows,
        "table": shown.table,
        "link": f"{address}?{view.query}" if view.query else address,
        "act": _("Open the view"),
    }


CONTENTS: dict[Subscription.What, Callable[[Subscription, date, datetime], Content]] = {
    What.ALERTS: _alerts,
    What.GOALS: _goals,
    What.WEEKLY: _weekly,
}
